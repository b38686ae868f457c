//! The report on a run: its measures as rows, each with a sentence that says what it means; the page shows the same.

pub(crate) mod ladder;
pub(crate) mod page;
pub(crate) mod rows;
pub(crate) mod stored;
pub(crate) mod words;

use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub section: &'static str,
    pub metric: String,
    pub value: Option<f64>,
    /// An object with `meaning`, and what the number is made of.
    pub detail: Value,
}

impl Row {
    fn new(section: &'static str, metric: &str, value: Option<f64>, meaning: &str) -> Row {
        let detail = if meaning.is_empty() { json!({}) } else { json!({"meaning": meaning}) };
        Row { section, metric: metric.to_owned(), value, detail }
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Row {
        self.detail[key] = value.into();
        self
    }

    /// Adds the share that the value has of a whole.
    fn share_of(self, whole: u64) -> Row {
        let share = self.value.and_then(|v| share(v, whole));
        match share {
            Some(share) => self.with("share", share),
            None => self,
        }
    }

    /// The value as SQL's numeric reads it.
    pub fn number(&self) -> Option<String> {
        self.value.filter(|v| v.is_finite()).map(|v| {
            let digits = if v != 0.0 && v.abs() < 0.01 { 8 } else { 4 };
            let text = format!("{v:.digits$}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        })
    }
}

fn share(part: f64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| rounded(part / whole as f64))
}

fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
