//! What all tasks of a phase have in common: schema, templates, effective options.

use super::super::super::ledger;
use super::super::super::line::Line;
use super::super::super::session;
use super::super::super::store::{Run, RunPhase};
use super::super::super::transaction::transaction;
use super::super::subjects::Subjects;
use crate::error::Result;
use crate::flow::Setup;
use crate::flow::setup::Knobs;
use crate::prompt::describe::Notes;
use crate::prompt::templates::Templates;

pub(super) fn setup(run: &Run, phase: &RunPhase, subjects: &Subjects, line: &Line) -> Result<Setup> {
    let own = transaction(|| ledger::templates(&session::role()?))?;
    let values_shown = phase.options.values.as_deref().is_some_and(|v| v != "none");
    Ok(Setup {
        phase: phase.phase,
        engine: phase.engine,
        seed: phase.seed as u64,
        schema: subjects.schema.clone(),
        edges: subjects.relationships.clone(),
        notes: Notes::default(),
        templates: Templates::new(&own)?,
        model: line.model.clone(),
        style: line.style,
        structured: line.structured,
        knobs: Knobs::new(phase.phase, &phase.options, run.settings.max_retries.max(0) as u32, values_shown),
    })
}
