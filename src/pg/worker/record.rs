//! A candidate and its verdict, as the rows that are stored.

use super::super::store::{Item, Reject};
use crate::candidate::{Candidate, Kind, Verdict};
use crate::dataset;
use serde_json::json;

/// Columns of nlsql.item for an accepted candidate.
pub(super) fn item(task: i32, slot: i64, candidate: Candidate, verdict: Verdict, model: Option<&str>) -> Item {
    let passed = verdict.facts.is_some().then(|| checks(&candidate, &verdict));
    let c = candidate;
    let mut item = Item {
        task,
        slot,
        kind: match c.kind {
            Kind::Pair => "pair",
            Kind::Qa => "qa",
            Kind::Row => "row",
            Kind::Relationship => "relationship",
        },
        question_key: c.question.as_deref().map(dataset::keys::question_digest),
        sql_key: c.sql.as_deref().map(dataset::keys::sql_digest),
        question: c.question,
        sql: c.sql,
        answer: c.answer,
        turns: c.turns,
        style: c.style,
        tables: c.tables,
        columns: c.columns,
        rows: c.rows,
        evidence: c.evidence,
        reasoning: c.reasoning,
        model: model.map(str::to_owned),
        checks: passed.or(c.checks).unwrap_or_else(|| json!({})),
        ..Item::default()
    };
    if let Some(facts) = verdict.facts {
        item.difficulty = Some(facts.hardness.difficulty().to_owned());
        item.tables = facts.tables;
        item.columns = facts.columns;
        item.functions = facts.functions;
        item.features = facts.features;
        item.skeleton = Some(facts.skeleton);
        item.template = Some(facts.template);
        item.literals = serde_json::to_value(&facts.literals).ok();
    }
    item.result = verdict.result.map(|r| {
        json!({"rows": r.rows, "capped": r.capped, "columns": r.columns, "hash": r.multiset_hash, "ordered_hash": r.ordered_hash})
    });
    item
}

/// What a pair has passed: the stages, the plan, the facts on its result, and the probes.
fn checks(candidate: &Candidate, verdict: &Verdict) -> serde_json::Value {
    let facts = verdict.facts.as_ref();
    let probes: serde_json::Map<String, serde_json::Value> = candidate
        .probes
        .iter()
        .map(|p| {
            (
                p.name.clone(),
                json!(match p.expect {
                    crate::candidate::Expect::Differs => "differs",
                    crate::candidate::Expect::Same => "same",
                    crate::candidate::Expect::Rows | crate::candidate::Expect::Figure => "rows",
                    crate::candidate::Expect::Cut => "cut",
                }),
            )
        })
        .collect();
    json!({
        "parsed": true,
        "planned": verdict.plan.is_some(),
        "executed": verdict.result.is_some(),
        "plan": verdict.plan,
        "joins": facts.map(|f| f.joins),
        "depth": facts.map(|f| f.depth),
        "hardness": facts.map(|f| f.hardness),
        "result": verdict.result.as_ref().map(|r| json!({
            "all_null": r.all_null, "constant": r.constant, "duplicate_rows": r.duplicate_rows,
            "whole_table": r.whole_table, "fan_out": r.fan_out})),
        "probes": probes,
        // known to be wrong by the probes that the gate ran; schema_only runs none
        "mutant": candidate.mutant.as_ref().map(|sql| json!({"sql": sql})),
        "mutation": verdict.mutation,
        "asked": candidate.asked,
    })
}

/// A row of nlsql.reject for a refused candidate.
pub(super) fn reject(task: i32, candidate: &Candidate, verdict: &Verdict, model: Option<&str>) -> Option<Reject> {
    let refusal = verdict.refusal.as_ref()?;
    let stage = serde_json::to_value(refusal.stage).ok()?.as_str()?.to_owned();
    Some(Reject {
        task,
        question: candidate.question.clone(),
        sql: candidate.sql.clone(),
        answer: candidate.answer.clone(),
        stage,
        sqlstate: Some(refusal.sqlstate.clone()),
        message: refusal.message.clone(),
        detail: refusal.detail.clone(),
        hint: refusal.hint.clone(),
        fix: None,
        score: None,
        model: model.map(str::to_owned),
    })
}
