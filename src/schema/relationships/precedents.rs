//! What columns of the same name are known to lead to, by keys and by views: the rest of the schema follows them.

use super::joins::Joined;
use super::parents::Index;
use crate::schema::model::Schema;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Several tables of the column's own schema agree: that says nearly as much as a name can.
const NEAR: f64 = 2.0;
/// Elsewhere: decides among parents that the name leads to, and not against one of the column's own schema.
const FAR: f64 = 0.4;
/// So many of the tables elsewhere have to lead to one parent.
const MOST: f64 = 0.8;
/// So many tables agree, and so many are named.
const AGREED: usize = 2;
const NAMED: usize = 4;

/// By the number of the parent, the tables with such a column. A column that is among them asks for nothing.
#[derive(Default)]
struct Known {
    parents: BTreeMap<usize, Vec<usize>>,
    tables: usize,
}

/// By the name of the column, in one schema and in all.
#[derive(Default)]
pub(super) struct Precedents {
    near: HashMap<(String, String), Known>,
    far: HashMap<String, Known>,
}

impl Precedents {
    pub(super) fn new(schema: &Schema, index: &Index, joined: &Joined) -> Precedents {
        let mut known = Precedents::default();
        for ((table, column), parent) in joined.all() {
            known.add(schema, table, &schema.tables[table].columns[column].name, parent);
        }
        let numbers: HashMap<(&str, &str), usize> =
            schema.tables.iter().enumerate().map(|(n, t)| ((t.schema.as_str(), t.name.as_str()), n)).collect();
        for (table, from) in schema.tables.iter().enumerate() {
            for key in &from.foreign_keys {
                let ([column], [to]) = (&key.columns[..], &key.ref_columns[..]) else { continue };
                let parents = numbers.get(&(key.ref_schema.as_str(), key.ref_table.as_str()));
                let mut parents = parents.and_then(|t| index.by_table.get(t)).into_iter().flatten();
                let is_key = |p: &&usize| {
                    let parent = &index.parents[**p];
                    schema.tables[parent.table].columns[parent.column].name == *to
                };
                if let Some(parent) = parents.find(is_key) {
                    known.add(schema, table, column, *parent);
                }
            }
        }
        known
    }

    fn add(&mut self, schema: &Schema, table: usize, column: &str, parent: usize) {
        let near = self.near.entry((schema.tables[table].schema.clone(), column.to_lowercase())).or_default();
        let far = self.far.entry(column.to_lowercase()).or_default();
        for known in [near, far] {
            known.parents.entry(parent).or_default().push(table);
            known.tables += 1;
        }
    }

    /// The parent that the column's own schema agrees on, with the tables that say so.
    pub(super) fn near(&self, space: &str, column: &str) -> Option<(usize, &[usize])> {
        let known = self.near.get(&(space.to_owned(), column.to_lowercase()))?;
        let (parent, tables) = known.parents.first_key_value().filter(|_| known.parents.len() == 1)?;
        (known.tables >= AGREED).then_some((*parent, tables))
    }

    /// Weight and tables that speak for this parent; `named` where the column's name leads to it too.
    pub(super) fn vote(
        &self,
        schema: &Schema,
        space: &str,
        column: &str,
        parent: usize,
        named: bool,
    ) -> Option<(f64, Value)> {
        let list = |tables: &[usize]| {
            json!(tables.iter().take(NAMED).map(|t| schema.tables[*t].qualified()).collect::<Vec<_>>())
        };
        if let Some((agreed, tables)) = self.near(space, column) {
            return (agreed == parent).then(|| (NEAR, list(tables)));
        }
        let known = self.far.get(&column.to_lowercase()).filter(|_| named)?;
        let tables = known.parents.get(&parent)?;
        (tables.len() as f64 >= MOST * known.tables as f64).then(|| (FAR, list(tables)))
    }
}
