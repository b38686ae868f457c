//! The catalog as nlsql reads it.

use crate::pg::{error::report, introspect};
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Tables, columns, keys, comments and statistics that the current role may see; NULL = all relations.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.schema_json(tables regclass[] DEFAULT NULL) RETURNS jsonb
STABLE PARALLEL SAFE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';"#
)]
fn schema_json(tables: Option<Vec<pg_sys::Oid>>) -> std::result::Result<JsonB, ErrorReport> {
    let text = introspect::catalog_json(tables.as_deref()).map_err(report)?;
    crate::pg::spi::json(&text).map(JsonB).map_err(report)
}
