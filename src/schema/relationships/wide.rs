//! Edges of more than one column: keys of several columns, and pairs of a type and an id that lead to one of several
//! tables.

use super::Relationship;
use super::infer::Search;
use super::names::Namer;
use super::score::{self, rounded};
use crate::schema::model::{Column, Table};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A child that names the table of each reference in a column of its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Polymorphic {
    pub child: (String, String),
    /// The column of the type, then that of the id.
    pub columns: Vec<String>,
    pub evidence: Value,
}

impl Polymorphic {
    pub(super) fn of(table: &Table, typed: &Column, id: &Column) -> Polymorphic {
        Polymorphic {
            child: (table.schema.clone(), table.name.clone()),
            columns: vec![typed.name.clone(), id.name.clone()],
            evidence: json!({ "polymorphic": { "type": typed.name, "id": id.name } }),
        }
    }
}

/// As sure as such a pair of names makes it.
pub(crate) const PAIR: f64 = 0.85;
const COMPOSITE: f64 = 0.75;
/// Words for the column that says which table is meant.
const TYPES: &[&str] = &["type", "class", "kind", "table", "model", "entity"];

/// The column beside one of these nouns that says what table its values are keys of.
pub(super) fn type_column(namer: &mut Namer, table: &Table, nouns: &[String]) -> Option<usize> {
    table.columns.iter().position(|c| {
        let words = namer.canon(&c.name);
        let typed = words.split_last().is_some_and(|(last, rest)| TYPES.contains(&last.as_str()) && rest == nouns);
        typed && !nouns.is_empty() && matches!(c.category, 'S' | 'E')
    })
}

/// Tables that hold all columns of another's key, of which the last is that table's own count.
pub(super) fn composite(search: &Search, single: &[Relationship], least: f64) -> Vec<Relationship> {
    if COMPOSITE < least {
        return Vec::new();
    }
    let tables = &search.schema.tables;
    let refers: BTreeSet<(&str, &str, &str)> = single
        .iter()
        .filter(|e| e.child_columns.len() == 1)
        .map(|e| (e.child.0.as_str(), e.child.1.as_str(), e.child_columns[0].as_str()))
        .collect();
    let mut having: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, table) in tables.iter().enumerate().filter(|(_, t)| !t.is_child()) {
        table.columns.iter().for_each(|c| having.entry(&c.name).or_default().push(number));
    }
    let mut found = Vec::new();
    for parent in tables.iter().filter(|t| !t.is_child()) {
        let Some(key) = parent.primary_key.as_deref().filter(|k| k.len() > 1) else { continue };
        let own = |c: &&String| !refers.contains(&(parent.schema.as_str(), parent.name.as_str(), c.as_str()));
        let owned: Vec<&String> = key.iter().filter(own).collect();
        // a key of references alone is a link between their tables; one of none has no place in another table
        let [count] = owned[..] else { continue };
        for child in having.get(count.as_str()).into_iter().flatten().map(|n| &tables[*n]) {
            let declared = child.foreign_keys.iter().any(|k| k.columns == key && k.ref_table == parent.name);
            if child.qualified() != parent.qualified() && !declared && holds(child, parent, key) {
                found.push(edge(child, parent, key));
            }
        }
    }
    found
}

fn holds(child: &Table, parent: &Table, key: &[String]) -> bool {
    key.iter().all(|name| match (child.column(name), parent.column(name)) {
        (Some(a), Some(b)) => score::types(&a.base, &b.base).is_some(),
        _ => false,
    })
}

fn edge(child: &Table, parent: &Table, key: &[String]) -> Relationship {
    Relationship {
        child: (child.schema.clone(), child.name.clone()),
        child_columns: key.to_vec(),
        parent: (parent.schema.clone(), parent.name.clone()),
        parent_columns: key.to_vec(),
        declared: false,
        confidence: rounded(COMPOSITE),
        evidence: json!({ "name": { "is": "same_columns", "weight": rounded((COMPOSITE / (1.0 - COMPOSITE)).ln()) } }),
    }
}
