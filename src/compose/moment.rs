//! Conditions on points in time: years, months, and days that people would name.

use super::condition::{Condition, Span, Vague, article};
use super::literal::Day;
use super::random::Rng;
use super::scope::{Place, Scope};
use super::tree::{fill, text};

/// What happened on a date that is called after it: "films returned in July 2005", "the month in which they were
/// returned". Each with the words that names are made of.
const EVENTS: &[(&str, &str, &[&str])] = &[
    ("returned", "were returned", &["return", "returned"]),
    ("rented out", "were rented out", &["rental", "rent", "rented"]),
    ("hired", "were hired", &["hire", "hired", "hiring"]),
    ("decided", "were decided", &["decision", "decided"]),
    ("shipped", "were shipped", &["ship", "shipped", "shipping", "shipment"]),
    ("ordered", "were ordered", &["order", "ordered"]),
    ("born", "were born", &["birth"]),
    ("paid", "were paid", &["payment", "paid"]),
    ("invoiced", "were invoiced", &["invoice", "invoiced"]),
    ("required", "were required", &["required"]),
    ("due", "were due", &["due"]),
    ("starting", "started", &["start", "begin", "started"]),
    ("ending", "ended", &["end", "stop", "finish", "ended"]),
    ("released", "were released", &["release", "released"]),
    ("delivered", "were delivered", &["delivery", "delivered"]),
    ("admitted", "were admitted", &["admission", "admitted"]),
    ("discharged", "were discharged", &["discharge", "discharged"]),
    ("registered", "were registered", &["registration", "registered"]),
    ("published", "were published", &["publication", "published"]),
    ("expiring", "expired", &["expiry", "expiration"]),
    ("opened", "were opened", &["opening", "opened", "open"]),
    ("closed", "were closed", &["closing", "closed", "close", "closure"]),
    ("created", "were created", &["creation", "created", "create"]),
    ("founded", "were founded", &["founded", "foundation", "founding"]),
    ("arriving", "arrived", &["arrival", "arrived"]),
    ("departing", "departed", &["departure", "departed"]),
    ("leaving", "left", &["leaving", "left"]),
    ("refunded", "were refunded", &["refund", "refunded"]),
    ("loaded", "were loaded", &["loading", "loaded"]),
    ("retired", "were retired", &["retirement", "retired"]),
    ("renewed", "were renewed", &["renewal", "renewed"]),
    ("reported", "were reported", &["report", "reported"]),
    ("checked in", "were checked in", &["check-in", "checked in"]),
    ("signed off", "were signed off", &["sign-off", "signed off"]),
    ("joining", "joined", &["joined", "joining"]),
    ("received", "were received", &["received", "receipt"]),
    ("issued", "were issued", &["issue", "issued"]),
    ("written", "were written", &["written", "writing"]),
    ("signed", "were signed", &["signed", "signing", "signature"]),
    ("submitted", "were submitted", &["submission", "submitted"]),
    ("approved", "were approved", &["approval", "approved"]),
    ("cancelled", "were cancelled", &["cancellation", "cancelled", "canceled"]),
    ("completed", "were completed", &["completion", "completed"]),
    ("purchased", "were purchased", &["purchase", "purchased"]),
    ("sold", "were sold", &["sale", "sold"]),
    ("filed", "were filed", &["filing", "filed"]),
    ("planted", "were planted", &["planting", "planted"]),
    ("recorded", "were recorded", &["recording", "recorded"]),
    ("measured", "were measured", &["measurement", "measured"]),
    ("collected", "were collected", &["collection", "collected"]),
    ("inspected", "were inspected", &["inspection", "inspected"]),
    ("repaired", "were repaired", &["repair", "repaired"]),
    ("scheduled", "were scheduled", &["scheduled"]),
    ("licensed", "were licensed", &["licensing", "licensed"]),
    ("built", "were built", &["construction", "built"]),
    ("installed", "were installed", &["installation", "installed"]),
    ("acquired", "were acquired", &["acquisition", "acquired"]),
    ("launched", "were launched", &["launch", "launched"]),
    ("diagnosed", "were diagnosed", &["diagnosis", "diagnosed"]),
    ("prescribed", "were prescribed", &["prescription", "prescribed"]),
    ("borrowed", "were borrowed", &["borrowing", "borrowed"]),
    ("booked", "were booked", &["booking", "booked"]),
    ("enrolled", "were enrolled", &["enrolment", "enrolled"]),
    ("resolved", "were resolved", &["resolution", "resolved"]),
    ("confirmed", "were confirmed", &["confirmation", "confirmed"]),
    ("posted", "were posted", &["posting", "posted"]),
    ("sent", "were sent", &["sending", "sent"]),
    ("last updated", "were last updated", &["last update", "last updated", "update", "updated"]),
    ("last modified", "were last modified", &["last modified", "modification", "modified"]),
];

fn event(noun: &str) -> Option<&'static (&'static str, &'static str, &'static [&'static str])> {
    const TIMES: [&str; 7] = [" date", " time", " day", " year", " at", " on", " timestamp"];
    let named = TIMES.iter().find_map(|end| noun.strip_suffix(end));
    // "date of hire", "day of the decision"
    let named = named.or_else(|| {
        let what = ["date of ", "day of ", "time of "].iter().find_map(|word| noun.strip_prefix(word))?;
        Some(what.strip_prefix("the ").unwrap_or(what))
    });
    // "started" alone says when, "end" alone need not
    let what = named.or_else(|| Some(noun).filter(|n| n.ends_with("ed") || *n == "last update"))?;
    EVENTS.iter().find(|(_, _, words)| words.contains(&what))
}

/// "returned": of things on a date.
pub(super) fn done(noun: &str) -> Option<&'static str> {
    event(noun).map(|(done, ..)| *done)
}

/// "return": what there is from one day to another of, "the time from rental to return".
pub(super) fn occasion(noun: &str) -> Option<&'static str> {
    let (done, _, words) = event(noun)?;
    let named = match *done {
        "rented out" => "rental",
        "returned" => "return",
        "shipped" => "shipment",
        "starting" => "start",
        "ending" => "end",
        "admitted" => "admission",
        "discharged" => "discharge",
        "delivered" => "delivery",
        "opened" => "opening",
        "closed" => "closing",
        "created" => "creation",
        "paid" => "payment",
        "received" => "receipt",
        "submitted" => "submission",
        "approved" => "approval",
        "completed" => "completion",
        "due" | "required" | "born" | "last updated" | "last modified" | "founded" => return None,
        _ => words[0],
    };
    Some(named)
}

/// "were returned": what they did on the day that is called after it.
pub(super) fn happened(noun: &str) -> Option<&'static str> {
    event(noun).map(|(_, happened, _)| *happened)
}

/// "not returned yet": what has still to happen to them.
pub(super) fn ahead(noun: &str) -> Option<String> {
    let (_, happened, _) = event(noun)?;
    let participle = happened.strip_prefix("were ").unwrap_or(happened);
    Some(format!("have not {}{participle} yet", if participle == *happened { "" } else { "been " }))
}

/// "the number of employees per year in which they were hired" is that of employees hired per year.
pub(super) fn happening(said: &str) -> String {
    let links = [" per ", " for each ", " for every ", " by the ", " by ", ", grouped by the ", ", broken down by "];
    // "procedures for normal pregnancy ending per year": what ends is told too late
    let clause = |rows: &str| super::phrase::has_clause(rows) || rows.contains(" for ");
    let found = links.iter().find_map(|link| {
        let (rows, rest) = said.split_once(link)?;
        let (unit, rest) = rest.split_once(" in which they ")?;
        let counted = rows.strip_prefix("how many ").and_then(|rows| rows.strip_suffix(" are there"));
        let of_rows = counted.is_some()
            || rows.starts_with("the number of ")
            || rows.starts_with("the ") && rows.contains(" of ");
        let plain = of_rows && !rows.contains([',', '"']) && !clause(rows) && !unit.contains(' ');
        let (done, happened, _) = EVENTS.iter().find(|(_, happened, _)| rest.starts_with(happened))?;
        // what is required, or due, is so at any time
        let rest = Some(rest).filter(|_| !matches!(*done, "required" | "due"))?;
        let rest = &rest[happened.len()..];
        let whole = rest.is_empty() || rest.starts_with(',') || rest.starts_with(" (");
        (plain && whole).then(|| match counted {
            Some(rows) => format!("how many {rows} {happened} per {unit}{rest}"),
            None => format!("{rows} {done} per {unit}{rest}"),
        })
    });
    found.unwrap_or_else(|| said.to_owned())
}

/// "returned in May" as what they did: "were returned in May".
pub(super) fn told(done_then: &str) -> Option<String> {
    EVENTS.iter().find_map(|(done, happened, _)| {
        let when = done_then.strip_prefix(done)?.strip_prefix(' ')?;
        Some(format!("{happened} {when}"))
    })
}

pub(super) fn time(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    if field.traits.personal || field.days.len() < 13 {
        return None;
    }
    let (low, high) = (*field.days.first()?, *field.days.last()?);
    let nth = rng.between(2, 10);
    let mut day = field.days[nth];
    if scope.fine {
        let next = field.days.get(nth + 1).map_or(0, |next| next.number() - day.number());
        day = day.add_days(rng.below(next.max(0) as usize + 1) as i64);
    }
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
    // of what happens once in a while nobody asks by the month
    let rows = scope.entity(place.node).rows;
    let often = |span: i64| rows == 0 || rows as i64 * span >= 3 * days;
    let (one_year, one_quarter, one_month) = (years >= 1, days > 250 && often(91), days > 45 && often(30));
    let weight = |open: bool, weight: usize| if open { weight } else { 0 };
    let open = if scope.fine { 45 } else { 20 };
    let kinds =
        [weight(one_year, 30), weight(one_month, 25), open, open, weight(one_quarter, 8), weight(scope.fine, 50)];
    let kind = rng.weighted(&kinds);
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
        5 => {
            let last = day.add_days([6, 9, 13, 20, 29][rng.below(5)]);
            let end = last.add_days(1);
            share = within(day, end);
            if last >= high || share <= 0.0 {
                return None;
            }
            (span(day, end), format!("between {} and {}", day.words(), last.words()))
        }
        _ => {
            let cut =
                if scope.fine { Some(day).filter(|d| *d > low && *d <= high) } else { cut_day(rng, day, low, high) }?;
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
    let later = said.strip_prefix("from ").and_then(|day| day.strip_suffix(" onwards"));
    let recent = main && kind == 3 && within(low, start) >= 0.6;
    let vague = recent.then(|| {
        let meaning = format!(
            "Recent {} are those whose {noun} is {}",
            scope.subject().many,
            said.replace("since", "on or after")
        );
        (Vague::Adjective("recent"), meaning)
    });
    let whose = if let Some(day) = later {
        format!("{noun} is {day} or later")
    } else if is.is_empty() {
        format!("{noun} {} {said}", rng.word(&["is", "falls"]))
    } else {
        format!("{noun} {is}{}", said.trim_start_matches("since"))
    };
    // "claims whose visit started in 2025", "payments whose rental is from 2022"
    let whose = match event(&field.noun) {
        Some((_, happened, words)) if place.node != 0 => {
            let role = scope.role_noun(place.node);
            match words.iter().any(|w| role.split(' ').any(|r| r == *w)) {
                true => format!("{role} is from {}", dating(&said)),
                false => format!("{role} {} {said}", happened.replacen("were ", "was ", 1)),
            }
        }
        _ => whose,
    };
    // "rentals returned in July", "visits that started in July"
    let event = event(&noun).filter(|_| place.node == 0 && !main);
    let verb = event.filter(|(done, ..)| done.ends_with("ing"));
    Some(Condition {
        sql,
        that: verb.map(|(_, happened, _)| format!("{happened} {said}")),
        post: match event {
            _ if main => Some(said_post),
            Some((done, ..)) if verb.is_none() => Some(format!("{done} {said}")),
            _ => None,
        },
        with: (!said.starts_with("since") && !main && done(&noun).is_none())
            .then(|| format!("{} {said}", article(&noun))),
        whose: Some(whose),
        terse: Some(if main { said.clone() } else { format!("{noun} {said}") }),
        vague,
        span: match kind {
            0 => Some(Span { months: 12, from: day.year_start() }),
            1 => Some(Span { months: 1, from: day.month_start() }),
            4 => Some(Span { months: 3, from: day.month_start().add_months(-((day.month as i32 - 1) % 3)) }),
            _ => None,
        },
        share,
        ..Condition::default()
    })
}

/// "in 1997", "since 1 May 1997" as where something dates from: "1997", "1 May 1997 or later".
fn dating(said: &str) -> String {
    if let Some(span) = said.strip_prefix("in ") {
        return span.to_owned();
    }
    if let Some(span) = said.strip_prefix("between ") {
        return span.replacen(" and ", " to ", 1);
    }
    let open = ["since ", "on or after ", "from "].iter().find_map(|word| said.strip_prefix(word));
    match open {
        Some(day) => format!("{} or later", day.trim_end_matches(" onwards")),
        None => said.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_in_a_span_is_said_of_the_things_themselves() {
        for (said, better) in [
            ("the number of employees per year in which they were hired", "the number of employees hired per year"),
            (
                "the total freight of orders for each month in which they were shipped, oldest first",
                "the total freight of orders shipped per month, oldest first",
            ),
            ("the total freight of orders for each month in which they were required", ""),
            ("the number of visits per day of the week on which they started", ""),
            ("the average order freight per month in which they were required", ""),
            ("the number of visits per year in which they started", "the number of visits starting per year"),
            ("the number of visits whose class is urgent per year in which they started", ""),
            ("how many visits are there per quarter in which they ended", "how many visits ended per quarter"),
            (
                "the number of claims by the month in which they were paid (YYYY-MM)",
                "the number of claims paid per month (YYYY-MM)",
            ),
        ] {
            assert_eq!(happening(said), if better.is_empty() { said } else { better });
        }
    }

    #[test]
    fn what_has_no_time_yet_has_still_to_happen() {
        assert_eq!(ahead("day of the decision").as_deref(), Some("have not been decided yet"));
        assert_eq!(ahead("end date").as_deref(), Some("have not ended yet"));
        assert_eq!(ahead("invoice number"), None);
    }
}
