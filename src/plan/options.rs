//! The options of a call: one JSON object with known keys, checked as a whole before anything is written.

use super::phase::{Engine, Phase};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Options as a caller gives them; absent = by the role's row, the setting or the shipped value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    /// offline, openai, reword or auto.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// add, skip or error, where the run has the phase already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_exists: Option<String>,
    /// Names of relations to use, `schema.table` or by the search path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tables: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_joins: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_rows: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_answer_count: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<i32>,
    /// none, categorical or all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_min_rows: Option<i32>,
    /// Phase builtins: the functions to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub functions: Option<Vec<String>>,
    /// Plan only: for schemas without rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_only: Option<bool>,
    /// Shares of easy, medium, hard, extra.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub styles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_usd: Option<f64>,
    /// off, repair or score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critic_rounds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critic_threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens_max: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distractors: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Phase questions: the user's own questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub questions: Option<Vec<String>>,
    /// Each pair is compared with one-step mutants of its statement, and how many differ stands in its checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<bool>,
    /// Each pair has the plan of its statement, in steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
}

pub(crate) const KEYS: [&str; 25] = [
    "engine", "seed", "if_exists", "tables", "min_joins", "n_rows", "api_answer_count", "parallelism", "workers",
    "values", "values_min_rows", "functions", "schema_only", "difficulty", "styles", "endpoint", "model", "budget_usd",
    "critic", "critic_rounds", "critic_threshold", "prompt_tokens_max", "distractors", "max_completion_tokens",
    "temperature",
];
const MORE_KEYS: [&str; 4] = ["template", "questions", "proof", "reasoning"];

impl Options {
    /// Reads a caller's object; an unknown key or a wrong type is 22023 with the nearest key as hint.
    pub fn parse(value: &Value) -> Result<Options> {
        let Value::Object(map) = value else {
            return Err(Error::invalid("options must be a JSON object")
                .hint("For example options => '{\"seed\": 42, \"min_joins\": 2}'."));
        };
        let keys = || KEYS.iter().chain(&MORE_KEYS).copied();
        for key in map.keys() {
            if !keys().any(|k| k == key) {
                let error = Error::invalid(format!("unknown option \"{key}\""));
                return Err(match nearest(key, keys()) {
                    Some(near) => error.hint(format!("Did you mean \"{near}\"?")),
                    None => error.hint(format!("Options are {}.", keys().collect::<Vec<_>>().join(", "))),
                });
            }
        }
        // one key at a time, so that the message can name the one with the wrong type
        for (key, value) in map {
            let single = Value::Object(Map::from_iter([(key.clone(), value.clone())]));
            if let Err(error) = serde_json::from_value::<Options>(single) {
                return Err(Error::invalid(format!("option \"{key}\" has the wrong type")).detail(error.to_string()));
            }
        }
        let options: Options = serde_json::from_value(value.clone())
            .map_err(|e| Error::invalid("invalid options").detail(e.to_string()))?;
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<()> {
        if let Some(engine) = &self.engine {
            Engine::parse(engine)?;
        }
        one_of("if_exists", self.if_exists.as_deref(), &["add", "skip", "error"])?;
        one_of("values", self.values.as_deref(), &["none", "categorical", "all"])?;
        one_of("critic", self.critic.as_deref(), &["off", "repair", "score"])?;
        in_range("min_joins", self.min_joins, 1, 16)?;
        in_range("n_rows", self.n_rows, 1, 10_000)?;
        in_range("api_answer_count", self.api_answer_count, 1, 100)?;
        in_range("parallelism", self.parallelism, 1, 1024)?;
        in_range("workers", self.workers, 1, 64)?;
        in_range("values_min_rows", self.values_min_rows, 1, i32::MAX)?;
        in_range("critic_rounds", self.critic_rounds, 0, 10)?;
        in_range("prompt_tokens_max", self.prompt_tokens_max, 200, 10_000_000)?;
        in_range("distractors", self.distractors, 0, 1000)?;
        in_range("max_completion_tokens", self.max_completion_tokens, 1, 1_000_000)?;
        if let Some(mix) = &self.difficulty {
            for (level, share) in mix {
                one_of("difficulty", Some(level), &["easy", "medium", "hard", "extra"])?;
                if !share.as_f64().is_some_and(|s| s >= 0.0) {
                    return Err(Error::invalid(format!(
                        "option \"difficulty\": share of \"{level}\" must be 0 or more"
                    )));
                }
            }
            if mix.values().filter_map(Value::as_f64).sum::<f64>() <= 0.0 {
                return Err(Error::invalid("option \"difficulty\" must give some level a share above 0"));
            }
        }
        Ok(())
    }

    /// The options without those of other phases, for a call that names many phases at once.
    pub fn only_for(&self, phase: Phase) -> Options {
        let mut options = self.clone();
        if phase != Phase::Builtins {
            options.functions = None;
        }
        if phase != Phase::Questions {
            options.questions = None;
        }
        if phase != Phase::SampleData {
            options.n_rows = None;
        }
        if !matches!(phase, Phase::Joins | Phase::ComplexSqls) {
            options.min_joins = None;
        }
        options
    }

    /// Refuses what means nothing to the phase, so that a misplaced option is not silently without effect.
    pub fn fit(&self, phase: Phase) -> Result<()> {
        let misplaced = [
            ("functions", self.functions.is_some() && phase != Phase::Builtins),
            ("questions", self.questions.is_some() && phase != Phase::Questions),
            ("n_rows", self.n_rows.is_some() && phase != Phase::SampleData),
            ("min_joins", self.min_joins.is_some() && !matches!(phase, Phase::Joins | Phase::ComplexSqls)),
        ];
        match misplaced.iter().find(|(_, wrong)| *wrong) {
            Some((key, _)) => {
                Err(Error::invalid(format!("option \"{key}\" does not belong to phase \"{}\"", phase.name())))
            }
            None => Ok(()),
        }
    }
}

fn one_of(key: &str, value: Option<&str>, allowed: &[&str]) -> Result<()> {
    match value {
        Some(v) if !allowed.contains(&v) => Err(Error::invalid(format!("option \"{key}\" cannot be \"{v}\""))
            .hint(format!("Possible are {}.", allowed.join(", ")))),
        _ => Ok(()),
    }
}

fn in_range(key: &str, value: Option<i32>, low: i32, high: i32) -> Result<()> {
    match value {
        Some(v) if v < low || v > high => {
            Err(Error::invalid(format!("option \"{key}\" must be from {low} to {high}, not {v}")))
        }
        _ => Ok(()),
    }
}

/// The candidate nearest to `text` by edit distance, if it is near enough to be meant.
pub(crate) fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|c| (strsim::damerau_levenshtein(text, c), c))
        .filter(|(distance, c)| *distance <= (c.len() / 3).max(1))
        .min()
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest() {
        let error = Options::parse(&json!({"min_join": 2})).unwrap_err();
        assert_eq!(error.message, "unknown option \"min_join\"");
        assert_eq!(error.hint.as_deref(), Some("Did you mean \"min_joins\"?"));
    }

    #[test]
    fn a_wrong_type_names_its_key() {
        let error = Options::parse(&json!({"seed": 1, "min_joins": "two"})).unwrap_err();
        assert_eq!(error.message, "option \"min_joins\" has the wrong type");
    }

    #[test]
    fn ranges_and_choices_are_checked() {
        assert!(Options::parse(&json!({"min_joins": 0})).is_err());
        assert!(Options::parse(&json!({"values": "some"})).is_err());
        assert!(Options::parse(&json!({"difficulty": {"easy": 1, "hard": 2.5}})).is_ok());
        assert!(Options::parse(&json!({"difficulty": {"easy": 0}})).is_err());
        assert!(Options::parse(&json!([1])).is_err());
    }

    #[test]
    fn every_field_is_a_known_key() {
        let all =
            serde_json::to_value(Options { engine: Some("auto".into()), seed: Some(1), ..Options::default() }).unwrap();
        assert!(Options::parse(&all).is_ok());
    }

    #[test]
    fn options_of_another_phase_are_refused() {
        let options = Options::parse(&json!({"n_rows": 5})).unwrap();
        assert!(options.fit(Phase::SampleData).is_ok());
        assert!(options.fit(Phase::Joins).is_err());
    }
}
