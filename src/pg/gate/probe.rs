//! A candidate with its probes: statements whose results have to be the candidate's, differ from it, or have a row.

use super::execute::Against;
use super::{Check, Gate, Mode, parse};
use crate::candidate::{Candidate, Expect, Probe, Refusal, Stage, Verdict};
use crate::error::Result;

impl Gate {
    /// Checks a candidate and its probes: statements whose results have to be the candidate's, or differ from it.
    pub(crate) fn check_candidate(&mut self, candidate: &Candidate, mode: Mode) -> Result<Verdict> {
        let Some(sql) = &candidate.sql else {
            let refusal = parse::refuse(Stage::Text, "42601", "candidate has no statement");
            return Ok(Verdict { refusal: Some(refusal), ..Verdict::default() });
        };
        let mut check = Check::new(mode, None);
        let seen = if mode == Mode::Executed { self.look_for_rows(candidate, &mut check)? } else { Vec::new() };
        if !check.verdict.ok() {
            return Ok(check.verdict);
        }
        check.cuts = candidate.probes.iter().any(|probe| probe.expect == Expect::Cut);
        self.run(sql, &mut check)?;
        // a probe of the filter looks at the same more closely
        if !candidate.probes.iter().any(|probe| probe.name == "filter") {
            self.look_for_idle_condition(sql, &mut check)?;
        }
        if mode == Mode::SchemaOnly || !check.verdict.ok() {
            return Ok(check.verdict);
        }
        let rows = check.verdict.result.as_ref().map_or(0, |result| result.rows);
        if rows < candidate.least_rows {
            let reason = format!("the result has {rows} rows where at least {} were meant", candidate.least_rows);
            check.verdict.refusal = Some(parse::refuse(Stage::Probe, "P0001", reason));
            return Ok(check.verdict);
        }
        if candidate.least_rows > 0 && check.hollow {
            let refusal = parse::refuse(Stage::Probe, "P0001", "a column of the result is NULL throughout");
            check.verdict.refusal = Some(refusal);
            return Ok(check.verdict);
        }
        if let Some(dull) = check.dull(&candidate.telling) {
            let reason = format!("column {} of the result has the same value in nearly all rows", dull + 1);
            check.verdict.refusal = Some(parse::refuse(Stage::Probe, "P0001", reason));
            return Ok(check.verdict);
        }
        if check.cuts && !check.cut {
            check.verdict.refusal = Some(parse::refuse(
                Stage::Probe,
                "P0001",
                "the cut cuts nothing off, or a tie that it does not keep, or all that it leaves ties",
            ));
            return Ok(check.verdict);
        }
        for (number, probe) in candidate.probes.iter().enumerate() {
            let against = match probe.expect {
                Expect::Rows if seen.contains(&number) => continue,
                Expect::Figure if check.figure => continue,
                Expect::Rows | Expect::Figure => Against::Any,
                Expect::Differs | Expect::Same => check.own_rows(),
                // seen while the statement ran
                Expect::Cut => continue,
            };
            if self.differs_in_part(probe, &check)? {
                continue;
            }
            let mut other = Check::new(mode, Some(against));
            self.run(&probe.sql, &mut other)?;
            check.verdict.refusal = probe_verdict(&probe.name, probe.expect, &other);
            if check.verdict.refusal.is_some() {
                break;
            }
        }
        self.prove(sql, &mut check)?;
        Ok(check.verdict)
    }

    /// Probes that end with their first row go before the statement itself, which need not run where one has none: gives
    /// the numbers of those that have one. What cannot be run is left to tell why in its turn.
    fn look_for_rows(&mut self, candidate: &Candidate, check: &mut Check) -> Result<Vec<usize>> {
        let mut seen = Vec::new();
        for (number, probe) in candidate.probes.iter().enumerate().filter(|(_, p)| p.expect == Expect::Rows) {
            let mut other = Check::new(Mode::Executed, Some(Against::Any));
            self.run(&probe.sql, &mut other)?;
            if other.verdict.result.is_none() {
                continue;
            }
            seen.push(number);
            check.verdict.refusal = probe_verdict(&probe.name, probe.expect, &other);
            if check.verdict.refusal.is_some() {
                break;
            }
        }
        Ok(seen)
    }

    /// Whether a part of the probe's rows has one that the statement has not: then the whole probe has it, too.
    fn differs_in_part(&mut self, probe: &Probe, check: &Check) -> Result<bool> {
        let capped = check.verdict.result.as_ref().is_none_or(|result| result.capped);
        let Some(part) = probe.part.as_ref().filter(|_| probe.expect == Expect::Differs && !capped) else {
            return Ok(false);
        };
        let mut other = Check::new(Mode::Executed, Some(Against::Among(check.rows.iter().copied().collect())));
        self.run(part, &mut other)?;
        Ok(other.verdict.result.is_some() && !other.same)
    }
}

/// An empty result of a probe is a result like any other; a probe that fails in another way proves nothing.
fn probe_verdict(name: &str, expect: Expect, other: &Check) -> Option<Refusal> {
    let Some(found) = &other.verdict.result else {
        let reason = other.verdict.refusal.as_ref().map_or("it did not run", |refusal| &refusal.message);
        return Some(parse::refuse(Stage::Probe, "XX000", format!("probe {name} could not be run: {reason}")));
    };
    let reason = match expect {
        Expect::Same if !other.same => "the result is not well defined",
        Expect::Differs if other.same => "a part of the statement has no effect",
        Expect::Rows | Expect::Figure if found.rows == 0 => "a part of the statement has no effect",
        _ => return None,
    };
    Some(parse::refuse(Stage::Probe, "P0001", format!("probe {name}: {reason}")))
}
