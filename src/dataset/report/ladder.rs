//! The validity ladder: how many candidates came past each step of the gate, and where the others fell.

use super::Row;
use super::stored::Stored;
use crate::candidate::Stage;

/// A step, the stages that a candidate falls at on the way to it, and what it takes to stand there.
const STEPS: [(&str, &[Stage], &str); 8] = [
    (
        "candidates",
        &[],
        "Statements that were proposed: repaired ones count again, and so does each draw that the composer gave up for another.",
    ),
    ("parsed", &[Stage::Text, Stage::Parse], "The server's parser reads it: exactly one SELECT."),
    (
        "analysed",
        &[Stage::Analyze, Stage::Policy],
        "Its tables, columns and functions exist, and the role may use them.",
    ),
    ("planned", &[Stage::Plan], "The server has a plan for it."),
    ("executed", &[Stage::Execute], "It ran to its end within the limits of time and memory."),
    ("non_empty", &[], "Its result has rows."),
    (
        "non_degenerate",
        &[Stage::Result],
        "Its result says something: not all NULL, not one row repeated, not a whole table, no double counting.",
    ),
    ("proved", &[Stage::Probe], "No part of it is idle and no cut falls into a tie, as further queries show."),
];

pub(super) fn rows(stored: &Stored) -> Vec<Row> {
    let pairs = stored.pairs();
    let refused: u64 = stored.refused.iter().map(|r| r.of_pairs).sum();
    let redrawn: u64 = stored.redrawn.values().sum();
    let all = pairs + refused + redrawn;
    if all == 0 {
        return Vec::new();
    }
    let again = |why: &str| stored.redrawn.get(why).copied().unwrap_or_default();
    let at = |stage: Stage| stored.refused.iter().filter(move |r| r.stage == stage.name());
    let mut left = all;
    let mut rows = Vec::new();
    for (step, stages, meaning) in STEPS {
        let empty: u64 = at(Stage::Result).map(|r| r.empty).sum();
        let (refused, redrawn) = match step {
            "non_empty" => (empty, again("empty")),
            "non_degenerate" => {
                (at(Stage::Result).map(|r| r.of_pairs).sum::<u64>() - empty, again(Stage::Result.name()))
            }
            _ => (
                stages.iter().flat_map(|stage| at(*stage)).map(|r| r.of_pairs).sum(),
                stages.iter().map(|stage| again(stage.name())).sum(),
            ),
        };
        let fell = refused + redrawn;
        left -= fell;
        rows.push(step_row(step, left, fell, all, meaning).with("redrawn", redrawn));
    }
    let last = step_row(
        "stored",
        pairs,
        left - pairs,
        all,
        "It is as difficult as was asked, new to the run, no near-duplicate, and stands in the dataset as a pair.",
    );
    let redrawn = ["difficulty", "duplicate", "near_duplicate"].map(|why| (why, again(why)));
    let last = last.with("executed", stored.executed).with("redrawn", redrawn.iter().map(|(_, n)| n).sum::<u64>());
    rows.push(redrawn.into_iter().fold(last, |row, (why, n)| row.with(why, n)));
    rows
}

fn step_row(step: &str, left: u64, fell: u64, all: u64, meaning: &str) -> Row {
    Row::new("ladder", step, Some(left as f64), meaning).share_of(all).with("fell", fell)
}

/// Candidates that were refused, by stage and SQLSTATE, and in words.
pub(super) fn refusals(stored: &Stored) -> Vec<Row> {
    let all: u64 = stored.refused.iter().map(|r| r.n).sum();
    let mut rows = vec![
        Row::new("rejected", "all", Some(all as f64), "Candidates that failed and stand in nlsql.rejected.")
            .with("repaired", stored.refused.iter().map(|r| r.repaired).sum::<u64>()),
    ];
    for refused in &stored.refused {
        let state = refused.sqlstate.as_deref().unwrap_or("-");
        rows.push(
            Row::new("rejected", &format!("{} {state}", refused.stage), Some(refused.n as f64), "")
                .share_of(all)
                .with("stage", refused.stage.clone())
                .with("sqlstate", state)
                .with("example", refused.example.clone()),
        );
    }
    for reason in &stored.reasons {
        rows.push(Row::new("rejection_reason", &reason.reason, Some(reason.n as f64), "").share_of(all));
    }
    rows
}
