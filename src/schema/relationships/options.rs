//! Options of `nlsql.relationships()`.

use crate::dataset::options::parse_known;
use crate::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    /// Edges that touch one of these relations alone; NULL = all.
    pub tables: Option<Vec<String>>,
    /// Edges less sure than this are left out.
    pub min_confidence: f64,
    /// The foreign keys too.
    pub declared: bool,
    /// Look at the rows; else the catalog alone speaks.
    pub values: bool,
}

const KEYS: [&str; 4] = ["tables", "min_confidence", "declared", "values"];

impl Default for Options {
    fn default() -> Options {
        Options { tables: None, min_confidence: super::LIKELY, declared: true, values: true }
    }
}

impl Options {
    pub(crate) fn parse(value: &Value) -> Result<Options> {
        let options: Options = parse_known(value, &KEYS, "declared")?;
        if !(0.0..=1.0).contains(&options.min_confidence) {
            return Err(Error::invalid("option \"min_confidence\" must be between 0 and 1")
                .hint("An edge at 0.5 is as likely as not; declared ones have 1."));
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_are_known_and_of_their_types() {
        assert_eq!(Options::parse(&json!({})).unwrap(), Options::default());
        let refused = |value: Value| {
            let error = Options::parse(&value).unwrap_err();
            (error.code.sqlstate(), format!("{} {}", error.message, error.hint.unwrap_or_default()))
        };
        for (value, words) in [
            (json!({ "min_confidense": 0.5 }), "\"min_confidence\""),
            (json!({ "min_confidence": 2 }), "between 0 and 1"),
            (json!({ "tables": "film" }), "wrong type"),
            (json!([]), "object"),
        ] {
            let (state, text) = refused(value.clone());
            assert_eq!(state, "22023");
            assert!(text.contains(words), "{value}: {text}");
        }
    }
}
