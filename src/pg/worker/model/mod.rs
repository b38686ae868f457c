//! Tasks of the engines that talk to a model. The main thread alone touches the server; threads do HTTP and nothing
//! else, and no transaction is open while they wait. What happened is written in few transactions, however many calls
//! there are.

mod check;
mod drafts;
mod payload;
mod setup;

use super::super::ledger;
use super::super::line::{self, Line};
use super::super::store::{self, RunPhase, Task};
use super::super::transaction::{transaction, transaction_to_the_end};
use super::{Worker, interrupts, report_activity, sleep};
use crate::error::Result;
use crate::flow::driver::{Batch, Driver, Stop};
use crate::flow::{Outcome, Setup, Spec};
use crate::llm::pool::{Job, Pool};
use crate::plan::Engine;
use check::Checker;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How often a session looks whether its run was cancelled or given more work, at least.
const LOOK_MS: u64 = 300;
/// What came of calls is gathered for so long, so that one transaction writes it down together with the calls that
/// follow. Nothing that could go out waits for it.
const GATHER_MS: u64 = 20;
/// The gate has at least so many times the time of the last exchange, before it makes way for answers that wait.
const GATE_SHARE: u32 = 3;
/// Calls in flight are waited for so long after the run has failed.
const PATIENCE_MS: u64 = 3_000;

impl Worker {
    /// Works on the phase from `first` on, until nothing of it is left to do.
    pub(super) fn model(&mut self, phase: &RunPhase, first: &Task) -> Result<()> {
        if !transaction(|| ledger::take_line(self.run.id))? {
            // budget, limits and the first call's trial are kept by one worker of a run
            self.offline_only = true;
            return transaction(|| store::give_back(self.run.id, first));
        }
        let result = self.talk(phase, first);
        transaction(|| ledger::leave_line(self.run.id))?;
        result
    }

    fn talk(&mut self, phase: &RunPhase, first: &Task) -> Result<()> {
        report_activity(Some(&format!("nlsql run {} {}", self.run.name, phase.phase.name())));
        let all = self.subjects(phase)?;
        let subjects = phase.options.tables.as_ref().map_or(all, |names| all.only(names));
        let opened = transaction(|| line::open(&phase.options, &self.run.settings, ledger::spent(self.run.id)?));
        let line = match opened {
            Ok(line) => line,
            Err(error) => {
                let hint = error.hint.map(|h| format!(" {h}")).unwrap_or_default();
                let message = format!("{}{hint}", error.message);
                return transaction(|| store::fail(self.run.id, "config", &message));
            }
        };
        let setup = Rc::new(setup::setup(&self.run, phase, subjects, &line)?);
        let mut session = Session {
            run_id: self.run.id,
            hash: &subjects.hash,
            phase,
            setup,
            draw: if phase.engine == Engine::Reword { Some(super::source::composer(phase, subjects)?) } else { None },
            checker: Checker::new(&self.run, phase)?,
            started: Instant::now(),
            driver: Driver::new(line.terms.clone(), line.known.lessons, 0),
            pool: Pool::new(line.client.clone(), line.terms.parallelism)?,
            line,
            tasks: HashMap::new(),
            calls: HashMap::new(),
            news_since: None,
            looked: 0,
            exchanged_in: Duration::ZERO,
            drained: false,
            ended: None,
        };
        let result = session.add(first.clone()).and_then(|()| session.work());
        if result.is_ok() {
            let known = session.line.after(&session.driver);
            transaction(|| ledger::learn(&session.line.endpoint, &session.line.model, known))?;
        } else {
            // the ledger should know of calls that no one waits for; the error itself is what counts
            let _ = session.lose();
        }
        result
    }
}

/// The work on one phase.
struct Session<'a> {
    run_id: i64,
    hash: &'a str,
    phase: &'a RunPhase,
    setup: Rc<Setup>,
    /// Engine `reword`: what the composer draws.
    draw: Option<super::source::Draw>,
    checker: Checker,
    started: Instant,
    driver: Driver,
    pool: Pool,
    line: Line,
    /// In hand, by number.
    tasks: HashMap<i64, Task>,
    /// Row of nlsql.request of each call in flight.
    calls: HashMap<u64, i64>,
    /// Since when there is something to write down.
    news_since: Option<u64>,
    /// When the run was last looked at, and how long that took.
    looked: u64,
    exchanged_in: Duration,
    /// The last claim brought less than there was room for.
    drained: bool,
    /// When the run ended with calls in flight.
    ended: Option<u64>,
}

impl Session<'_> {
    fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    fn work(&mut self) -> Result<()> {
        loop {
            interrupts()?;
            for done in self.pool.take() {
                self.driver.answered(done.id, done.answer, self.now());
            }
            if self.driver.holds_back(self.now()) {
                self.recall();
            }
            // what is ready goes out before the gate begins
            if !self.exchange()? {
                return Ok(());
            }
            if self.check()? | self.redraw()? {
                continue;
            }
            if self.driver.idle() && (self.drained || self.ended.is_some()) {
                return Ok(());
            }
            if self.ended.is_some_and(|at| self.now() > at + PATIENCE_MS) {
                return self.lose();
            }
            let now = self.now();
            let gathered = self.news_since.map_or(u64::MAX, |since| since + GATHER_MS);
            let until = self.driver.wake_at(now).unwrap_or(u64::MAX).min(self.looked + LOOK_MS).min(gathered);
            if until > now {
                sleep(Some(self.pool.fd()), (until - now) as i64)?;
            }
        }
    }

    fn add(&mut self, task: Task) -> Result<()> {
        let number = i64::from(task.number);
        let mut spec = Spec {
            number: number.unsigned_abs(),
            quota: (task.quota - task.accepted).max(0) as u32,
            attempt: task.attempt.saturating_sub(1).max(0) as u64,
            ..Spec::default()
        };
        if let Some(draw) = &mut self.draw {
            let missing = task.quota - task.accepted;
            spec.drafts = drafts::drafts(&mut self.checker, draw, &task, missing, 0)?;
        }
        let questions = self.phase.options.questions.as_deref().unwrap_or_default();
        spec.question = questions.get(task.number.saturating_sub(1).max(0) as usize).cloned();
        self.tasks.insert(number, task);
        let now = self.now();
        self.driver.add(number, spec, self.setup.clone(), now);
        Ok(())
    }

    /// One transaction for all that happened, then the calls that it allows. False = the run is over.
    fn exchange(&mut self) -> Result<bool> {
        loop {
            let now = self.now();
            let due = now >= self.looked + LOOK_MS;
            if !due && self.can_wait(now) {
                return Ok(true);
            }
            let mut batch = self.driver.batch(now);
            self.news_since = None;
            let room = self.driver.room();
            let claim = if self.ended.is_none() && (due || !self.drained) { room } else { 0 };
            if payload::is_empty(&batch) && claim == 0 && !due {
                return Ok(true);
            }
            let began = Instant::now();
            let payload = payload::payload(self, &mut batch, claim);
            let told = transaction_to_the_end(|| ledger::exchange(self.run_id, self.phase.phase, &payload))?;
            (self.looked, self.exchanged_in) = (now, began.elapsed());
            self.written(batch, &told.ids)?;
            if !told.running && self.ended.is_none() {
                // cancelled, by the user or by another error: no one waits for the answers
                self.lose()?;
                return Ok(false);
            }
            if claim > 0 {
                self.drained = told.claimed.len() < claim;
            }
            let more = !told.claimed.is_empty();
            for task in told.claimed {
                self.add(task)?;
            }
            if !more {
                return Ok(true);
            }
        }
    }

    /// Whether what is to be written can be gathered for another while.
    fn can_wait(&mut self, now: u64) -> bool {
        if self.driver.has_news() {
            self.news_since.get_or_insert(now);
        }
        let fresh = self.news_since.is_none_or(|since| now < since + GATHER_MS);
        let claims = self.ended.is_none() && !self.drained && self.driver.is_hungry();
        fresh && !claims && self.driver.can_wait(now)
    }

    /// After the commit: sends what was announced and lets go of what ended.
    fn written(&mut self, batch: Batch, ids: &[i64]) -> Result<()> {
        let timeout = self.line.timeout;
        self.calls.extend(batch.sends.iter().zip(ids).map(|(send, id)| (send.call, *id)));
        let jobs = batch.sends.into_iter().map(|s| Job { id: s.call, style: s.style, body: s.body, timeout });
        self.pool.send(jobs);
        for call in batch.records.iter().map(|r| r.call).chain(batch.recalled) {
            self.calls.remove(&call);
        }
        let ended = batch.finished.iter().map(|(task, _)| *task).chain(batch.parked.iter().map(|(task, ..)| *task));
        let ended: HashSet<i64> = ended.collect();
        if !ended.is_empty() {
            self.tasks.retain(|task, _| !ended.contains(task));
            self.checker.release(&ended);
        }
        match batch.stop {
            None => {}
            Some(Stop::Failed { reason, message, hint }) => {
                self.ended = Some(self.now());
                transaction(|| store::fail(self.run_id, reason, &format!("{message}. {hint}")))?;
            }
            Some(Stop::Budget) => {
                self.ended = Some(self.now());
                let message = "the next call could cost more than is left of budget_usd";
                transaction(|| ledger::over_budget(self.run_id, message))?;
            }
        }
        Ok(())
    }

    /// Draws other statements for tasks whose own cannot be worded; whether there were any.
    fn redraw(&mut self) -> Result<bool> {
        let draws = self.driver.draws();
        for wish in &draws {
            let (Some(draw), Some(task)) = (&mut self.draw, self.tasks.get(&wish.task)) else { continue };
            let found = drafts::drafts(&mut self.checker, draw, task, i64::from(wish.missing), wish.round)?;
            let now = self.now();
            self.driver.drawn(wish.task, found, now);
        }
        Ok(!draws.is_empty())
    }

    /// Takes candidates through the gate; whether there were any.
    fn check(&mut self) -> Result<bool> {
        self.checker.take(self.driver.checks());
        // an answer that waits is a call that is not in flight, where there is one to follow; else only the gate lets
        // tasks go and others come, and the more at once, the less an exchange costs each
        let least = GATE_SHARE * self.exchanged_in;
        let (driver, pool, most) = (&self.driver, &self.pool, self.line.terms.parallelism);
        let enough = |tasks, spent| spent > least && (driver.has_ready() || tasks >= most) && pool.answers_wait();
        let Some(verdicts) = self.checker.some(enough)? else { return Ok(false) };
        let now = self.now();
        for (task, verdicts) in verdicts {
            self.driver.checked(task, verdicts, now);
        }
        Ok(true)
    }

    fn recall(&mut self) {
        for call in self.pool.recall() {
            self.driver.recalled(call);
        }
    }

    /// Breaks the calls in flight and writes them down as given up, with what the tasks brought before.
    fn lose(&mut self) -> Result<()> {
        let now = self.now();
        self.driver.cancel(now);
        self.recall();
        self.pool.abort();
        let mut batch = self.driver.batch(now);
        batch.records.extend(self.driver.lose_calls());
        let payload = payload::payload(self, &mut batch, 0);
        transaction_to_the_end(|| ledger::exchange(self.run_id, self.phase.phase, &payload)).map(|_| ())
    }
}
