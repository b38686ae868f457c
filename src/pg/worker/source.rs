//! What an offline phase draws its candidates from, and the gate that its pairs pass.

use super::super::gate::{self, Gate, Mode};
use super::super::store::{Run, RunPhase};
use super::super::transaction::transaction;
use super::subjects::Subjects;
use crate::candidate::{Candidate, Verdict};
use crate::compose::{self, Composer};
use crate::docs::Docs;
use crate::error::Result;
use crate::plan::phase::{Engine, not_yet};
use crate::plan::{Options, Phase};

type Draw = Box<dyn Fn(i64, u32) -> Option<Candidate>>;

pub(super) struct Source {
    draw: Draw,
    gate: Gate,
    mode: Mode,
}

impl Source {
    pub(super) fn open(run: &Run, phase: &RunPhase, subjects: &'static Subjects) -> Result<Source> {
        let subjects = match &phase.options.tables {
            Some(names) => subjects.only(names),
            None => subjects,
        };
        let draw = match phase.phase {
            Phase::SchemaDocs => documents(subjects, phase.seed as u64),
            Phase::SampleData => super::sample::rows(run, phase, subjects)?,
            Phase::SingleTable | Phase::Joins => composer(phase, subjects)?,
            other => return Err(not_yet(other, Engine::Offline)),
        };
        let mode = if phase.options.schema_only == Some(true) { Mode::SchemaOnly } else { Mode::Execute };
        let gate = transaction(|| gate(run))?;
        Ok(Source { draw, gate, mode })
    }

    pub(super) fn draw(&self, slot: i64, attempt: u32) -> Option<Candidate> {
        (self.draw)(slot, attempt)
    }

    pub(super) fn check(&mut self, candidate: &Candidate) -> Result<Verdict> {
        let Source { gate, mode, .. } = self;
        transaction(|| gate.check_candidate(candidate, *mode))
    }
}
