//! Relationships as the current role sees them.

use super::spi::{self, Arg};
use super::transaction::attempt;
use super::{introspect, owner, session};
use crate::error::{Error, Result};
use crate::schema::model::{Schema, quote_ident};
use crate::schema::relationships::options::Options;
use crate::schema::relationships::values::{self, Values};
use crate::schema::relationships::wide::PAIR;
use crate::schema::relationships::{self, Inference, Relationship};
use pgrx::pg_sys;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Looking at rows ends after so long; what was not looked at has no vote.
const LONGEST: Duration = Duration::from_secs(8);

/// An edge with the relations that its names stand for; no parent where each row says for itself of which it is.
pub(crate) struct Row {
    pub child: pg_sys::Oid,
    pub child_columns: Vec<String>,
    pub parent: Option<pg_sys::Oid>,
    pub parent_columns: Option<Vec<String>>,
    pub declared: bool,
    pub confidence: f64,
    pub evidence: Value,
}

/// What `nlsql.relationships()` gives.
pub(crate) fn rows(options: &Options) -> Result<Vec<Row>> {
    let wanted: Option<Vec<pg_sys::Oid>> =
        options.tables.as_ref().map(|names| names.iter().map(|n| session::relation(n)).collect()).transpose()?;
    // all relations, since what a name leads to hangs on all that bear it
    let schema = introspect::catalog(None)?;
    let oids = oids(&schema)?;
    let inference = Inference::new(&schema);
    let values = if options.values { look_at(&schema, &inference)? } else { Values::default() };
    let mut edges = if options.declared { relationships::declared(&schema) } else { Vec::new() };
    edges.extend(inference.edges(options.min_confidence, &values));
    let mut rows: Vec<Row> = edges.into_iter().filter_map(|edge| row(edge, &oids)).collect();
    if options.min_confidence <= PAIR {
        rows.extend(inference.polymorphic().into_iter().filter_map(|pair| {
            Some(Row {
                child: *oids.get(&pair.child)?,
                child_columns: pair.columns,
                parent: None,
                parent_columns: None,
                declared: false,
                confidence: PAIR,
                evidence: pair.evidence,
            })
        }));
    }
    rows.retain(|r| wanted.as_ref().is_none_or(|w| w.contains(&r.child) || r.parent.is_some_and(|p| w.contains(&p))));
    Ok(rows)
}

fn row(edge: Relationship, oids: &BTreeMap<(String, String), pg_sys::Oid>) -> Option<Row> {
    Some(Row {
        child: *oids.get(&edge.child)?,
        child_columns: edge.child_columns,
        parent: Some(*oids.get(&edge.parent)?),
        parent_columns: Some(edge.parent_columns),
        declared: edge.declared,
        confidence: edge.confidence,
        evidence: edge.evidence,
    })
}

/// Reads the columns that could tell; tables that cannot be read have no vote.
fn look_at(schema: &Schema, inference: &Inference) -> Result<Values> {
    let start = Instant::now();
    let mut values = Values::default();
    for (number, columns) in inference.columns() {
        session::check_for_interrupts();
        let table = &schema.tables[number];
        let columns: Vec<usize> = columns.into_iter().collect();
        let Some(query) = values::sql(table, &columns) else { continue };
        if start.elapsed() > LONGEST {
            break;
        }
        match attempt(|| owner::with_catalog_path(|| spi::select(&query, &[]))) {
            Ok(text) => {
                let sets = spi::json(&spi::first(text).unwrap_or_else(|| "[]".to_owned()))?;
                values.add(number, table, &columns, sets);
            }
            Err(error) if matches!(error.code.sqlstate().as_str(), "57014" | "57P01" | "53200") => return Err(error),
            Err(error) => pgrx::debug1!("nlsql: cannot look at {}: {}", table.qualified(), error.message),
        }
    }
    Ok(values)
}

/// The relations' numbers: the model has names alone.
fn oids(schema: &Schema) -> Result<BTreeMap<(String, String), pg_sys::Oid>> {
    let names: Vec<String> =
        schema.tables.iter().map(|t| format!("{}.{}", quote_ident(&t.schema), quote_ident(&t.name))).collect();
    let list = serde_json::to_string(&names).map_err(|e| Error::internal(e.to_string()))?;
    let found = owner::with_catalog_path(|| {
        spi::select(
            "SELECT to_regclass(n.name)::oid::text FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY n(name, at)
              ORDER BY n.at",
            &[Arg::Text(&list)],
        )
    })?;
    let number = |text: Option<String>| text.and_then(|t| t.parse::<u32>().ok()).map(pg_sys::Oid::from);
    let pairs = schema.tables.iter().zip(found);
    Ok(pairs.filter_map(|(t, oid)| Some(((t.schema.clone(), t.name.clone()), number(oid)?))).collect())
}
