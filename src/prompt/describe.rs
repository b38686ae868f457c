//! The part of the schema that a prompt shows, as CREATE TABLE statements with comments, in as few words as the
//! token budget asks for.

use super::shapes::Shape;
use crate::error::Result;
use crate::llm::endpoint::Structured;
use crate::schema::model::{Column, Schema, Table, TableKind, quote_ident, quote_literal};
use crate::schema::relationships::Relationship;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// What may be shown of the data; keys are `schema.table` and `schema.table.column`, quoted as needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    /// Values that may stand in prompts and pairs.
    pub values: BTreeMap<String, Vec<String>>,
    /// Lowest and highest rounded threshold of numbers and dates.
    pub ranges: BTreeMap<String, (String, String)>,
    /// Anonymised rows.
    pub samples: BTreeMap<String, Vec<Value>>,
    pub kept: Kept,
}

/// Texts that most calls of a phase share: tables as they were described, by number and level, and system messages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    tables: RefCell<HashMap<(usize, usize), Rc<str>>>,
    systems: RefCell<HashMap<(Shape, Structured), Rc<str>>>,
}

impl Kept {
    fn table(&self, table: usize, level: usize, tell: impl FnOnce() -> String) -> Rc<str> {
        self.tables.borrow_mut().entry((table, level)).or_insert_with(|| tell().into()).clone()
    }

    pub fn system(&self, key: (Shape, Structured), render: impl FnOnce() -> Result<String>) -> Result<Rc<str>> {
        if let Some(text) = self.systems.borrow().get(&key) {
            return Ok(text.clone());
        }
        let text: Rc<str> = render()?.into();
        self.systems.borrow_mut().insert(key, text.clone());
        Ok(text)
    }
}

/// How much is told; each level says less.
#[derive(Debug, Clone, Copy)]
struct Level {
    comment_chars: usize,
    labels: usize,
    values: usize,
    samples: usize,
    checks: bool,
    not_null: bool,
    /// Columns a table, keys and references not counted.
    columns: usize,
}

const LEVELS: [Level; 6] = [
    Level { comment_chars: 200, labels: 40, values: 12, samples: 3, checks: true, not_null: true, columns: 400 },
    Level { comment_chars: 120, labels: 20, values: 6, samples: 1, checks: true, not_null: true, columns: 200 },
    Level { comment_chars: 60, labels: 12, values: 4, samples: 0, checks: false, not_null: true, columns: 80 },
    Level { comment_chars: 30, labels: 8, values: 2, samples: 0, checks: false, not_null: false, columns: 30 },
    Level { comment_chars: 0, labels: 6, values: 0, samples: 0, checks: false, not_null: false, columns: 12 },
    Level { comment_chars: 0, labels: 4, values: 0, samples: 0, checks: false, not_null: false, columns: 4 },
];

/// Tokens of a text by its bytes: more than any usual tokeniser makes of identifiers and English.
pub(crate) fn tokens(text: &str) -> usize {
    text.len().div_ceil(3)
}

/// The tables in the given order and the relationships between them, within `tokens_max`. Where even the shortest
/// form is too long, tables at the end are left out, but never the first `needed`.
pub(crate) fn describe(
    schema: &Schema,
    edges: &[Relationship],
    chosen: &[usize],
    needed: usize,
    notes: &Notes,
    tokens_max: usize,
) -> String {
    let mut text = String::new();
    let mut kept = chosen;
    loop {
        for level in 0..LEVELS.len() {
            text = whole(schema, edges, kept, notes, level);
            if tokens(&text) <= tokens_max {
                return text;
            }
        }
        if kept.len() <= needed.max(1) {
            return text;
        }
        kept = &kept[..kept.len() - 1];
    }
}

fn whole(schema: &Schema, edges: &[Relationship], chosen: &[usize], notes: &Notes, level: usize) -> String {
    let tables: Vec<&Table> = chosen.iter().filter_map(|i| schema.tables.get(*i)).collect();
    let tell = |i: &usize| {
        let table = schema.tables.get(*i)?;
        Some(notes.kept.table(*i, level, || table_text(table, edges, notes, LEVELS[level])))
    };
    let mut text: Vec<Rc<str>> = chosen.iter().filter_map(tell).collect();
    let inside = |name: &(String, String)| tables.iter().any(|t| t.schema == name.0 && t.name == name.1);
    let inferred: Vec<String> = edges
        .iter()
        .filter(|e| !e.declared && inside(&e.child) && inside(&e.parent))
        .map(|e| {
            let side = |name: &(String, String), columns: &[String]| {
                format!("{}.{} ({})", quote_ident(&name.0), quote_ident(&name.1), idents(columns))
            };
            format!("-- {} refers to {}", side(&e.child, &e.child_columns), side(&e.parent, &e.parent_columns))
        })
        .collect();
    if !inferred.is_empty() {
        text.push(format!("-- Not declared, but found in the data:\n{}", inferred.join("\n")).into());
    }
    text.join("\n\n")
}

fn table_text(table: &Table, edges: &[Relationship], notes: &Notes, level: Level) -> String {
    let name = table.qualified();
    let mut head = Vec::new();
    head.extend(short(table.comment.as_deref(), level.comment_chars));
    head.extend(rows(table));
    let kind = match table.kind {
        TableKind::View | TableKind::MaterializedView => "VIEW",
        _ => "TABLE",
    };
    let head = if head.is_empty() { String::new() } else { format!("-- {}\n", head.join("; ")) };
    let mut lines: Vec<(String, String)> = shown_columns(table, edges, level.columns)
        .into_iter()
        .map(|c| column_line(table, c, &name, notes, level))
        .collect();
    let left_out = table.columns.len() - lines.len();
    if let Some(key) = table.primary_key.as_ref().filter(|k| k.len() > 1) {
        lines.push((format!("PRIMARY KEY ({})", idents(key)), String::new()));
    }
    for unique in table.uniques.iter().filter(|u| u.len() > 1) {
        lines.push((format!("UNIQUE ({})", idents(unique)), String::new()));
    }
    for key in table.foreign_keys.iter().filter(|k| k.columns.len() > 1) {
        lines.push((format!("FOREIGN KEY ({}) {}", idents(&key.columns), references(key)), String::new()));
    }
    for check in table.checks.iter().filter(|_| level.checks) {
        lines.push((one_line(&check.definition, 200).into_owned(), String::new()));
    }
    let last = lines.len().saturating_sub(1);
    let body: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(i, (line, comment))| {
            let comma = if i < last { "," } else { "" };
            let comment = if comment.is_empty() { String::new() } else { format!("  -- {comment}") };
            format!("  {line}{comma}{comment}")
        })
        .collect();
    let more = if left_out > 0 { format!("  -- and {left_out} more columns\n") } else { String::new() };
    let samples: String = notes
        .samples
        .get(&name)
        .into_iter()
        .flatten()
        .take(level.samples)
        .map(|row| format!("\n-- row, made up: {}", one_line(&row.to_string(), 600)))
        .collect();
    format!("{head}CREATE {kind} {name} (\n{}\n{more});{samples}", body.join("\n"))
}

/// Key and reference columns always; of the others the first so many.
fn shown_columns<'a>(table: &'a Table, edges: &[Relationship], others: usize) -> Vec<&'a Column> {
    let mut left = others;
    table
        .columns
        .iter()
        .filter(|c| {
            let child = |e: &Relationship| e.child == (table.schema.clone(), table.name.clone());
            let key = table.primary_key.iter().flatten().any(|k| *k == c.name)
                || table.foreign_keys.iter().any(|k| k.columns.contains(&c.name))
                || edges.iter().any(|e| child(e) && e.child_columns.contains(&c.name));
            let shown = key || left > 0;
            if shown && !key {
                left -= 1;
            }
            shown
        })
        .collect()
}

fn column_line(table: &Table, column: &Column, name: &str, notes: &Notes, level: Level) -> (String, String) {
    let mut line = format!("{} {}", quote_ident(&column.name), column.type_name);
    let alone = |key: &[String]| key == [column.name.clone()];
    if table.primary_key.as_ref().is_some_and(|k| alone(k)) {
        line.push_str(" PRIMARY KEY");
    } else if table.uniques.iter().any(|k| alone(k)) {
        line.push_str(" UNIQUE");
    } else if column.not_null && level.not_null {
        line.push_str(" NOT NULL");
    }
    if let Some(key) = table.foreign_keys.iter().find(|k| alone(&k.columns)) {
        line.push_str(&format!(" {}", references(key)));
    }
    let mut comment = Vec::new();
    comment.extend(short(column.comment.as_deref(), level.comment_chars));
    let full = format!("{name}.{}", quote_ident(&column.name));
    if let Some(labels) = &column.labels {
        comment.push(listed("one of", labels, level.labels));
    } else if let Some(values) = notes.values.get(&full).filter(|_| level.values > 0) {
        comment.push(listed("values", values, level.values));
    }
    if let Some((low, high)) = notes.ranges.get(&full).filter(|_| level.values > 0) {
        comment.push(format!("from about {} to about {}", one_line(low, 40), one_line(high, 40)));
    }
    (line, comment.join("; "))
}

fn references(key: &crate::schema::model::ForeignKey) -> String {
    format!(
        "REFERENCES {}.{} ({})",
        quote_ident(&key.ref_schema),
        quote_ident(&key.ref_table),
        idents(&key.ref_columns)
    )
}

fn listed(word: &str, values: &[String], most: usize) -> String {
    let shown: Vec<String> = values.iter().take(most).map(|v| quote_literal(&one_line(v, 60))).collect();
    let more = if values.len() > most { ", .." } else { "" };
    format!("{word} {}{more}", shown.join(", "))
}

fn rows(table: &Table) -> Option<String> {
    let known = match &table.sampled {
        Some(sampled) if sampled.whole => sampled.rows as f64,
        _ => table.rows,
    };
    (known > 0.0).then(|| {
        // two digits are enough to know what is large, and do not change with every ANALYZE
        let unit = 10f64.powf((known.log10().floor() - 1.0).max(0.0));
        format!("about {} rows", (known / unit).round() * unit)
    })
}

fn idents(names: &[String]) -> String {
    names.iter().map(|n| quote_ident(n)).collect::<Vec<_>>().join(", ")
}

fn short(comment: Option<&str>, chars: usize) -> Option<String> {
    let text = comment.map(|c| one_line(c, chars))?;
    (chars > 0 && !text.is_empty()).then(|| text.into_owned())
}

/// A text from the database on one line, cut to a length: it stands in a comment and must not end it.
pub(crate) fn one_line(text: &str, chars: usize) -> Cow<'_, str> {
    // most are one line already
    let plain = |pair: &[u8]| pair[0].is_ascii_graphic() || (pair[0] == b' ' && pair[1].is_ascii_graphic());
    if text.len() <= chars
        && text.as_bytes().windows(2).all(plain)
        && text.trim_ascii().len() == text.len()
        && text.is_ascii()
    {
        return Cow::Borrowed(text);
    }
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let joined: String = joined.chars().filter(|c| !c.is_control()).collect();
    if joined.chars().count() <= chars {
        Cow::Owned(joined)
    } else {
        let cut: String = joined.chars().take(chars).collect();
        Cow::Owned(format!("{}..", cut.trim_end()))
    }
}

#[cfg(test)]
#[path = "describe_tests.rs"]
mod tests;
