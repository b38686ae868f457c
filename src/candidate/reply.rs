//! A model's text becomes candidates. Models wrap JSON in fences, think aloud before it and talk after it; all that
//! is peeled off, and what then has the asked form is taken.

use super::{Candidate, Kind};
use serde_json::Value;

/// Candidates of one reply that are looked at.
const MANY: usize = 200;
/// Longer texts are no question.
const QUESTION_BYTES: usize = 4000;
const SQL_BYTES: usize = 64 * 1024;

/// Why a reply gave no candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Neither JSON nor fenced SQL in it.
    NoForm,
    /// JSON without the asked fields.
    WrongFields,
    /// The asked form, with nothing in it.
    Empty,
}

/// What was found, and how many entries were no candidate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parsed {
    pub candidates: Vec<Candidate>,
    pub dropped: usize,
}

pub(crate) fn candidates(text: &str, kind: Kind) -> Result<Parsed, Unusable> {
    let text = without_thoughts(text);
    let values = json_values(text);
    if values.is_empty() {
        return if kind == Kind::Pair { fenced_pairs(text) } else { Err(Unusable::NoForm) };
    }
    let mut parsed = Parsed { candidates: Vec::new(), dropped: 0 };
    let mut listed = false;
    for entry in values.iter().flat_map(|value| entries(value, &mut listed)).take(MANY) {
        match candidate(entry, kind) {
            Some(candidate) => parsed.candidates.push(candidate),
            None => parsed.dropped += 1,
        }
    }
    match (parsed.candidates.is_empty(), parsed.dropped, listed) {
        (false, ..) => Ok(parsed),
        (true, 0, true) => Err(Unusable::Empty),
        (true, ..) => Err(Unusable::WrongFields),
    }
}

/// The one object of a reply that is to be an object, such as a list of table sets.
pub(crate) fn object(text: &str) -> Option<Value> {
    json_values(without_thoughts(text)).into_iter().find(Value::is_object)
}

/// The text after the last end of a block of thoughts. One that never ends was cut off before any answer.
pub(crate) fn without_thoughts(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}').trim();
    for (open, close) in [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>")] {
        if let Some(end) = text.rfind(close) {
            return text[end + close.len()..].trim();
        }
        if text.starts_with(open) {
            return "";
        }
    }
    text
}

/// All top-level JSON objects and arrays in a text, in order; whatever stands around them is skipped.
fn json_values(text: &str) -> Vec<Value> {
    let mut values = Vec::new();
    let mut rest = text;
    // a bracket in prose costs one try each, so their number is bounded
    for _ in 0..64 {
        let Some(start) = rest.find(['{', '[']) else { break };
        let mut stream = serde_json::Deserializer::from_str(&rest[start..]).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                let end = start + stream.byte_offset();
                // `[1]` in prose is no answer
                if value.is_object() || value.as_array().is_some_and(|a| a.iter().any(Value::is_object) || a.is_empty())
                {
                    values.push(value);
                }
                rest = &rest[end..];
            }
            _ => rest = &rest[start + 1..],
        }
        if values.len() >= MANY {
            break;
        }
    }
    values
}

/// The entries of a value: of a list, of the first list of objects in an object, or the object itself.
fn entries<'a>(value: &'a Value, listed: &mut bool) -> Vec<&'a Value> {
    match value {
        Value::Array(items) => {
            *listed = true;
            items.iter().collect()
        }
        Value::Object(fields) => {
            let list = fields
                .values()
                .find_map(|v| v.as_array().filter(|items| items.is_empty() || items.iter().any(Value::is_object)));
            match list {
                Some(items) if !fields.contains_key("question") => {
                    *listed = true;
                    items.iter().collect()
                }
                _ => vec![value],
            }
        }
        _ => Vec::new(),
    }
}

fn candidate(entry: &Value, kind: Kind) -> Option<Candidate> {
    let field = |names: &[&str], most: usize| {
        let text = names.iter().find_map(|name| entry.get(name).and_then(Value::as_str))?.trim();
        let sound = !text.is_empty() && text.len() <= most && !text.contains('\0');
        sound.then(|| text.to_owned())
    };
    let question = field(&["question", "natural_language", "nl", "prompt"], QUESTION_BYTES)?;
    let mut candidate = Candidate {
        kind,
        question: Some(question),
        evidence: field(&["evidence"], QUESTION_BYTES),
        reasoning: field(&["reasoning", "explanation"], SQL_BYTES),
        ..Candidate::default()
    };
    match kind {
        Kind::Pair => candidate.sql = Some(clean_sql(&field(&["sql", "query", "sql_query"], SQL_BYTES)?)?),
        _ => candidate.answer = Some(field(&["answer", "response"], SQL_BYTES)?),
    }
    Some(candidate)
}

/// A statement without fence and trailing semicolon.
pub(crate) fn clean_sql(text: &str) -> Option<String> {
    let mut text = text.trim();
    if let Some(body) = text.strip_prefix("```") {
        let body = body.split_once('\n').map_or("", |(_, body)| body);
        text = body.trim().strip_suffix("```").unwrap_or(body).trim();
    }
    let text = text.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

/// Pairs from plain text: each fenced block is a statement, the last line of words before it the question.
fn fenced_pairs(text: &str) -> Result<Parsed, Unusable> {
    let mut parsed = Parsed { candidates: Vec::new(), dropped: 0 };
    let mut parts = text.split("```");
    let mut before = parts.next().unwrap_or("");
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        let (tag, body) = block.split_once('\n').unwrap_or(("", block));
        let sql = matches!(tag.trim().to_lowercase().as_str(), "" | "sql" | "postgresql" | "postgres" | "pgsql");
        let question = question_before(before);
        match (sql, question, clean_sql(body)) {
            (true, Some(question), Some(sql)) if !sql.contains('\0') && sql.len() <= SQL_BYTES => {
                parsed.candidates.push(Candidate { question: Some(question), sql: Some(sql), ..Candidate::default() });
            }
            _ => parsed.dropped += 1,
        }
        before = after;
    }
    if parsed.candidates.is_empty() { Err(Unusable::NoForm) } else { Ok(parsed) }
}

/// `1. **Question:** How many ..?` becomes `How many ..?`.
fn question_before(text: &str) -> Option<String> {
    let labels = ["sql", "query", "answer", "postgresql"];
    text.lines().rev().find_map(|line| {
        let line = line.trim().trim_start_matches(['#', '*', '-', ' ']);
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['.', ')', ':']);
        let line = line.replace("**", "");
        let line = line.trim();
        let lower = line.to_lowercase();
        let rest =
            ["question:", "q:"].iter().find_map(|l| lower.strip_prefix(l).map(|r| &line[line.len() - r.len()..]));
        let line = rest.unwrap_or(line).trim();
        let label = line.trim_end_matches(':').to_lowercase();
        let sound = line.contains(' ')
            && !labels.contains(&label.as_str())
            && line.len() <= QUESTION_BYTES
            && !line.contains('\0');
        sound.then(|| line.to_owned())
    })
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
