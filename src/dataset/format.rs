//! The formats of an export: their names, and the shape of a line as SQL text. One expression a format, so that
//! every way out of the database gives the same bytes.

use super::options::{ExportOptions, unknown};
use super::prompt::Prompt;
use crate::error::{Error, Result};
use crate::schema::model::quote_literal;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Everything that is known of a record.
    Nlsql,
    /// `messages` as chat models are tuned with.
    Chat,
    PromptCompletion,
    Preference,
    Alpaca,
    Sharegpt,
    /// Question, gold SQL and result, for evaluation tools.
    Eval,
    Spider,
    Bird,
    Csv,
}

pub(crate) const FORMATS: [(Format, &str); 10] = [
    (Format::Nlsql, "nlsql"),
    (Format::Chat, "chat"),
    (Format::PromptCompletion, "prompt_completion"),
    (Format::Preference, "preference"),
    (Format::Alpaca, "alpaca"),
    (Format::Sharegpt, "sharegpt"),
    (Format::Eval, "eval"),
    (Format::Spider, "spider"),
    (Format::Bird, "bird"),
    (Format::Csv, "csv"),
];

impl Format {
    pub fn parse(text: &str) -> Result<Format> {
        FORMATS
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(format, _)| *format)
            .ok_or_else(|| unknown("format", text, FORMATS.iter().map(|(_, name)| *name)))
    }

    /// A format of which every line is a record.
    pub fn parse_line(text: &str) -> Result<Format> {
        let format = Format::parse(text)?;
        if format.is_line() {
            return Ok(format);
        }
        Err(Error::invalid(format!("format \"{text}\" has no lines"))
            .hint("Use nlsql.export_dataset(run, dir, format) for formats that are directories."))
    }

    pub fn name(self) -> &'static str {
        FORMATS.iter().find(|(format, _)| *format == self).map_or("nlsql", |(_, name)| name)
    }

    /// Whether its records hold prompts, and so the schema.
    pub fn has_prompt(self) -> bool {
        !matches!(self, Format::Nlsql | Format::Spider | Format::Bird | Format::Csv)
    }

    /// Whether an answer may show the steps that lead to it. The native lines hold them anyway.
    pub fn has_reasoning(self) -> bool {
        matches!(self, Format::Nlsql | Format::Chat | Format::PromptCompletion | Format::Alpaca | Format::Sharegpt)
    }

    pub fn is_line(self) -> bool {
        !matches!(self, Format::Spider | Format::Bird | Format::Csv)
    }

    /// Kinds of record that the format can hold.
    pub fn kinds(self) -> &'static [&'static str] {
        match self {
            Format::Nlsql => &["pair", "qa", "row", "relationship"],
            Format::Chat | Format::PromptCompletion | Format::Alpaca | Format::Sharegpt => {
                &["pair", "qa", "relationship"]
            }
            _ => &["pair"],
        }
    }

    /// Shapes within the format, the first by default.
    pub fn layouts(self) -> &'static [&'static str] {
        match self {
            Format::PromptCompletion => &["text", "messages"],
            Format::Preference => &["text", "messages", "openai", "llamafactory"],
            Format::Eval => &["rows", "goldens", "vars"],
            _ => &[],
        }
    }

    pub fn layout(self, options: &ExportOptions) -> Result<&str> {
        match options.layout.as_deref() {
            None => Ok(self.layouts().first().copied().unwrap_or("")),
            Some(layout) if self.layouts().contains(&layout) => Ok(layout),
            Some(layout) => Err(Error::invalid(format!("format \"{}\" has no layout \"{layout}\"", self.name())).hint(
                match self.layouts() {
                    [] => "This format has one layout only.".to_owned(),
                    known => format!("Its layouts are {}.", known.join(", ")),
                },
            )),
        }
    }
}

/// JSON text in the making: fixed parts and SQL expressions that yield JSON text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Json(Vec<(bool, String)>);

impl Json {
    pub fn raw(mut self, text: &str) -> Json {
        match self.0.last_mut() {
            Some((false, last)) => last.push_str(text),
            _ => self.0.push((false, text.to_owned())),
        }
        self
    }

    /// A value that is JSON already.
    pub fn value(mut self, sql: &str) -> Json {
        self.0.push((true, format!("COALESCE(({sql})::text, 'null')")));
        self
    }

    /// A text, escaped.
    pub fn text(self, sql: &str) -> Json {
        self.value(&format!("pg_catalog.to_json(({sql})::text)"))
    }

    /// A text that is known now.
    pub fn constant(self, text: &str) -> Json {
        let json = serde_json::Value::from(text).to_string();
        self.raw(&json)
    }

    pub fn message(self, role: &str, sql: &str) -> Json {
        self.raw("{\"role\":\"").raw(role).raw("\",\"content\":").text(sql).raw("}")
    }

    pub fn to_sql(&self) -> String {
        let parts: Vec<String> =
            self.0.iter().map(|(sql, text)| if *sql { text.clone() } else { quote_literal(text) }).collect();
        parts.join(" || ")
    }
}

/// What stands in a prompt, by the options, for the record `i`.
struct Shape<'a> {
    prompt: &'a Prompt,
    /// SQL of the user's message, of the answer, of the messages before the answer.
    question: &'static str,
    answer: &'static str,
}

const DIALOGUE: &str = "COALESCE((SELECT pg_catalog.string_agg(pg_catalog.upper(pg_catalog.left(t.v ->> 'role', 1)) \
     || pg_catalog.substr(t.v ->> 'role', 2) || ': ' || (t.v ->> 'content'), E'\\n\\n' ORDER BY t.n) \
     FROM pg_catalog.jsonb_array_elements(i.turns) WITH ORDINALITY t(v, n)), i.question) \
     || COALESCE(E'\\n\\nHint: ' || i.evidence, '')";
const QUESTION: &str = "i.question || COALESCE(E'\\n\\nHint: ' || i.evidence, '')";
const ANSWER: &str = "CASE i.kind WHEN 'pair' THEN i.sql ELSE i.answer END";
const REASONED: &str = "CASE i.kind WHEN 'pair' THEN COALESCE(i.reasoning || E'\\n\\n', '') || i.sql ELSE i.answer END";

const TOOL: &str = "[{\"type\":\"function\",\"function\":{\"name\":\"run_sql\",\"description\":\"Runs one SELECT \
     statement and returns its rows.\",\"parameters\":{\"type\":\"object\",\"properties\":{\"sql\":{\"type\":\
     \"string\"}},\"required\":[\"sql\"],\"additionalProperties\":false}}}]";

/// What is selected of a record, from nlsql.item `i` (and, in preference, its `rejected`): its line, or columns.
pub(crate) fn line(format: Format, options: &ExportOptions, prompt: &Prompt, db_id: &str) -> Result<String> {
    let layout = format.layout(options)?;
    if options.reasoning && !format.has_reasoning() {
        let known = FORMATS.iter().filter(|(f, _)| f.has_reasoning()).map(|(_, name)| *name).collect::<Vec<_>>();
        return Err(Error::invalid(format!("format \"{}\" has no place for reasoning", format.name()))
            .hint(format!("Formats with option reasoning are {}.", known.join(", "))));
    }
    let shape = Shape {
        prompt,
        question: if matches!(format, Format::Chat | Format::Sharegpt) { QUESTION } else { DIALOGUE },
        answer: if options.reasoning { REASONED } else { ANSWER },
    };
    let json = match format {
        Format::Nlsql => return Ok("i.line AS line".to_owned()),
        Format::Csv => return Ok(csv(db_id)),
        Format::Chat => shape.chat(options),
        Format::PromptCompletion if layout == "messages" => {
            let prompt = shape.messages(Json::default().raw("{\"prompt\":["));
            prompt.raw("],\"completion\":[").message("assistant", shape.answer).raw("]}")
        }
        Format::PromptCompletion => {
            let json = Json::default().raw("{\"prompt\":").text(&shape.whole()).raw(",\"completion\":");
            json.text(shape.answer).raw("}")
        }
        Format::Preference => shape.preference(layout),
        Format::Alpaca => {
            let json = Json::default().raw("{\"instruction\":").text(shape.question).raw(",\"input\":");
            let json = json.text(&shape.prompt.schema_sql()).raw(",\"output\":").text(shape.answer);
            json.raw(",\"system\":").constant(&shape.prompt.instruction).raw("}")
        }
        Format::Sharegpt => shape.sharegpt(),
        Format::Eval => shape.eval(layout, db_id),
        Format::Spider => spider(db_id),
        Format::Bird => bird(db_id),
    };
    Ok(format!("{} AS line", json.to_sql()))
}

impl Shape<'_> {
    /// Schema and question in one text.
    fn whole(&self) -> String {
        format!("{} || E'\\n\\n' || {}", self.prompt.system_sql(), self.question)
    }

    /// System message, what was said before, and the question.
    fn messages(&self, json: Json) -> Json {
        let json = json.raw("{\"role\":\"system\",\"content\":");
        let json = self.prompt.system(json).raw("},");
        let turns = "SELECT pg_catalog.string_agg(pg_catalog.json_build_object('role', t.v ->> 'role', 'content', \
             CASE WHEN t.n = pg_catalog.jsonb_array_length(i.turns) THEN (t.v ->> 'content') || COALESCE(E'\\n\\nHint: ' \
             || i.evidence, '') ELSE t.v ->> 'content' END)::text, ',' ORDER BY t.n) \
             FROM pg_catalog.jsonb_array_elements(i.turns) WITH ORDINALITY t(v, n)";
        let single = Json::default().message("user", self.question).to_sql();
        json.value(&format!("COALESCE(({turns}), {single})"))
    }

    fn chat(&self, options: &ExportOptions) -> Json {
        let json = self.messages(Json::default().raw("{\"messages\":[")).raw(",");
        if !options.tools {
            return json.message("assistant", self.answer).raw("]}");
        }
        let arguments = "pg_catalog.json_build_object('sql', i.sql)::text";
        let said = Json::default().raw("{\"role\":\"assistant\",");
        let said = if options.reasoning { said.raw("\"content\":").text("i.reasoning").raw(",") } else { said };
        let call = said
            .raw("\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"run_sql\",\"arguments\":")
            .text(arguments)
            .raw("}}]}")
            .to_sql();
        let words = Json::default().message("assistant", "i.answer").to_sql();
        json.value(&format!("CASE i.kind WHEN 'pair' THEN {call} ELSE {words} END"))
            .raw("],\"tools\":")
            .raw(TOOL)
            .raw(",\"parallel_tool_calls\":false}")
    }

    fn preference(&self, layout: &str) -> Json {
        let sides = ["i.sql", "i.rejected"];
        match layout {
            "messages" => {
                let json = self.messages(Json::default().raw("{\"prompt\":[")).raw("],\"chosen\":[");
                json.message("assistant", sides[0]).raw("],\"rejected\":[").message("assistant", sides[1]).raw("]}")
            }
            "openai" => {
                let json = self.messages(Json::default().raw("{\"input\":{\"messages\":["));
                let json = json.raw("],\"tools\":[],\"parallel_tool_calls\":true},\"preferred_output\":[");
                let json = json.message("assistant", sides[0]).raw("],\"non_preferred_output\":[");
                json.message("assistant", sides[1]).raw("]}")
            }
            "llamafactory" => {
                let json = Json::default().raw("{\"instruction\":").text(self.question).raw(",\"input\":");
                let json = json.text(&self.prompt.schema_sql()).raw(",\"chosen\":").text(sides[0]);
                let json = json.raw(",\"rejected\":").text(sides[1]);
                json.raw(",\"system\":").constant(&self.prompt.instruction).raw("}")
            }
            _ => {
                let json = Json::default().raw("{\"prompt\":").text(&self.whole()).raw(",\"chosen\":");
                json.text(sides[0]).raw(",\"rejected\":").text(sides[1]).raw("}")
            }
        }
    }

    fn sharegpt(&self) -> Json {
        let turns = "SELECT pg_catalog.string_agg(pg_catalog.json_build_object('from', CASE t.v ->> 'role' WHEN 'assistant' \
             THEN 'gpt' ELSE 'human' END, 'value', CASE WHEN t.n = pg_catalog.jsonb_array_length(i.turns) THEN \
             (t.v ->> 'content') || COALESCE(E'\\n\\nHint: ' || i.evidence, '') ELSE t.v ->> 'content' END)::text, ',' \
             ORDER BY t.n) FROM pg_catalog.jsonb_array_elements(i.turns) WITH ORDINALITY t(v, n)";
        let single = Json::default().raw("{\"from\":\"human\",\"value\":").text(self.question).raw("}").to_sql();
        let json = Json::default().raw("{\"conversations\":[").value(&format!("COALESCE(({turns}), {single})"));
        let json = json.raw(",{\"from\":\"gpt\",\"value\":").text(self.answer).raw("}],\"system\":");
        self.prompt.system(json).raw(",\"tools\":\"\"}")
    }

    fn eval(&self, layout: &str, db_id: &str) -> Json {
        let schema = self.prompt.schema_sql();
        match layout {
            "goldens" => {
                let json =
                    Json::default().raw("{\"input\":").text(self.question).raw(",\"expected_output\":").text("i.sql");
                let json = json.raw(",\"context\":[").text(&schema).raw("],\"additional_metadata\":{\"id\":").text(ID);
                let json = json.raw(",\"db_id\":").constant(db_id).raw(",\"difficulty\":").text("i.difficulty");
                json.raw(",\"phase\":").text("i.phase").raw("}}")
            }
            "vars" => {
                let json = Json::default().raw("{\"vars\":{\"question\":").text(self.question).raw(",\"schema\":");
                let json = json.text(&schema).raw("},\"assert\":[{\"type\":\"equals\",\"value\":").text("i.sql");
                let json = json.raw("}],\"metadata\":{\"id\":").text(ID).raw(",\"db_id\":").constant(db_id);
                json.raw(",\"difficulty\":").text("i.difficulty").raw("}}")
            }
            _ => {
                let json = Json::default().raw("{\"id\":").text(ID).raw(",\"db_id\":").constant(db_id);
                let json = json
                    .raw(",\"question\":")
                    .text("i.question")
                    .raw(",\"evidence\":")
                    .text("COALESCE(i.evidence, '')");
                let json = json.raw(",\"sql\":").text("i.sql").raw(",\"schema\":").text(&schema);
                let json = json.raw(",\"difficulty\":").text("i.difficulty").raw(",\"phase\":").text("i.phase");
                let json = json.raw(",\"tables\":").value("pg_catalog.to_json(i.tables)");
                // none were tried where nothing is proved: a null would have no type in a file that holds no other value
                let json = json.raw(",\"mutants\":").value("COALESCE(i.checks #>> '{mutation,mutants}', '0')");
                let json = json.raw(",\"told_apart\":").value("COALESCE(i.checks #>> '{mutation,told_apart}', '0')");
                json.raw(",\"result\":").text("COALESCE(i.result, '{}')::text").raw("}")
            }
        }
    }
}

/// The name of a record outside the database.
const ID: &str = "i.phase || '-' || i.slot";

/// Words and signs, as the public readers of that format cut them.
fn tokens(sql: &str) -> String {
    format!(
        "pg_catalog.to_json(ARRAY(SELECT m[1] FROM pg_catalog.regexp_matches({sql}, \
         '[[:alnum:]_]+|[^[:alnum:]_[:space:]]', 'g') m))"
    )
}

fn spider(db_id: &str) -> Json {
    let json = Json::default().raw("{\"db_id\":").constant(db_id).raw(",\"question\":").text("i.question");
    let json = json.raw(",\"question_toks\":").value(&tokens("i.question")).raw(",\"query\":").text("i.sql");
    let json = json.raw(",\"query_toks\":").value(&tokens("i.sql"));
    json.raw(",\"sql\":{},\"hardness\":").text("i.difficulty").raw("}")
}

/// Without its leading `question_id`, which counts over the file.
fn bird(db_id: &str) -> Json {
    let json = Json::default().raw("\"db_id\":").constant(db_id).raw(",\"question\":").text("i.question");
    let json = json.raw(",\"evidence\":").text("COALESCE(i.evidence, '')").raw(",\"SQL\":").text("i.sql");
    let level = "CASE i.difficulty WHEN 'easy' THEN 'simple' WHEN 'medium' THEN 'moderate' ELSE 'challenging' END";
    json.raw(",\"difficulty\":").text(level).raw("}")
}

/// Columns as sql-eval names them; the category is the first that fits.
fn csv(db_id: &str) -> String {
    format!(
        "i.question, i.sql AS query, {} AS db_name, CASE WHEN i.evidence IS NOT NULL THEN 'instruct' \
         WHEN i.sql ~ ' / ' THEN 'ratio' WHEN 'date_fn' = ANY (i.features) THEN 'date_functions' \
         WHEN 'group_by' = ANY (i.features) THEN 'group_by' WHEN 'order_by' = ANY (i.features) THEN 'order_by' \
         WHEN 'join' = ANY (i.features) THEN 'table_join' ELSE 'where' END AS query_category, \
         COALESCE(i.evidence, '') AS instructions",
        quote_literal(db_id)
    )
}

/// The gold SQL as evaluators of spider and bird read it: on one line, with its database.
pub(crate) fn gold(db_id: &str) -> String {
    format!(
        "pg_catalog.regexp_replace(i.sql, '[[:cntrl:]]+', ' ', 'g') || E'\\t' || {} AS line",
        quote_literal(&db_id.replace(|c: char| c.is_control(), " "))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_parse_by_name() {
        for (format, name) in FORMATS {
            assert_eq!(Format::parse(name), Ok(format));
            assert_eq!(format.name(), name);
        }
        let error = Format::parse("alpacca").unwrap_err();
        assert_eq!(error.message, "unknown format \"alpacca\"");
        assert!(error.hint.unwrap().starts_with("Did you mean \"alpaca\"?"));
        assert!(Format::parse_line("spider").unwrap_err().hint.unwrap().contains("export_dataset"));
    }

    #[test]
    fn fixed_parts_join_and_are_quoted() {
        let json =
            Json::default().raw("{\"a\":").raw("1,\"b\":").text("i.x").raw(",\"c\":").constant("it's \\ \n").raw("}");
        assert_eq!(
            json.to_sql(),
            "'{\"a\":1,\"b\":' || COALESCE((pg_catalog.to_json((i.x)::text))::text, 'null') || E',\"c\":\"it''s \\\\\\\\ \\\\n\"}'"
        );
    }

    #[test]
    fn a_layout_belongs_to_its_format() {
        let options = ExportOptions { layout: Some("openai".to_owned()), ..ExportOptions::default() };
        assert_eq!(Format::Preference.layout(&options), Ok("openai"));
        let error = Format::Chat.layout(&options).unwrap_err();
        assert_eq!(error.message, "format \"chat\" has no layout \"openai\"");
    }
}
