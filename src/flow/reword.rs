//! Engine `reword`: the composer's SQL with a question in the model's words. Which wording is kept is decided by a
//! rule that needs no model: it says every constant, shows no identifier, and is no copy.

use super::machine::Flow;
use crate::candidate::{Candidate, reply};
use crate::schema::model::Schema;
use serde_json::Value;

impl Flow {
    /// Drafts that have no accepted wording yet.
    pub(super) fn open_drafts(&self) -> Vec<&Candidate> {
        let done = |draft: &Candidate| self.accepted.iter().any(|a| a.candidate.sql == draft.sql);
        self.spec.drafts.iter().filter(|d| !done(d)).collect()
    }

    /// Other drafts in the place of the open ones.
    pub(super) fn take_drafts(&mut self, drafts: Vec<Candidate>) {
        let worded: Vec<Option<String>> = self.accepted.iter().map(|a| a.candidate.sql.clone()).collect();
        self.spec.drafts.retain(|d| worded.contains(&d.sql));
        self.spec.drafts.extend(drafts);
    }

    /// For each open draft the first wording that keeps the rule.
    pub(super) fn reworded(&self, text: &str) -> Option<Vec<Candidate>> {
        let value = reply::object(text)?;
        let list = value.get("questions")?.as_array()?;
        let field = |entry: &Value, name: &str| {
            let text = entry.get(name).and_then(Value::as_str)?.trim();
            (!text.is_empty() && text.len() <= 2000 && !text.contains('\0')).then(|| text.to_owned())
        };
        let mut kept = Vec::new();
        for (number, draft) in self.open_drafts().into_iter().enumerate() {
            let of_draft = list.iter().filter(|e| e.get("number").and_then(Value::as_u64) == Some(number as u64 + 1));
            let sound = of_draft
                .filter_map(|e| Some((field(e, "question")?, field(e, "evidence"))))
                .find(|(q, evidence)| keeps(draft, q, evidence.as_deref(), &self.setup.schema));
            if let Some((question, evidence)) = sound {
                kept.push(Candidate {
                    question: Some(question),
                    evidence: evidence.or_else(|| draft.evidence.clone()),
                    ..draft.clone()
                });
            }
        }
        Some(kept)
    }
}

/// Tables that a statement names, by their qualified name or, where no search path is needed, their bare one.
pub(super) fn tables_in(sql: &str, schema: &Schema) -> Vec<usize> {
    let named = |name: &str| {
        sql.match_indices(name).any(|(at, _)| {
            let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"');
            !word(sql[..at].chars().next_back()) && !word(sql[at + name.len()..].chars().next())
        })
    };
    let tables = schema.tables.iter().enumerate();
    tables
        .filter(|(_, t)| named(&t.qualified()) || named(&format!(" {}", crate::schema::model::quote_ident(&t.name))))
        .map(|(i, _)| i)
        .collect()
}

fn keeps(draft: &Candidate, question: &str, evidence: Option<&str>, schema: &Schema) -> bool {
    let said = format!("{question} {}", evidence.unwrap_or("")).to_lowercase();
    let template = draft.question.as_deref().unwrap_or("").to_lowercase();
    // a constant that the plain question words differently ("in March 2024") need not stand there as it is
    let told =
        literals(draft.sql.as_deref().unwrap_or("")).into_iter().filter(|l| template.contains(&l.to_lowercase()));
    told.into_iter().all(|l| said.contains(&l.to_lowercase()) || spelled(&l).is_some_and(|w| said.contains(w)))
        && !shows_identifier(question, &template, schema)
        && words(&template) != words(question)
}

/// Small numbers may be written out.
fn spelled(number: &str) -> Option<&'static str> {
    const NAMES: [&str; 13] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    number.parse::<usize>().ok().and_then(|n| NAMES.get(n).copied())
}

/// A name with an underscore is never a person's word, unless the plain question has it too (a value, say).
fn shows_identifier(question: &str, template: &str, schema: &Schema) -> bool {
    let columns = schema.tables.iter().flat_map(|t| t.columns.iter().map(|c| c.name.as_str()));
    let tables = schema.tables.iter().map(|t| t.name.as_str());
    let lower = question.to_lowercase();
    tables.chain(columns).filter(|n| n.contains('_')).any(|name| {
        let name = name.to_lowercase();
        lower.contains(&name) && !template.contains(&name)
    })
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// String and number constants of a statement, each once, in order. Keywords' own numbers (LIMIT 5) count too: they
/// have to be said.
pub(super) fn literals(sql: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let chars: Vec<char> = sql.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        let mut value = String::new();
        match chars[i] {
            '\'' => {
                i += 1;
                while i < chars.len() {
                    if chars[i] == '\'' {
                        if chars.get(i + 1) != Some(&'\'') {
                            break;
                        }
                        i += 1;
                    }
                    value.push(chars[i]);
                    i += 1;
                }
            }
            '"' => {
                i += 1;
                while i < chars.len() && chars[i] != '"' {
                    i += 1;
                }
            }
            c if c.is_ascii_digit() => {
                while i < chars.len() && (chars[i].is_ascii_digit() || chars[i] == '.') {
                    value.push(chars[i]);
                    i += 1;
                }
                i -= 1;
            }
            c if c.is_alphabetic() || c == '_' => {
                while i + 1 < chars.len() && (chars[i + 1].is_alphanumeric() || chars[i + 1] == '_') {
                    i += 1;
                }
            }
            _ => {}
        }
        let value = value.trim().trim_matches('%').to_owned();
        if !value.is_empty() && !found.contains(&value) {
            found.push(value);
        }
        i += 1;
    }
    found
}

#[cfg(test)]
#[path = "reword_tests.rs"]
mod tests;
