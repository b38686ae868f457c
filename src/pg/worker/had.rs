//! Statements that this worker has seen the run store. One that is drawn again needs no gate: it would pass as before,
//! and give way to the stored one. What a slot ends up with is the same as if the gate had been asked.

use crate::candidate::{Candidate, Expect};
use crate::dataset::near;
use std::collections::HashMap;

/// Statements to be held; beyond that it begins anew.
const MOST: usize = 500_000;

/// Mark of each candidate, and of its template.
#[derive(Debug, Default)]
pub(super) struct Had(HashMap<u64, u64>);

/// Of all that the gate's verdict hangs on.
pub(super) fn mark(candidate: &Candidate) -> Option<u64> {
    let mut text = candidate.sql.clone()?;
    let probes = candidate.probes.iter().flat_map(|p| {
        let expect = match p.expect {
            Expect::Differs => "d",
            Expect::Same => "s",
            Expect::Rows => "r",
            Expect::Figure => "f",
            Expect::Cut => "c",
        };
        [expect, p.sql.as_str(), p.part.as_deref().unwrap_or("")]
    });
    for part in probes.chain([candidate.asked.difficulty.as_deref().unwrap_or("")]) {
        text.push('\0');
        text.push_str(part);
    }
    text.push_str(&format!("\0{}", candidate.least_rows));
    for telling in &candidate.telling {
        text.push_str(&format!("\0{} {}", telling.column, telling.per_cent));
    }
    Some(near::hash(text.as_bytes()))
}

impl Had {
    /// The template of a candidate that the run has.
    pub fn template(&self, mark: Option<u64>) -> Option<u64> {
        self.0.get(&mark?).copied()
    }

    pub fn add(&mut self, mark: Option<u64>, template: Option<&str>) {
        if let (Some(mark), Some(template)) = (mark, template) {
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.insert(mark, near::mark(template));
        }
    }

    pub fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::{Probe, Telling};

    #[test]
    fn a_candidate_is_known_by_all_that_its_verdict_hangs_on() {
        let plain = Candidate { sql: Some("SELECT 1".into()), ..Candidate::default() };
        let mut had = Had::default();
        had.add(mark(&plain), Some("SELECT ?"));
        assert_eq!(had.template(mark(&plain)), Some(near::mark("SELECT ?")));
        let probe = Probe { name: "filter".into(), sql: "SELECT 2".into(), part: None, expect: Expect::Differs };
        let probed = Candidate { probes: vec![probe], ..plain.clone() };
        let wider = Candidate { least_rows: 2, ..plain.clone() };
        let telling = Candidate { telling: vec![Telling { column: 1, per_cent: 85 }], ..plain.clone() };
        for other in [probed, wider, telling] {
            assert_eq!(had.template(mark(&other)), None);
        }
        assert_eq!(mark(&Candidate::default()), None, "kinds without a statement are not held");
        had.forget();
        assert_eq!(had.template(mark(&plain)), None);
    }
}
