//! What the server groups of a run for its report; the form of `sql/measures.sql`.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stored {
    pub name: String,
    pub role: String,
    pub status: String,
    pub seed: i64,
    pub created_at: String,
    pub database: String,
    pub server: String,
    pub phases: Vec<PhaseOf>,
    /// From the first task to the end of the last.
    pub seconds: Option<f64>,
    pub kinds: BTreeMap<String, u64>,
    /// Pairs whose statement ran, not planned alone.
    pub executed: u64,
    pub refused: Vec<Refused>,
    /// Pairs that the composer drew again, by why: a stage, or what a stage found.
    pub redrawn: BTreeMap<String, u64>,
    pub reasons: Vec<Reason>,
    pub skeletons: u64,
    pub top_skeletons: Vec<Shape>,
    pub templates: u64,
    pub duplicates: u64,
    pub conflicts: u64,
    pub splits: BTreeMap<String, u64>,
    pub leaked_skeletons: u64,
    pub leaked_templates: u64,
    pub held_out: u64,
    pub calls: Vec<Calls>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PhaseOf {
    pub phase: String,
    pub engine: String,
    pub status: String,
    pub requested: Option<u64>,
    pub accepted: u64,
    pub rejected: u64,
    pub seconds: Option<f64>,
    pub options: Value,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Refused {
    pub stage: String,
    pub sqlstate: Option<String>,
    pub n: u64,
    /// In phases that yield pairs.
    pub of_pairs: u64,
    /// For an empty result.
    pub empty: u64,
    /// Mended by a later candidate.
    pub repaired: u64,
    pub example: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Reason {
    pub reason: String,
    pub n: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Shape {
    pub skeleton: String,
    pub n: u64,
    pub example: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Calls {
    pub model: String,
    pub calls: u64,
    pub ok: u64,
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    pub usd: Option<f64>,
    pub unpriced: u64,
}

impl Stored {
    pub fn pairs(&self) -> u64 {
        self.kinds.get("pair").copied().unwrap_or_default()
    }

    pub fn records(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// The relations that all phases were told to use; none where one had no such option.
    pub fn only(&self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for phase in &self.phases {
            let tables = phase.options.get("tables")?.as_array()?;
            names.extend(tables.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        (!names.is_empty()).then_some(names)
    }
}
