//! The catalog as nlsql reads it.

use crate::pg::json::JsonbText;
use crate::pg::{error::report, introspect};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Tables, columns, keys, comments and statistics that the current role may see; NULL = all relations.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.schema_json(tables regclass[] DEFAULT NULL) RETURNS jsonb
STABLE PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON FUNCTION nlsql.schema_json(regclass[]) IS
  'the relations that the current role may read, with columns, keys, checks, comments and statistics; NULL = all';"#
)]
fn schema_json(tables: Option<Vec<pg_sys::Oid>>) -> std::result::Result<JsonbText, ErrorReport> {
    introspect::catalog_json(tables.as_deref()).map(JsonbText::of).map_err(report)
}

/// The statements that make a relation in an empty database, and what it needs; NULL = all that the role may read.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.ddl(tbl regclass DEFAULT NULL) RETURNS text
STABLE PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON FUNCTION nlsql.ddl(regclass) IS
  'statements that make a table or view, with its partitions and the types, sequences and functions that it needs; NULL = all relations that the current role may read, in an order that works in an empty database';"#
)]
fn ddl(tbl: Option<pg_sys::Oid>) -> std::result::Result<String, ErrorReport> {
    introspect::ddl(tbl).map_err(report)
}
