//! The fixed side of a prompt in an export: the instruction, and the text of the schema that goes with a record.

use super::format::Json;
use super::options::ExportOptions;
use crate::prompt::describe::{Notes, describe, tokens};
use crate::schema::model::{Column, Schema, Table, quote_ident, quote_literal};
use std::collections::BTreeMap;

pub(crate) const INSTRUCTION: &str = "You are an expert in PostgreSQL. Answer a question about the data with one SQL \
     query and nothing else, and a question about the schema itself in words.";

/// The same where answers show their steps.
pub(crate) const INSTRUCTION_REASONED: &str = "You are an expert in PostgreSQL. Answer a question about the data with a \
     numbered plan and then one SQL query, and a question about the schema itself in words.";

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

/// Tokens up to which `auto` shows the whole schema, and the tables beside the used ones where it is longer.
const WHOLE_TOKENS: usize = 4_000;
const DISTRACTORS: u32 = 4;

impl SchemaText {
    /// The relations in the order of their names; nothing of it depends on rows or statistics.
    pub fn new(schema: &Schema, options: &ExportOptions) -> SchemaText {
        let write: fn(&Schema, usize) -> String = match options.schema.as_deref() {
            Some("none") => return SchemaText::None,
            Some("compact") => |schema, i| compact(&schema.tables[i]),
            _ => |schema, i| describe(schema, &[], &[i], 1, &Notes::default(), usize::MAX),
        };
        let mut schema = schema.clone();
        schema.tables.retain(|t| !t.is_child() && !t.columns.is_empty());
        schema.tables.iter_mut().for_each(|t| t.rows = -1.0);
        let texts: BTreeMap<String, String> =
            (0..schema.tables.len()).map(|i| (schema.tables[i].qualified(), write(&schema, i))).collect();
        let whole = texts.values().cloned().collect::<Vec<_>>().join("\n\n");
        let most = options.schema_tokens.map_or(WHOLE_TOKENS, |n| n.max(0) as usize);
        let distractors = options.distractors.map(|n| n.max(0) as u32);
        match options.schema_tables.as_deref() {
            Some("all") => SchemaText::Whole(whole),
            Some("used") => SchemaText::Tables { texts, distractors: distractors.unwrap_or(0) },
            _ if distractors.is_none() && tokens(&whole) <= most => SchemaText::Whole(whole),
            _ => SchemaText::Tables { texts, distractors: distractors.unwrap_or(DISTRACTORS) },
        }
    }
}

/// One line a table: `film(film_id integer key, language_id integer -> language.language_id)`.
fn compact(table: &Table) -> String {
    let column = |c: &Column| {
        let key = table.primary_key.iter().flatten().any(|k| *k == c.name);
        let part = |f: &&crate::schema::model::ForeignKey| f.columns.contains(&c.name);
        let parent = table.foreign_keys.iter().find(part).and_then(|f| {
            let at = f.columns.iter().position(|k| *k == c.name)?;
            Some(format!(
                " -> {}.{}.{}",
                quote_ident(&f.ref_schema),
                quote_ident(&f.ref_table),
                quote_ident(f.ref_columns.get(at)?)
            ))
        });
        let key = if key { " key" } else { "" };
        format!("{} {}{key}{}", quote_ident(&c.name), c.type_name, parent.unwrap_or_default())
    };
    format!("{}({})", table.qualified(), table.columns.iter().map(column).collect::<Vec<_>>().join(", "))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::test_schema::shop;
    use serde_json::json;

    fn text(options: serde_json::Value) -> SchemaText {
        SchemaText::new(&shop(), &ExportOptions::parse(&options).unwrap())
    }

    #[test]
    fn the_schema_is_shown_as_asked() {
        let SchemaText::Whole(ddl) = text(json!({})) else { panic!("a small schema is shown whole") };
        assert!(ddl.contains("CREATE TABLE shop.\"order\" (") && ddl.contains("REFERENCES shop.customer"), "{ddl}");
        assert!(!ddl.contains("rows"), "statistics are no part of it: {ddl}");
        assert!(!ddl.contains("order_2024"), "a partition shows in its parent: {ddl}");
        let SchemaText::Whole(short) = text(json!({"schema": "compact"})) else { panic!("whole") };
        assert!(short.contains("customer_id integer -> shop.customer.customer_id"), "{short}");
        assert!(short.len() < ddl.len());
        assert_eq!(text(json!({"schema": "none"})), SchemaText::None);
    }

    #[test]
    fn a_long_schema_is_cut_down_to_what_a_record_uses() {
        let distractors = |options| match text(options) {
            SchemaText::Tables { distractors, .. } => Some(distractors),
            _ => None,
        };
        assert_eq!(distractors(json!({"schema_tokens": 10})), Some(DISTRACTORS));
        assert_eq!(distractors(json!({"schema_tables": "used"})), Some(0));
        assert_eq!(distractors(json!({"distractors": 2})), Some(2));
        assert_eq!(distractors(json!({"schema_tokens": 10, "schema_tables": "all"})), None);
    }
}
