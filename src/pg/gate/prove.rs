//! The mutation proof: an accepted statement against its one-step mutants, on the same data.

use super::mutant::{MOST, Mutator};
use super::parse::position;
use super::{Check, Gate, Mode};
use crate::candidate::{Change, Mutation};
use crate::error::Result;
use std::time::{Duration, Instant};

impl Gate {
    /// Adds the proof where it is asked for, the statement was run and accepted, and its result is known to the end.
    /// All mutants together have the time that one check has.
    pub(super) fn prove(&mut self, sql: &str, check: &mut Check) -> Result<()> {
        let whole = check.verdict.result.as_ref().is_some_and(|result| !result.capped);
        if !(self.options.proof && check.verdict.ok() && whole) {
            return Ok(());
        }
        let started = Instant::now();
        let most = Duration::from_millis(u64::try_from(self.options.limits.timeout_ms).unwrap_or(0));
        let mut proof = Mutation::default();
        for wanted in 0..MOST {
            let left = i32::try_from(most.saturating_sub(started.elapsed()).as_millis()).unwrap_or(i32::MAX);
            if left == 0 {
                break;
            }
            let mut other = Check::new(Mode::Executed, Some(check.own_rows()));
            (other.mutator, other.timeout_ms) = (Some(Mutator::making(wanted)), Some(left));
            self.run(sql, &mut other)?;
            let Some(made) = other.mutator.and_then(|mutator| mutator.made) else { break };
            if other.verdict.result.is_none() {
                proof.failed += 1;
                continue;
            }
            proof.mutants += 1;
            if other.same {
                proof.alike.push(Change { kind: made.kind.to_owned(), position: position(sql, made.location) });
            } else {
                proof.told_apart += 1;
            }
        }
        check.verdict.mutation = Some(proof);
        Ok(())
    }
}
