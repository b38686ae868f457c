//! Reads a run for its report: what the server groups, and every record once.

use super::copy::Lines;
use super::owner::grouping_records;
use super::spi::{self, Arg};
use super::{dataset, introspect, session};
use crate::candidate::EMPTY;
use crate::dataset::metrics::{Measures, Record, Tally};
use crate::dataset::report::stored::Stored;
use crate::error::{Error, Result};

const GROUPED: &str = include_str!("../../sql/measures.sql");

/// The run of that name, measured; coverage is of what the current role may read now.
pub(crate) fn measured(run: &str) -> Result<(Stored, Measures)> {
    let source = dataset::source(run, None)?;
    let grouped = grouping_records(|| spi::select(GROUPED, &[Arg::Int(source.id), Arg::Text(EMPTY)]))?;
    let grouped = spi::first(grouped).ok_or_else(|| Error::internal("the run is gone"))?;
    let stored: Stored = spi::json(&grouped)?;
    let mut schema = introspect::catalog(None)?;
    introspect::keep_subjects(&mut schema);
    let mut tally = Tally::new(&schema, stored.only().as_deref());
    let mut lines = Lines::open(&records(source.id))?;
    while let Some(line) = lines.next()? {
        tally.add(spi::json::<Record>(&line)?);
        session::check_for_interrupts();
    }
    Ok((stored, tally.finish()))
}

fn records(run_id: i64) -> String {
    format!(
        "SELECT json_build_object('phase', i.phase, 'slot', i.slot, 'kind', i.kind, 'question', i.question, 'sql', i.sql,
                'evidence', i.evidence, 'style', i.style, 'difficulty', i.difficulty,
                'asked', i.checks #>> '{{asked,difficulty}}', 'tables', i.tables, 'columns', i.columns,
                'functions', i.functions, 'features', i.features, 'skeleton', i.skeleton, 'literals', i.literals,
                'joins', (i.checks ->> 'joins')::int, 'rows', (i.result ->> 'rows')::bigint, 'split', i.split)::text
           FROM nlsql.item i WHERE i.run_id = {run_id}"
    )
}
