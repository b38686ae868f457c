//! The phases with their shipped settings, and the engines.

use crate::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    Builtins,
    SchemaDocs,
    SampleData,
    SchemaRelationship,
    SingleTable,
    Joins,
    ComplexSqls,
    Questions,
}

/// Shipped settings of a phase; `nlsql.phase` rows, settings and options go over them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shipped {
    pub phase: Phase,
    /// Part of `generate_all`.
    pub enabled: bool,
    /// `None` = all there are.
    pub count: Option<i64>,
    pub api_answer_count: i32,
    pub min_joins: i32,
    pub n_rows: i32,
}

pub(crate) const SHIPPED: [Shipped; 8] = [
    Shipped { phase: Phase::Builtins, enabled: true, count: Some(60), api_answer_count: 1, min_joins: 1, n_rows: 10 },
    Shipped {
        phase: Phase::SchemaDocs,
        enabled: true,
        count: Some(100),
        api_answer_count: 5,
        min_joins: 1,
        n_rows: 10,
    },
    Shipped { phase: Phase::SampleData, enabled: true, count: None, api_answer_count: 1, min_joins: 1, n_rows: 10 },
    Shipped {
        phase: Phase::SchemaRelationship,
        enabled: true,
        count: None,
        api_answer_count: 5,
        min_joins: 1,
        n_rows: 10,
    },
    Shipped {
        phase: Phase::SingleTable,
        enabled: true,
        count: Some(100),
        api_answer_count: 5,
        min_joins: 1,
        n_rows: 10,
    },
    Shipped { phase: Phase::Joins, enabled: true, count: Some(100), api_answer_count: 5, min_joins: 2, n_rows: 10 },
    Shipped {
        phase: Phase::ComplexSqls,
        enabled: true,
        count: Some(100),
        api_answer_count: 1,
        min_joins: 3,
        n_rows: 10,
    },
    Shipped { phase: Phase::Questions, enabled: false, count: None, api_answer_count: 1, min_joins: 1, n_rows: 10 },
];

/// Functions that the phase `builtins` shows unless told otherwise: one a pair, in turn.
pub(crate) const BUILTINS: [&str; 30] = [
    "upper", "lower", "length", "substring", "trim", "replace", "concat", "position", "left", "right", "round", "ceil",
    "floor", "abs", "mod", "power", "sqrt", "count", "sum", "avg", "min", "max", "string_agg", "date_trunc", "extract",
    "age", "to_char", "coalesce", "nullif", "greatest",
];

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Phase::Builtins => "builtins",
            Phase::SchemaDocs => "schema_docs",
            Phase::SampleData => "sample_data",
            Phase::SchemaRelationship => "schema_relationship",
            Phase::SingleTable => "single_table",
            Phase::Joins => "joins",
            Phase::ComplexSqls => "complex_sqls",
            Phase::Questions => "questions",
        }
    }

    pub fn parse(text: &str) -> Result<Phase> {
        SHIPPED.iter().map(|s| s.phase).find(|p| p.name() == text).ok_or_else(|| {
            let names: Vec<&str> = SHIPPED.iter().map(|s| s.phase.name()).collect();
            let error = Error::invalid(format!("unknown phase \"{text}\""));
            match super::options::nearest(text, names.iter().copied()) {
                Some(near) => error.hint(format!("Did you mean \"{near}\"? Phases are {}.", names.join(", "))),
                None => error.hint(format!("Phases are {}.", names.join(", "))),
            }
        })
    }

    pub fn shipped(self) -> &'static Shipped {
        SHIPPED.iter().find(|s| s.phase == self).unwrap_or(&SHIPPED[0])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Engine {
    Offline,
    Openai,
    Reword,
    Auto,
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Engine::Offline => "offline",
            Engine::Openai => "openai",
            Engine::Reword => "reword",
            Engine::Auto => "auto",
        }
    }

    pub fn parse(text: &str) -> Result<Engine> {
        match text {
            "offline" => Ok(Engine::Offline),
            "openai" => Ok(Engine::Openai),
            "reword" => Ok(Engine::Reword),
            "auto" => Ok(Engine::Auto),
            _ => Err(Error::invalid(format!("unknown engine \"{text}\""))
                .hint("Engines are offline, openai, reword and auto.")),
        }
    }
}

/// The error for a combination that this version does not have.
pub(crate) fn not_yet(phase: Phase, engine: Engine) -> Error {
    Error::new(
        Code::FeatureNotSupported,
        format!("phase \"{}\" is not yet available with engine \"{}\"", phase.name(), engine.name()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_parse_by_name_and_hint_at_the_nearest() {
        assert_eq!(Phase::parse("joins"), Ok(Phase::Joins));
        let error = Phase::parse("join").unwrap_err();
        assert_eq!(error.code, Code::InvalidParameterValue);
        assert!(error.hint.unwrap().starts_with("Did you mean \"joins\"?"));
        assert!(Phase::parse("zzzzzzzzzzzz").unwrap_err().hint.unwrap().starts_with("Phases are"));
    }
}
