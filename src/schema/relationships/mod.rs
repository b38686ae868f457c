//! Relationships between tables: the declared ones, and those that names, types and keys speak for.

mod actors;
mod infer;
pub(crate) mod joins;
mod link;
mod names;
pub(crate) mod options;
mod parents;
mod precedents;
mod score;
pub(crate) mod values;
pub(crate) mod wide;

use super::model::{ForeignKey, Schema, Table};
use infer::{Candidate, Search};
use joins::Joins;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use values::Values;
use wide::Polymorphic;

/// Odds of rivals that differ by less are the same.
const ALIKE: f64 = 0.05;
/// From here on an inferred edge is used: it is likelier than not.
pub(crate) const LIKELY: f64 = 0.5;

/// One edge from the columns of a child to a key of its parent. Column lists are of one length, in matching order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Relationship {
    /// `(schema, table)`.
    pub child: (String, String),
    pub child_columns: Vec<String>,
    pub parent: (String, String),
    pub parent_columns: Vec<String>,
    /// A foreign key says so; otherwise it is inferred.
    pub declared: bool,
    /// 1 for declared edges, else between 0 and 1.
    pub confidence: f64,
    /// What speaks for the edge and what against it: one object, each vote under its name.
    pub evidence: Value,
}

/// The foreign keys of the schema, in the order of its tables and of the keys' names.
pub(crate) fn declared(schema: &Schema) -> Vec<Relationship> {
    let pairs = schema.tables.iter().flat_map(|t| t.foreign_keys.iter().map(move |k| (t, k)));
    pairs.map(|(table, key)| from_key(table, key)).collect()
}

fn from_key(table: &Table, key: &ForeignKey) -> Relationship {
    Relationship {
        child: (table.schema.clone(), table.name.clone()),
        child_columns: key.columns.clone(),
        parent: (key.ref_schema.clone(), key.ref_table.clone()),
        parent_columns: key.ref_columns.clone(),
        declared: true,
        confidence: 1.0,
        evidence: json!({ "foreign_key": key.name }),
    }
}

/// What the catalog speaks for, before and after a look at the rows.
pub(crate) struct Inference<'a>(Search<'a>);

impl<'a> Inference<'a> {
    pub(crate) fn new(schema: &'a Schema, joins: &Joins) -> Inference<'a> {
        let mut search = Search::new(schema, joins);
        search.read();
        Inference(search)
    }

    /// Columns whose values could tell, by the number of their table.
    pub(crate) fn columns(&self) -> BTreeMap<usize, BTreeSet<usize>> {
        self.0.columns()
    }

    /// Edges that are at least `least` sure, in the order of tables and columns, the surest first; then those of
    /// several columns.
    pub(crate) fn edges(&self, least: f64, values: &Values) -> Vec<Relationship> {
        let mut found = Vec::new();
        for rivals in self.0.judged(values).chunk_by(|a, b| (a.child, a.column) == (b.child, b.column)) {
            rank(&self.0, rivals, least, &mut found);
        }
        let mut single = declared(self.0.schema);
        single.extend(found.iter().filter(|e| e.confidence >= LIKELY).cloned());
        found.extend(wide::composite(&self.0, &single, least));
        found
    }

    pub(crate) fn polymorphic(&self) -> Vec<Polymorphic> {
        let pair = |(t, id, typed): &(usize, usize, usize)| {
            let table = &self.0.schema.tables[*t];
            Polymorphic::of(table, &table.columns[*typed], &table.columns[*id])
        };
        self.0.polymorphic.iter().map(pair).collect()
    }
}

/// A column points to one place: the rivals of the best keep what it leaves.
fn rank(search: &Search, rivals: &[Candidate], least: f64, found: &mut Vec<Relationship>) {
    let mut order: Vec<&Candidate> = rivals.iter().collect();
    let words = |c: &Candidate| search.index.parents[c.parent].nouns.len();
    order.sort_by(|a, b| {
        let odds = b.votes.odds().total_cmp(&a.votes.odds());
        odds.then(words(a).cmp(&words(b))).then(a.parent.cmp(&b.parent))
    });
    let best = order.first().map_or(0.0, |c| c.votes.confidence());
    // as many tables as nothing tells apart: each is right as often as the others
    let nouns = |c: &Candidate| &search.index.parents[c.parent].nouns[..];
    let (top, first) = order.first().map_or((0.0, &[][..]), |c| (c.votes.odds(), nouns(c)));
    let alike = |c: &&&Candidate| top - c.votes.odds() < ALIKE;
    // a table and its extension share a key, and it is the table that others lead to
    let others = order.iter().take_while(alike).filter(|c| nouns(c) == first || !nouns(c).starts_with(first));
    let tied = others.map(|c| search.index.parents[c.parent].table).collect::<BTreeSet<usize>>().len().max(1);
    for (place, candidate) in order.iter().enumerate() {
        let share = if place == 0 { 1.0 / tied as f64 } else { 1.0 - best };
        let confidence = score::rounded(candidate.votes.confidence() * share);
        if confidence >= least {
            found.push(edge(search, candidate, confidence));
        }
    }
}

fn edge(search: &Search, candidate: &Candidate, confidence: f64) -> Relationship {
    let parent = &search.index.parents[candidate.parent];
    let (from, to) = (&search.schema.tables[candidate.child], &search.schema.tables[parent.table]);
    Relationship {
        child: (from.schema.clone(), from.name.clone()),
        child_columns: vec![from.columns[candidate.column].name.clone()],
        parent: (to.schema.clone(), to.name.clone()),
        parent_columns: vec![to.columns[parent.column].name.clone()],
        declared: false,
        confidence,
        evidence: candidate.votes.evidence(),
    }
}

#[cfg(test)]
mod tests;
