//! Conditions on numbers, years and points in time: bounds near the quantiles of the data, said as people say them.

use super::condition::{Condition, Vague, article, be, counts, is_plural};
use super::literal::{self, Day};
use super::random::Rng;
use super::scope::{Place, Scope};
use super::tree::{fill, text};
use super::world::Field;
use crate::schema::grammar;

pub(super) fn number(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    if field.traits.personal || field.numbers.len() < 13 {
        return None;
    }
    let noun = scope.bare(place);
    let column = scope.column(place);
    // few values in all: a person names one of them
    let exact = field.distinct > 1 && field.distinct <= 12 && !field.values.is_empty();
    if exact && rng.chance(40) {
        let (value, _) = rng.pick(&field.values)?;
        let number: f64 = value.parse().ok()?;
        let said = with_unit(field, &literal::number_words(number, field.traits.money));
        let condition = Condition {
            sql: vec![fill("{} = {}", vec![column, text(literal::number_sql(number))])],
            with: Some(format!("{} of {said}", article(&noun))),
            whose: Some(format!("{noun} {} {}{said}", be(&noun), rng.word(&["", "exactly ", "equal to "]))),
            ..Condition::default()
        };
        return Some(said_of_things(rng, scope, place, &noun, condition));
    }
    let low = rng.between(2, 9);
    let value = threshold(field, low)?;
    let said = with_unit(field, &literal::number_words(value, field.traits.money));
    let sql = |op: &str, v: f64| {
        vec![fill(&format!("{{}} {op} {{}}"), vec![scope.column(place), text(literal::number_sql(v))])]
    };
    let is = be(&noun);
    let a = article(&noun);
    let mut condition = Condition::default();
    match rng.weighted(&[30, 20, 25, 15, 18]) {
        0 => {
            let word = rng.word(&["above", "over", "greater than", "higher than", "of more than"]);
            let whose = word.trim_start_matches("of ");
            condition.share = 1.0 - below(low);
            condition.sql = sql(">", value);
            condition.with = Some(format!("{a} {word} {said}"));
            condition.whose = Some(format!("{noun} {is} {whose} {said}"));
        }
        1 => {
            condition.share = 1.0 - below(low);
            condition.sql = sql(">=", value);
            condition.with =
                Some(if rng.chance(50) { format!("{a} of at least {said}") } else { format!("{a} of {said} or more") });
            condition.whose = Some(format!("{noun} {is} at least {said}"));
        }
        2 => {
            let word = rng.word(&["below", "under", "lower than", "of less than"]);
            let whose = if word == "of less than" { "less than" } else { word };
            condition.share = below(low);
            condition.sql = sql("<", value);
            condition.with = Some(format!("{a} {word} {said}"));
            condition.whose = Some(format!("{noun} {is} {whose} {said}"));
        }
        3 => {
            condition.share = below(low);
            condition.sql = sql("<=", value);
            condition.with =
                Some(if rng.chance(50) { format!("{a} of at most {said}") } else { format!("{a} of {said} or less") });
            condition.whose = Some(format!("{noun} {is} {} {said}", rng.word(&["at most", "no more than"])));
        }
        _ => {
            condition.share = 0.3;
            let high = threshold(field, (low + 3).min(11))?;
            if high <= value {
                return None;
            }
            let from = literal::number_words(value, field.traits.money);
            let to = with_unit(field, &literal::number_words(high, field.traits.money));
            condition.sql = vec![fill(
                "{} BETWEEN {} AND {}",
                vec![column, text(literal::number_sql(value)), text(literal::number_sql(high))],
            )];
            let end = rng.word(&["", "", " (inclusive)"]);
            condition.with = Some(format!("{a} between {from} and {to}"));
            condition.whose = Some(format!("{noun} {is} between {from} and {to}{end}"));
        }
    }
    condition.vague = vague_bound(rng, &noun, low, &condition);
    Some(said_of_things(rng, scope, place, &noun, condition))
}

/// "a high rental rate": of what lies beyond most of the values.
fn vague_bound(rng: &mut Rng, noun: &str, quantile: usize, condition: &Condition) -> Option<(Vague, String)> {
    let whose = condition.whose.as_ref().filter(|_| !is_plural(noun))?;
    let beyond = |words: &[&str]| words.iter().any(|w| whose.contains(w));
    let word = match quantile {
        7.. if beyond(&[" above ", " over ", " than ", " at least "])
            && !beyond(&[" less ", " lower ", " no more ", " at most "]) =>
        {
            rng.word(&["high", "high", "large"])
        }
        ..=5 if beyond(&[" below ", " under ", " less ", " lower ", " at most ", " no more "]) => {
            rng.word(&["low", "low", "small"])
        }
        _ => return None,
    };
    if noun == "length" {
        let word = if quantile >= 7 { "long" } else { "short" };
        return Some((Vague::Adjective(word), format!("{} means that the {whose}", grammar::capitalize(word))));
    }
    let phrase = grammar::with_article(&format!("{word} {noun}"));
    let meaning = format!("{} means that the {whose}", grammar::capitalize(&phrase));
    Some((Vague::With(phrase), meaning))
}

/// Shorter ways to say a bound: "products with more than 26 units in stock", "films longer than 120 minutes".
fn said_of_things(rng: &mut Rng, scope: &Scope, place: Place, noun: &str, mut condition: Condition) -> Condition {
    let Some(whose) = condition.whose.clone() else { return condition };
    let bound = whose.trim_start_matches(noun).trim_start_matches(" are ").trim_start_matches(" is ").to_owned();
    let (more, less) = (
        ["above ", "over ", "greater than ", "higher than ", "more than "],
        ["below ", "under ", "lower than ", "less than "],
    );
    let after = |words: &[&str]| words.iter().find_map(|w| bound.strip_prefix(w).map(str::to_owned));
    if counts(scope.field(place), noun) {
        let many = if place.node == 0 { noun } else { &scope.field(place).noun };
        let few = match (after(&more), after(&less)) {
            (Some(n), _) => format!("more than {n}"),
            (_, Some(n)) => format!("fewer than {n}"),
            _ => bound.replace("equal to ", "exactly ").replace(" (inclusive)", ""),
        };
        let things = if few.rsplit(' ').next() == Some("1") { grammar::singular(many) } else { many.to_owned() };
        let said = format!("{few} {things}");
        return if place.node == 0 {
            Condition { with: Some(said), whose: None, ..condition }
        } else {
            let whose = format!("{} has {said}", scope.role_noun(place.node));
            Condition { with: None, whose: Some(whose), ..condition }
        };
    }
    let own = place.node == 0 && !noun.contains(" of ");
    let last = noun.rsplit(' ').next().unwrap_or(noun);
    let adjective = match last {
        "length" => Some(("longer than", "shorter than")),
        "weight" => Some(("heavier than", "lighter than")),
        "height" => Some(("higher than", "lower than")),
        _ => None,
    };
    if let (true, true, Some((longer, shorter))) = (own, noun == last, adjective) {
        condition.post = match (after(&more), after(&less)) {
            (Some(n), _) => Some(format!("{longer} {n}")),
            (_, Some(n)) => Some(format!("{shorter} {n}")),
            _ => None,
        };
    } else if own && matches!(noun, "amount" | "total" | "total amount") && rng.chance(60) {
        condition.post = match (after(&more), after(&less)) {
            (Some(n), _) => Some(format!("of more than {n}")),
            (_, Some(n)) => Some(format!("of less than {n}")),
            _ if bound.starts_with("at ") => Some(format!("of {bound}")),
            _ => None,
        };
    }
    condition
}

/// What was done on a date that is called after it: "films returned in July 2005".
fn done(noun: &str) -> Option<&'static str> {
    let what =
        noun.strip_suffix(" date").or_else(|| noun.strip_suffix(" time")).or_else(|| noun.strip_suffix(" day"))?;
    Some(match what {
        "return" | "returned" => "returned",
        "rental" | "rent" => "rented out",
        "hire" | "hired" => "hired",
        "ship" | "shipped" | "shipping" => "shipped",
        "order" | "ordered" => "ordered",
        "birth" => "born",
        "payment" => "paid",
        "invoice" => "invoiced",
        "required" => "required",
        "due" => "due",
        "start" => "starting",
        "end" | "stop" => "ending",
        "release" | "released" => "released",
        "delivery" | "delivered" => "delivered",
        "admission" => "admitted",
        "discharge" => "discharged",
        "registration" => "registered",
        "publication" => "published",
        "expiry" | "expiration" => "expiring",
        _ => return None,
    })
}

/// Share of the values below the quantile of that number.
fn below(quantile: usize) -> f64 {
    const SHARES: [f64; 13] = [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0];
    SHARES.get(quantile).copied().unwrap_or(1.0)
}

fn with_unit(field: &Field, said: &str) -> String {
    match &field.unit {
        Some(unit) if unit == "%" => format!("{said} %"),
        Some(unit) => format!("{said} {unit}"),
        None => said.to_owned(),
    }
}

/// A round number near a quantile, strictly inside the values' span.
fn threshold(field: &Field, quantile: usize) -> Option<f64> {
    let (low, high) = (*field.numbers.first()?, *field.numbers.last()?);
    let value = literal::round_number(*field.numbers.get(quantile)?, field.whole());
    (value > low && value < high).then_some(value)
}

pub(super) fn year(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    let noun = scope.bare(place);
    let value = *field.numbers.get(rng.between(2, 10))? as i64;
    let (low, high) = (*field.numbers.first()? as i64, *field.numbers.last()? as i64);
    if low == high {
        return None;
    }
    let kinds = [50, if value > low { 25 } else { 0 }, if value < high { 25 } else { 0 }];
    let (op, word) = match rng.weighted(&kinds) {
        0 => ("=", ""),
        1 => ("<", "before "),
        _ => (">", "after "),
    };
    Some(Condition {
        sql: vec![fill(&format!("{{}} {op} {{}}"), vec![scope.column(place), text(value.to_string())])],
        with: Some(format!("{} {}{value}", article(&noun), if op == "=" { "of " } else { word })),
        whose: Some(format!("{noun} is {word}{value}")),
        ..Condition::default()
    })
}

pub(super) fn time(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    if field.traits.personal || field.days.len() < 13 {
        return None;
    }
    let (low, high) = (*field.days.first()?, *field.days.last()?);
    let day = field.days[rng.between(2, 10)];
    let days = high.number() - low.number();
    if days < 4 {
        return None;
    }
    let years = high.year - low.year;
    let span = |from: Day, to: Day| {
        vec![
            fill("{} >= {}", vec![scope.column(place), text(from.sql())]),
            fill("{} < {}", vec![scope.column(place), text(to.sql())]),
        ]
    };
    let within = |from: Day, to: Day| {
        field.days.iter().filter(|d| **d >= from && **d < to).count() as f64 / field.days.len() as f64
    };
    let kind = rng.weighted(&[if years >= 1 { 30 } else { 0 }, if days > 45 { 25 } else { 0 }, 22, 22]);
    let mut share = 0.0;
    let (sql, said) = match kind {
        0 => {
            let end = Day { year: day.year + 1, ..day.year_start() };
            share = within(day.year_start(), end);
            (span(day.year_start(), end), format!("in {}", day.year))
        }
        1 => (span(day.month_start(), day.add_months(1)), format!("in {}", day.month_words())),
        _ => {
            let cut = cut_day(day, low, high)?;
            if kind == 2 {
                (vec![fill("{} < {}", vec![scope.column(place), text(cut.sql())])], format!("before {}", cut.words()))
            } else {
                let word = rng.word(&["on or after", "since", "from"]);
                let said = if word == "from" {
                    format!("from {} onwards", cut.words())
                } else {
                    format!("{word} {}", cut.words())
                };
                (vec![fill("{} >= {}", vec![scope.column(place), text(cut.sql())])], said)
            }
        }
    };
    // hardly a row lies outside
    if share > 0.95 {
        return None;
    }
    let noun = scope.bare(place);
    let main = place.node == 0 && scope.subject().when == Some(place.field);
    let said_post = if kind <= 1 { said.replacen("in ", rng.word(&["in ", "from "]), 1) } else { said.clone() };
    let is = if said.starts_with("since") { "is on or after".to_owned() } else { String::new() };
    let recent = main && kind == 3 && within(low, cut_day(day, low, high)?) >= 0.6;
    let vague = recent.then(|| {
        let meaning = format!(
            "Recent {} are those whose {noun} is {}",
            scope.subject().many,
            said.replace("since", "on or after")
        );
        (Vague::Adjective("recent"), meaning)
    });
    let whose = if is.is_empty() {
        format!("{noun} {} {said}", if said.starts_with("from") { "is" } else { rng.word(&["is", "falls"]) })
    } else {
        format!("{noun} {is}{}", said.trim_start_matches("since"))
    };
    Some(Condition {
        sql,
        post: if main {
            Some(said_post)
        } else {
            done(&noun).filter(|_| place.node == 0).map(|d| format!("{d} {said}"))
        },
        with: (!said.starts_with("since")).then(|| format!("{} {}", article(&noun), said.replacen("from ", "of ", 1))),
        whose: Some(whose),
        vague,
        share,
        ..Condition::default()
    })
}

/// A day that people would name: the first of the year, of the month, or the day itself in short spans.
fn cut_day(day: Day, low: Day, high: Day) -> Option<Day> {
    let years = high.year - low.year;
    let inside = |d: Day| d > low && d <= high;
    let choices =
        if years >= 4 { vec![day.year_start(), day.month_start(), day] } else { vec![day.month_start(), day] };
    choices.into_iter().find(|d| inside(*d))
}
