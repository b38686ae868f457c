//! The leak audit.

use crate::pg::audit;
use crate::pg::error::report;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Where protected values stand in what a run stored; the values themselves are not shown.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.audit(run text) RETURNS TABLE(source text, "column" text, kind text, found_in text, id bigint,
  field text, match text)
VOLATILE STRICT PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON FUNCTION nlsql.audit(text) IS
  'where protected values of the tables that the current role may read stand in what a run stored: exact, in other case, or as part of a text';"#
)]
#[allow(clippy::type_complexity)]
fn audit(
    run: &str,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(source, String),
            name!(column, String),
            name!(kind, String),
            name!(found_in, String),
            name!(id, i64),
            name!(field, String),
            name!(how, String),
        ),
    >,
    ErrorReport,
> {
    let found = audit::findings(run).map_err(report)?;
    let row = |f: audit::Finding| (f.source, f.column, f.kind.to_owned(), f.found_in, f.id, f.field, f.how.to_owned());
    Ok(TableIterator::new(found.into_iter().map(row).collect::<Vec<_>>()))
}
