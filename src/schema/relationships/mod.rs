//! Relationships between tables: the declared ones, and those that names, types, keys and values speak for.

use super::model::{ForeignKey, Schema, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
