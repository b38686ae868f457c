//! `nlsql.relationships`: how the tables hang together, declared or not.

use crate::pg::error::report;
use crate::pg::relationships::{Row, rows};
use crate::schema::relationships::options::Options;
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// The foreign keys, then the references that names, types, keys and values speak for.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.relationships(options jsonb DEFAULT '{}')
  RETURNS TABLE(child regclass, child_columns text[], parent regclass, parent_columns text[], declared bool,
                confidence float8, evidence jsonb)
STABLE PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON FUNCTION nlsql.relationships(jsonb) IS
  'references between the relations that the current role may read: foreign keys first, with confidence 1, then those that names, types, keys and values speak for, each with its votes; parent is null where a column says for each row of which table it is';"#
)]
fn relationships(
    options: Option<JsonB>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(child, pg_sys::Oid),
            name!(child_columns, Vec<String>),
            name!(parent, Option<pg_sys::Oid>),
            name!(parent_columns, Option<Vec<String>>),
            name!(declared, bool),
            name!(confidence, f64),
            name!(evidence, JsonB),
        ),
    >,
    ErrorReport,
> {
    let given = options.map_or_else(|| serde_json::json!({}), |o| o.0);
    let found = Options::parse(&given).and_then(|options| rows(&options)).map_err(report)?;
    Ok(TableIterator::new(found.into_iter().map(|r: Row| {
        (r.child, r.child_columns, r.parent, r.parent_columns, r.declared, r.confidence, JsonB(r.evidence))
    })))
}
