//! Relationships as the current role sees them.

use super::spi::{self, Arg};
use super::{introspect, owner, session};
use crate::error::{Error, Result};
use crate::schema::model::{Schema, quote_ident};
use crate::schema::relationships::options::Options;
use crate::schema::relationships::{self, Relationship};
use pgrx::pg_sys;
use std::collections::BTreeMap;

/// An edge with the relations that its names stand for.
pub(crate) struct Row {
    pub child: pg_sys::Oid,
    pub parent: pg_sys::Oid,
    pub edge: Relationship,
}

/// What `nlsql.relationships()` gives.
pub(crate) fn rows(options: &Options) -> Result<Vec<Row>> {
    let wanted: Option<Vec<pg_sys::Oid>> =
        options.tables.as_ref().map(|names| names.iter().map(|n| session::relation(n)).collect()).transpose()?;
    // all relations, since what a name leads to hangs on all that bear it
    let schema = introspect::catalog(None)?;
    let oids = oids(&schema)?;
    let mut edges = relationships::all(&schema, options.min_confidence);
    edges.retain(|e| options.declared || !e.declared);
    let row = |edge: Relationship| {
        let (child, parent) = (*oids.get(&edge.child)?, *oids.get(&edge.parent)?);
        let kept = wanted.as_ref().is_none_or(|w| w.contains(&child) || w.contains(&parent));
        kept.then_some(Row { child, parent, edge })
    };
    Ok(edges.into_iter().filter_map(row).collect())
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
