//! Phase `schema_relationship` offline: each edge asked for from both of its ends, with the record that the answer
//! rests on.

use super::text;
use crate::candidate::{Candidate, Kind};
use crate::schema::model::{Schema, quote_ident};
use crate::schema::relationships::Relationship;
use serde_json::json;

/// From the child's end, and from the parent's.
const UP: &[&str] = &[
    "How is {child} related to {parent} through {key}?",
    "What does {key} say about a row of {child}?",
    "To which row of {parent} does a row of {child} belong by its {key}?",
    "How do I find the {parent} row that {key} of {child} points to?",
];
const DOWN: &[&str] = &[
    "Which rows of {child} belong to a row of {parent} through {key}?",
    "Given a row of {parent}, how do I find its rows in {child} by {key}?",
    "How many rows of {child} can point to one row of {parent} with {key}?",
    "What refers to {parent} from {child} through {key}?",
];

/// Questions `0..len()`: an edge and its reverse stand together.
pub(crate) struct Relations<'a> {
    schema: &'a Schema,
    edges: &'a [Relationship],
    seed: u64,
}

impl<'a> Relations<'a> {
    pub(crate) fn new(schema: &'a Schema, edges: &'a [Relationship], seed: u64) -> Relations<'a> {
        Relations { schema, edges, seed }
    }

    pub(crate) fn get(&self, slot: usize) -> Option<Candidate> {
        let edge = self.edges.get(slot / 2)?;
        let up = slot.is_multiple_of(2);
        let asks = if up { UP } else { DOWN };
        let ask = asks.get(text::mix(self.seed, slot as u64) as usize % asks.len())?;
        let (child, parent) = (name(&edge.child), name(&edge.parent));
        let fills = vec![
            ("child", child.clone()),
            ("parent", parent.clone()),
            ("key", text::list(&edge.child_columns.iter().map(|c| quote_ident(c)).collect::<Vec<_>>())),
        ];
        let mut columns = self::columns(&child, &edge.child_columns);
        columns.extend(self::columns(&parent, &edge.parent_columns));
        columns.sort();
        columns.dedup();
        let mut tables = vec![child, parent];
        tables.sort();
        tables.dedup();
        Some(Candidate {
            kind: Kind::Relationship,
            question: Some(text::sentence(&text::fill(ask, &fills))),
            answer: Some(format!("{} {}", text::sentence(&self.statement(edge, up)), basis(edge))),
            tables,
            columns,
            checks: Some(json!({
                "check": if edge.declared { "catalog" } else { "votes" },
                "relationship": {
                    "child": name(&edge.child), "child_columns": edge.child_columns,
                    "parent": name(&edge.parent), "parent_columns": edge.parent_columns,
                    "declared": edge.declared, "confidence": edge.confidence, "evidence": edge.evidence,
                    "direction": if up { "child_to_parent" } else { "parent_to_child" },
                    "one_to_one": self.one_to_one(edge),
                },
            })),
            ..Candidate::default()
        })
    }

    fn one_to_one(&self, edge: &Relationship) -> bool {
        self.schema.table(&edge.child.0, &edge.child.1).is_some_and(|t| t.is_unique(&edge.child_columns))
    }

    fn statement(&self, edge: &Relationship, up: bool) -> String {
        let (child, parent) = (name(&edge.child), name(&edge.parent));
        let pairs = edge.child_columns.iter().zip(&edge.parent_columns);
        let on: Vec<String> =
            pairs.map(|(c, p)| format!("{child}.{} = {parent}.{}", quote_ident(c), quote_ident(p))).collect();
        let on = on.join(" AND ");
        if up {
            format!("A row of {child} points to one row of {parent}, the one with {on}")
        } else if self.one_to_one(edge) {
            format!("At most one row of {child} for each row of {parent}, the one with {on}")
        } else {
            format!("Any number of rows of {child} for each row of {parent}, those with {on}")
        }
    }
}

fn name((schema, table): &(String, String)) -> String {
    format!("{}.{}", quote_ident(schema), quote_ident(table))
}

fn columns(table: &str, names: &[String]) -> Vec<String> {
    names.iter().map(|n| format!("{table}.{}", quote_ident(n))).collect()
}

/// What the statement rests on.
fn basis(edge: &Relationship) -> String {
    if edge.declared {
        return "A foreign key declares it.".to_owned();
    }
    let votes = edge.evidence.as_object().into_iter().flatten();
    let speaks = votes.filter(|(_, v)| v["weight"].as_f64().is_some_and(|w| w > 0.0));
    let speaks: Vec<String> = speaks.map(|(vote, _)| vote.replace('_', " ")).collect();
    format!(
        "No foreign key declares it: it is inferred with a confidence of {:.2}; what speaks for it: {}.",
        edge.confidence,
        text::list(&speaks)
    )
}
