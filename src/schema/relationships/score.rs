//! One score from many votes. Each vote moves the odds (natural logarithm) by its weight, so that votes add up; the
//! confidence is what the sum makes of it, between 0 and 1. Zero is the point of doubt.

use super::link::Link;
use super::parents::KeyKind;
use serde_json::{Map, Value, json};

/// Weight of the name: 0 at a strength of one half.
const NAME: f64 = 7.0;

/// What is known of one possible edge.
#[derive(Debug, Clone)]
pub(super) struct Votes {
    list: Vec<(&'static str, f64, Value)>,
}

impl Votes {
    pub(super) fn new(link: Link) -> Votes {
        let mut votes = Votes { list: Vec::new() };
        votes.add("name", NAME * (link.strength - 0.5), json!(link.rule));
        votes
    }

    pub(super) fn add(&mut self, vote: &'static str, weight: f64, what: impl Into<Value>) {
        self.list.push((vote, weight, what.into()));
    }

    pub(super) fn odds(&self) -> f64 {
        self.list.iter().map(|v| v.1).sum()
    }

    pub(super) fn confidence(&self) -> f64 {
        rounded(1.0 / (1.0 + (-self.odds()).exp()))
    }

    /// `{"name": {"is": "table_name", "weight": 3.5}, ..}`.
    pub(super) fn evidence(&self) -> Value {
        let mut map = Map::new();
        for (vote, weight, what) in &self.list {
            map.insert((*vote).to_owned(), json!({ "is": what, "weight": rounded(*weight) }));
        }
        Value::Object(map)
    }
}

/// So that the same votes give the same number on every machine. Never 1, which declared keys alone have.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// How far two types may meet in a join, as (vote, weight); `None` = not at all.
pub(super) fn types(child: &str, parent: &str) -> Option<(&'static str, f64)> {
    const WHOLE: &[&str] = &["int2", "int4", "int8", "numeric", "oid"];
    const TEXT: &[&str] = &["text", "varchar", "bpchar", "citext", "name"];
    let loose = |list: &[&str]| list.contains(&child) && list.contains(&parent);
    let keys = WHOLE.contains(&child) || TEXT.contains(&child) || matches!(child, "uuid" | "bytea");
    if child == parent && keys {
        Some(("same", 0.3))
    } else if loose(WHOLE) || loose(TEXT) {
        Some(("comparable", -0.1))
    } else {
        None
    }
}

/// The weight of the parent's key; a second key beside the primary one is seldom pointed to.
pub(super) fn key(kind: KeyKind, primary: bool) -> (&'static str, f64) {
    match kind {
        KeyKind::Primary => ("primary_key", 0.4),
        KeyKind::Unique if primary => ("unique", -1.0),
        KeyKind::Unique => ("unique", -0.2),
        KeyKind::Guessed => ("by_name", -0.4),
    }
}
