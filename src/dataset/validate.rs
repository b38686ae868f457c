//! Checks a file of records as its reader would meet it: every line by itself, with the names of checks that trainers
//! know from the usual fine-tuning validators. Nothing of a record is repeated in a message.

use super::directory::tokens;
use super::format::Format;
use super::near::hash;
use super::options::parse_known;
use crate::error::{Error, Result};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::io::Read;
use std::{fmt, io};

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ValidateOptions {
    /// Findings after which the others are only counted.
    pub limit: u32,
    /// A record of more tokens, by estimate, is a warning.
    pub max_tokens: Option<u64>,
}

impl Default for ValidateOptions {
    fn default() -> ValidateOptions {
        ValidateOptions { limit: 1_000, max_tokens: None }
    }
}

impl ValidateOptions {
    pub fn parse(value: &Value) -> Result<ValidateOptions> {
        parse_known(value, &["limit", "max_tokens"], "limit")
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    /// None = of the whole file.
    pub line: Option<u64>,
    pub level: &'static str,
    pub check: &'static str,
    pub message: String,
}

pub(crate) struct Validator {
    format: Format,
    options: ValidateOptions,
    findings: Vec<Finding>,
    seen: HashSet<u64>,
    records: u64,
    errors: u64,
    warnings: u64,
    tokens: u64,
    tokens_most: u64,
}

/// The elements of an array, each let go before the next is read.
struct Elements<'a, P> {
    validator: &'a mut Validator,
    pause: P,
}

impl<'de, P: Fn()> Visitor<'de> for Elements<'_, P> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> std::result::Result<(), A::Error> {
        while let Some(record) = elements.next_element::<Value>()? {
            self.validator.records += 1;
            self.validator.record(self.validator.records, &record, hash(record.to_string().as_bytes()));
            (self.pause)();
        }
        Ok(())
    }
}

/// What is wrong with a record: check, message.
type Faults = Vec<(&'static str, String)>;

impl Validator {
    pub fn new(format: Format, options: ValidateOptions) -> Result<Validator> {
        if format == Format::Csv {
            return Err(
                Error::invalid("format \"csv\" has no validator").hint("COPY reads CSV: COPY t FROM .. CSV HEADER.")
            );
        }
        let findings = Vec::new();
        let seen = HashSet::new();
        Ok(Validator { format, options, findings, seen, records: 0, errors: 0, warnings: 0, tokens: 0, tokens_most: 0 })
    }

    /// One line without its end.
    pub fn line(&mut self, number: u64, bytes: &[u8]) {
        self.records += 1;
        let Ok(text) = std::str::from_utf8(bytes) else { return self.error(number, "utf8", "is not UTF-8") };
        if text.trim().is_empty() {
            return self.error(number, "blank", "has no record");
        }
        match serde_json::from_str(text) {
            Ok(value) => self.record(number, &value, hash(bytes)),
            Err(e) => {
                self.error(number, "json", &format!("is not JSON: {:?} error at column {}", e.classify(), e.column()))
            }
        }
    }

    /// A whole file that is one array, read element by element; `pause` is called between them.
    pub fn array(&mut self, input: impl Read, pause: impl Fn()) -> io::Result<()> {
        let mut reader = serde_json::Deserializer::from_reader(input);
        let read = reader.deserialize_seq(Elements { validator: self, pause }).and_then(|()| reader.end());
        match read {
            Err(e) if e.is_io() => return Err(e.into()),
            Err(e) => self.error(e.line() as u64, "json", &format!("is not JSON: {:?} error", e.classify())),
            Ok(()) => {}
        }
        Ok(())
    }

    fn record(&mut self, number: u64, value: &Value, hash: u64) {
        let Value::Object(record) = value else { return self.error(number, "data_type", "is no JSON object") };
        let (mut errors, mut warnings) = (Faults::new(), Faults::new());
        match self.format {
            Format::Nlsql => native(record, &mut errors),
            Format::Chat => chat(record, &mut errors, &mut warnings),
            Format::Sharegpt => conversations(record, &mut errors),
            Format::Preference => preference(record, &mut errors),
            Format::PromptCompletion => sides(record, &["prompt", "completion"], &mut errors),
            Format::Alpaca => {
                texts(record, &["instruction", "output"], &mut errors);
                strings(record, &["input", "system"], &mut errors);
            }
            Format::Eval => eval(record, &mut errors),
            Format::Spider => texts(record, &["db_id", "question", "query"], &mut errors),
            Format::Bird => {
                texts(record, &["db_id", "question", "SQL", "difficulty"], &mut errors);
                strings(record, &["evidence"], &mut errors);
            }
            Format::Csv => {}
        }
        if !self.seen.insert(hash) {
            warnings.push(("duplicate", "is the same as an earlier record".to_owned()));
        }
        let count = tokens(text_bytes(value));
        self.tokens += count;
        self.tokens_most = self.tokens_most.max(count);
        if let Some(most) = self.options.max_tokens.filter(|most| count > *most) {
            warnings.push(("tokens", format!("about {count} tokens, more than {most}")));
        }
        for (check, message) in errors {
            self.error(number, check, &message);
        }
        for (check, message) in warnings {
            self.warnings += 1;
            self.add(number, "warning", check, message);
        }
    }

    fn error(&mut self, line: u64, check: &'static str, message: &str) {
        self.errors += 1;
        self.add(line, "error", check, message.to_owned());
    }

    fn add(&mut self, line: u64, level: &'static str, check: &'static str, message: String) {
        if self.findings.len() < self.options.limit as usize {
            self.findings.push(Finding { line: Some(line), level, check, message });
        }
    }

    /// Findings, and the sums.
    pub fn finish(mut self) -> Vec<Finding> {
        let sums = [
            ("records", self.records),
            ("errors", self.errors),
            ("warnings", self.warnings),
            ("tokens", self.tokens),
            ("tokens_longest", self.tokens_most),
        ];
        let sum = |(check, n): (&'static str, u64)| Finding { line: None, level: "sum", check, message: n.to_string() };
        self.findings.extend(sums.map(sum));
        self.findings
    }
}

/// Bytes of all texts in a value: what a tokeniser will see of it, more or less.
fn text_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(map) => map.values().map(text_bytes).sum(),
        _ => 0,
    }
}

fn filled(value: Option<&Value>) -> bool {
    value.and_then(Value::as_str).is_some_and(|t| !t.is_empty())
}

/// Texts that must be there and not empty.
fn texts(record: &Map<String, Value>, keys: &[&str], faults: &mut Faults) {
    for key in keys.iter().filter(|k| !filled(record.get(**k))) {
        faults.push(("missing_text", format!("\"{key}\" is no text, or empty")));
    }
}

/// Texts that may be empty.
fn strings(record: &Map<String, Value>, keys: &[&str], faults: &mut Faults) {
    for key in keys.iter().filter(|k| record.get(**k).is_some_and(|v| !v.is_string())) {
        faults.push(("text_type", format!("\"{key}\" is no text")));
    }
}

fn native(record: &Map<String, Value>, faults: &mut Faults) {
    match record.get("kind").and_then(Value::as_str) {
        Some("pair") => texts(record, &["question", "sql", "skeleton"], faults),
        Some("qa" | "relationship") => texts(record, &["question", "answer"], faults),
        Some("row") if record.get("rows").is_some_and(Value::is_object) => {}
        Some("row") => faults.push(("missing_rows", "a row has no object \"rows\"".to_owned())),
        _ => faults.push(("kind", "\"kind\" is none of pair, qa, row, relationship".to_owned())),
    }
    texts(record, &["phase"], faults);
    if record.get("slot").and_then(Value::as_i64).is_none() {
        faults.push(("slot", "\"slot\" is no number".to_owned()));
    }
}

fn chat(record: &Map<String, Value>, errors: &mut Faults, warnings: &mut Faults) {
    let Some(messages) = record.get("messages").and_then(Value::as_array).filter(|m| !m.is_empty()) else {
        return errors.push(("missing_messages_list", "has no list \"messages\"".to_owned()));
    };
    for key in record.keys().filter(|k| !["messages", "tools", "parallel_tool_calls"].contains(&k.as_str())) {
        errors.push(("unrecognized_key", format!("has the key \"{}\"", short(key))));
    }
    messages.iter().for_each(|message| one_message(message, errors));
    let has = |role: &str| messages.iter().any(|m| m["role"] == role);
    if !has("assistant") {
        errors.push(("example_missing_assistant_message", "no message is the assistant's".to_owned()));
    }
    if !has("system") && !has("developer") {
        warnings.push(("missing_system", "no message is the system's".to_owned()));
    }
    if !has("user") {
        warnings.push(("missing_user", "no message is the user's".to_owned()));
    }
}

const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];
const MESSAGE_KEYS: [&str; 7] = ["role", "content", "name", "function_call", "tool_calls", "tool_call_id", "weight"];

fn one_message(message: &Value, errors: &mut Faults) {
    let Value::Object(message) = message else {
        return errors.push(("message_missing_key", "a message is no object".to_owned()));
    };
    let calls = message.contains_key("tool_calls") || message.contains_key("function_call");
    if !message.contains_key("role") || !(calls || message.contains_key("content")) {
        errors.push(("message_missing_key", "a message has no role, or no content".to_owned()));
    }
    for key in message.keys().filter(|k| !MESSAGE_KEYS.contains(&k.as_str())) {
        errors.push(("message_unrecognized_key", format!("a message has the key \"{}\"", short(key))));
    }
    if !message.get("role").and_then(Value::as_str).is_some_and(|r| ROLES.contains(&r)) {
        errors.push(("unrecognized_role", format!("a message's role is none of {}", ROLES.join(", "))));
    }
    if !calls && !filled(message.get("content")) {
        errors.push(("missing_content", "a message's content is no text, or empty".to_owned()));
    }
    for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        if serde_json::from_str::<Map<String, Value>>(arguments).is_err() || !filled(call.get("id")) {
            errors.push(("tool_call", "a tool call has no id, or arguments that are no JSON text".to_owned()));
        }
    }
}

fn conversations(record: &Map<String, Value>, errors: &mut Faults) {
    let Some(turns) = record.get("conversations").and_then(Value::as_array).filter(|t| !t.is_empty()) else {
        return errors.push(("missing_messages_list", "has no list \"conversations\"".to_owned()));
    };
    for (turn, speaker) in turns.iter().zip(["human", "gpt"].iter().cycle()) {
        if turn["from"] != *speaker {
            errors.push(("unrecognized_role", "turns do not change from human to gpt and back".to_owned()));
        }
        if !filled(turn.get("value")) {
            errors.push(("missing_content", "a turn's value is no text, or empty".to_owned()));
        }
    }
    if turns.len() % 2 == 1 {
        errors.push(("example_missing_assistant_message", "the last turn is not gpt's".to_owned()));
    }
    strings(record, &["system", "tools"], errors);
}

/// Texts throughout, or lists of messages throughout.
fn sides(record: &Map<String, Value>, keys: &[&str], errors: &mut Faults) {
    if keys.iter().any(|k| record.get(*k).is_some_and(Value::is_array)) {
        for key in keys {
            match record.get(*key).and_then(Value::as_array).filter(|m| !m.is_empty()) {
                Some(messages) => messages.iter().for_each(|m| one_message(m, errors)),
                None => errors.push(("mixed", format!("\"{key}\" is no list of messages, and another is"))),
            }
        }
    } else {
        texts(record, keys, errors);
    }
}

fn preference(record: &Map<String, Value>, errors: &mut Faults) {
    let (prompt, better, worse) = if record.contains_key("preferred_output") {
        (record.get("input").and_then(Value::as_object), "preferred_output", "non_preferred_output")
    } else {
        (None, "chosen", "rejected")
    };
    match prompt {
        Some(input) => {
            let (mut all, both) = (input.clone(), [better, worse]);
            both.iter().for_each(|k| drop(all.insert((*k).to_owned(), record.get(*k).cloned().unwrap_or_default())));
            sides(&all, &["messages", better, worse], errors);
        }
        None if record.contains_key("instruction") => texts(record, &["instruction", better, worse], errors),
        None => sides(record, &["prompt", better, worse], errors),
    }
    if record.get(better) == record.get(worse) {
        errors.push(("no_preference", "both sides are the same".to_owned()));
    }
}

fn eval(record: &Map<String, Value>, errors: &mut Faults) {
    if record.contains_key("expected_output") {
        return texts(record, &["input", "expected_output"], errors);
    }
    match record.get("vars").and_then(Value::as_object) {
        Some(vars) => {
            texts(vars, &["question"], errors);
            let asserts = record.get("assert").and_then(Value::as_array);
            if !asserts.is_some_and(|a| !a.is_empty() && a.iter().all(|a| filled(a.get("type")))) {
                errors.push(("missing_assert", "has no list \"assert\" of typed checks".to_owned()));
            }
        }
        None => texts(record, &["id", "db_id", "question", "sql"], errors),
    }
}

/// A key that may be anything.
fn short(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
