//! The order of a task that talks to a model, as plain data: events in, actions out. No pgrx, no clock, no socket.
//!
//! [`Driver`] holds the tasks of one worker. The worker lends it time and hands, in a loop:
//!
//! ```text
//! let client = Client::new(&endpoint, secret::read(&endpoint.key)?, threads)?;
//! let pool = Pool::new(client, threads)?;                    // before any memory limit is set
//! let mut driver = Driver::new(terms, lessons, now);
//! loop {
//!     for done in pool.take() { driver.answered(done.id, done.answer, now) }
//!     while driver.room() > 0 { claim a task in a short transaction; driver.add(id, spec, setup, now) }
//!     loop {                                                 // the gate, outside of any transaction of the store
//!         let checks = driver.checks();
//!         if checks.is_empty() { break }
//!         for check in checks { driver.checked(check.task, verdicts of check.candidates, now) }
//!     }
//!     if driver.can_wait(now) { gather for some milliseconds }
//!     let batch = driver.batch(now);                         // one transaction for all that is in it:
//!         batch.records  -> UPDATE nlsql.request             //   calls that ended
//!         batch.finished -> store items and rejects          //   tasks that ended
//!         batch.parked   -> next_try_at of the task          //   tasks given back for a while
//!         batch.stop     -> the run fails, or its budget is used up
//!         batch.sends    -> INSERT INTO nlsql.request (status 'sent', reserved_usd)
//!     commit; then pool.send(batch.sends.map(|send| Job { id: send.call, .. }))
//!     if driver.idle() && nothing to claim { break }
//!     sleep until driver.wake_at(), the latch, or pool.fd() is readable
//! }
//! ```
//! There are more tasks in hand than calls in flight, so a worker may send what a batch has ready before it goes to
//! the gate with what came back. `now` is milliseconds of a clock that only goes forward. A cancelled run: `driver.cancel()`, then one more batch.

pub(crate) mod batch;
mod call;
pub(crate) mod driver;
pub(crate) mod history;
pub(crate) mod learned;
pub(crate) mod machine;
pub(crate) mod plan;
mod reason;
mod repair;
mod reword;
mod settle;
pub(crate) mod setup;
mod tools;
mod trouble;

pub(crate) use setup::Setup;

use crate::candidate::{Candidate, Verdict};
use crate::llm::endpoint::ApiStyle;
use crate::llm::fault::Fault;
use crate::llm::wire::Reply;
use std::time::Duration;

/// A task as the queue has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spec {
    /// Decides tables, difficulty and style together with the seed.
    pub number: u64,
    /// Records to bring.
    pub quota: u32,
    /// Tries in earlier lives of the task, so that a new one does not begin with the same draw.
    pub attempt: u64,
    /// Engine `reword`: what the composer drew, one an item to bring.
    pub drafts: Vec<Candidate>,
    /// Phase `questions`: the user's own question.
    pub question: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Event {
    Start,
    Reply(Reply),
    Fault(Fault),
    /// For the candidates of the last [`Action::Check`], in their order.
    Verdicts(Vec<Verdict>),
    /// What the last [`Action::Draw`] brought: as many as asked for, or fewer.
    Drafts(Vec<Candidate>),
    /// The time of [`Action::Wait`] has come.
    Timer,
    Cancelled,
    Budget,
}

#[derive(Debug)]
pub(crate) enum Action {
    Call(Call),
    Wait(Duration),
    /// Give the task back to the queue for so long.
    Park(Duration, Fault),
    Check(Vec<Candidate>),
    /// So many other statements to word, from the composer; which time it is that others are asked for.
    Draw {
        missing: u32,
        round: u32,
    },
    Finish(Outcome),
    /// Nothing that this run sends can succeed.
    FailRun {
        reason: &'static str,
        message: String,
        hint: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub style: ApiStyle,
    pub body: Vec<u8>,
    pub max_tokens: u32,
    /// What was known of the endpoint when the body was made up.
    pub lessons: learned::Lessons,
}

/// Why a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    /// Fewer than asked for, and no more to be had; says why.
    Short(&'static str),
    /// Nothing stored; one of refused, filter, length, schema, context, rate_limit, server, transport, timeout, ..
    Failed(&'static str),
    Cancelled,
    Budget,
}

/// What a task brought.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub end: End,
    pub accepted: Vec<Accepted>,
    pub rejected: Vec<Rejected>,
    /// The last fault, in our own words.
    pub fault: Option<String>,
    /// The model's snapshot that answered last.
    pub model: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    pub candidate: Candidate,
    pub verdict: Verdict,
    /// By the critic, from 0 to 1.
    pub score: Option<f64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rejected {
    pub candidate: Candidate,
    pub verdict: Verdict,
    /// The statement that took its place: with this one it makes a preference pair.
    pub fix: Option<String>,
    pub score: Option<f64>,
}

#[cfg(test)]
mod tests;
