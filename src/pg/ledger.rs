//! Endpoints, prices and the ledger of calls. All as the extension's owner: a run's role may name an endpoint, not
//! read where it is or where its key is.

use super::owner::as_owner;
use super::spi::{self, Arg};
use super::store::{Item, Reject, Task};
use crate::error::{Code, Error, Result};
use crate::flow::learned::{Lessons, Worked};
use crate::llm::endpoint::{self, Endpoint};
use crate::llm::price::{self, Price, Usd};
use crate::plan::Phase;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The endpoint of that name: a row, or what is shipped.
pub(crate) fn endpoint(name: &str) -> Result<Endpoint> {
    let row = as_owner(|| {
        spi::update("SELECT pg_catalog.to_jsonb(e)::text FROM nlsql.endpoint e WHERE e.name = $1", &[Arg::Text(name)])
    })?;
    match spi::first(row) {
        Some(row) => Endpoint::from_json(&row),
        None if name == endpoint::shipped().name => Ok(endpoint::shipped()),
        None => Err(Error::new(Code::UndefinedObject, format!("endpoint \"{name}\" does not exist"))
            .hint("SELECT name FROM nlsql.endpoints shows them; a superuser adds one to nlsql.endpoint.")),
    }
}

#[derive(Deserialize)]
struct PriceRow {
    model: String,
    input: String,
    cached: Option<String>,
    output: String,
}

/// What the model costs, by nlsql.price and the shipped list; none = unknown.
pub(crate) fn price(model: &str) -> Result<Option<Price>> {
    let rows = as_owner(|| {
        spi::update(
            "SELECT jsonb_build_object('model', p.model, 'input', p.input_usd_per_mtok::text,
                    'cached', p.cached_usd_per_mtok::text, 'output', p.output_usd_per_mtok::text)::text FROM nlsql.price p",
            &[],
        )
    })?;
    let rows: Vec<PriceRow> = rows.into_iter().flatten().map(|t| spi::json(&t)).collect::<Result<_>>()?;
    let name = price::matching(model, rows.iter().map(|r| r.model.as_str()));
    match rows.iter().find(|r| Some(r.model.as_str()) == name) {
        Some(r) => Ok(Price::per_million(&r.input, r.cached.as_deref(), &r.output)),
        None => Ok(price::shipped_price(model)),
    }
}

/// Rows of nlsql.template in force for the role, by name.
pub(crate) fn templates(role: &str) -> Result<BTreeMap<String, String>> {
    let rows = as_owner(|| {
        spi::update(
            "SELECT jsonb_build_array(t.name, t.body)::text FROM nlsql.template t
              WHERE t.role IS NULL OR t.role = $1::name ORDER BY t.role NULLS FIRST",
            &[Arg::Text(role)],
        )
    })?;
    rows.into_iter().flatten().map(|t| spi::json::<(String, String)>(&t)).collect()
}

/// What the run has spent and set aside so far.
pub(crate) fn spent(run_id: i64) -> Result<Usd> {
    let text = as_owner(|| spi::update("SELECT nlsql.spent_($1)::text", &[Arg::Int(run_id)]))?;
    spi::first(text).and_then(|t| Usd::parse(&t)).ok_or_else(|| Error::internal("the ledger's sum cannot be read"))
}

/// All that `nlsql.exchange_` is told. The lists go each by itself.
#[derive(Default, Serialize)]
pub(crate) struct Payload<'a> {
    #[serde(skip)]
    pub ended: Vec<Ended<'a>>,
    /// Rows of calls that never began.
    pub recalled: Vec<i64>,
    #[serde(skip)]
    pub finished: Vec<Finished<'a>>,
    /// Of the finished tasks.
    #[serde(skip)]
    pub items: Vec<Item>,
    #[serde(skip)]
    pub rejects: Vec<Reject>,
    #[serde(skip)]
    pub sent: Vec<Sent>,
    pub claim: usize,
    pub endpoint: &'a str,
    pub model: &'a str,
    pub schema_hash: &'a str,
}

/// A call that ended.
#[derive(Serialize)]
pub(crate) struct Ended<'a> {
    pub id: i64,
    pub status: &'static str,
    pub error: Option<&'a str>,
    pub http_status: Option<u16>,
    pub prompt_tokens: Option<u64>,
    pub cached_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    pub reasoning_tokens: Option<u64>,
    pub usd: Option<String>,
    pub latency_ms: u64,
    pub request_id: Option<&'a str>,
}

/// A task that ended, or is opened again.
#[derive(Serialize)]
pub(crate) struct Finished<'a> {
    pub number: i32,
    pub attempt: i32,
    pub status: &'static str,
    pub reason: Option<&'static str>,
    pub message: Option<&'a str>,
    pub pause_ms: Option<u64>,
    pub accepted: usize,
    pub rejected: usize,
}

impl Finished<'_> {
    pub fn of(task: &Task, status: &'static str) -> Finished<'static> {
        let (number, attempt) = (task.number, task.attempt);
        Finished { number, attempt, status, reason: None, message: None, pause_ms: None, accepted: 0, rejected: 0 }
    }
}

/// A call about to be sent.
#[derive(Serialize)]
pub(crate) struct Sent {
    pub task: i64,
    pub attempt: i32,
    pub reserved: Option<String>,
}

/// What the server made of an exchange.
#[derive(Deserialize)]
pub(crate) struct Exchanged {
    /// Rows of the calls that are about to be sent, in their order.
    pub ids: Vec<i64>,
    pub claimed: Vec<Task>,
    /// The run has not ended.
    pub running: bool,
}

/// Writes what happened, claims tasks and begins calls: see `nlsql.exchange_`.
pub(crate) fn exchange(run_id: i64, phase: Phase, payload: &Payload<'_>) -> Result<Exchanged> {
    let rest = serde_json::to_string(payload).map_err(|e| Error::internal(e.to_string()))?;
    let (ended, finished) = (list(&payload.ended)?, list(&payload.finished)?);
    let (items, rejects, sent) = (list(&payload.items)?, list(&payload.rejects)?, list(&payload.sent)?);
    let text = as_owner(|| {
        spi::update_kept(
            "SELECT nlsql.exchange_($1, $2, $3::jsonb, $4, $5, $6, $7, $8)::text",
            &[
                Arg::Int(run_id),
                Arg::Text(phase.name()),
                Arg::Text(&rest),
                Arg::Json(ended.as_deref()),
                Arg::Json(finished.as_deref()),
                Arg::Json(items.as_deref()),
                Arg::Json(rejects.as_deref()),
                Arg::Json(sent.as_deref()),
            ],
        )
    })?;
    spi::json(&spi::first(text).ok_or_else(|| Error::internal("exchange returned nothing"))?)
}

/// None where there is nothing in it.
fn list<T: Serialize>(list: &[T]) -> Result<Option<String>> {
    let text = || serde_json::to_string(list).map_err(|e| Error::internal(e.to_string()));
    (!list.is_empty()).then(text).transpose()
}

/// Takes or leaves the one place from which a run talks to models; held by the session.
pub(crate) fn take_line(run_id: i64) -> Result<bool> {
    let text = as_owner(|| spi::update("SELECT pg_try_advisory_lock(1852601197, $1::int)::text", &[Arg::Int(run_id)]))?;
    Ok(spi::first(text).as_deref() == Some("true"))
}

pub(crate) fn leave_line(run_id: i64) -> Result<()> {
    as_owner(|| spi::execute("SELECT pg_advisory_unlock(1852601197, $1::int)", &[Arg::Int(run_id)])).map(|_| ())
}

pub(crate) fn over_budget(run_id: i64, message: &str) -> Result<()> {
    as_owner(|| spi::execute("SELECT nlsql.over_budget_($1, $2)", &[Arg::Int(run_id), Arg::Text(message)])).map(|_| ())
}

/// Gives the run's unfinished phases another budget.
pub(crate) fn set_budget(run_id: i64, budget: f64) -> Result<()> {
    as_owner(|| spi::execute("SELECT nlsql.set_budget_($1, $2)", &[Arg::Int(run_id), Arg::Float(budget)])).map(|_| ())
}

/// What earlier runs have found out about an endpoint and model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Known {
    #[serde(flatten)]
    pub lessons: Lessons,
    pub worked: Option<Worked>,
}

pub(crate) fn known(endpoint: &str, model: &str) -> Result<Known> {
    let text = as_owner(|| {
        spi::update(
            "SELECT l.lessons::text FROM nlsql.learned l WHERE l.endpoint = $1 AND l.model = $2",
            &[Arg::Text(endpoint), Arg::Text(model)],
        )
    })?;
    // of another version, perhaps: then it is learned again
    Ok(spi::first(text).and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default())
}

pub(crate) fn learn(endpoint: &str, model: &str, known: Known) -> Result<()> {
    let text = serde_json::to_string(&known).map_err(|e| Error::internal(e.to_string()))?;
    as_owner(|| {
        spi::execute(
            "SELECT nlsql.learn_($1, $2, $3::jsonb)",
            &[Arg::Text(endpoint), Arg::Text(model), Arg::Text(&text)],
        )
    })
    .map(|_| ())
}
