//! The one place that writes runs' rows. Every statement is fixed and qualified and runs as the extension's owner,
//! for the run that the caller was found to own. Callers bring a transaction.

use super::owner::as_owner;
use super::spi::{self, Arg};
use crate::error::{Error, Result};
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A run as its worker needs it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Run {
    pub id: i64,
    pub name: String,
    pub search_path: String,
    pub settings: Settings,
    pub phases: Vec<RunPhase>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RunPhase {
    pub phase: crate::plan::Phase,
    pub engine: crate::plan::Engine,
    pub seed: i64,
    pub options: crate::plan::Options,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Task {
    pub phase: crate::plan::Phase,
    pub number: i32,
    pub slot: i64,
    pub quota: i64,
    pub attempt: i32,
    /// Records that an earlier life of the task has stored.
    #[serde(default)]
    pub accepted: i64,
}

/// An accepted record, as nlsql.item has it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Item {
    pub task: i32,
    pub slot: i64,
    pub kind: &'static str,
    pub question: Option<String>,
    pub sql: Option<String>,
    pub answer: Option<String>,
    pub turns: Option<Value>,
    pub style: Option<String>,
    pub difficulty: Option<String>,
    pub tables: Vec<String>,
    pub columns: Vec<String>,
    pub functions: Vec<String>,
    pub features: Vec<String>,
    pub skeleton: Option<String>,
    pub template: Option<String>,
    pub literals: Option<Value>,
    pub rows: Option<Value>,
    pub result: Option<Value>,
    pub evidence: Option<String>,
    pub reasoning: Option<String>,
    pub checks: Value,
    pub model: Option<String>,
    /// Digests of the normal forms.
    pub question_key: Option<String>,
    pub sql_key: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reject {
    pub task: i32,
    pub question: Option<String>,
    pub sql: Option<String>,
    pub answer: Option<String>,
    pub stage: String,
    pub sqlstate: Option<String>,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    pub fix: Option<String>,
    pub score: Option<f64>,
    pub model: Option<String>,
}

/// What a worker is told when it registers.
#[derive(Debug, Deserialize)]
pub(crate) struct Registered {
    /// None = no such run of this role, nothing to do, or no room.
    pub run: Option<Run>,
    /// Further workers that this run may have now.
    pub more: i32,
    pub reason: Option<String>,
}

/// Takes a place among `db_sessions_max` for this process, and the run's data.
pub(crate) fn register(run_id: i64, role: &str, sessions_max: i32) -> Result<Registered> {
    let text = as_owner(|| {
        spi::update(
            "SELECT nlsql.register_($1, $2, $3::int)::text",
            &[Arg::Int(run_id), Arg::Text(role), Arg::Int(i64::from(sessions_max))],
        )
    })?;
    spi::json(&spi::first(text).ok_or_else(|| Error::internal("register returned nothing"))?)
}

/// The run as it stands now.
pub(crate) fn read(run_id: i64) -> Result<Run> {
    let text = as_owner(|| spi::select("SELECT nlsql.run_($1)::text", &[Arg::Int(run_id)]))?;
    spi::json(&spi::first(text).ok_or_else(|| Error::new(crate::error::Code::UndefinedObject, "the run is gone"))?)
}

/// Claims the next task of the run, in (phase, number) order; takes over what a dead worker held.
pub(crate) fn claim(run_id: i64, offline_only: bool) -> Result<Option<Task>> {
    let text = as_owner(|| {
        spi::update(
            "SELECT nlsql.claim_($1, $2::bool)::text",
            &[Arg::Int(run_id), Arg::Text(if offline_only { "true" } else { "false" })],
        )
    })?;
    spi::first(text).map(|t| spi::json(&t)).transpose()
}

/// How a run stands for a worker that holds a task or has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Turn {
    /// Every earlier offline task is finished: this one may be stored.
    Mine,
    /// An earlier task is with a living worker.
    Wait,
    /// An earlier task is open again: give this one back and take that.
    GiveBack,
    /// The run or the phase ended.
    Ended,
}

pub(crate) fn turn(run_id: i64, task: &Task) -> Result<Turn> {
    let text = as_owner(|| {
        spi::update(
            "SELECT to_jsonb(nlsql.turn_($1, $2, $3::int))::text",
            &[Arg::Int(run_id), Arg::Text(task.phase.name()), Arg::Int(i64::from(task.number))],
        )
    })?;
    spi::json(&spi::first(text).ok_or_else(|| Error::internal("turn returned nothing"))?)
}

/// Stores a finished task with all that came of it. False = the claim was lost meanwhile, and nothing was written.
pub(crate) fn finish(
    run_id: i64,
    task: &Task,
    schema_hash: &str,
    items: &[Item],
    rejects: &[Reject],
    ending: &Ending<'_>,
) -> Result<bool> {
    let items = serde_json::to_string(items).map_err(|e| Error::internal(e.to_string()))?;
    let rejects = serde_json::to_string(rejects).map_err(|e| Error::internal(e.to_string()))?;
    let redraws = serde_json::to_string(ending.redraws).map_err(|e| Error::internal(e.to_string()))?;
    let text = as_owner(|| {
        spi::update(
            "SELECT nlsql.finish_($1, $2, $3::int, $4::int, $5, $6, $7, $8, $9, $10, $11::jsonb)::text",
            &[
                Arg::Int(run_id),
                Arg::Text(task.phase.name()),
                Arg::Int(i64::from(task.number)),
                Arg::Int(i64::from(task.attempt)),
                Arg::Text(schema_hash),
                Arg::Json(Some(&items)),
                Arg::Json(Some(&rejects)),
                Arg::Text(ending.status),
                Arg::OptText(ending.reason),
                Arg::OptText(ending.message),
                Arg::Text(&redraws),
            ],
        )
    })?;
    Ok(spi::first(text).as_deref() == Some("true"))
}

/// How a task ended: `done` or `failed`, with a reason where it yielded less than its quota.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending<'a> {
    pub status: &'a str,
    pub reason: Option<&'a str>,
    pub message: Option<&'a str>,
    /// Candidates that gave way to another draw and are recorded nowhere else, by why.
    pub redraws: &'a BTreeMap<&'static str, u64>,
}

/// Gives a claimed task back unfinished.
pub(crate) fn give_back(run_id: i64, task: &Task) -> Result<()> {
    as_owner(|| {
        spi::execute(
            "UPDATE nlsql.task SET status = 'open', pid = NULL, backend_start = NULL
              WHERE run_id = $1 AND phase = $2 AND number = $3::int AND attempt = $4::int AND status = 'claimed'",
            &[
                Arg::Int(run_id),
                Arg::Text(task.phase.name()),
                Arg::Int(i64::from(task.number)),
                Arg::Int(i64::from(task.attempt)),
            ],
        )
    })
    .map(|_| ())
}

/// Where the run stands when a worker found nothing to claim.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Standing {
    /// Tasks with living workers other than this one.
    pub elsewhere: i64,
    /// Milliseconds until a waiting task may be tried again.
    pub next_try_ms: Option<i64>,
    pub ended: bool,
}

pub(crate) fn standing(run_id: i64) -> Result<Standing> {
    let text = as_owner(|| spi::update("SELECT nlsql.standing_($1)::text", &[Arg::Int(run_id)]))?;
    spi::json(&spi::first(text).ok_or_else(|| Error::internal("standing returned nothing"))?)
}

/// Ends the run with an error; its open tasks wait for resume().
pub(crate) fn fail(run_id: i64, reason: &str, message: &str) -> Result<()> {
    as_owner(|| {
        spi::execute("SELECT nlsql.fail_($1, $2, $3)", &[Arg::Int(run_id), Arg::Text(reason), Arg::Text(message)])
    })
    .map(|_| ())
}

/// A line of the run's log.
pub(crate) fn event(run_id: i64, phase: Option<&str>, level: &str, message: &str) -> Result<()> {
    as_owner(|| {
        spi::execute(
            "INSERT INTO nlsql.event (run_id, phase, level, message) SELECT r.id, $2, $3, $4 FROM nlsql.run r WHERE r.id = $1",
            &[Arg::Int(run_id), Arg::OptText(phase), Arg::Text(level), Arg::Text(message)],
        )
    })
    .map(|_| ())
}

/// A queued run that a free place can go to.
#[derive(Debug, Deserialize)]
pub(crate) struct Queued {
    pub run_id: i64,
    pub role: u32,
}

/// A run of the role that has no worker, to be gone on with.
pub(crate) fn next_of(role: &str) -> Result<Option<i64>> {
    let text = as_owner(|| spi::update("SELECT nlsql.queued_(1, $1)::text", &[Arg::Text(role)]))?;
    let runs: Vec<Queued> = spi::json(&spi::first(text).unwrap_or_else(|| "[]".to_owned()))?;
    Ok(runs.first().map(|q| q.run_id))
}

/// Opens again what this process holds of the run.
pub(crate) fn release(run_id: i64) -> Result<()> {
    as_owner(|| {
        spi::execute(
            "UPDATE nlsql.task SET status = 'open', pid = NULL, backend_start = NULL
              WHERE run_id + 0 = $1 AND unfinished AND status = 'claimed' AND pid = pg_backend_pid()",
            &[Arg::Int(run_id)],
        )
    })
    .map(|_| ())
}

/// Leaves the place that `register` took; the runs that may start in its stead.
pub(crate) fn unregister(sessions_max: i32) -> Result<Vec<Queued>> {
    let text =
        as_owner(|| spi::update("SELECT nlsql.unregister_($1::int)::text", &[Arg::Int(i64::from(sessions_max))]))?;
    spi::json(&spi::first(text).ok_or_else(|| Error::internal("unregister returned nothing"))?)
}

/// Ends what has nothing left to do.
pub(crate) fn settle(run_id: i64) -> Result<()> {
    as_owner(|| spi::execute("SELECT nlsql.settle_($1)", &[Arg::Int(run_id)])).map(|_| ())
}

/// Cancels the role's run; false = it had ended.
pub(crate) fn cancel(run_id: i64, role: &str) -> Result<bool> {
    let text = as_owner(|| spi::update("SELECT nlsql.cancel_($1, $2)::text", &[Arg::Int(run_id), Arg::Text(role)]))?;
    Ok(spi::first(text).as_deref() == Some("true"))
}

/// Opens again what the run's role cancelled, what failed and what dead workers held; tasks opened.
pub(crate) fn resume(run_id: i64, role: &str) -> Result<i64> {
    let text = as_owner(|| spi::update("SELECT nlsql.resume_($1, $2)::text", &[Arg::Int(run_id), Arg::Text(role)]))?;
    Ok(spi::first(text).and_then(|t| t.parse().ok()).unwrap_or(0))
}

/// Deletes the role's run with all that it holds; rows deleted.
pub(crate) fn drop_run(run_id: i64, role: &str) -> Result<i64> {
    let text = as_owner(|| spi::update("SELECT nlsql.drop_run_($1, $2)::text", &[Arg::Int(run_id), Arg::Text(role)]))?;
    Ok(spi::first(text).and_then(|t| t.parse().ok()).unwrap_or(0))
}

/// The runs of the role that are not finished, or the one of that name: (id, name, status).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Listed {
    pub id: i64,
    pub name: String,
    pub status: String,
    pub reason: Option<String>,
    pub last_error: Option<String>,
}

impl Listed {
    pub fn unfinished(&self) -> bool {
        matches!(self.status.as_str(), "queued" | "running" | "waiting")
    }
}

pub(crate) fn listed(role: &str, name: Option<&str>) -> Result<Vec<Listed>> {
    let rows = as_owner(|| {
        spi::select(
            "SELECT to_jsonb(r)::text FROM (SELECT r.id, r.name, r.status, r.reason, r.last_error FROM nlsql.run r
              WHERE r.role = $1 AND CASE WHEN $2 IS NULL THEN r.status IN ('queued', 'running', 'waiting')
                                         ELSE r.name = $2 END ORDER BY r.id) r",
            &[Arg::Text(role), Arg::OptText(name)],
        )
    })?;
    rows.into_iter().flatten().map(|t| spi::json(&t)).collect()
}

/// The role's run of that name, or the error that says it is not there.
pub(crate) fn find(role: &str, name: &str) -> Result<Listed> {
    listed(role, Some(name))?.into_iter().next().ok_or_else(|| {
        Error::new(crate::error::Code::UndefinedObject, format!("run \"{name}\" does not exist"))
            .hint("SELECT name FROM nlsql.run shows the runs of the current role.")
    })
}

/// Whether the run needs a worker that nobody has asked for; the caller starts one.
pub(crate) fn orphaned(run_id: i64) -> Result<bool> {
    let waits = as_owner(|| {
        spi::select(
            "SELECT (NOT EXISTS (SELECT FROM nlsql.worker w WHERE w.run_id = $1 AND nlsql.alive_(w.pid, w.backend_start)))::text",
            &[Arg::Int(run_id)],
        )
    })?;
    // the look above writes nothing, so that waiting costs no transaction ids
    if spi::first(waits).as_deref() != Some("true") {
        return Ok(false);
    }
    let text = as_owner(|| spi::update("SELECT nlsql.orphaned_($1)::text", &[Arg::Int(run_id)]))?;
    Ok(spi::first(text).as_deref() == Some("true"))
}

/// Processes that are at the run now.
pub(crate) fn workers(run_id: i64) -> Result<Vec<i32>> {
    let rows = as_owner(|| spi::select("SELECT nlsql.workers_($1)::text", &[Arg::Int(run_id)]))?;
    Ok(rows.into_iter().flatten().filter_map(|t| t.parse().ok()).collect())
}

/// Gives back what this process holds, to be tried again after a while.
pub(crate) fn park(run_id: i64, reason: &str, message: &str) -> Result<()> {
    as_owner(|| {
        spi::execute("SELECT nlsql.park_($1, $2, $3)", &[Arg::Int(run_id), Arg::Text(reason), Arg::Text(message)])
    })
    .map(|_| ())
}
