//! What of a schema a run's pairs use: relations, columns, and foreign keys that a pair joins along.

use super::Record;
use crate::schema::model::{Schema, Table, quote_ident};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(crate) struct Coverage {
    tables: Vec<Used>,
    edges: Vec<Edge>,
    table_at: HashMap<String, usize>,
    column_at: HashMap<String, (usize, usize)>,
    edges_of: HashMap<String, Vec<usize>>,
}

#[derive(Debug, Serialize)]
struct Used {
    name: String,
    uses: u64,
    columns: Vec<(String, u64)>,
}

#[derive(Debug)]
struct Edge {
    name: String,
    parent: String,
    columns: Vec<String>,
    uses: u64,
}

/// A count of what there is, what is used, and the names of what is not.
#[derive(Debug, PartialEq)]
pub(crate) struct Share {
    pub used: usize,
    pub of: usize,
    pub missing: Vec<String>,
}

impl Share {
    fn of<'a>(items: impl Iterator<Item = (&'a str, u64)>) -> Share {
        let mut share = Share { used: 0, of: 0, missing: Vec::new() };
        for (name, uses) in items {
            share.of += 1;
            if uses > 0 {
                share.used += 1;
            } else {
                share.missing.push(name.to_owned());
            }
        }
        share
    }
}

/// How evenly columns are used.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ColumnUse {
    pub most: Option<(String, u64)>,
    /// Of the columns that are used at all.
    pub median: u64,
    /// 0 where all columns are used alike, near 1 where one has all uses.
    pub gini: f64,
}

impl Coverage {
    /// `only`: names of the relations that the run was told to use.
    pub fn new(schema: &Schema, only: Option<&[String]>) -> Coverage {
        let mut coverage = Coverage::default();
        let wanted = |t: &Table| only.is_none_or(|names| names.iter().any(|n| *n == t.qualified() || *n == t.name));
        // a partition's or a child's rows show in its parent
        for table in schema.tables.iter().filter(|t| !t.is_child() && wanted(t)) {
            coverage.add_table(table);
        }
        coverage
    }

    fn add_table(&mut self, table: &Table) {
        let name = table.qualified();
        let at = self.tables.len();
        for (i, column) in table.columns.iter().enumerate() {
            self.column_at.insert(format!("{name}.{}", quote_ident(&column.name)), (at, i));
        }
        for key in &table.foreign_keys {
            let parent = format!("{}.{}", quote_ident(&key.ref_schema), quote_ident(&key.ref_table));
            let columns: Vec<String> = key.columns.iter().map(|c| format!("{name}.{}", quote_ident(c))).collect();
            let edges = self.edges_of.entry(name.clone()).or_default();
            if edges.iter().any(|e| self.edges[*e].parent == parent && self.edges[*e].columns == columns) {
                continue;
            }
            edges.push(self.edges.len());
            let text = format!("{name}({}) \u{2192} {parent}", key.columns.join(", "));
            self.edges.push(Edge { name: text, parent, columns, uses: 0 });
        }
        let columns = table.columns.iter().map(|c| (c.name.clone(), 0)).collect();
        self.tables.push(Used { name: name.clone(), uses: 0, columns });
        self.table_at.insert(name, at);
    }

    pub fn add(&mut self, pair: &Record) {
        for name in &pair.tables {
            let Some(at) = self.table_at.get(name) else { continue };
            self.tables[*at].uses += 1;
            for edge in self.edges_of.get(name).into_iter().flatten() {
                let edge = &mut self.edges[*edge];
                if pair.tables.contains(&edge.parent) && edge.columns.iter().all(|c| pair.columns.contains(c)) {
                    edge.uses += 1;
                }
            }
        }
        for name in &pair.columns {
            if let Some((table, column)) = self.column_at.get(name) {
                self.tables[*table].columns[*column].1 += 1;
            }
        }
    }

    pub fn tables(&self) -> Share {
        Share::of(self.tables.iter().map(|t| (t.name.as_str(), t.uses)))
    }

    pub fn columns(&self) -> Share {
        let names = self.columns_by_name();
        Share::of(names.iter().map(|(name, uses)| (name.as_str(), *uses)))
    }

    pub fn edges(&self) -> Share {
        Share::of(self.edges.iter().map(|e| (e.name.as_str(), e.uses)))
    }

    fn columns_by_name(&self) -> Vec<(String, u64)> {
        let of = |t: &Used| -> Vec<(String, u64)> {
            t.columns.iter().map(|(c, uses)| (format!("{}.{}", t.name, quote_ident(c)), *uses)).collect()
        };
        self.tables.iter().flat_map(of).collect()
    }

    pub fn column_use(&self) -> ColumnUse {
        let mut columns = self.columns_by_name();
        columns.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
        let used: Vec<u64> = columns.iter().map(|c| c.1).filter(|uses| *uses > 0).collect();
        let (n, total) = (columns.len() as f64, used.iter().sum::<u64>() as f64);
        let weighted: f64 = columns.iter().zip(1_u32..).map(|(c, i)| f64::from(i) * c.1 as f64).sum();
        ColumnUse {
            most: columns.pop().filter(|c| c.1 > 0),
            median: used.get(used.len() / 2).copied().unwrap_or_default(),
            gini: if total > 0.0 { 2.0 * weighted / (n * total) - (n + 1.0) / n } else { 0.0 },
        }
    }

    /// Each relation with the pairs that use it and its columns.
    pub fn by_table(&self) -> Vec<(String, u64, Value)> {
        let columns = |t: &Used| -> Vec<Value> {
            t.columns.iter().map(|(name, uses)| json!({"name": name, "uses": uses})).collect()
        };
        self.tables.iter().map(|t| (t.name.clone(), t.uses, Value::from(columns(t)))).collect()
    }
}
