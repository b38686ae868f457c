//! What an offline phase draws its candidates from, and the gate that its pairs pass.

use super::super::gate::{self, Gate, Mode};
use super::super::session;
use super::super::store::{Run, RunPhase};
use super::super::transaction::transaction;
use super::samples::Samples;
use super::subjects::Subjects;
use crate::candidate::{Candidate, Verdict};
use crate::compose::{self, Composer};
use crate::docs::Docs;
use crate::docs::relation::Relations;
use crate::error::Result;
use crate::plan::Phase;
use crate::plan::phase::{Engine, not_yet};

pub(super) type Draw = Box<dyn FnMut(i64, u32) -> Result<Option<Candidate>>>;

pub(super) struct Source {
    draw: Draw,
    /// A slot has one candidate or none: what was drawn is all there is.
    pub(super) whole: bool,
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
            Phase::SchemaRelationship => relations(subjects, phase.seed as u64),
            Phase::SampleData => samples(run, phase, subjects)?,
            Phase::SingleTable | Phase::Joins | Phase::ComplexSqls | Phase::Builtins => composer(phase, subjects)?,
            other => return Err(not_yet(other, Engine::Offline)),
        };
        let mode = if phase.options.schema_only == Some(true) { Mode::SchemaOnly } else { Mode::Executed };
        Ok(Source { draw, whole: phase.phase == Phase::SampleData, gate: strict_gate(run, phase)?, mode })
    }

    pub(super) fn draw(&mut self, slot: i64, attempt: u32) -> Result<Option<Candidate>> {
        (self.draw)(slot, attempt)
    }

    pub(super) fn check(&mut self, candidate: &Candidate) -> Result<Verdict> {
        let Source { gate, mode, .. } = self;
        transaction(|| gate.check_candidate(candidate, *mode))
    }
}

/// The gate of a run: its role's, with the limits that were in force when it was made.
pub(super) fn gate(run: &Run, phase: &RunPhase) -> Result<Gate> {
    open(options(run, phase))
}

/// The composer can always draw again: rows that repeat leave open what is meant, and rows counted twice are wrong.
fn strict_gate(run: &Run, phase: &RunPhase) -> Result<Gate> {
    open(gate::Options { refuse_duplicates: true, refuse_constant: true, refuse_fan_out: true, ..options(run, phase) })
}

fn open(options: gate::Options) -> Result<Gate> {
    transaction(|| Gate::new(session::role_oid(), options))
}

fn options(run: &Run, phase: &RunPhase) -> gate::Options {
    gate::Options {
        proof: phase.options.proof == Some(true),
        search_path: Some(run.search_path.clone()),
        limits: gate::Limits::of(&run.settings),
        ..gate::Options::default()
    }
}

/// A question has one wording a slot: another attempt has nothing new.
fn documents(subjects: &'static Subjects, seed: u64) -> Draw {
    let docs = Docs::new(&subjects.schema, &subjects.relationships, seed);
    Box::new(move |slot, attempt| Ok(if attempt == 0 { docs.get(slot as usize) } else { None }))
}

/// An edge and its reverse are said once each.
fn relations(subjects: &'static Subjects, seed: u64) -> Draw {
    let relations = Relations::new(&subjects.schema, &subjects.relationships, seed);
    Box::new(move |slot, attempt| Ok(if attempt == 0 { relations.get(slot as usize) } else { None }))
}

fn samples(run: &Run, phase: &RunPhase, subjects: &'static Subjects) -> Result<Draw> {
    let n_rows = i64::from(phase.options.n_rows.unwrap_or(10).max(1));
    let mut samples = Samples::open(run, &phase.options, phase.seed, subjects)?;
    Ok(Box::new(move |slot, attempt| if attempt == 0 { samples.draw(slot, n_rows) } else { Ok(None) }))
}

pub(super) fn composer(phase: &RunPhase, subjects: &'static Subjects) -> Result<Draw> {
    let o = &phase.options;
    let options = compose::Options {
        phase: match phase.phase {
            Phase::Joins => compose::Phase::Joins,
            Phase::ComplexSqls => compose::Phase::ComplexSqls,
            Phase::Builtins => compose::Phase::Builtins,
            _ => compose::Phase::SingleTable,
        },
        seed: phase.seed as u64,
        values: match o.values.as_deref() {
            Some("none") => compose::Values::None,
            Some("all") => compose::Values::All,
            _ => compose::Values::Categorical,
        },
        values_min_rows: o.values_min_rows.unwrap_or(5).max(1) as u32,
        min_joins: o.min_joins.unwrap_or(1).max(1) as u32,
        schema_only: o.schema_only.unwrap_or(false),
        difficulty: o.difficulty.as_ref().map(weights),
        styles: styles(o.styles.as_deref())?,
        functions: o.functions.clone(),
        reasoning: o.reasoning.unwrap_or(false),
    };
    let composer = Composer::new(&subjects.schema, &subjects.relationships, options)?;
    Ok(Box::new(move |slot, attempt| {
        composer.prepare(slot as u64, &mut super::interrupts)?;
        Ok(composer.draw(slot as u64, attempt))
    }))
}

fn styles(names: Option<&[String]>) -> Result<Vec<compose::Style>> {
    names.unwrap_or_default().iter().map(|name| compose::Style::named(name)).collect()
}

/// Shares as whole numbers, a hundredth the finest.
fn weights(mix: &serde_json::Map<String, serde_json::Value>) -> [u32; 4] {
    ["easy", "medium", "hard", "extra"]
        .map(|level| (mix.get(level).and_then(serde_json::Value::as_f64).unwrap_or(0.0) * 100.0).round() as u32)
}
