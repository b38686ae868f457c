//! Tasks of the offline engine: draw, check, store in order. What a slot holds depends on (seed, phase, slot,
//! attempt) and on earlier slots, never on who works or how fast.

use super::super::known::{self, Keys, Known};
use super::super::store::{self, Ending, Item, Reject, RunPhase, Task, Turn};
use super::super::transaction::transaction;
use super::had::{self, Had};
use super::source::Source;
use super::{Worker, interrupts, nap, record};
use crate::candidate::{Candidate, EMPTY, Kind, Stage, Verdict};
use crate::dataset::near::{self, Kin, Met};
use crate::error::Result;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Candidates a slot on the average, and in a row, that may bring nothing before a task gives up.
const CANDIDATES_A_SLOT: u64 = 20;
const BARREN_IN_A_ROW: u64 = 500;

impl Worker {
    pub(super) fn offline(&mut self, phase: &RunPhase, task: &Task) -> Result<()> {
        let subjects = self.subjects(phase)?;
        let at = match self.sources.iter().position(|(p, _)| *p == phase.phase) {
            Some(at) => at,
            None => {
                self.sources.push((phase.phase, Source::open(&self.run, phase, subjects)?));
                self.sources.len() - 1
            }
        };
        let mut filler = Filler::new(task);
        loop {
            filler.fill(&mut self.sources[at].1, &self.had)?;
            match my_turn(self.run.id, task)? {
                true if filler.drop_known(self.run.id, &mut self.met, &mut self.had)? => {}
                true => break,
                false => return transaction(|| store::give_back(self.run.id, task)),
            }
        }
        let hash = subjects.hash.as_str();
        let ending = filler.ending(self.sources[at].1.whole);
        let items: Vec<Item> = filler.items.values().cloned().collect();
        if transaction(|| store::finish(self.run.id, task, hash, &items, &filler.rejects, &ending))? {
            for (slot, item) in &filler.items {
                self.had.add(filler.marks.get(slot).copied(), item.template.as_deref());
            }
        }
        Ok(())
    }
}

/// Waits until every earlier task is stored; false = the task is to be given back.
fn my_turn(run_id: i64, task: &Task) -> Result<bool> {
    let mut pause = 2;
    loop {
        match transaction(|| store::turn(run_id, task))? {
            Turn::Mine => return Ok(true),
            Turn::Wait => {
                nap(pause)?;
                pause = (pause * 2).min(50);
            }
            Turn::GiveBack | Turn::Ended => return Ok(false),
        }
    }
}

/// Fills the slots of one task: a round over the open slots with attempt 0, then with attempt 1, and so on.
struct Filler {
    items: BTreeMap<i64, Item>,
    /// Slots whose candidate the run has already, and the marks of the others' candidates.
    had: BTreeSet<i64>,
    marks: BTreeMap<i64, u64>,
    rejects: Vec<Reject>,
    /// Of the task.
    number: i32,
    /// Open slots, each with its next attempt.
    open: BTreeMap<i64, u32>,
    /// Keys of this task's own records.
    seen: HashSet<String>,
    kin: Kin,
    redraws: BTreeMap<&'static str, u64>,
    drawn: u64,
    barren: u64,
    most: u64,
}

impl Filler {
    fn new(task: &Task) -> Filler {
        Filler {
            items: BTreeMap::new(),
            had: BTreeSet::new(),
            marks: BTreeMap::new(),
            rejects: Vec::new(),
            number: task.number,
            open: (task.slot..task.slot + task.quota).map(|slot| (slot, 0)).collect(),
            seen: HashSet::new(),
            kin: Kin::default(),
            redraws: BTreeMap::new(),
            drawn: 0,
            barren: 0,
            most: CANDIDATES_A_SLOT * task.quota as u64 + BARREN_IN_A_ROW,
        }
    }

    fn spent(&self) -> bool {
        self.barren >= BARREN_IN_A_ROW || self.drawn >= self.most
    }

    fn fill(&mut self, source: &mut Source, had: &Had) -> Result<()> {
        while !self.open.is_empty() && !self.spent() {
            let slots: Vec<i64> = self.open.keys().copied().collect();
            for slot in slots {
                if self.spent() {
                    break;
                }
                interrupts()?;
                let attempt = self.open.get(&slot).copied().unwrap_or_default();
                self.open.insert(slot, attempt + 1);
                self.drawn += 1;
                if self.try_one(source, had, slot, attempt)? {
                    self.open.remove(&slot);
                    self.barren = 0;
                } else {
                    self.barren += 1;
                }
            }
            if source.whole {
                break;
            }
        }
        Ok(())
    }

    fn try_one(&mut self, source: &mut Source, had: &Had, slot: i64, attempt: u32) -> Result<bool> {
        let Some(candidate) = source.draw(slot, attempt)? else { return Ok(false) };
        let keys = keys_of(&candidate);
        if keys.iter().any(|k| self.seen.contains(k)) {
            return Ok(self.again("duplicate"));
        }
        let mark = had::mark(&candidate);
        if let Some(template) = had.template(mark) {
            if !self.is_new(template, candidate.question.as_deref(), slot) {
                return Ok(self.again("near_duplicate"));
            }
            self.seen.extend(keys);
            self.had.insert(slot);
            return Ok(true);
        }
        let verdict = match candidate.kind {
            Kind::Pair => source.check(&candidate)?,
            // kinds without SQL bring the check that they have passed
            _ => Verdict::default(),
        };
        if let Some(refusal) = &verdict.refusal {
            // a redraw for lack of rows or for a tie is the composer at work; anything earlier is worth a look
            if refusal.stage < Stage::Result {
                self.rejects.extend(record::reject(self.number, &candidate, &verdict, None));
                return Ok(false);
            }
            return Ok(self.again(if refusal.message == EMPTY { "empty" } else { refusal.stage.name() }));
        }
        let measured = verdict.facts.as_ref().map(|f| f.hardness.difficulty());
        if candidate.asked.difficulty.as_deref().is_some_and(|asked| measured.is_some_and(|m| m != asked)) {
            return Ok(self.again("difficulty"));
        }
        let template = verdict.facts.as_ref().map(|facts| near::mark(&facts.template));
        if template.is_some_and(|template| !self.is_new(template, candidate.question.as_deref(), slot)) {
            return Ok(self.again("near_duplicate"));
        }
        self.seen.extend(keys);
        self.marks.extend(mark.map(|mark| (slot, mark)));
        self.items.insert(slot, record::item(self.number, slot, candidate, verdict, None));
        Ok(true)
    }

    /// Whether the task has no question near to it on the same template; it is one of them from now on.
    fn is_new(&mut self, template: u64, question: Option<&str>, slot: i64) -> bool {
        let Some(question) = question else { return true };
        let new = !self.kin.holds(template, question);
        if new {
            self.kin.add(template, question, slot);
        }
        new
    }

    /// Counts a candidate whose slot is drawn again; false, for the slot is still open.
    fn again(&mut self, why: &'static str) -> bool {
        *self.redraws.entry(why).or_default() += 1;
        false
    }

    /// Opens the slots whose record, or one near to it, the run has already from an earlier task; whether there are any.
    fn drop_known(&mut self, run_id: i64, met: &mut Met, had: &mut Had) -> Result<bool> {
        let keys: Vec<Keys> = self.items.values().map(|i| (i.question_key.clone(), i.sql_key.clone())).collect();
        let templates: Vec<&str> = self.items.values().filter_map(|i| i.template.as_deref()).collect();
        let known = transaction(|| known::known_and_met(run_id, &keys, &templates, met))?;
        let near = |i: &Item| {
            i.template.as_deref().zip(i.question.as_deref()).is_some_and(|(template, q)| met.holds(template, q))
        };
        let mut slots: BTreeMap<i64, &'static str> =
            std::mem::take(&mut self.had).into_iter().map(|slot| (slot, "duplicate")).collect();
        for ((slot, item), known) in self.items.iter().zip(known) {
            if known == Some(Known::Sql) {
                had.add(self.marks.get(slot).copied(), item.template.as_deref());
            }
            if known.is_some() {
                slots.insert(*slot, "duplicate");
            } else if near(item) {
                slots.insert(*slot, "near_duplicate");
            }
        }
        for (slot, why) in &slots {
            self.items.remove(slot);
            self.marks.remove(slot);
            self.again(why);
            let attempt = self.drawn.min(u64::from(u32::MAX)) as u32;
            self.open.insert(*slot, attempt);
            self.barren += 1;
        }
        Ok(!slots.is_empty() && !self.spent())
    }

    /// A table with fewer rows than asked for gives all it has: nothing is missing.
    fn ending(&self, whole: bool) -> Ending<'_> {
        let ending = Ending { status: "done", reason: None, message: None, redraws: &self.redraws };
        if whole || self.open.is_empty() {
            return ending;
        }
        Ending {
            reason: Some("exhausted"),
            message: Some("the schema and its rows yield no more pairs that differ and pass the gate"),
            ..ending
        }
    }
}

fn keys_of(candidate: &Candidate) -> Vec<String> {
    let question = candidate.question.as_deref().map(|q| format!("q{}", crate::dataset::keys::question_digest(q)));
    let sql = candidate.sql.as_deref().map(|s| format!("s{}", crate::dataset::keys::sql_digest(s)));
    question.into_iter().chain(sql).collect()
}
