//! All tasks of a worker at once: what may be sent now, what is at the gate, what ended, and when to look again.

mod admission;

pub(crate) use super::batch::{Batch, Check, Record, Redraw, Send, Stop, Terms};
use super::history::History;
use super::learned::{Learned, Lessons};
use super::machine::Flow;
use super::{Action, Call, End, Event, Outcome, Setup, Spec};
use crate::candidate::{Candidate, Verdict};
use crate::llm::client::Answer;
use crate::llm::fault::{Class, Fault};
use crate::llm::limits::Limits;
use crate::llm::price::Usd;
use crate::llm::wire::Usage;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Faults in a row after which the first task that has used up its retries fails the run: nobody is there.
const HOPELESS: u32 = 30;

struct Held {
    flow: Flow,
    lane: History,
}

struct InFlight {
    task: i64,
    reserved: Option<Usd>,
    tokens: u64,
}

pub(crate) struct Driver {
    terms: Terms,
    limits: Limits,
    learned: Learned,
    tasks: BTreeMap<i64, Held>,
    /// Free lanes; a task takes the one that was free longest.
    lanes: VecDeque<History>,
    ready: VecDeque<(i64, Call)>,
    /// Task by the time at which it tries again.
    waiting: BTreeMap<(u64, i64), ()>,
    checks: Vec<Check>,
    draws: Vec<Redraw>,
    calls: BTreeMap<u64, InFlight>,
    next_call: u64,
    /// The key works; before that, one call at a time.
    proved: bool,
    /// A call has succeeded.
    succeeded: bool,
    faults_in_a_row: u32,
    spent: Usd,
    batch: Batch,
    stopped: bool,
}

impl Driver {
    pub fn new(terms: Terms, lessons: Lessons, now: u64) -> Driver {
        let limits = Limits::new(terms.requests_per_minute, terms.tokens_per_minute, now);
        // more tasks than calls, so that a call that ends is followed by one that is ready
        let lanes = History::lanes(ahead(terms.parallelism));
        let proved = terms.proved;
        Driver {
            terms,
            limits,
            learned: Learned::knowing(lessons),
            tasks: BTreeMap::new(),
            lanes,
            ready: VecDeque::new(),
            waiting: BTreeMap::new(),
            checks: Vec::new(),
            draws: Vec::new(),
            calls: BTreeMap::new(),
            next_call: 1,
            proved,
            succeeded: false,
            faults_in_a_row: 0,
            spent: Usd::ZERO,
            batch: Batch::default(),
            stopped: false,
        }
    }

    /// Tasks that can be taken on now.
    pub fn room(&self) -> usize {
        if self.stopped { 0 } else { self.lanes.len() }
    }

    pub fn add(&mut self, task: i64, spec: Spec, setup: Rc<Setup>, now: u64) {
        let lane = self.lanes.pop_front().unwrap_or_default();
        self.tasks.insert(task, Held { flow: Flow::new(setup, spec), lane });
        self.step(task, Event::Start, now);
    }

    /// Takes in the answer of a call. Answers of tasks that are gone only count.
    pub fn answered(&mut self, call: u64, answer: Answer, now: u64) {
        let Some(flight) = self.calls.remove(&call) else { return };
        self.limits.heed(&answer.limits, now);
        let usage = answer.result.as_ref().map(|r| r.usage).unwrap_or_default();
        let usd = self.charge(answer.result.as_ref().err().map(|f| f.class), &usage, &flight);
        self.spent += usd.unwrap_or(Usd::ZERO);
        if let (Some(prompt), Some(completion)) = (usage.prompt, usage.completion) {
            self.limits.settle(flight.tokens, prompt + completion);
        }
        self.batch.records.push(Record {
            call,
            task: flight.task,
            status: if answer.result.is_ok() { "ok" } else { "error" },
            error: answer.result.as_ref().err().map(ToString::to_string),
            http_status: answer.status,
            usage,
            usd,
            latency_ms: answer.latency.as_millis() as u64,
            request_id: answer.request_id,
        });
        match answer.result {
            Ok(reply) => {
                (self.proved, self.succeeded) = (true, true);
                self.faults_in_a_row = 0;
                self.step(flight.task, Event::Reply(reply), now);
            }
            Err(fault) => {
                self.heed(&fault, now);
                self.step(flight.task, Event::Fault(fault), now);
            }
        }
    }

    /// Candidates for the gate; call again after the verdicts, until there are none.
    pub fn checks(&mut self) -> Vec<Check> {
        std::mem::take(&mut self.checks)
    }

    /// Verdicts for the candidates of one [`Check`], in their order.
    pub fn checked(&mut self, task: i64, verdicts: Vec<Verdict>, now: u64) {
        self.step(task, Event::Verdicts(verdicts), now);
    }

    /// Tasks of engine `reword` that need other statements.
    pub fn draws(&mut self) -> Vec<Redraw> {
        std::mem::take(&mut self.draws)
    }

    pub fn drawn(&mut self, task: i64, drafts: Vec<Candidate>, now: u64) {
        self.step(task, Event::Drafts(drafts), now);
    }

    /// Whether a batch would have anything to write down: calls or tasks that ended.
    pub fn has_news(&self) -> bool {
        let b = &self.batch;
        !(b.records.is_empty()
            && b.recalled.is_empty()
            && b.finished.is_empty()
            && b.parked.is_empty()
            && b.stop.is_none())
    }

    /// Everything that happened, and the calls that may start now.
    pub fn batch(&mut self, now: u64) -> Batch {
        while let Some((&(at, task), ())) = self.waiting.first_key_value() {
            if at > now {
                break;
            }
            self.waiting.pop_first();
            self.step(task, Event::Timer, now);
        }
        let mut sends = Vec::new();
        while !self.stopped {
            let Some(send) = self.admit(now) else { break };
            sends.push(send);
        }
        let mut batch = std::mem::take(&mut self.batch);
        batch.sends = sends;
        batch
    }

    /// Nothing in hand: no task, no call.
    pub fn idle(&self) -> bool {
        self.tasks.is_empty() && self.calls.is_empty()
    }

    /// What is known of the endpoint by now.
    pub fn lessons(&self) -> Lessons {
        self.learned.lessons()
    }

    /// The key works, for all that is known now.
    pub fn proved(&self) -> bool {
        self.proved
    }

    pub fn succeeded(&self) -> bool {
        self.succeeded
    }

    #[cfg(test)]
    pub fn in_flight(&self) -> usize {
        self.calls.len()
    }

    /// Ends every task with what it has; calls in flight still count when they end.
    pub fn cancel(&mut self, now: u64) {
        self.end_all(|| Event::Cancelled, now);
    }

    /// Marks the calls in flight as given up, when no one will wait for them: charged at their reservation.
    pub fn lose_calls(&mut self) -> Vec<Record> {
        let lost = std::mem::take(&mut self.calls);
        lost.into_iter()
            .map(|(call, flight)| Record {
                call,
                task: flight.task,
                status: "error",
                error: Some(Fault::new(Class::Cancelled).to_string()),
                http_status: None,
                usage: Usage::default(),
                usd: flight.reserved,
                latency_ms: 0,
                request_id: None,
            })
            .collect()
    }

    fn end_all(&mut self, event: impl Fn() -> Event, now: u64) {
        self.stopped = true;
        self.ready.clear();
        self.waiting.clear();
        self.checks.clear();
        self.draws.clear();
        let ids: Vec<i64> = self.tasks.keys().copied().collect();
        for task in ids {
            self.step(task, event(), now);
        }
    }

    fn step(&mut self, task: i64, event: Event, now: u64) {
        let Some(held) = self.tasks.get_mut(&task) else { return };
        match held.flow.on(event, &mut self.learned, &mut held.lane) {
            Action::Call(call) => self.ready.push_back((task, call)),
            Action::Wait(pause) => {
                self.waiting.insert((now + pause.as_millis() as u64, task), ());
            }
            Action::Check(candidates) => self.checks.push(Check { task, candidates }),
            Action::Draw { missing, round } => self.draws.push(Redraw { task, missing, round }),
            Action::Park(pause, fault) => {
                self.free(task);
                self.batch.parked.push((task, pause.as_millis() as u64, fault.to_string()));
            }
            Action::Finish(outcome) => {
                self.free(task);
                let gone = matches!(outcome.end, End::Failed("server" | "transport" | "timeout"));
                let message = outcome.fault.clone().unwrap_or_default();
                self.batch.finished.push((task, outcome));
                if gone && self.faults_in_a_row >= HOPELESS && !self.stopped {
                    let hint = "When the endpoint answers again, nlsql.resume() the run.".to_owned();
                    self.batch.stop = Some(Stop::Failed { reason: "endpoint", message, hint });
                    self.end_all(|| Event::Cancelled, now);
                }
            }
            Action::FailRun { reason, message, hint } => {
                self.free(task);
                self.batch.finished.push((task, failed(reason, &message)));
                if self.batch.stop.is_none() {
                    self.batch.stop = Some(Stop::Failed { reason, message, hint });
                }
                self.end_all(|| Event::Cancelled, now);
            }
        }
    }

    fn free(&mut self, task: i64) {
        if let Some(held) = self.tasks.remove(&task) {
            self.lanes.push_back(held.lane);
        }
    }

    /// What a call cost. Where the server did not count, its reservation; where it refused, nothing.
    fn charge(&self, fault: Option<Class>, usage: &Usage, flight: &InFlight) -> Option<Usd> {
        use Class as C;
        let price = self.terms.price?;
        match fault {
            None => price.cost(usage).or(flight.reserved),
            Some(C::Timeout | C::Transport | C::Malformed | C::TooLarge | C::Leak | C::Cancelled) => flight.reserved,
            Some(_) => Some(Usd::ZERO),
        }
    }

    fn heed(&mut self, fault: &Fault, now: u64) {
        match fault.class {
            // a limit holds for every call to the endpoint, not only for the one that met it
            Class::RateLimit => {
                self.proved = true;
                if let Some(wait) = fault.retry_after {
                    self.limits.pause_until(now + (wait.as_millis() as u64).min(60_000));
                }
            }
            Class::Server | Class::Transport | Class::Timeout => self.faults_in_a_row += 1,
            _ => self.proved &= fault.permanent().is_none(),
        }
    }
}

/// Tasks in hand for so many calls in flight.
fn ahead(parallelism: usize) -> usize {
    let calls = parallelism.max(1);
    calls + calls.min(64)
}

fn failed(reason: &'static str, message: &str) -> Outcome {
    Outcome {
        end: End::Failed(reason),
        accepted: Vec::new(),
        rejected: Vec::new(),
        fault: Some(message.to_owned()),
        model: None,
    }
}

#[cfg(test)]
#[path = "driver_tests.rs"]
mod tests;
