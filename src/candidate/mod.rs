//! What an engine yields and what the gate says of it. Every engine makes [`Candidate`]s, every candidate gets a
//! [`Verdict`], and nothing else is stored. No pgrx.

pub(crate) mod facts;
pub(crate) mod reply;
pub(crate) mod text;

pub(crate) use facts::Facts;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kinds of record (DESIGN.md, Kinds).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[default]
    Pair,
    Qa,
    Row,
    Relationship,
}

/// One proposal of an engine, before the gate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    pub kind: Kind,
    pub question: Option<String>,
    /// Kind `pair` alone: the statement, without a trailing semicolon.
    pub sql: Option<String>,
    pub answer: Option<String>,
    /// A dialogue that ends in the question: `[{"role": "user", "content": ".."}, ..]`.
    pub turns: Option<Value>,
    pub style: Option<String>,
    /// Definitions that the question leans on.
    pub evidence: Option<String>,
    pub reasoning: Option<String>,
    /// Kind `row` alone: one row as an object.
    pub rows: Option<Value>,
    /// Kinds without SQL say themselves what they are about; a pair's are found by the gate.
    pub tables: Vec<String>,
    pub columns: Vec<String>,
    /// The named check that a kind without SQL has passed, stored as `checks`.
    pub checks: Option<Value>,
    /// What was asked for, to be compared with what the gate measures.
    pub asked: Asked,
    /// A statement near to the pair's own that the probes prove to have another result.
    pub mutant: Option<String>,
    /// Further statements whose results decide whether the pair is sound.
    pub probes: Vec<Probe>,
    /// Fewer rows than these would make the question an odd one, such as a breakdown into one group.
    #[serde(default)]
    pub least_rows: u64,
    /// Columns that have something to tell.
    #[serde(default)]
    pub telling: Vec<Telling>,
}

/// A column of the result that tells nothing where so many of the rows hold one and the same value in it: of three and
/// more, or of two where they need not all do so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Telling {
    /// From 0.
    pub column: usize,
    pub per_cent: u8,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// easy, medium, hard, extra; none = any.
    pub difficulty: Option<String>,
    pub features: Vec<String>,
}

/// A statement run beside the candidate's own, through the same gate: proves that a condition is not idle (`Differs`
/// from the result without it, or a row that it alone keeps out) or that a cut has no tie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Probe {
    /// What it proves, stored in `checks.probes`: `filter`, `having`, `distinct`, `join`, `tie`, ...
    pub name: String,
    pub sql: String,
    /// Gives some of its rows for less: one that the candidate does not have proves that they differ.
    #[serde(default)]
    pub part: Option<String>,
    pub expect: Expect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expect {
    /// Rows differ from the candidate's (as a list where it is ordered, else as a multiset).
    Differs,
    /// Rows are the candidate's.
    Same,
    /// There is a row: the witness that a part of the statement matters.
    Rows,
    /// There is a row, as a figure other than zero in the candidate's own result says, too.
    Figure,
    /// Of the statement itself: its limit leaves rows out, and no two up to the first of those are equal in what it sorts
    /// by, unless it keeps ties.
    Cut,
}

/// How far a candidate came in the gate. The order is the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    Text,
    Parse,
    Analyze,
    Policy,
    Plan,
    Execute,
    Result,
    Probe,
    Duplicate,
    Accepted,
}

/// The refusal of a result without rows, by which a report tells it from other results that make no pair.
pub(crate) const EMPTY: &str = "result is empty";

impl Stage {
    pub fn name(self) -> &'static str {
        match self {
            Stage::Text => "text",
            Stage::Parse => "parse",
            Stage::Analyze => "analyze",
            Stage::Policy => "policy",
            Stage::Plan => "plan",
            Stage::Execute => "execute",
            Stage::Result => "result",
            Stage::Probe => "probe",
            Stage::Duplicate => "duplicate",
            Stage::Accepted => "accepted",
        }
    }
}

/// Why a candidate was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub stage: Stage,
    /// Five characters.
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// 1-based, in characters of the statement's text.
    pub position: Option<u32>,
}

/// What the gate found. `refusal` is none for an accepted candidate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub refusal: Option<Refusal>,
    /// Known from stage `policy` on.
    pub facts: Option<Facts>,
    /// Total cost, estimated rows, node types of the plan.
    pub plan: Option<PlanFacts>,
    pub result: Option<ResultFacts>,
    /// Where a proof was asked for.
    pub mutation: Option<Mutation>,
}

impl Verdict {
    pub fn ok(&self) -> bool {
        self.refusal.is_none()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlanFacts {
    pub cost: f64,
    pub rows: f64,
    /// Node types from the top down, in the order of EXPLAIN: `Limit`, `Sort`, `HashAggregate`, ...
    pub nodes: Vec<String>,
}

/// How many one-step changes of an accepted statement its result tells apart from it, on the data as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mutation {
    /// Changed statements that ran to an end.
    pub mutants: u32,
    /// Those with another result.
    pub told_apart: u32,
    /// Those with the same.
    pub alike: Vec<Change>,
    /// Changes that made no statement, or one that passed a limit.
    pub failed: u32,
}

/// A change that the result does not show.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// condition, comparison, connective, constant, operator, join, aggregate, distinct, order or set_op.
    pub kind: String,
    /// 1-based, in characters; none where the change has no place of its own.
    pub position: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResultFacts {
    /// Rows fetched; with `capped` there are more.
    pub rows: u64,
    pub capped: bool,
    pub columns: Vec<String>,
    /// Every value of every row is NULL.
    pub all_null: bool,
    /// More than one row, and all rows equal.
    pub constant: bool,
    pub duplicate_rows: bool,
    /// The rows of one whole table, unfiltered.
    pub whole_table: bool,
    /// An aggregate over a one-to-many join that repeats the measured rows.
    pub fan_out: bool,
    /// Hash of the rows in order, and without order: for probes and for conflicts between pairs.
    pub ordered_hash: String,
    pub multiset_hash: String,
    /// The first rows as text values, where asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub head: Vec<Vec<Option<String>>>,
}
