//! Reads the catalog as the current role, and a look at its rows.

use super::owner::with_catalog_path;
use super::spi::{self, Arg};
use crate::error::{Code, Error, Result};
use crate::schema::model::{RowSecurity, Schema};
use pgrx::pg_sys;

const QUERY: &str = include_str!("../../sql/introspect.sql");

/// The catalog as the current role may see it; `None` = all relations.
pub(crate) fn catalog(relations: Option<&[pg_sys::Oid]>) -> Result<Schema> {
    with_catalog_path(|| {
        let text = spi::first(spi::select(&format!("SELECT ({QUERY})::text"), &[Arg::Oids(relations)])?)
            .ok_or_else(|| Error::internal("introspection returned nothing"))?;
        spi::json(&text)
    })
}

/// The catalog's jsonb itself, for `nlsql.schema_json`.
pub(crate) fn catalog_json(relations: Option<&[pg_sys::Oid]>) -> Result<String> {
    with_catalog_path(|| {
        spi::first(spi::select(&format!("SELECT ({QUERY})::text"), &[Arg::Oids(relations)])?)
            .ok_or_else(|| Error::internal("introspection returned nothing"))
    })
}

/// Leaves out what cannot be a subject of a run; the names that row security put out.
pub(crate) fn keep_subjects(schema: &mut Schema) -> Vec<String> {
    let bypassed: Vec<String> =
        schema.tables.iter().filter(|t| t.row_security == RowSecurity::Bypassed).map(|t| t.qualified()).collect();
    schema.tables.retain(|t| t.row_security != RowSecurity::Bypassed && !t.columns.is_empty());
    // keys that lead out of what is left lead nowhere
    let names: std::collections::BTreeSet<(String, String)> =
        schema.tables.iter().map(|t| (t.schema.clone(), t.name.clone())).collect();
    for table in &mut schema.tables {
        table.foreign_keys.retain(|f| names.contains(&(f.ref_schema.clone(), f.ref_table.clone())));
    }
    bypassed
}

/// The error where the role can read nothing.
pub(crate) fn nothing_to_read(role: &str, bypassed: &[String]) -> Error {
    let error = Error::new(
        Code::ObjectNotInPrerequisiteState,
        format!("there is no table with columns that role \"{role}\" may read"),
    );
    if bypassed.is_empty() {
        error.hint("Grant SELECT on the tables to be used, and USAGE on their schemas.")
    } else {
        error.hint(format!(
            "Row security that this role bypasses leaves out {}: run as a role that it applies to.",
            bypassed.join(", ")
        ))
    }
}

/// Looks at one table's rows; the caller has a transaction of its own for it, since any error may come of a view.
pub(crate) fn profile(query: &str) -> Result<Option<String>> {
    with_catalog_path(|| {
        // a scan that starts where another one is would see other rows
        super::owner::set_local(c"synchronize_seqscans", c"off");
        super::owner::set_local(c"datestyle", c"ISO, YMD");
        super::owner::set_local(c"timezone", c"UTC");
        super::owner::set_local(c"intervalstyle", c"postgres");
        super::owner::set_local(c"jit", c"off");
        Ok(spi::first(spi::select(query, &[])?))
    })
}
