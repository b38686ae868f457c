//! Conditions on points in time: years, months, and days that people would name.

use super::condition::{Condition, Vague, article};
use super::literal::Day;
use super::random::Rng;
use super::scope::{Place, Scope};
use super::tree::{fill, text};

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
    let (one_year, one_quarter, one_month) = (years >= 1, days > 250, days > 45);
    let weight = |open: bool, weight: usize| if open { weight } else { 0 };
    let kind = rng.weighted(&[weight(one_year, 30), weight(one_month, 25), 20, 20, weight(one_quarter, 8)]);
    let mut share = 0.0;
    let mut start = day;
    let (sql, said) = match kind {
        0 => {
            let end = Day { year: day.year + 1, ..day.year_start() };
            share = within(day.year_start(), end);
            let form = rng.word(&["", "", "", "extract(year FROM {}) = {}", "date_part('year', {}) = {}"]);
            let sql = match form {
                "" => span(day.year_start(), end),
                form => vec![fill(form, vec![scope.column(place), text(day.year.to_string())])],
            };
            (sql, format!("in {}", day.year))
        }
        1 => {
            let said = format!("in {}", day.month_words());
            let month = day.month_start().sql();
            let sql = match rng.below(10) {
                0 => vec![fill("date_trunc('month', {}) = {}", vec![scope.column(place), text(month)])],
                1 => vec![fill(
                    "to_char({}, 'YYYY-MM') = {}",
                    vec![scope.column(place), text(format!("{}'", &month[..month.len() - 4]))],
                )],
                _ => span(day.month_start(), day.add_months(1)),
            };
            (sql, said)
        }
        4 => {
            let quarter = (day.month - 1) / 3;
            let from = Day { month: 3 * quarter + 1, day: 1, ..day };
            let to = from.add_months(3);
            share = within(from, to);
            let nth = ["first", "second", "third", "fourth"][quarter as usize];
            (span(from, to), format!("in the {nth} quarter of {}", day.year))
        }
        _ => {
            let cut = cut_day(rng, day, low, high)?;
            start = cut;
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
    let whole = matches!(kind, 0 | 1 | 4);
    let said_post = if whole { said.replacen("in ", rng.word(&["in ", "from "]), 1) } else { said.clone() };
    let is = if said.starts_with("since") { "is on or after".to_owned() } else { String::new() };
    let recent = main && kind == 3 && within(low, start) >= 0.6;
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
        with: (!said.starts_with("since")).then(|| format!("{} {said}", article(&noun))),
        whose: Some(whose),
        terse: Some(if main { said.clone() } else { format!("{noun} {said}") }),
        vague,
        span: match kind {
            0 => Some("year"),
            1 => Some("month"),
            4 => Some("quarter"),
            _ => None,
        },
        share,
        ..Condition::default()
    })
}

/// A day that people would name: the first of the year, of the month, or the day itself in short spans.
fn cut_day(rng: &mut Rng, day: Day, low: Day, high: Day) -> Option<Day> {
    let years = high.year - low.year;
    let inside = |d: Day| d > low && d <= high;
    let round = if years >= 4 { vec![day.year_start(), day.month_start(), day] } else { vec![day.month_start(), day] };
    // the day itself now and then
    let from = if rng.chance(35) { round.len() - 2 } else { 0 };
    round.into_iter().skip(from).find(|d| inside(*d))
}
