//! How good a run is: as rows, and as one page.

use crate::dataset::report::{page, rows};
use crate::pg::error::report as raise;
use crate::pg::report::measured;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{AnyNumeric, JsonB};

/// The measures of a run, a row each, in sections.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.report(run text) RETURNS TABLE(section text, metric text, value numeric, detail jsonb)
STABLE STRICT PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON FUNCTION nlsql.report(text) IS
  'how good a run is: validity, difficulty, features, coverage, diversity, duplicates, leakage, cost and pace; detail says what each value means and is made of';"#
)]
fn report(
    run: &str,
) -> std::result::Result<
    TableIterator<
        'static,
        (name!(section, String), name!(metric, String), name!(value, Option<AnyNumeric>), name!(detail, JsonB)),
    >,
    ErrorReport,
> {
    let (stored, measures) = measured(run).map_err(raise)?;
    let number = |text: String| AnyNumeric::try_from(text.as_str()).ok();
    let rows = rows::rows(&stored, &measures);
    Ok(TableIterator::new(
        rows.into_iter()
            .map(move |r| (r.section.to_owned(), r.metric.clone(), r.number().and_then(number), JsonB(r.detail))),
    ))
}

/// The same as one page of HTML that needs nothing else.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.report_html(run text) RETURNS text
STABLE STRICT PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON FUNCTION nlsql.report_html(text) IS
  'nlsql.report() as one self-contained page of HTML with charts and ten sample pairs: psql -Atc "SELECT nlsql.report_html(..)" >report.html';"#
)]
fn report_html(run: &str) -> std::result::Result<String, ErrorReport> {
    let (stored, measures) = measured(run).map_err(raise)?;
    page::page(&stored, &measures, &rows::rows(&stored, &measures)).map_err(raise)
}
