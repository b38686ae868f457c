//! The fixed side of a prompt in an export: the instruction, and the text of the schema that goes with a record.

use super::format::Json;
use crate::schema::model::quote_literal;
use std::collections::BTreeMap;

pub(crate) const INSTRUCTION: &str = "You are an expert in PostgreSQL. Answer a question about the data with one SQL \
     query and nothing else, and a question about the schema itself in words.";

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SchemaText {
    None,
    /// The same for all records.
    Whole(String),
    /// By qualified name: those that a record uses, and as many others drawn by a hash of the record.
    Tables {
        texts: BTreeMap<String, String>,
        distractors: u32,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prompt {
    pub instruction: String,
    pub schema: SchemaText,
}

impl Prompt {
    /// The schema's text as SQL of type text, never NULL.
    pub fn schema_sql(&self) -> String {
        match &self.schema {
            SchemaText::None => "''".to_owned(),
            SchemaText::Whole(text) => quote_literal(text),
            SchemaText::Tables { texts, distractors } => per_record(texts, *distractors),
        }
    }

    /// Instruction and schema as SQL of type text.
    pub fn system_sql(&self) -> String {
        match &self.schema {
            SchemaText::None => quote_literal(&self.instruction),
            SchemaText::Whole(text) => quote_literal(&format!("{}\n\n{text}", self.instruction)),
            SchemaText::Tables { .. } => {
                format!("{} || {}", quote_literal(&format!("{}\n\n", self.instruction)), self.schema_sql())
            }
        }
    }

    /// The same as JSON, escaped once and for all where it is the same for all records.
    pub fn system(&self, json: Json) -> Json {
        match &self.schema {
            SchemaText::None => json.constant(&self.instruction),
            SchemaText::Whole(text) => json.constant(&format!("{}\n\n{text}", self.instruction)),
            SchemaText::Tables { .. } => json.text(&self.system_sql()),
        }
    }
}

/// Tables come in the order of their names, so that their place says nothing about which ones are needed.
fn per_record(texts: &BTreeMap<String, String>, distractors: u32) -> String {
    let json = serde_json::Value::from_iter(texts.iter().map(|(k, v)| (k.clone(), v.clone()))).to_string();
    let json = quote_literal(&json);
    let chosen = if distractors == 0 {
        "SELECT u.name FROM pg_catalog.unnest(i.tables) u(name)".to_owned()
    } else {
        format!(
            "SELECT u.name FROM pg_catalog.unnest(i.tables) u(name) UNION ALL (SELECT o.name FROM \
             pg_catalog.jsonb_object_keys({json}::jsonb) o(name) WHERE o.name <> ALL (i.tables) \
             ORDER BY pg_catalog.md5(i.phase || i.slot || o.name) LIMIT {distractors})"
        )
    };
    format!(
        "COALESCE((SELECT pg_catalog.string_agg({json}::jsonb ->> c.name, E'\\n\\n' ORDER BY c.name COLLATE \"C\") \
         FROM ({chosen}) c), '')"
    )
}
