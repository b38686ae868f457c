//! Phase `schema_docs` offline: questions and answers about the schema. Each answer is read off the catalog's model,
//! so it is true by construction; `checks` holds the facts that it rests on.
//!
//! A fact is a topic applied to a subject (the schema, a table, a column, an edge, a path). Facts are listed cheaply
//! and put into words one at a time, so that a database of ten thousand tables costs no more than its list.

mod column;
mod context;
mod edge;
mod overview;
mod path;
pub(crate) mod relation;
mod table;
mod text;
mod wide;

use crate::candidate::{Candidate, Kind};
use crate::schema::model::{Schema, quote_ident};
use crate::schema::relationships::Relationship;
use context::Context;
use serde_json::{Value, json};

/// Wordings that every topic has at least: so often can one fact be asked for.
const WORDINGS: usize = 4;

/// A topic of one family and its subject; what `a` and `b` are is the family's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fact {
    family: Family,
    topic: u16,
    a: u32,
    b: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Overview,
    Table,
    Column,
    Edge,
    Path,
}

/// A fact in words.
struct Said {
    topic: &'static str,
    asks: &'static [&'static str],
    /// What stands for the `{names}` of the question.
    fills: Vec<(&'static str, String)>,
    answer: String,
    /// Index of each table, and of its column, that the fact is about.
    tables: Vec<usize>,
    columns: Vec<(usize, usize)>,
    facts: Value,
}

/// All questions of one schema, in an order drawn by the seed: topics take turns, subjects are shuffled.
pub(crate) struct Docs<'a> {
    context: Context<'a>,
    facts: Vec<Fact>,
    seed: u64,
}

impl<'a> Docs<'a> {
    pub(crate) fn new(schema: &'a Schema, relationships: &'a [Relationship], seed: u64) -> Docs<'a> {
        let context = Context::new(schema, relationships);
        let mut groups = Vec::new();
        overview::facts(&context, &mut groups);
        table::facts(&context, &mut groups);
        column::facts(&context, &mut groups);
        edge::facts(&context, &mut groups);
        path::facts(&context, &mut groups);
        Docs { context, facts: interleave(groups, seed), seed }
    }

    /// How many different questions there are; later ones ask for a fact again in other words.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.facts.len() * WORDINGS
    }

    /// Question `slot` of `0..len()`.
    pub(crate) fn get(&self, slot: usize) -> Option<Candidate> {
        let pass = slot / self.facts.len().max(1);
        if pass >= WORDINGS {
            return None;
        }
        let index = slot % self.facts.len();
        let fact = *self.facts.get(index)?;
        let said = match fact.family {
            Family::Overview => overview::say(&self.context, fact),
            Family::Table => table::say(&self.context, fact),
            Family::Column => column::say(&self.context, fact),
            Family::Edge => edge::say(&self.context, fact),
            Family::Path => path::say(&self.context, fact),
        }?;
        let first = text::mix(self.seed, index as u64 ^ (u64::from(fact.topic) << 32)) as usize;
        let ask = said.asks.get((first % said.asks.len() + pass) % said.asks.len())?;
        Some(self.candidate(&said, ask))
    }

    fn candidate(&self, said: &Said, ask: &str) -> Candidate {
        let tables = &self.context.schema.tables;
        let mut names: Vec<String> = said.tables.iter().map(|&t| tables[t].qualified()).collect();
        let column =
            |&(t, c): &(usize, usize)| format!("{}.{}", tables[t].qualified(), quote_ident(&tables[t].columns[c].name));
        let mut columns: Vec<String> = said.columns.iter().map(column).collect();
        names.sort();
        names.dedup();
        columns.sort();
        columns.dedup();
        Candidate {
            kind: Kind::Qa,
            question: Some(text::sentence(&text::fill(ask, &said.fills))),
            answer: Some(text::sentence(&said.answer)),
            tables: names,
            columns,
            checks: Some(json!({ "check": "catalog", "topic": said.topic, "facts": said.facts })),
            ..Candidate::default()
        }
    }
}

/// Shuffles each topic's facts and lets the topics take turns, so that any first n questions are varied.
fn interleave(mut groups: Vec<Vec<Fact>>, seed: u64) -> Vec<Fact> {
    groups.retain(|g| !g.is_empty());
    for (i, group) in groups.iter_mut().enumerate() {
        text::shuffle(group, text::mix(seed, i as u64));
    }
    let total = groups.iter().map(Vec::len).sum();
    let mut facts = Vec::with_capacity(total);
    let mut round = 0;
    while facts.len() < total {
        let mut turn: Vec<Fact> = groups.iter().filter_map(|g| g.get(round).copied()).collect();
        text::shuffle(&mut turn, text::mix(seed, 1_000_000 + round as u64));
        facts.append(&mut turn);
        round += 1;
    }
    facts
}

#[cfg(test)]
mod tests;
