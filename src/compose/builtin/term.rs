//! An entry put on its column: placeholders filled, in SQL and in words.

use super::super::aggregate::snake;
use super::super::condition::{self, Condition};
use super::super::draw::Draw;
use super::super::extreme::extreme_value;
use super::super::moment;
use super::super::say::Extra;
use super::super::scope::{Place, Scope};
use super::super::tree::{Expr, fill};
use super::suits::CYCLES;
use super::uses::{Filling, filling};
use super::{On, Use, Yields};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// An entry on its column: the expression, and what it is called.
pub(super) struct Term {
    pub sql: Expr,
    pub noun: String,
    pub alias: String,
    pub place: Place,
    /// Speaks of the row's name and more, or says it in another way.
    pub whole: bool,
    /// How long the text itself is.
    pub length: bool,
    /// A letter that names are looked up by, or a length that they have to fit in.
    pub index: bool,
    /// That rows have what is marked in them.
    pub found: Option<Condition>,
    /// The more of it the better.
    pub relevance: bool,
    pub aim: &'static str,
}

fn put(text: &str, filling: &Filling, words: bool) -> String {
    filling.iter().fold(text.to_owned(), |text, (name, sql, said)| text.replace(name, if words { said } else { sql }))
}

pub(super) fn term(draw: &mut Draw, shown: Use) -> Option<Term> {
    let entry = shown.entry;
    let place = Place { node: 0, field: shown.field };
    draw.use_place(place);
    let second = shown.second.map(|field| Place { node: 0, field });
    if let Some(second) = second {
        draw.use_place(second);
        if entry.on == On::Dates && entry.name != "coalesce" {
            draw.never = Some(fill("{} < {}", vec![draw.scope.column(second), draw.scope.column(place)]));
        }
    }
    let field = draw.scope.field(place);
    // the greater of nothing and a number is the number
    if field.nullable && matches!(entry.name, "greatest" | "least") {
        return None;
    }
    let filling = filling(&mut draw.rng, draw.world, entry, field, second.map(|p| draw.scope.field(p)))?;
    let named = |p: Place| draw.scope.field(p).name.clone();
    let template = put(entry.sql, &filling, false)
        .replace("{k}", &named(place))
        .replace("{k2}", &second.map(named).unwrap_or_default());
    let sql = columns(&template, draw.scope.column(place), second.map(|p| draw.scope.column(p)));
    let noun = draw.scope.bare(place);
    let many = if condition::is_plural(&noun) { noun.clone() } else { grammar::plural(&noun) };
    let other = second.map(|p| draw.scope.bare(p)).unwrap_or_default();
    let said = put(entry.noun, &filling, true);
    // days are held up to the first one that is out
    let said = match field.base.as_str() {
        "daterange" if entry.name == "upper" => said.replacen("end of", "first day after", 1),
        _ => said,
    };
    // of what happened one asks by the month, and not by the month of its date
    let main = draw.scope.subject().when == Some(shown.field) && entry.yields == Yields::Class;
    let said = if main { said.replacen(" of the {}", "", 1) } else { said };
    // "the year in which they were hired", "the time from rental to return"
    let said = match (moment::happened(&noun), entry.yields) {
        (Some(happened), Yields::Class) if matches!(entry.on, On::Time | On::Stamp) => {
            let at = if said.starts_with("weekday") || said.starts_with("day of") { "on" } else { "in" };
            said.replacen(" of the {}", &format!(" {at} which they {happened}"), 1)
        }
        _ => said,
    };
    let said = match (moment::occasion(&noun), moment::occasion(&other)) {
        (Some(from), Some(to)) if entry.on == On::Dates && entry.yields != Yields::Test => {
            said.replacen("from the {} to the {2}", &format!("from {from} to {to}"), 1)
        }
        _ => said,
    };
    let said = match said.as_str() {
        "highest {}" | "lowest {}" if condition::counts(field, &noun) => said,
        "highest {}" | "lowest {}" => {
            extreme_value(&mut draw.rng, &noun, said.starts_with('h')).replacen(&noun, "{}", 1)
        }
        // "the sum of the amounts paid of payments"
        "sum of the {s}" if noun.contains(' ') => "total {}".to_owned(),
        "total {}" if noun.starts_with("total") => "overall {}".to_owned(),
        _ if noun.starts_with("total") => said.replacen("total {}", "{}", 1),
        _ => said,
    };
    // "first letter of title": as short as people put it
    let said = if entry.yields != Yields::Aggregate && entry.on != On::Range && draw.rng.chance(55) {
        said.replacen(" of the {}", " of {}", 1)
    } else {
        said
    };
    let (plain, noun) = (noun.clone(), condition::quantity(field, &noun));
    // an average is one of seconds or of hours
    let unit =
        field.unit.as_deref().filter(|u| *u != "%" && matches!(entry.on, On::Number | On::Amount) && !noun.contains(u));
    let noun = unit.map_or(noun.clone(), |unit| format!("{noun} in {unit}"));
    let many = unit.map_or(many.clone(), |unit| format!("{many} in {unit}"));
    let said = said
        .replace(" a {}", &format!(" {}", condition::article(&noun)))
        .replace(" a {2}", &format!(" {}", grammar::with_article(&other)))
        .replace("{}", &noun)
        .replace("{2}", &other)
        .replace("{s}", &many)
        .replace("decade of the year of ", "decade of ")
        .replace("decade of year of ", "decade of ");
    let alias = called(&said).unwrap_or_else(|| format!("{}_{}", snake(entry.name), snake(&plain)));
    let found = (entry.name == "ts_headline").then(|| {
        let test = put("to_tsvector('simple', {}) @@ plainto_tsquery('simple', '{lower}')", &filling, false);
        let word = put("{lower}", &filling, true);
        Condition {
            sql: vec![columns(&test, draw.scope.column(place), None)],
            whose: Some(format!("{plain} contains {word}")),
            places: vec![place],
            ..Condition::default()
        }
    });
    let whole = matches!(entry.on, On::Row | On::Person | On::Capital | On::Padded);
    let length = matches!(entry.on, On::Fitted | On::Spaced) && entry.yields == Yields::Figure;
    Some(Term {
        sql,
        noun: said,
        alias,
        place,
        whole,
        length,
        index: matches!(entry.on, On::Index | On::Fitted),
        found,
        relevance: entry.name.starts_with("ts_rank"),
        aim: entry.aim,
    })
}

impl Term {
    /// Parts of a time that come again and again.
    pub(super) fn recurs(&self) -> bool {
        CYCLES.iter().any(|w| self.noun.contains(w))
    }

    /// Classes in their own order, which need not be called by their name again.
    pub(super) fn in_order(&self, scope: &Scope) -> Extra {
        let time = scope.field(self.place).role() == Role::Time;
        if self.noun.contains("letter") {
            Extra::new(", in alphabetical order", "Sort from A to Z")
        } else if time && !self.recurs() {
            Extra::new(", in chronological order", "Oldest first")
        } else {
            let ends = [" of ", " (", " in full ", " in which ", " on which ", ", "];
            let end = ends.iter().filter_map(|end| self.noun.find(end)).min().unwrap_or(self.noun.len());
            let short = &self.noun[..end];
            Extra::new(format!(", in order of the {short}"), format!("Sort by the {short}"))
        }
    }
}

/// A name for the result after what it is: "phone_number_without_hyphens"; none where that is long.
fn called(said: &str) -> Option<String> {
    let head = said.split([',', '(']).next()?.trim();
    let words: Vec<&str> = head.split(' ').filter(|w| !matches!(*w, "the" | "a" | "an" | "of" | "its")).collect();
    let plain = head.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '-'));
    let short = (2..=4).contains(&words.len()) && !head.starts_with("whether ");
    (plain && short).then(|| snake(&words.join(" ")))
}

/// `{}` and `{2}` of a template as columns.
pub(super) fn columns(template: &str, first: Expr, second: Option<Expr>) -> Expr {
    let mut parts = Vec::new();
    let mut rest = template;
    let mut plain = String::new();
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        if let Some(tail) = after.strip_prefix("{2}") {
            parts.extend(second.clone());
            plain.push_str("{}");
            rest = tail;
        } else if let Some(tail) = after.strip_prefix("{}") {
            parts.push(first.clone());
            plain.push_str("{}");
            rest = tail;
        } else {
            plain.push('{');
            rest = &after[1..];
        }
    }
    plain.push_str(rest);
    fill(&plain, parts)
}
