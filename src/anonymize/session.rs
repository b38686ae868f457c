//! Faking the rows of one table: texts first, all of a batch at once, then row by row into JSON.

use super::class::Kind;
use super::document;
use super::key::{Domain, Key};
use super::originals::{OriginalSet, Originals};
use super::rule::{Form, Guard, Method, Plan, Rule};
use super::stock::{Make, Screen, Stock, fold};
use super::{moment, number, query, steps};
use crate::error::Result;
use serde_json::Value;
use std::collections::HashMap;

/// A row as the server gave it: a text for each rule, documents and arrays as JSON.
pub(crate) type Row = Vec<Option<String>>;

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
}

/// A value taken apart once.
enum Cell<'a> {
    Null,
    /// With the number of its fake in its stock.
    Text(&'a str, u32),
    Json(Value),
}

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
                // codes of one shape are drawn one to one, whether a key says so or not
                stock.unique = rule.unique || stock.make == Make::Shape;
                session.stocks.push(stock);
                session.stocks.len() - 1
            });
            session.of_rule.push(made);
        }
        session
    }

    /// What must not come out again, where the rows are the whole table.
    pub(crate) fn originals(&self, rows: &[Row]) -> OriginalSet {
        let mut set = OriginalSet::default();
        for row in rows {
            for (cell, _) in self.cells(row).iter().zip(&self.plan.rules).filter(|(_, r)| query::is_guarded(r)) {
                let mut add = |text: &str| set.add(&fold(text));
                match cell {
                    Cell::Text(text, _) => add(text),
                    Cell::Json(value) => each_text(value, &mut add),
                    Cell::Null => {}
                }
            }
        }
        set
    }

    /// One JSON object a row.
    pub(crate) fn rows(&mut self, rows: &[Row], originals: &mut dyn Originals) -> Result<Vec<String>> {
        let mut cells: Vec<Vec<Cell<'_>>> = rows.iter().map(|row| self.cells(row)).collect();
        for row in &mut cells {
            self.want(row);
        }
        self.screen.settle(&mut self.stocks, originals)?;
        Ok(cells.iter().zip(rows).map(|(cells, row)| self.write(cells, row)).collect())
    }

    fn cells<'a>(&self, row: &'a Row) -> Vec<Cell<'a>> {
        let cell = |(rule, value): (&Rule, &'a Option<String>)| match value.as_deref() {
            None => Cell::Null,
            Some(text) => match rule.method {
                // what does not parse as the JSON that was asked for is not passed on
                Method::Document { .. } | Method::Elements(_) => {
                    serde_json::from_str(text).map_or(Cell::Null, Cell::Json)
                }
                _ => Cell::Text(text, 0),
            },
        };
        self.plan.rules.iter().zip(row).map(cell).collect()
    }

    fn want(&mut self, row: &mut [Cell<'_>]) {
        for (i, cell) in row.iter_mut().enumerate() {
            match (cell, &self.plan.rules[i].method) {
                (Cell::Text(text, number), _) => {
                    if let Some(at) = self.of_rule[i] {
                        *number = self.stocks[at].want(text);
                    }
                }
                (Cell::Json(value), Method::Document { person }) => {
                    let (person, key) = (*person, self.plan.rules[i].name.clone());
                    let mut leaves = Vec::new();
                    document::visit(value, &key, person, &mut |leaf| leaves.push(leaf));
                    for (kind, text) in leaves {
                        let at = self.leaf(kind);
                        self.stocks[at].want(text);
                    }
                }
                (Cell::Json(value), _) => {
                    if let Some(at) = self.of_rule[i] {
                        each_text(value, &mut |text| {
                            self.stocks[at].want(text);
                        });
                    }
                }
                (Cell::Null, _) => {}
            }
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

    fn write(&self, cells: &[Cell<'_>], row: &Row) -> String {
        let steps = steps::fakes(&self.steps, row, &self.plan.rules, &self.domains);
        let mut out = String::with_capacity(64 * cells.len());
        out.push('{');
        for (i, (cell, rule)) in cells.iter().zip(&self.plan.rules).enumerate() {
            if rule.method == Method::Drop {
                continue;
            }
            if out.len() > 1 {
                out.push_str(", ");
            }
            out.push_str(&self.names[i]);
            match steps.iter().find(|(at, _)| *at == i) {
                Some((_, fake)) => push_text(&mut out, fake),
                None => self.value(i, cell, rule, row, &mut out),
            }
        }
        out.push('}');
        out
    }

    /// Writes the fake as JSON.
    fn value(&self, i: usize, cell: &Cell<'_>, rule: &Rule, row: &Row, out: &mut String) {
        match cell {
            Cell::Null => out.push_str("null"),
            Cell::Text(_, number) if is_stocked(&rule.method) => match self.of_rule[i] {
                Some(at) => push(out, self.stocks[at].at(*number), rule.form),
                None => out.push_str("null"),
            },
            Cell::Text(text, _) => match self.text(i, text, &rule.method, row) {
                Some(fake) => push(out, &fake, rule.form),
                None => out.push_str("null"),
            },
            Cell::Json(value) => {
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
        }
    }

    fn elements(&self, i: usize, value: &Value, inner: &Method, row: &Row) -> Value {
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
    fn text(&self, i: usize, text: &str, method: &Method, row: &Row) -> Option<String> {
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

fn is_stocked(method: &Method) -> bool {
    matches!(method, Method::Shape | Method::Text(_) | Method::BirthDate(_))
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
fn weighted(list: &[(String, u64)], domain: &Domain, row: &Row) -> Option<String> {
    let mut text = String::new();
    for value in row {
        text.push_str(value.as_deref().unwrap_or("\u{1}"));
        text.push('\u{0}');
    }
    let all: u64 = list.iter().map(|(_, n)| *n).sum();
    let mut at = domain.draw(&text, 0).below(all as usize) as u64;
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
    if text.bytes().all(|c| c >= b' ' && c != b'"' && c != b'\\') {
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
