//! Options of the export functions: one JSON object with known keys.

use crate::error::{Error, Result};
use crate::plan::options::nearest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ExportOptions {
    /// Replace a file or directory that is there.
    #[serde(skip_serializing)]
    pub overwrite: bool,
    /// Also where the audit finds protected values.
    pub force: bool,
    /// Whose run, where a superuser sees several of that name.
    #[serde(skip_serializing)]
    pub role: Option<String>,
    /// Further runs, appended in this order.
    pub runs: Vec<String>,
    /// Only these phases, kinds.
    pub phases: Option<Vec<String>>,
    pub kinds: Option<Vec<String>>,
    /// Schema text in prompts: ddl, compact or none.
    pub schema: Option<String>,
    /// Which tables it shows: auto, all or used.
    pub schema_tables: Option<String>,
    /// Tables beside the used ones, drawn by a hash of the record.
    pub distractors: Option<i32>,
    /// Most tokens of the whole schema, by estimate, before auto falls back to used tables.
    pub schema_tokens: Option<i32>,
    /// Instruction in place of the shipped one.
    pub system: Option<String>,
    /// Format chat: the SQL as the argument of a tool call.
    pub tools: bool,
    /// Put the reasoning, where there is one, before the SQL.
    pub reasoning: bool,
    /// A shape within the format: see `formats.rs`.
    pub layout: Option<String>,
    /// Prove evaluation pairs that have no mutation proof yet; they are, unless this says false.
    pub proof: Option<bool>,
    /// Name of the database in eval, spider, bird and csv; by default the database's own.
    pub db_id: Option<String>,
    /// For the dataset card.
    pub license: Option<String>,
    pub title: Option<String>,
}

const KEYS: [&str; 18] = [
    "overwrite", "force", "role", "runs", "phases", "kinds", "schema", "schema_tables", "distractors", "schema_tokens",
    "system", "tools", "reasoning", "proof", "layout", "db_id", "license", "title",
];

/// The error for a word that is none of those known.
pub(crate) fn unknown<'a>(what: &str, word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Error {
    let error = Error::invalid(format!("unknown {what} \"{word}\""));
    let list = known.clone().collect::<Vec<_>>().join(", ");
    match nearest(word, known) {
        Some(near) => error.hint(format!("Did you mean \"{near}\"? Known are {list}.")),
        None => error.hint(format!("Known are {list}.")),
    }
}

/// Reads an object whose keys are all known; every mistake names its key.
pub(crate) fn parse_known<T: DeserializeOwned>(value: &Value, keys: &[&str], example: &str) -> Result<T> {
    let Value::Object(map) = value else {
        return Err(Error::invalid("options must be a JSON object")
            .hint(format!("For example options => '{{\"{example}\": true}}'.")));
    };
    for (key, value) in map {
        if !keys.contains(&key.as_str()) {
            return Err(unknown("option", key, keys.iter().copied()));
        }
        let single = Value::Object(Map::from_iter([(key.clone(), value.clone())]));
        if let Err(error) = serde_json::from_value::<T>(single) {
            return Err(Error::invalid(format!("option \"{key}\" has the wrong type")).detail(error.to_string()));
        }
    }
    serde_json::from_value(value.clone()).map_err(|e| Error::invalid("invalid options").detail(e.to_string()))
}

impl ExportOptions {
    pub fn parse(value: &Value) -> Result<ExportOptions> {
        let options: ExportOptions = parse_known(value, &KEYS, "overwrite")?;
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<()> {
        let known = ["pair", "qa", "row", "relationship"];
        for kind in self.kinds.iter().flatten() {
            if !known.contains(&kind.as_str()) {
                return Err(unknown("kind", kind, known.iter().copied()));
            }
        }
        one_of("schema", self.schema.as_deref(), &["ddl", "compact", "none"])?;
        one_of("schema_tables", self.schema_tables.as_deref(), &["auto", "all", "used"])?;
        if self.schema_tables.as_deref() == Some("all") && self.distractors.is_some() {
            return Err(Error::invalid("option \"distractors\" has no meaning where schema_tables is \"all\"")
                .hint("Use schema_tables \"used\", which is also the default with distractors."));
        }
        for (key, value) in [("distractors", self.distractors), ("schema_tokens", self.schema_tokens)] {
            if value.is_some_and(|n| n < 0) {
                return Err(Error::invalid(format!("option \"{key}\" must not be negative")));
            }
        }
        Ok(())
    }
}

fn one_of(key: &str, value: Option<&str>, known: &[&str]) -> Result<()> {
    match value {
        Some(v) if !known.contains(&v) => Err(Error::invalid(format!("option \"{key}\" cannot be \"{v}\""))
            .hint(format!("Possible are {}.", known.join(", ")))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_are_checked_as_a_whole() {
        let options =
            ExportOptions::parse(&json!({"overwrite": true, "schema": "compact", "kinds": ["pair"]})).unwrap();
        assert!(options.overwrite);
        assert_eq!(options.kinds, Some(vec!["pair".to_owned()]));
        for (bad, message, hint) in [
            (json!({"overwirte": true}), "unknown option \"overwirte\"", Some("Did you mean \"overwrite\"?")),
            (json!({"overwrite": 1}), "option \"overwrite\" has the wrong type", None),
            (json!({"schema": "dll"}), "option \"schema\" cannot be \"dll\"", Some("Possible are ddl")),
            (json!({"kinds": ["pairs"]}), "unknown kind \"pairs\"", Some("Did you mean \"pair\"?")),
            (json!({"distractors": -1}), "option \"distractors\" must not be negative", None),
            (json!([]), "options must be a JSON object", Some("For example")),
        ] {
            let error = ExportOptions::parse(&bad).unwrap_err();
            assert_eq!(error.message, message);
            assert_eq!(error.code.sqlstate(), "22023");
            if let Some(hint) = hint {
                assert!(error.hint.as_deref().is_some_and(|h| h.starts_with(hint)), "{error:?}");
            }
        }
    }
}
