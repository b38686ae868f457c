//! A batch of the driver, as the JSON that `nlsql.exchange_` reads.

use super::super::super::ledger::{Ended, Finished, Payload, Sent};
use super::super::super::store::{Item, Reject, Task};
use super::super::record;
use super::{Outcome, Session};
use crate::flow::driver::{Batch, Record};
use crate::flow::{Accepted, End};
use serde_json::json;

pub(super) fn is_empty(batch: &Batch) -> bool {
    batch.records.is_empty()
        && batch.recalled.is_empty()
        && batch.finished.is_empty()
        && batch.parked.is_empty()
        && batch.sends.is_empty()
        && batch.stop.is_none()
}

/// Takes the records out of the batch.
pub(super) fn payload<'a>(session: &'a Session<'_>, batch: &'a mut Batch, claim: usize) -> Payload<'a> {
    let stopped = batch.stop.is_some();
    let mut payload = Payload {
        ended: batch.records.iter().filter_map(|r| ended(session, r)).collect(),
        recalled: batch.recalled.iter().filter_map(|call| session.calls.get(call).copied()).collect(),
        sent: batch
            .sends
            .iter()
            .map(|s| {
                let attempt = session.tasks.get(&s.task).map_or(0, |t| t.attempt);
                Sent { task: s.task, attempt, reserved: s.reserved.map(|u| u.to_string()) }
            })
            .collect(),
        claim,
        endpoint: &session.line.endpoint,
        model: &session.line.model,
        schema_hash: session.hash,
        ..Payload::default()
    };
    for (task, outcome) in &mut batch.finished {
        let Some(task) = session.tasks.get(task) else { continue };
        let accepted = std::mem::take(&mut outcome.accepted);
        let model = outcome.model.as_deref().or(Some(&session.line.model));
        let items = items(task, accepted, model);
        let rejects = rejects(task, outcome, model);
        payload.finished.push(finished(task, outcome, stopped, items.len(), rejects.len()));
        payload.items.extend(items);
        payload.rejects.extend(rejects);
    }
    for (task, pause_ms, why) in &batch.parked {
        let Some(task) = session.tasks.get(task) else { continue };
        payload.finished.push(Finished {
            reason: Some("waiting"),
            message: Some(why),
            pause_ms: Some(*pause_ms),
            ..Finished::of(task, "open")
        });
    }
    payload
}

fn ended<'a>(session: &Session<'_>, record: &'a Record) -> Option<Ended<'a>> {
    let usage = &record.usage;
    Some(Ended {
        id: *session.calls.get(&record.call)?,
        status: record.status,
        error: record.error.as_deref(),
        http_status: record.http_status,
        prompt_tokens: usage.prompt,
        cached_tokens: usage.cached,
        completion_tokens: usage.completion,
        reasoning_tokens: usage.reasoning,
        usd: record.usd.map(|u| u.to_string()),
        latency_ms: record.latency_ms.min(i32::MAX as u64),
        request_id: record.request_id.as_deref(),
    })
}

fn items(task: &Task, accepted: Vec<Accepted>, model: Option<&str>) -> Vec<Item> {
    let first = task.slot + task.accepted;
    (first..)
        .zip(accepted)
        .map(|(slot, a)| {
            let mut item = record::item(task.number, slot, a.candidate, a.verdict, model);
            if let (Some(score), Some(checks)) = (a.score, item.checks.as_object_mut()) {
                checks.insert("score".into(), json!(score));
            }
            item
        })
        .collect()
}

fn rejects(task: &Task, outcome: &Outcome, model: Option<&str>) -> Vec<Reject> {
    let reject = |r: &crate::flow::Rejected| {
        let mut reject = record::reject(task.number, &r.candidate, &r.verdict, model)?;
        reject.fix.clone_from(&r.fix);
        reject.score = r.score;
        Some(reject)
    };
    outcome.rejected.iter().filter_map(reject).collect()
}

/// A task that did not come to its end is opened again, and what it brought so far is kept. Where the run stops, no
/// task has failed: resume() goes on with all of them.
fn finished<'a>(task: &Task, outcome: &'a Outcome, stopped: bool, accepted: usize, rejected: usize) -> Finished<'a> {
    let fault = outcome.fault.as_deref();
    let (status, reason, message) = match outcome.end {
        End::Failed(_) if stopped => ("open", None, fault),
        End::Done => ("done", None, None),
        End::Short(why) => ("done", Some("exhausted"), fault.or(Some(why))),
        End::Failed(why) => ("failed", Some(why), fault),
        End::Cancelled | End::Budget => ("open", None, fault),
    };
    Finished { reason, message, accepted, rejected, ..Finished::of(task, status) }
}
