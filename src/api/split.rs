//! Which records are for training, which for choosing, which for the test.

use crate::dataset::split::{SPLITS, SplitOptions};
use crate::error::Result;
use crate::pg::error::report;
use crate::pg::{dataset, split as records};
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

type Row = (Option<String>, i64, Option<f64>, Option<f64>, i64, Option<String>);

/// Assigns the records of a run that have no split yet; what is assigned stays.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn split(
    run: &str,
    options: default!(JsonB, "'{}'"),
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(split, Option<String>),
            name!(records, i64),
            name!(share, Option<f64>),
            name!(target, Option<f64>),
            name!(added, i64),
            name!(reason, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let assign = || -> Result<Vec<Row>> {
        let options = SplitOptions::parse(&options.0)?;
        let sources = dataset::sources(run, options.role.as_deref(), &options.runs)?;
        let outcome = records::assign(&sources, &options)?;
        let all = outcome.records.iter().sum::<i64>().max(1) as f64;
        let mut rows: Vec<Row> = Vec::new();
        for (i, target) in options.shares().into_iter().enumerate() {
            let (records, added) = (outcome.records[i], outcome.added[i]);
            rows.push((Some(SPLITS[i].to_owned()), records, Some(records as f64 / all), Some(target), added, None));
        }
        let left_out = [
            (outcome.bridges, "like records of two splits"),
            (outcome.in_benchmark, "like an entry of nlsql.benchmark"),
            (outcome.duplicates, "asks what a record of another run asks"),
            (outcome.conflicts, "asks what a record of another run asks, and has another result"),
        ];
        for (records, why) in left_out.into_iter().filter(|(records, _)| *records > 0) {
            rows.push((None, records, None, None, 0, Some(why.to_owned())));
        }
        Ok(rows)
    };
    assign().map(TableIterator::new).map_err(report)
}
