//! Candidates of many tasks on their way through the gate, and the question whether the run has them already.

use super::super::super::gate::{Gate, Mode};
use super::super::super::known::{self, Keys};
use super::super::super::store::{Run, RunPhase};
use super::super::super::transaction::transaction;
use super::super::{interrupts, source};
use crate::candidate::{Candidate, Kind, Refusal, Stage, Verdict};
use crate::dataset::keys;
use crate::dataset::near::{self, Kin, Met};
use crate::error::Result;
use crate::flow::driver::Check;
use crate::plan::Phase;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

/// A transaction of checks is ended after this, so that no snapshot grows old.
const SPAN: Duration = Duration::from_millis(50);

pub(super) struct Checker {
    run_id: i64,
    gate: Gate,
    mode: Mode,
    waiting: VecDeque<Check>,
    /// Digests of the normal forms of what tasks in hand have had accepted and not stored yet.
    held: HashMap<String, i64>,
    kin: Kin,
    /// What the run has stored.
    met: Met,
    own_questions: bool,
}

impl Checker {
    pub fn new(run: &Run, phase: &RunPhase) -> Result<Checker> {
        let mode = if phase.options.schema_only == Some(true) { Mode::SchemaOnly } else { Mode::Executed };
        Ok(Checker {
            run_id: run.id,
            gate: source::gate(run, phase)?,
            mode,
            waiting: VecDeque::new(),
            held: HashMap::new(),
            kin: Kin::default(),
            met: Met::default(),
            own_questions: phase.phase == Phase::Questions,
        })
    }

    pub fn take(&mut self, checks: Vec<Check>) {
        self.waiting.extend(checks);
    }

    /// Verdicts for some of the tasks that wait; none where none does. It ends where `enough` says so of the number of
    /// tasks and the time spent on them.
    pub fn some(&mut self, enough: impl Fn(usize, Duration) -> bool) -> Result<Option<Vec<(i64, Vec<Verdict>)>>> {
        if self.waiting.is_empty() {
            return Ok(None);
        }
        let started = Instant::now();
        let mut checked: Vec<(Check, Vec<Verdict>)> = Vec::new();
        transaction(|| {
            while let Some(check) = self.waiting.pop_front() {
                let mut verdicts = Vec::with_capacity(check.candidates.len());
                for candidate in &check.candidates {
                    verdicts.push(match candidate.kind {
                        Kind::Pair => self.gate.check_candidate(candidate, self.mode)?,
                        _ => Verdict::default(),
                    });
                }
                checked.push((check, verdicts));
                let spent = started.elapsed();
                if spent > SPAN || enough(checked.len(), spent) {
                    break;
                }
            }
            self.settle_duplicates(&mut checked)
        })?;
        interrupts()?;
        Ok(Some(checked.into_iter().map(|(check, verdicts)| (check.task, verdicts)).collect()))
    }

    /// Whether a draft is sound and new. No other task is given it then, so that no wording is paid for twice.
    pub fn reserves(&mut self, draft: &Candidate, task: i64) -> Result<bool> {
        interrupts()?;
        let (_, sql) = keys_of(draft);
        let mark = format!("d{}", sql.as_deref().unwrap_or(""));
        if self.held.contains_key(&mark) {
            return Ok(false);
        }
        let fine = transaction(|| {
            Ok(self.gate.check_candidate(draft, self.mode)?.ok()
                && known::known(self.run_id, &[(None, sql)])?[0].is_none())
        })?;
        if fine {
            self.held.insert(mark, task);
        }
        Ok(fine)
    }

    /// Forgets what the tasks held: it is stored now, or given up.
    pub fn release(&mut self, tasks: &HashSet<i64>) {
        self.held.retain(|_, holder| !tasks.contains(holder));
        self.kin.release(tasks);
    }

    fn settle_duplicates(&mut self, checked: &mut [(Check, Vec<Verdict>)]) -> Result<()> {
        let mut passed: Vec<(i64, &Candidate, &mut Verdict)> = checked
            .iter_mut()
            .flat_map(|(check, verdicts)| check.candidates.iter().zip(verdicts).map(|(c, v)| (check.task, c, v)))
            // a statement without a question is only tried
            .filter(|(_, candidate, verdict)| verdict.ok() && candidate.question.is_some())
            .collect();
        if passed.is_empty() {
            return Ok(());
        }
        let keys: Vec<Keys> = passed.iter().map(|(_, candidate, _)| keys_of(candidate)).collect();
        let own = self.own_questions;
        let templates: Vec<&str> = passed.iter().filter_map(|(_, c, v)| Some(on_template(own, c, v)?.0)).collect();
        let known = known::known_and_met(self.run_id, &keys, &templates, &mut self.met)?;
        for (((task, candidate, verdict), (question, sql)), known) in passed.iter_mut().zip(keys).zip(known) {
            let marks: Vec<String> =
                question.iter().map(|q| format!("q{q}")).chain(sql.iter().map(|s| format!("s{s}"))).collect();
            let near = on_template(own, candidate, verdict);
            if known.is_some() || marks.iter().any(|m| self.held.contains_key(m)) {
                verdict.refusal = Some(duplicate("the run has this question or this statement already"));
            } else if near
                .is_some_and(|(template, q)| self.met.holds(template, q) || self.kin.holds(near::mark(template), q))
            {
                verdict.refusal =
                    Some(duplicate("the run has nearly this question on a statement that differs in values alone"));
            } else {
                if let Some((template, question)) = near.map(|(t, q)| (near::mark(t), q.to_owned())) {
                    self.kin.add(template, &question, *task);
                }
                self.held.extend(marks.into_iter().map(|m| (m, *task)));
            }
        }
        Ok(())
    }
}

/// What near-duplicates are told by: the template and the question. A user's own questions all stay.
fn on_template<'a>(own_questions: bool, candidate: &'a Candidate, verdict: &'a Verdict) -> Option<(&'a str, &'a str)> {
    let facts = verdict.facts.as_ref().filter(|_| !own_questions)?;
    Some((&facts.template, candidate.question.as_deref()?))
}

fn keys_of(candidate: &Candidate) -> Keys {
    (candidate.question.as_deref().map(keys::question_digest), candidate.sql.as_deref().map(keys::sql_digest))
}

fn duplicate(message: &str) -> Refusal {
    Refusal {
        stage: Stage::Duplicate,
        sqlstate: "23505".into(),
        message: message.into(),
        detail: None,
        hint: None,
        position: None,
    }
}
