//! A batch of the driver, as the JSON that `nlsql.exchange_` reads.

use super::super::record;
use super::{Outcome, Session};
use crate::flow::End;
use crate::flow::driver::{Batch, Record};
use serde_json::{Value, json};

pub(super) fn is_empty(batch: &Batch) -> bool {
    batch.records.is_empty()
        && batch.finished.is_empty()
        && batch.parked.is_empty()
        && batch.sends.is_empty()
        && batch.stop.is_none()
}

pub(super) fn payload(session: &Session<'_>, batch: &Batch, claim: usize) -> Value {
    let ended: Vec<Value> = batch.records.iter().filter_map(|r| ended(session, r)).collect();
    let stopped = batch.stop.is_some();
    let parked = batch.parked.iter().filter_map(|(task, pause, why)| parked(session, *task, *pause, why));
    let finished: Vec<Value> =
        batch.finished.iter().filter_map(|(task, o)| finished(session, *task, o, stopped)).chain(parked).collect();
    let sent: Vec<Value> = batch
        .sends
        .iter()
        .map(|s| {
            let attempt = session.tasks.get(&s.task).map_or(0, |t| t.attempt);
            json!({"task": s.task, "attempt": attempt, "reserved": s.reserved.map(|u| u.to_string())})
        })
        .collect();
    json!({
        "ended": ended, "finished": finished, "sent": sent, "claim": claim,
        "endpoint": session.line.endpoint, "model": session.line.model, "schema_hash": session.hash,
    })
}

fn ended(session: &Session<'_>, record: &Record) -> Option<Value> {
    let usage = &record.usage;
    Some(json!({
        "id": session.calls.get(&record.call)?, "status": record.status, "error": record.error,
        "http_status": record.http_status, "prompt_tokens": usage.prompt, "cached_tokens": usage.cached,
        "completion_tokens": usage.completion, "reasoning_tokens": usage.reasoning,
        "usd": record.usd.map(|u| u.to_string()), "latency_ms": record.latency_ms.min(i32::MAX as u64),
        "request_id": record.request_id,
    }))
}

fn parked(session: &Session<'_>, task: i64, pause: u64, why: &str) -> Option<Value> {
    let task = session.tasks.get(&task)?;
    Some(json!({"number": task.number, "attempt": task.attempt, "status": "open", "reason": "waiting",
        "message": why, "pause_ms": pause, "items": [], "rejects": []}))
}

/// A task that did not come to its end is opened again, and what it brought so far is kept.
fn finished(session: &Session<'_>, task: i64, outcome: &Outcome, stopped: bool) -> Option<Value> {
    let task = session.tasks.get(&task)?;
    let model = outcome.model.as_deref().or(Some(&session.line.model));
    let first = task.slot + task.accepted;
    let items: Vec<Value> = (first..)
        .zip(&outcome.accepted)
        .filter_map(|(slot, a)| {
            let mut item = record::item(slot, &a.candidate, &a.verdict, model);
            if let (Some(score), Some(checks)) = (a.score, item.checks.as_object_mut()) {
                checks.insert("score".into(), json!(score));
            }
            serde_json::to_value(item).ok()
        })
        .collect();
    let rejects: Vec<Value> = outcome
        .rejected
        .iter()
        .filter_map(|r| {
            let mut reject = record::reject(&r.candidate, &r.verdict, model)?;
            reject.fix.clone_from(&r.fix);
            reject.score = r.score;
            serde_json::to_value(reject).ok()
        })
        .collect();
    let (status, reason, message) = ending(outcome, stopped);
    Some(json!({"number": task.number, "attempt": task.attempt, "status": status, "reason": reason,
        "message": message, "items": items, "rejects": rejects}))
}

/// Where the run stops, no task has failed: resume() goes on with all of them.
fn ending(outcome: &Outcome, stopped: bool) -> (&'static str, Option<&'static str>, Option<String>) {
    match outcome.end {
        End::Failed(_) if stopped => ("open", None, outcome.fault.clone()),
        End::Done => ("done", None, None),
        End::Short(why) => ("done", Some("exhausted"), Some(outcome.fault.clone().unwrap_or_else(|| why.to_owned()))),
        End::Failed(why) => ("failed", Some(why), outcome.fault.clone()),
        End::Cancelled | End::Budget => ("open", None, outcome.fault.clone()),
    }
}
