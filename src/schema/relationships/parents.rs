//! The keys that can be pointed to, and an index from words to them: candidates come from the index alone, so that
//! their number grows with the columns and not with columns times tables.

use super::link::lettered;
use super::names::{Named, Namer, initials, unnumbered};
use crate::schema::model::{Schema, Table, TableKind};
use std::collections::{BTreeSet, HashMap, HashSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Primary,
    Unique,
    /// No constraint says so; the name does.
    Guessed,
}

/// A single column that identifies the rows of its table.
#[derive(Debug)]
pub(super) struct Parent {
    pub table: usize,
    pub column: usize,
    pub kind: KeyKind,
    pub nouns: Vec<String>,
    /// Those of its schema.
    pub space: Vec<String>,
    pub key: Named,
}

/// A word that leads to more parents than this leads to those of the column's own schema alone.
const LONG: usize = 48;

#[derive(Default)]
pub(super) struct Index {
    pub parents: Vec<Parent>,
    words: HashMap<String, Vec<usize>>,
    in_space: HashMap<(String, String), Vec<usize>>,
    pub by_table: HashMap<usize, Vec<usize>>,
    /// How many keys have these nouns.
    namesakes: HashMap<Vec<String>, usize>,
    /// How many tables end in the word.
    ends: HashMap<String, usize>,
    /// What tables are called.
    titles: HashSet<Vec<String>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Namesakes {
    pub keys: usize,
    pub tables: usize,
    /// It is a part of another table, and called by more than its own words.
    pub detail: bool,
}

impl Index {
    pub(super) fn new(schema: &Schema, namer: &mut Namer) -> Index {
        let mut index = Index::default();
        for (t, table) in schema.tables.iter().enumerate() {
            if !holds_rows(table) || table.partition_of.is_some() {
                continue;
            }
            let nouns = namer.table(table);
            let space = namer.canon(&table.schema);
            index.titles.insert(nouns.clone());
            *index.ends.entry(nouns.last().cloned().unwrap_or_default()).or_default() += 1;
            for (column, kind) in keys(table, &nouns, namer) {
                let (key, _) = namer.column(&table.columns[column].name, None);
                index.add(table, Parent { table: t, column, kind, nouns: nouns.clone(), space: space.clone(), key });
            }
        }
        index
    }

    fn add(&mut self, table: &Table, parent: Parent) {
        let number = self.parents.len();
        let mut words: BTreeSet<String> = BTreeSet::new();
        words.extend(parent.nouns.iter().flat_map(|w| [w.clone(), stem(w)]));
        words.insert(initials(&parent.nouns));
        words.extend(unnumbered(&parent.key.nouns).last().cloned());
        for word in words {
            self.in_space.entry((table.schema.clone(), word.clone())).or_default().push(number);
            self.words.entry(word).or_default().push(number);
        }
        *self.namesakes.entry(parent.key.nouns.clone()).or_default() += 1;
        self.by_table.entry(parent.table).or_default().push(number);
        self.parents.push(parent);
    }

    /// How many keys and tables are named like this one.
    pub(super) fn namesakes(&self, parent: &Parent) -> Namesakes {
        let last = parent.nouns.last().map(String::as_str).unwrap_or_default();
        Namesakes {
            detail: self.is_detail(&parent.nouns),
            keys: self.namesakes.get(&parent.key.nouns).copied().unwrap_or_default(),
            tables: self.ends.get(last).copied().unwrap_or_default(),
        }
    }

    /// Some table is called so.
    pub(super) fn is_title(&self, nouns: &[String]) -> bool {
        self.titles.contains(nouns)
    }

    /// The table is a part of another one that is called by the same words but the last: a setting of a workstation.
    fn is_detail(&self, nouns: &[String]) -> bool {
        nouns.split_last().is_some_and(|(_, rest)| self.is_title(rest))
    }

    /// Parents that a word of the name leads to.
    pub(super) fn find(&self, space: &str, nouns: &[String], found: &mut BTreeSet<usize>) {
        let kind = nouns.last().and_then(|w| lettered(w)).map(|(_, kind)| kind.to_owned());
        for word in nouns.iter().flat_map(|w| [w.clone(), stem(w)]).chain(kind) {
            match self.words.get(&word) {
                Some(list) if list.len() <= LONG => found.extend(list),
                Some(_) => {
                    let near = self.in_space.get(&(space.to_owned(), word));
                    found.extend(near.into_iter().flatten().take(LONG));
                }
                None => {}
            }
        }
        // a word that ends in another one, as `ladeort` does
        let ends = nouns.last().into_iter().flat_map(|w| w.char_indices().skip(3).map(|(at, _)| &w[at..]));
        for end in ends.take_while(|end| end.len() >= 3) {
            let named = self.words.get(end).filter(|list| list.len() <= LONG);
            found.extend(named.into_iter().flatten().filter(|p| self.parents[**p].nouns == [end]));
        }
    }
}

/// What abbreviations of a word share with it.
fn stem(word: &str) -> String {
    format!("{}~", word.chars().take(3).collect::<String>())
}

pub(super) fn holds_rows(table: &Table) -> bool {
    matches!(table.kind, TableKind::Table | TableKind::Partitioned | TableKind::ForeignTable)
}

/// The columns that alone identify a row: the primary key, unique columns, or without either what is named like a key.
fn keys(table: &Table, nouns: &[String], namer: &mut Namer) -> Vec<(usize, KeyKind)> {
    let at = |name: &String| table.columns.iter().position(|c| c.name == *name);
    let mut found: Vec<(usize, KeyKind)> = Vec::new();
    if let Some([one]) = table.primary_key.as_deref() {
        found.extend(at(one).map(|c| (c, KeyKind::Primary)));
    }
    for key in table.uniques.iter().chain(&table.unique_indexes) {
        let [one] = key.as_slice() else { continue };
        if let Some(column) = at(one)
            && !found.iter().any(|(c, _)| *c == column)
        {
            found.push((column, KeyKind::Unique));
        }
    }
    if table.primary_key.is_none() && !found.iter().any(|f| f.1 == KeyKind::Primary) {
        let guess = table.columns.iter().take(4).position(|c| {
            let (named, _) = namer.column(&c.name, None);
            named.keyed && named.nouns == nouns || matches!(c.name.to_lowercase().as_str(), "id" | "uuid" | "guid")
        });
        found.extend(guess.filter(|g| !found.iter().any(|(c, _)| c == g)).map(|c| (c, KeyKind::Guessed)));
    }
    found
}
