//! What an offline phase draws its candidates from, and the gate that its pairs pass.

use super::super::store::{Run, RunPhase};
use super::subjects::Subjects;
use crate::candidate::{Candidate, Verdict};
use crate::error::Result;

type Draw = Box<dyn Fn(i64, u32) -> Option<Candidate>>;

pub(super) struct Source {
    draw: Draw,
}

impl Source {
    pub(super) fn open(_run: &Run, _phase: &RunPhase, _subjects: &Subjects) -> Result<Source> {
        Ok(Source { draw: Box::new(|_, _| None) })
    }

    pub(super) fn draw(&self, slot: i64, attempt: u32) -> Option<Candidate> {
        (self.draw)(slot, attempt)
    }

    pub(super) fn check(&mut self, _candidate: &Candidate) -> Result<Verdict> {
        Ok(Verdict::default())
    }
}
