//! From the catalog to candidates with their votes: for each column the parents that its name leads to.

use super::actors::Hubs;
use super::joins::{Joined, Joins};
use super::link::{self, Link, Reader};
use super::names::{Named, Namer};
use super::parents::{Index, KeyKind, Parent, holds_rows};
use super::precedents::Precedents;
use super::score::{self, Votes};
use super::values::{Inclusion, Values};
use super::wide;
use crate::schema::model::{Column, Schema, Table};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Candidates that no value could bring back.
const FAR: f64 = -3.0;

/// Tables that keep what others were.
const COPIES: &[&str] = &[
    "history", "audit", "auditor", "archive", "archived", "aged", "backup", "bak", "old", "tmp", "temporary",
    "staging", "stage", "log", "snapshot", "legacy", "deleted", "copy of", "arch", "hist",
];
/// Names of amounts: a whole number, and yet no key.
const AMOUNTS: &[&str] = &[
    "count", "percent", "percentage", "amount", "price", "cost", "total", "quantity", "length", "size", "rate",
    "score", "rank", "year", "month", "day", "hour", "minute", "second", "age", "weight", "height", "width", "depth",
    "quality", "order", "position", "proximity", "sum", "average", "maximum", "minimum", "duration", "distance",
    "limit", "max", "min", "priority", "version", "sequence", "port", "balance", "days", "ratio", "factor", "points",
    "level", "interval", "increment", "unit", "number",
];

/// The name says nothing, for or against.
const NAMELESS: Link = Link { rule: "none", strength: 0.5 };

/// One possible edge from a column to a single-column key.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub child: usize,
    pub column: usize,
    /// Number of the parent in the index.
    pub parent: usize,
    pub votes: Votes,
}

/// A column that may refer to something.
struct Source {
    child: usize,
    column: usize,
    named: Named,
    /// The column beside it that says of what table its values are.
    typed: Option<usize>,
    own_key: bool,
    /// Nouns of its table.
    own: Vec<String>,
}

pub(super) struct Search<'a> {
    pub schema: &'a Schema,
    pub index: Index,
    /// What names speak for.
    pub candidates: Vec<Candidate>,
    /// Table, column of the id, and of the type.
    pub polymorphic: Vec<(usize, usize, usize)>,
    /// Keys by their names, of which nobody can tell to what.
    unnamed: Vec<Source>,
    hubs: Hubs,
    joined: Joined,
    precedents: Precedents,
    namer: Namer,
    several_schemas: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(schema: &'a Schema, joins: &Joins) -> Search<'a> {
        let mut namer = Namer::new(schema);
        let index = Index::new(schema, &mut namer);
        let hubs = Hubs::new(&index);
        let joined = joins.by_child(schema, &index);
        let precedents = Precedents::new(schema, &index, &joined);
        let several_schemas = schema.tables.iter().any(|t| t.schema != schema.tables[0].schema);
        Search {
            schema,
            index,
            candidates: Vec::new(),
            polymorphic: Vec::new(),
            unnamed: Vec::new(),
            hubs,
            joined,
            precedents,
            namer,
            several_schemas,
        }
    }

    /// Reads all columns: candidates by table and column, those of one column together.
    pub(super) fn read(&mut self) {
        for (t, table) in self.schema.tables.iter().enumerate() {
            if !holds_rows(table) || table.partition_of.is_some() {
                continue;
            }
            let nouns = self.namer.table(table);
            let space = self.namer.canon(&table.schema);
            let prefix = self.namer.column_prefix(table);
            for (c, column) in table.columns.iter().enumerate() {
                if !may_refer(table, column) {
                    continue;
                }
                let (named, short) = self.namer.column(&column.name, prefix.as_deref());
                let own_key = table.primary_key.as_deref() == Some(std::slice::from_ref(&column.name));
                // what is called like its own table is its own key or code
                if named.nouns == nouns || own_key && (named.nouns.is_empty() || short.is_some()) {
                    continue;
                }
                let typed = wide::type_column(&mut self.namer, table, &named.nouns).filter(|_| named.keyed);
                let source = Source { child: t, column: c, named, typed, own_key, own: nouns.clone() };
                let owner = source.named.nouns.last().is_some_and(|w| w == "owner");
                let mut place = |c: &Column| self.hubs.is_place(&self.index, &self.namer.column(&c.name, None).0);
                let placed = owner && table.columns.iter().any(&mut place);
                let reader = Reader { named: &source.named, table: &nouns, space: &space, own: t, placed };
                let short = short.as_ref().map(|named| Reader { named, ..reader });
                let from = self.candidates.len();
                self.of_column(&source, &reader, short.as_ref());
                let known = self.candidates[from..].iter().any(|c| c.votes.odds() > 0.0);
                if typed.is_some() && !known {
                    self.polymorphic.push((t, c, typed.unwrap_or_default()));
                    self.candidates.truncate(from);
                } else if !known
                    && !own_key
                    && !source.named.nouns.is_empty()
                    && (source.named.keyed && !source.named.loosely || column.base == "uuid")
                {
                    self.unnamed.push(source);
                }
            }
        }
    }

    fn of_column(&mut self, source: &Source, full: &Reader, short: Option<&Reader>) {
        let table = &self.schema.tables[source.child];
        let mut parents = BTreeSet::new();
        self.index.find(&table.schema, &full.named.nouns, &mut parents);
        self.hubs.find(&self.index, &full.named.nouns, source.child, &mut parents);
        parents.extend(self.joined.parents((source.child, source.column)));
        parents.extend(self.precedent(source));
        for number in parents {
            let links = std::iter::once(full).chain(short).filter_map(|reader| self.link(reader, number));
            let link = links.max_by(|a, b| a.strength.total_cmp(&b.strength));
            let told = self.told(source, number, link);
            // what views or other tables tell needs no name
            let link = match told {
                Some((_, weight, _)) if weight > 1.0 => {
                    link.filter(|l| l.strength > NAMELESS.strength).or(Some(NAMELESS))
                }
                _ => link,
            };
            let Some(link) = link else { continue };
            if let Some(mut candidate) = self.candidate(source, number, link) {
                if let Some((vote, weight, what)) = told {
                    candidate.votes.add(vote, weight, what);
                }
                self.candidates.push(candidate);
            }
        }
    }

    /// The parent that columns of the same name lead to, of a column that could be a key by its type or its name.
    fn precedent(&self, source: &Source) -> Option<usize> {
        let column = &self.schema.tables[source.child].columns[source.column];
        let keyed = column.category == 'N' || column.base == "uuid" || source.named.keyed;
        let space = &self.schema.tables[source.child].schema;
        // every table has an id of its own
        let own = source.own_key && source.named.nouns.is_empty();
        let near = self.precedents.near(space, &column.name).filter(|_| keyed && !own);
        near.map(|(parent, _)| parent)
    }

    /// What views say for the edge, or where they say nothing of the column, its namesakes.
    fn told(&self, source: &Source, parent: usize, link: Option<Link>) -> Option<(&'static str, f64, Value)> {
        let place = (source.child, source.column);
        if self.joined.parents(place).next().is_some() {
            return self.joined.vote(place, parent).map(|(weight, views)| ("view", weight, views));
        }
        let named = link.is_some_and(|l| l.strength > NAMELESS.strength);
        let table = &self.schema.tables[source.child];
        let name = &table.columns[source.column].name;
        let vote = self.precedents.vote(self.schema, &table.schema, name, parent, named);
        vote.map(|(weight, tables)| ("namesakes", weight, tables))
    }

    /// The edge with what its names and the catalog say; None where it cannot be.
    fn candidate(&self, source: &Source, number: usize, link: Link) -> Option<Candidate> {
        let table = &self.schema.tables[source.child];
        let column = &table.columns[source.column];
        let parent = &self.index.parents[number];
        if parent.table == source.child && parent.column == source.column {
            return None;
        }
        let to = &self.schema.tables[parent.table];
        let (kind, weight) = score::types(&column.base, &to.columns[parent.column].base)?;
        let mut votes = Votes::new(link);
        votes.add("type", weight, kind);
        let (kind, weight) = score::key(parent.kind, to.primary_key.is_some());
        votes.add("parent_key", weight, kind);
        self.place_votes(source, to, number, &mut votes);
        column_votes(table, column, source, parent, link, &mut votes);
        // an extension of a table leads to it, and not the other way
        let own = &source.own;
        if source.own_key && parent.nouns.len() > own.len() && parent.nouns.starts_with(own) {
            votes.add("extension_of_own", -6.0, true);
        }
        if let Some(typed) = source.typed.filter(|_| link.strength < 0.9) {
            votes.add("polymorphic", -4.0, table.columns[typed].name.clone());
        }
        Some(Candidate { child: source.child, column: source.column, parent: number, votes })
    }

    /// Columns that have to be read for the values to be compared, by table.
    pub(super) fn columns(&self) -> BTreeMap<usize, BTreeSet<usize>> {
        let mut columns: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut add = |t: usize, c: usize| {
            columns.entry(t).or_default().insert(c);
        };
        for candidate in self.candidates.iter().filter(|c| c.votes.odds() > FAR) {
            let parent = &self.index.parents[candidate.parent];
            add(candidate.child, candidate.column);
            add(parent.table, parent.column);
        }
        self.unnamed.iter().for_each(|s| add(s.child, s.column));
        if !self.unnamed.is_empty() {
            self.index.parents.iter().filter(|p| p.kind != KeyKind::Unique).for_each(|p| add(p.table, p.column));
        }
        columns
    }

    /// The candidates with the votes of the rows.
    pub(super) fn judged(&self, values: &Values) -> Vec<Candidate> {
        let mut candidates = self.candidates.clone();
        for candidate in &mut candidates {
            let parent = &self.index.parents[candidate.parent];
            if let Some(found) = values.inclusion((candidate.child, candidate.column), (parent.table, parent.column)) {
                let base = &self.schema.tables[candidate.child].columns[candidate.column].base;
                candidate.votes.add("values", found.weight(is_opaque(base)), found.evidence());
            }
        }
        candidates.extend(self.unnamed.iter().filter_map(|source| self.by_values(source, values)));
        candidates.sort_by_key(|c| (c.child, c.column));
        candidates
    }

    /// A column that names no table leads to the only key that has all its values, or to the one of several that it
    /// makes use of.
    fn by_values(&self, source: &Source, values: &Values) -> Option<Candidate> {
        let column = &self.schema.tables[source.child].columns[source.column];
        let mut having: Vec<(f64, usize, Inclusion)> = Vec::new();
        for (number, parent) in self.index.parents.iter().enumerate() {
            let to = &self.schema.tables[parent.table];
            let other = (parent.table, parent.column) != (source.child, source.column);
            let kept = other && parent.kind != KeyKind::Unique && !self.is_copy(number);
            if kept && score::types(&column.base, &to.columns[parent.column].base).is_some() {
                let found = values.inclusion((source.child, source.column), (parent.table, parent.column));
                having.extend(found.filter(|f| f.is_whole()).map(|f| (f.used, number, f)));
            }
        }
        having.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (used, number, found) = *having.first()?;
        let rival = having.get(1).map_or(0.0, |h| h.0);
        if having.len() > 1 && (used < 0.5 || rival > 0.25) {
            return None;
        }
        let mut candidate = self.candidate(source, number, Link { rule: "none", strength: 0.5 })?;
        candidate.votes.add("values", found.weight(is_opaque(&column.base)), found.evidence());
        Some(candidate)
    }

    fn is_copy(&self, parent: usize) -> bool {
        self.index.parents[parent].nouns.iter().any(|w| COPIES.contains(&w.as_str()))
    }

    fn link(&self, reader: &Reader, number: usize) -> Option<Link> {
        let parent = &self.index.parents[number];
        // a total_cost is no reference to another row of cost
        let fits = |l: &Link| parent.table != reader.own || (l.rule.starts_with("role") && reader.named.keyed);
        let by_name = link::link(reader, parent, self.index.namesakes(parent)).filter(fits);
        // who has a table of his name is no part that others play, and what a copy's row replaced is no copy
        let titled = self.index.is_title(&reader.named.nouns) || parent.table == reader.own && self.is_copy(number);
        let by_part = if titled { None } else { self.hubs.link(&self.index, reader, number) };
        by_name.into_iter().chain(by_part).max_by(|a, b| a.strength.total_cmp(&b.strength))
    }

    fn place_votes(&self, source: &Source, to: &Table, parent: usize, votes: &mut Votes) {
        let (table, own) = (&self.schema.tables[source.child], &source.own);
        if self.several_schemas {
            let space = &self.index.parents[parent].space;
            let (weight, what) = match table.schema == to.schema {
                true => (0.5, "same"),
                // the copies of asset.category in archive.asset_category
                false if own.len() > space.len() && own.windows(space.len().max(1)).any(|w| w == space) => {
                    (0.4, "said")
                }
                false => (-0.1, "other"),
            };
            votes.add("schema", weight, what);
        }
        if self.is_copy(parent) {
            votes.add("parent_is_copy", -3.0, true);
        }
        if to.is_child() {
            votes.add("parent_is_part", -0.8, "inheritance child");
        }
    }
}

/// What the child column itself says, whatever the parent.
fn column_votes(table: &Table, column: &Column, source: &Source, parent: &Parent, link: Link, votes: &mut Votes) {
    let (named, key) = (&source.named, &parent.key);
    if named.keyed && named.loosely != key.loosely {
        // a copy_number or a seq_no counts; a code names
        let weight = if !named.loosely {
            0.6
        } else if column.category == 'N' {
            if named.numbered { -4.4 } else { -2.2 }
        } else {
            -0.8
        };
        votes.add("key_word", weight, "other than the parent's");
    } else if named.keyed {
        votes.add("key_word", 0.8, true);
    } else if column.category == 'S' {
        votes.add("key_word", -0.9, false);
    }
    let amount = |w: Option<&String>| w.is_some_and(|w| AMOUNTS.contains(&w.as_str()));
    let counts = !named.keyed && named.nouns.len() > 1 && (amount(named.nouns.first()) || amount(named.nouns.last()));
    // the rate_limit of a rate_limit_definition: there the amount is what the rows are called
    if counts && named.nouns.iter().filter(|w| parent.nouns.contains(w)).count() > 1 && link.strength > 0.8 {
        votes.add("amount", -1.2, true);
    } else if counts {
        votes.add("amount", -3.5, true);
    } else if !named.keyed && amount(named.nouns.last()) {
        votes.add("amount", if link.strength < 0.9 { -2.4 } else { -1.2 }, true);
    }
    if table.indexed.contains(&column.name) {
        votes.add("index", 0.2, true);
    }
    if source.own_key {
        votes.add("own_primary_key", -0.8, true);
    } else if table.primary_key.as_ref().is_some_and(|k| k.contains(&column.name)) {
        votes.add("part_of_key", 0.3, true);
    } else if table.is_unique(std::slice::from_ref(&column.name)) {
        votes.add("own_unique_key", -0.4, true);
    }
}

/// Numbers drawn from a sequence, computed columns and flags point nowhere.
fn may_refer(table: &Table, column: &Column) -> bool {
    let drawn = column.identity.is_some() || column.default.as_deref().is_some_and(|d| d.starts_with("nextval("));
    let keyed = table.foreign_keys.iter().any(|k| k.columns.len() == 1 && k.columns[0] == column.name);
    !drawn && !keyed && !column.generated && score::types(&column.base, &column.base).is_some()
}

/// Keys that hold no common value by chance.
fn is_opaque(base: &str) -> bool {
    matches!(base, "uuid" | "text" | "varchar" | "bpchar" | "citext")
}
