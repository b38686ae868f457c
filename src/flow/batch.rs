//! What a worker gives the driver and gets from it: terms, calls to send, calls that ended, tasks that ended.

use super::Outcome;
use crate::candidate::Candidate;
use crate::llm::endpoint::ApiStyle;
use crate::llm::price::{Price, Usd};
use crate::llm::wire::Usage;

/// What the run allows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    /// Calls in flight at most.
    pub parallelism: usize,
    /// Calls beyond these that are handed out, to begin the moment that another ends.
    pub spare: usize,
    pub requests_per_minute: Option<u32>,
    pub tokens_per_minute: Option<u32>,
    /// None where the model has no price; then there can be no budget.
    pub price: Option<Price>,
    /// What may still be spent: the run's budget less all that the ledger has charged and reserved.
    pub budget: Option<Usd>,
    /// A call with the key succeeded not long ago: the first one needs not go alone.
    pub proved: bool,
}

/// A call to write into the ledger and then to send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Send {
    /// Number of the call in this worker, given back with its answer and its record.
    pub call: u64,
    pub task: i64,
    pub style: ApiStyle,
    pub body: Vec<u8>,
    pub reserved: Option<Usd>,
}

/// A call that ended, for its row of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub call: u64,
    pub task: i64,
    /// `ok` or `error`.
    pub status: &'static str,
    /// In our own words.
    pub error: Option<String>,
    pub http_status: Option<u16>,
    pub usage: Usage,
    /// None = not known; a call that may have been billed without saying so is charged at its reservation.
    pub usd: Option<Usd>,
    pub latency_ms: u64,
    pub request_id: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Check {
    pub task: i64,
    pub candidates: Vec<Candidate>,
}

/// A task that wants so many other drafts, for the `round`-th time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Redraw {
    pub task: i64,
    pub missing: u32,
    pub round: u32,
}

#[derive(Debug)]
pub(crate) enum Stop {
    /// The run fails: reason (`auth`, `quota`, `config`, `endpoint`), message, hint.
    Failed { reason: &'static str, message: String, hint: String },
    /// The next call would pass the budget, and none is in flight.
    Budget,
}

/// What is to be written in one transaction, and sent after it.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub records: Vec<Record>,
    /// Calls that were taken back before they began, and of which no trace is to stay.
    pub recalled: Vec<u64>,
    pub finished: Vec<(i64, Outcome)>,
    /// Task, milliseconds from now, and why.
    pub parked: Vec<(i64, u64, String)>,
    pub stop: Option<Stop>,
    pub sends: Vec<Send>,
}
