//! Faking the rows of one table: texts first, all of a batch at once, then row by row into JSON.

use super::class::Kind;
use super::document;
use super::key::{Domain, Key};
use super::originals::{OriginalSet, Originals, fold_into, half};
use super::rows::Rows;
use super::rule::{Form, Guard, Method, Plan, Rule};
use super::stock::{Make, Screen, Stock};
use super::texts::Texts;
use super::{moment, number, query, steps};
use crate::error::Result;
use serde_json::Value;
use std::collections::HashMap;

pub(crate) struct Session {
    key: Key,
    plan: Plan,
    domains: Vec<Domain>,
    stocks: Vec<Stock>,
    /// Stock of each rule that needs one.
    of_rule: Vec<Option<usize>>,
    /// Stocks of texts inside documents.
    of_leaf: HashMap<Kind, usize>,
    screen: Screen,
    /// Columns of moments that are faked together.
    steps: Vec<usize>,
    /// `"name": ` of each rule.
    names: Vec<String>,
    /// The rules in the order in which the server keeps an object's keys, which it then need not sort.
    order: Vec<usize>,
    /// The memory of [`Batch`]'s.
    numbers: Vec<u32>,
}

/// A value as the server gave it, documents and arrays as JSON; rows have one for each rule.
pub(crate) type Cell<'a> = Option<&'a str>;

/// What was made of a batch's values before they are written.
struct Batch {
    /// Of each value the number of its fake in its stock, or of itself among the documents.
    numbers: Vec<u32>,
    documents: Vec<Value>,
}

/// The number of what is no JSON, although it was asked for: it is not passed on.
const BROKEN: u32 = u32::MAX;

impl Session {
    pub(crate) fn new(key: Key, plan: Plan) -> Session {
        let mut session = Session {
            domains: plan.rules.iter().map(|r| key.domain(&r.domain)).collect(),
            of_rule: Vec::new(),
            stocks: Vec::new(),
            of_leaf: HashMap::new(),
            screen: Screen::default(),
            steps: steps::columns(&plan.rules),
            names: plan.rules.iter().map(|r| format!("{}: ", Value::String(r.name.clone()))).collect(),
            order: in_order(&plan.rules),
            numbers: Vec::new(),
            key,
            plan,
        };
        for rule in &session.plan.rules {
            let made = make(&rule.method).map(|make| {
                let mut stock = Stock::new(make, session.key.domain(&rule.domain), rule.guard.clone());
                stock.locale = session.plan.locale;
                stock.limit = rule.limit;
                stock.length = rule.length;
                stock.formats = rule.formats.clone();
                stock.token = rule.token;
                // codes of one shape are drawn one to one, whether a key says so or not
                stock.unique = rule.unique || stock.make == Make::Shape;
                stock.fleeting = rule.fleeting && is_stocked(&rule.method) && stock.is_steady();
                session.stocks.push(stock);
                session.stocks.len() - 1
            });
            session.of_rule.push(made);
        }
        session
    }

    /// What must not come out again, where the rows are the whole table.
    pub(crate) fn originals(&self, rows: &Rows) -> OriginalSet {
        let guarded = self.plan.rules.iter().filter(|r| query::is_guarded(r)).count();
        let mut set = OriginalSet::of_size(rows.len() * guarded);
        let mut folded = String::new();
        // by columns: what one asks for lies close together
        for (i, rule) in self.plan.rules.iter().enumerate().filter(|(_, r)| query::is_guarded(r)) {
            let mut halves = Vec::with_capacity(rows.len());
            let mut add = |text: &str| {
                folded.clear();
                fold_into(&mut folded, text);
                halves.push(half(&folded));
            };
            for cell in rows.column(i) {
                match is_json(rule) {
                    true => _ = serde_json::from_str(cell).map(|value| each_text(&value, &mut add)),
                    false => add(cell),
                }
            }
            set.add(halves);
        }
        set
    }

    /// Adds one JSON object a row of the texts.
    pub(crate) fn rows(&mut self, texts: &Texts, originals: &mut dyn Originals, out: &mut Texts) -> Result<()> {
        let width = self.plan.rules.len();
        if width == 0 {
            return Ok(());
        }
        let mut batch = Batch { numbers: std::mem::take(&mut self.numbers), documents: Vec::new() };
        batch.numbers.clear();
        batch.numbers.resize(texts.len(), 0);
        self.stocks.iter_mut().for_each(Stock::forget);
        for column in 0..width {
            self.want(column, width, texts, &mut batch);
        }
        self.screen.settle(&mut self.stocks, originals)?;
        let mut row: Vec<Cell<'_>> = Vec::with_capacity(width);
        for (i, numbers) in batch.numbers.chunks(width).enumerate() {
            row.clear();
            row.extend((i * width..(i + 1) * width).map(|cell| texts.get(cell)));
            out.write(|out| self.write(&row, numbers, &batch.documents, out));
        }
        self.numbers = batch.numbers;
        Ok(())
    }

    /// Makes the fakes that a column needs.
    fn want(&mut self, column: usize, width: usize, texts: &Texts, batch: &mut Batch) {
        let stock = self.of_rule[column];
        let cells = (column..texts.len()).step_by(width).map(|cell| texts.get(cell));
        let numbers = batch.numbers.iter_mut().skip(column).step_by(width);
        let given = cells.zip(numbers).filter_map(|(cell, number)| cell.map(|text| (text, number)));
        if !is_json(&self.plan.rules[column]) {
            let Some(at) = stock else { return };
            given.for_each(|(text, number)| *number = self.stocks[at].want(text));
            return;
        }
        for (text, number) in given {
            *number = BROKEN;
            let Ok(value) = serde_json::from_str(text) else { continue };
            match self.plan.rules[column].method {
                Method::Document { person } => self.want_leaves(column, person, &value),
                _ => each_text(&value, &mut |text| {
                    if let Some(at) = stock {
                        self.stocks[at].want(text);
                    }
                }),
            }
            *number = batch.documents.len() as u32;
            batch.documents.push(value);
        }
    }

    fn want_leaves(&mut self, column: usize, person: bool, value: &Value) {
        let mut leaves = Vec::new();
        document::visit(value, &self.plan.rules[column].name, person, &mut |leaf| leaves.push(leaf));
        for (kind, text) in leaves {
            let at = self.leaf(kind);
            self.stocks[at].want(text);
        }
    }

    fn leaf(&mut self, kind: Kind) -> usize {
        if let Some(at) = self.of_leaf.get(&kind) {
            return *at;
        }
        let make = match kind {
            Kind::OpaqueKey | Kind::Code | Kind::NationalId | Kind::Account | Kind::IntegerKey => Make::Shape,
            kind => Make::Text(kind),
        };
        let mut stock = Stock::new(make, self.key.domain(&format!("kind {}", kind.word())), Guard::Table);
        stock.locale = self.plan.locale;
        self.stocks.push(stock);
        self.of_leaf.insert(kind, self.stocks.len() - 1);
        self.stocks.len() - 1
    }

    fn write(&self, row: &[Cell<'_>], numbers: &[u32], documents: &[Value], out: &mut String) {
        let steps = steps::fakes(&self.steps, row, &self.plan.rules, &self.domains);
        let mut separator = "{";
        for i in self.order.iter().copied() {
            let rule = &self.plan.rules[i];
            out.push_str(separator);
            separator = ", ";
            out.push_str(&self.names[i]);
            match (row[i], steps.iter().find(|(at, _)| *at == i)) {
                (_, Some((_, fake))) => push_text(out, fake),
                (None, _) => out.push_str("null"),
                (Some(_), _) if is_json(rule) => match documents.get(numbers[i] as usize) {
                    Some(value) => self.document(i, value, rule, row, out),
                    None => out.push_str("null"),
                },
                (Some(text), _) => self.value(i, text, numbers[i], row, out),
            }
        }
        out.push_str(if separator == "{" { "{}" } else { "}" });
    }

    /// Writes the fake as JSON.
    fn value(&self, i: usize, text: &str, number: u32, row: &[Cell<'_>], out: &mut String) {
        let rule = &self.plan.rules[i];
        if is_stocked(&rule.method) {
            return match self.of_rule[i] {
                Some(at) => push(out, self.stocks[at].at(number), rule.form),
                None => out.push_str("null"),
            };
        }
        match self.text(i, text, &rule.method, row) {
            Some(fake) => push(out, &fake, rule.form),
            None => out.push_str("null"),
        }
    }

    fn document(&self, i: usize, value: &Value, rule: &Rule, row: &[Cell<'_>], out: &mut String) {
        let fake = match &rule.method {
            Method::Document { person } => {
                let mut text = |(kind, t): document::Leaf<'_>| match self.of_leaf.get(&kind) {
                    Some(at) => self.stocks[*at].get(t).to_owned(),
                    None => "***".to_owned(),
                };
                document::replace(value, &rule.name, *person, &self.domains[i], &mut text)
            }
            Method::Elements(inner) => self.elements(i, value, inner, row),
            _ => Value::Null,
        };
        match rule.form {
            Form::Hstore => push_text(out, &document::hstore(&fake)),
            _ => out.push_str(&fake.to_string()),
        }
    }

    fn elements(&self, i: usize, value: &Value, inner: &Method, row: &[Cell<'_>]) -> Value {
        match value {
            Value::Array(list) => Value::Array(list.iter().map(|v| self.elements(i, v, inner, row)).collect()),
            Value::Null => Value::Null,
            Value::String(text) => self.text(i, text, inner, row).map_or(Value::Null, Value::String),
            Value::Bool(_) if *inner == Method::Keep => value.clone(),
            Value::Number(n) => {
                let fake = self.text(i, &n.to_string(), inner, row);
                fake.and_then(|f| serde_json::from_str(&f).ok()).unwrap_or(Value::Null)
            }
            _ => Value::Null,
        }
    }

    /// The fake of a text; None = NULL, as for what is not what its type says.
    fn text(&self, i: usize, text: &str, method: &Method, row: &[Cell<'_>]) -> Option<String> {
        let domain = &self.domains[i];
        match method {
            Method::Keep => Some(text.to_owned()),
            Method::Drop => None,
            Method::Mask(mask) => mask.clone(),
            Method::Shared(list) if text.is_empty() || list.iter().any(|v| v == text) => Some(text.to_owned()),
            Method::Shared(list) => list.get(domain.draw(text, 0).below(list.len())).cloned(),
            Method::Trait(list) => weighted(list, domain, row),
            Method::Key(range) => number::key(domain, text, range.as_ref()),
            Method::Number(span) => number::fake(domain, text, span.ends(), span.tied).or_else(|| not_a_number(text)),
            Method::Moment(span) => moment::fake(domain, text, span.ends(), span.tied, 0)
                .or_else(|| (text.ends_with("infinity")).then(|| text.to_owned())),
            Method::Clock => moment::time(domain, text),
            Method::Interval => moment::interval(domain, text),
            Method::Shape | Method::Text(_) | Method::BirthDate(_) => {
                self.of_rule[i].map(|at| self.stocks[at].get(text).to_owned())
            }
            Method::Document { .. } | Method::Elements(_) => None,
        }
    }
}

/// Rules whose columns come out, by the length of their names and then by the bytes.
fn in_order(rules: &[Rule]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rules.len()).filter(|i| rules[*i].method != Method::Drop).collect();
    order.sort_by_key(|i| (rules[*i].name.len(), rules[*i].name.as_bytes()));
    order
}

fn is_stocked(method: &Method) -> bool {
    matches!(method, Method::Shape | Method::Text(_) | Method::BirthDate(_))
}

/// Documents and arrays, which the server gives as JSON.
fn is_json(rule: &Rule) -> bool {
    matches!(rule.method, Method::Document { .. } | Method::Elements(_))
}

fn make(method: &Method) -> Option<Make> {
    match method {
        Method::Shape => Some(Make::Shape),
        Method::Text(kind) => Some(Make::Text(*kind)),
        Method::BirthDate(span) => Some(Make::BirthDate(span.clone())),
        Method::Elements(inner) => make(inner),
        _ => None,
    }
}

fn each_text(value: &Value, see: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(list) => list.iter().for_each(|v| each_text(v, see)),
        Value::Object(map) => map.values().for_each(|v| each_text(v, see)),
        _ => {}
    }
}

/// NaN and the infinities say nothing of their own.
fn not_a_number(text: &str) -> Option<String> {
    matches!(text, "NaN" | "Infinity" | "-Infinity").then(|| text.to_owned())
}

/// One of the values by its weight; the whole row decides, so that the value itself does not.
fn weighted(list: &[(String, u64)], domain: &Domain, row: &[Cell<'_>]) -> Option<String> {
    let all: u64 = list.iter().map(|(_, n)| *n).sum();
    let mut at = domain.draw_row(row).below(all as usize) as u64;
    for (value, n) in list {
        if at < *n {
            return Some(value.clone());
        }
        at -= n;
    }
    None
}

/// Writes a JSON string.
fn push_text(out: &mut String, text: &str) {
    // all of it, and not to the first: that is many bytes at a time
    let special = text.bytes().fold(false, |any, c| any | (c < b' ') | (c == b'"') | (c == b'\\'));
    if !special {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

fn push(out: &mut String, text: &str, form: Form) {
    match form {
        Form::Number if serde_json::from_str::<serde_json::Number>(text).is_ok() => out.push_str(text),
        Form::Bool => out.push_str(match text {
            "t" | "true" => "true",
            "f" | "false" => "false",
            _ => "null",
        }),
        Form::Json => out.push_str(&serde_json::from_str::<Value>(text).unwrap_or(Value::Null).to_string()),
        _ => push_text(out, text),
    }
}
