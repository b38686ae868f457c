//! What all tasks of a phase have in common: schema, templates, effective options.

use super::super::super::ledger;
use super::super::super::line::Line;
use super::super::super::session;
use super::super::super::store::{Run, RunPhase};
use super::super::super::transaction::transaction;
use super::super::interrupts;
use super::super::samples::Samples;
use super::super::subjects::Subjects;
use crate::error::Result;
use crate::flow::Setup;
use crate::flow::setup::Knobs;
use crate::prompt::describe::Notes;
use crate::prompt::templates::Templates;
use serde_json::Value;
use std::collections::BTreeMap;

/// Rows of a table that a prompt may show, and tables beyond which none are drawn.
const ROWS: i64 = 3;
const TABLES: usize = 100;

/// Anonymised rows by table.
fn samples(run: &Run, phase: &RunPhase, subjects: &'static Subjects) -> Result<BTreeMap<String, Vec<Value>>> {
    let mut found = BTreeMap::new();
    if subjects.schema.tables.len() > TABLES {
        return Ok(found);
    }
    let mut samples = Samples::open(run, &phase.options, phase.seed, subjects)?;
    for table in &subjects.schema.tables {
        interrupts()?;
        found.insert(table.qualified(), samples.rows(table, ROWS)?.to_vec());
    }
    Ok(found)
}

pub(super) fn setup(run: &Run, phase: &RunPhase, subjects: &'static Subjects, line: &Line) -> Result<Setup> {
    let mut own = transaction(|| ledger::templates(&session::role()?))?;
    if let Some(name) = &phase.options.template {
        crate::prompt::templates::take(&mut own, name, phase.phase.name())?;
    }
    let values_shown = phase.options.values.as_deref().is_some_and(|v| v != "none");
    Ok(Setup {
        phase: phase.phase,
        engine: phase.engine,
        seed: phase.seed as u64,
        schema: subjects.schema.clone(),
        edges: subjects.relationships.clone(),
        notes: Notes { samples: samples(run, phase, subjects)?, ..Notes::default() },
        templates: Templates::new(&own)?,
        model: line.model.clone(),
        style: line.style,
        structured: line.structured,
        knobs: Knobs::new(phase.phase, &phase.options, run.settings.max_retries.max(0) as u32, values_shown),
    })
}
