//! The messages of a call: what each phase's templates are given.

use super::describe::{Notes, describe, one_line, tokens};
use super::shapes::Shape;
use super::templates::Templates;
use crate::error::Result;
use crate::llm::endpoint::Structured;
use crate::llm::wire::{Message, Role};
use crate::schema::model::Schema;
use crate::schema::relationships::Relationship;
use minijinja::value::{Serde, Value};
use serde::Serialize;
use std::borrow::Cow;
use std::rc::Rc;

/// Questions named as asked before.
const SEEN_MAX: usize = 30;
/// Room kept for the words of a template around the schema.
const FRAME_TOKENS: usize = 300;

/// What is known of the database, and how it is spoken of.
pub(crate) struct Subject<'a> {
    pub schema: &'a Schema,
    pub edges: &'a [Relationship],
    pub notes: &'a Notes,
    pub templates: &'a Templates,
    pub values_shown: bool,
    pub tokens_max: usize,
}

/// What an earlier call asked, and what of the answer was accepted.
pub(crate) type Turn = (String, String);

/// What a call asks for. Fields that a template does not name are no harm.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Ask {
    pub count: u32,
    /// Numbers of the tables shown; the first `needed` are never left out.
    #[serde(skip)]
    pub shown: Vec<usize>,
    #[serde(skip)]
    pub needed: usize,
    pub min_tables: u32,
    pub max_tables: u32,
    #[serde(skip)]
    pub seen: Vec<Rc<str>>,
    pub difficulty: Option<String>,
    pub style: Option<String>,
    pub style_hint: Option<String>,
    pub theme: Option<String>,
    pub function: Option<String>,
    pub question: Option<String>,
    /// Statements, refusals or drafts that the template lists.
    pub items: Vec<serde_json::Value>,
    pub candidates: Vec<serde_json::Value>,
}

#[derive(Serialize)]
struct Context<'a> {
    #[serde(flatten)]
    ask: &'a Ask,
    /// The last ones asked before, a line each.
    seen: Vec<Cow<'a, str>>,
    database: &'a str,
    version: String,
    schema_text: &'a str,
    overview: &'a str,
    tables: Vec<String>,
    values_shown: bool,
    /// The model works with tools.
    tools: bool,
    /// The form of the reply in words; none where the server is given a schema.
    form: Option<&'static str>,
}

/// What earlier exchanges may take of a prompt.
pub(crate) fn history_tokens(tokens_max: usize) -> usize {
    tokens_max / 4
}

impl Subject<'_> {
    /// Renders one template of an ask.
    pub fn render(
        &self,
        template: &str,
        ask: &Ask,
        shape: Shape,
        structured: Structured,
        schema_tokens: usize,
    ) -> Result<String> {
        let schema_text = if ask.shown.is_empty() {
            String::new()
        } else {
            describe(self.schema, self.edges, &ask.shown, ask.needed, self.notes, schema_tokens)
        };
        let overview = if template == "table_sets" { self.overview(schema_tokens) } else { String::new() };
        let first = ask.seen.len().saturating_sub(SEEN_MAX);
        let needed = ask.shown.iter().take(ask.needed.max(1));
        let context = Context {
            tables: needed.filter_map(|i| self.schema.tables.get(*i)).map(|t| t.qualified()).collect(),
            ask,
            seen: ask.seen[first..].iter().map(|q| one_line(q, 200)).collect(),
            database: &self.schema.database,
            version: (self.schema.server_version / 10_000).to_string(),
            schema_text: &schema_text,
            overview: &overview,
            values_shown: self.values_shown,
            tools: structured == Structured::Tools,
            form: match structured {
                Structured::JsonObject | Structured::Text => Some(shape.example()),
                _ => None,
            },
        };
        self.templates.render(template, &Value::from(Serde(&context)))
    }

    /// A system message, earlier exchanges, and the ask. Earlier exchanges have a quarter of the room, the newest
    /// first to stay; the schema has what is left.
    pub fn messages(
        &self,
        template: &str,
        ask: &Ask,
        shape: Shape,
        structured: Structured,
        history: &[Rc<Turn>],
    ) -> Result<Vec<Message>> {
        let render = || self.render("system", &Ask::default(), shape, structured, 0);
        let system = self.notes.kept.system((shape, structured), render)?;
        let mut messages = vec![Message::new(Role::System, &*system)];
        let mut room = history_tokens(self.tokens_max);
        let mut kept = Vec::new();
        for turn in history.iter().rev() {
            let cost = tokens(&turn.0) + tokens(&turn.1);
            if cost > room {
                break;
            }
            room -= cost;
            kept.push(turn);
        }
        for turn in kept.into_iter().rev() {
            messages.push(Message::new(Role::User, turn.0.as_str()));
            messages.push(Message::new(Role::Assistant, turn.1.as_str()));
        }
        let spent: usize = messages.iter().map(|m| tokens(&m.content)).sum();
        let seen: usize = ask.seen.iter().rev().take(SEEN_MAX).map(|q| tokens(q) + 2).sum();
        let items: usize = ask.items.iter().chain(&ask.candidates).map(|i| tokens(&i.to_string())).sum();
        let left = self.tokens_max.saturating_sub(spent + seen + items + FRAME_TOKENS);
        messages.push(Message::new(Role::User, self.render(template, ask, shape, structured, left)?));
        Ok(messages)
    }

    /// Every subject in a line with its columns, shorter where there are many.
    fn overview(&self, tokens_max: usize) -> String {
        let subjects = super::choice::subjects(self.schema);
        let near = super::choice::neighbours(self.schema, self.edges);
        let mut text = String::new();
        for columns in [12usize, 6, 3, 0] {
            let lines: Vec<String> = subjects.iter().map(|i| self.overview_line(*i, columns, &near[*i])).collect();
            text = lines.join("\n");
            if tokens(&text) <= tokens_max {
                return text;
            }
        }
        // a schema of thousands: those with relationships, as many as fit
        let mut kept = String::new();
        for i in subjects.iter().filter(|i| !near[**i].is_empty()) {
            let line = self.overview_line(*i, 0, &near[*i]);
            if tokens(&kept) + tokens(&line) + 1 > tokens_max {
                break;
            }
            kept.push_str(&line);
            kept.push('\n');
        }
        if kept.is_empty() { text } else { kept }
    }

    fn overview_line(&self, table: usize, columns: usize, near: &[usize]) -> String {
        let table = &self.schema.tables[table];
        let names: Vec<&str> = table.columns.iter().take(columns).map(|c| c.name.as_str()).collect();
        let columns = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        let near: Vec<String> = near.iter().take(8).map(|i| self.schema.tables[*i].qualified()).collect();
        let near = if near.is_empty() { String::new() } else { format!(", related to {}", near.join(", ")) };
        let comment = table.comment.as_deref().map(|c| format!(": {}", one_line(c, 80))).unwrap_or_default();
        format!("- {}{columns}{near}{comment}", table.qualified())
    }
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
