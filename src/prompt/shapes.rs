//! The forms that replies are asked to have, as JSON schemas that every strict server takes: flat, each property
//! required, nothing optional, no lengths or patterns.

use crate::llm::endpoint::Structured;
use crate::llm::wire::Format;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// What a reply is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    Pairs,
    Answers,
    TableSets,
    Relationships,
    Sql,
    Questions,
    Scores,
    Plans,
}

fn list(name: &str, fields: &[(&str, Value)]) -> Value {
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let item = json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false});
    json!({"type": "object", "properties": {name: {"type": "array", "items": item}}, "required": [name], "additionalProperties": false})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn build(shape: Shape) -> Value {
    let number = || json!({"type": "integer"});
    match shape {
        Shape::Pairs => list("pairs", &[("question", text()), ("evidence", text()), ("sql", text())]),
        Shape::Answers => list("items", &[("question", text()), ("answer", text())]),
        Shape::TableSets => {
            list("sets", &[("tables", json!({"type": "array", "items": {"type": "string"}})), ("theme", text())])
        }
        Shape::Relationships => list(
            "relationships",
            &[
                ("number", number()),
                ("sound", json!({"type": "boolean"})),
                ("question", text()),
                ("answer", text()),
                ("reverse_question", text()),
                ("reverse_answer", text()),
            ],
        ),
        Shape::Sql => list("answers", &[("sql", text()), ("evidence", text()), ("problem", text())]),
        Shape::Questions => list("questions", &[("number", number()), ("question", text()), ("evidence", text())]),
        Shape::Scores => {
            list("scores", &[("number", number()), ("score", json!({"type": "number"})), ("reason", text())])
        }
        // in this order, so that the plan comes before what it leads to
        Shape::Plans => list("plans", &[("number", number()), ("plan", text()), ("sql", text())]),
    }
}

const SHAPES: [Shape; 8] = [
    Shape::Pairs,
    Shape::Answers,
    Shape::TableSets,
    Shape::Relationships,
    Shape::Sql,
    Shape::Questions,
    Shape::Scores,
    Shape::Plans,
];

static ALL: LazyLock<[Arc<Value>; SHAPES.len()]> = LazyLock::new(|| SHAPES.map(|shape| Arc::new(build(shape))));

impl Shape {
    pub fn name(self) -> &'static str {
        match self {
            Shape::Pairs => "pairs",
            Shape::Answers => "items",
            Shape::TableSets => "sets",
            Shape::Relationships => "relationships",
            Shape::Sql => "answers",
            Shape::Questions => "questions",
            Shape::Scores => "scores",
            Shape::Plans => "plans",
        }
    }

    /// Name of the tool that hands such a reply in.
    pub fn tool(self) -> &'static str {
        match self {
            Shape::Pairs => "submit_pairs",
            Shape::Answers => "submit_items",
            Shape::TableSets => "submit_sets",
            Shape::Relationships => "submit_relationships",
            Shape::Sql => "submit_answers",
            Shape::Questions => "submit_questions",
            Shape::Scores => "submit_scores",
            Shape::Plans => "submit_plans",
        }
    }

    pub fn schema(self) -> Arc<Value> {
        ALL[self as usize].clone()
    }

    pub fn format(self, structured: Structured) -> Format {
        match structured {
            Structured::Auto | Structured::JsonSchema => {
                Format::JsonSchema { name: self.name(), schema: self.schema() }
            }
            Structured::JsonObject => Format::JsonObject,
            Structured::Tools | Structured::Text => Format::Text,
        }
    }

    /// The form in words, for servers that are not given a schema.
    pub fn example(self) -> &'static str {
        match self {
            Shape::Pairs => r#"{"pairs": [{"question": "..", "evidence": "", "sql": "SELECT .."}]}"#,
            Shape::Answers => r#"{"items": [{"question": "..", "answer": ".."}]}"#,
            Shape::TableSets => r#"{"sets": [{"tables": ["schema.table", "schema.table"], "theme": ".."}]}"#,
            Shape::Relationships => {
                r#"{"relationships": [{"number": 1, "sound": true, "question": "..", "answer": "..", "reverse_question": "..", "reverse_answer": ".."}]}"#
            }
            Shape::Sql => r#"{"answers": [{"sql": "SELECT ..", "evidence": "", "problem": ""}]}"#,
            Shape::Questions => r#"{"questions": [{"number": 1, "question": "..", "evidence": ""}]}"#,
            Shape::Scores => r#"{"scores": [{"number": 1, "score": 0.5, "reason": ".."}]}"#,
            Shape::Plans => r#"{"plans": [{"number": 1, "plan": "1. ..", "sql": "SELECT .."}]}"#,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strict servers want every property required and no others.
    fn strict(value: &Value) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            let names: Vec<&String> = properties.keys().collect();
            let required: Vec<&str> = value["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert_eq!(names, required);
            assert_eq!(value["additionalProperties"], false);
            properties.values().for_each(strict);
        }
        if let Some(items) = value.get("items") {
            strict(items);
        }
    }

    #[test]
    fn schemas_are_strict_and_examples_fit_them() {
        for shape in SHAPES {
            let schema = shape.schema();
            strict(&schema);
            let example: Value = serde_json::from_str(shape.example()).unwrap();
            let entry = &example[shape.name()][0];
            let fields = schema["properties"][shape.name()]["items"]["properties"].as_object().unwrap();
            assert_eq!(entry.as_object().unwrap().keys().collect::<Vec<_>>(), fields.keys().collect::<Vec<_>>());
        }
    }
}
