//! What part of the rows meets a condition, and how many rows meet each of two that are alike.

use super::super::condition::{self, Condition};
use super::super::draw::{Draft, Draw, apply};
use super::super::phrase;
use super::super::probe::filter_probes;
use super::super::say::Speech;
use super::super::tree::{Expr, Limit, Select, aggregate, fill, text};
use super::cube::{any_of_many, clause};
use super::kept;
use crate::candidate::Expect;

fn test(c: &Condition) -> Expr {
    fill(&vec!["{}"; c.sql.len()].join(" AND "), c.sql.clone())
}

/// "what percentage of films are rated PG", now and then of those under another condition.
pub(super) fn percentage(draw: &mut Draw) -> Option<Draft> {
    if draw.fan.is_some() {
        return None;
    }
    let marked = draw.conditions(1, 1)?.pop()?;
    // one kind, and not the one or the other
    let several = marked.terse.as_ref().is_some_and(|t| t.contains(" or "));
    if several || any_of_many(draw, &marked) {
        return None;
    }
    let most = usize::from(draw.rng.chance(12));
    let common = draw.conditions(0, most)?;
    kept::among(draw, std::slice::from_ref(&marked));
    let rows = draw.rows_phrase(&common);
    let all = aggregate("count(*)", vec![]);
    let of_all = if draw.schema_only || !common.is_empty() { fill("nullif({}, 0)", vec![all.clone()]) } else { all };
    let by_case = aggregate("sum(CASE WHEN {} THEN 1 ELSE 0 END)", vec![test(&marked)]);
    let share = match draw.rng.below(4) {
        0 | 1 => {
            let met = aggregate("count(*) FILTER (WHERE {})", vec![test(&marked)]);
            fill("round(100.0 * {} / {}, 1)", vec![met, of_all.clone()])
        }
        2 => fill("round(100.0 * {} / {}, 1)", vec![by_case, of_all.clone()]),
        _ => fill("round(100.0 * {}, 1)", vec![aggregate("avg(CASE WHEN {} THEN 1 ELSE 0 END)", vec![test(&marked)])]),
    };
    let mut query = draw.scope.select();
    query.columns = vec![(share, Some("percentage".to_owned()))];
    apply(&mut query, &common);
    let mut probes = filter_probes(&query, &common);
    // not all rows meet it
    let mut whole = query.clone();
    let every = fill("round(100.0 * {} / {}, 1)", vec![aggregate("count(*)", vec![]), of_all]);
    whole.columns = vec![(every, Some("percentage".to_owned()))];
    probes.push(("part", whole, Expect::Differs));
    // and some do
    let some = Select {
        columns: vec![(text("1"), None)],
        filter: query.filter.iter().chain(&marked.sql).cloned().collect(),
        limit: Some(Limit::Rows(1)),
        ..draw.scope.select()
    };
    probes.push(("part", some, Expect::Rows));
    let to = draw.rng.word(&["to one decimal", "rounded to one decimal", "to the nearest tenth"]);
    let of_them = format!("what percentage of {rows}");
    let said = clause(draw, &marked, &of_them)?;
    let nominal = vec![match said.strip_prefix(&format!("for {of_them} ")) {
        Some(rest) => format!("the percentage of {rows} for which {rest}, {to}"),
        None => {
            let that = if draw.scope.subject().person { "who" } else { "that" };
            let verb = said.strip_prefix(&format!("{of_them} "))?;
            format!("the percentage of {rows} {that} {verb}, {to}")
        }
    }];
    let questions = super::cube::turned(&said, &of_them).map(|q| vec![format!("{q}, {to}")])?;
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: false }) })
}

/// "how many rentals were there in June 2005, and how many in July".
pub(super) fn apart(draw: &mut Draw) -> Option<Draft> {
    if draw.fan.is_some() {
        return None;
    }
    let one = draw.conditions(1, 1)?.pop()?;
    let [of] = *one.places.as_slice() else { return None };
    if any_of_many(draw, &one) {
        return None;
    }
    let two = (0..40).find_map(|_| condition::draw(&mut draw.rng, &draw.scope, of).filter(|two| one.rivals(two)))?;
    let by_case = draw.rng.chance(30);
    let count = |c: &Condition| match by_case {
        true => aggregate("sum(CASE WHEN {} THEN 1 ELSE 0 END)", vec![test(c)]),
        false => aggregate("count(*) FILTER (WHERE {})", vec![test(c)]),
    };
    let mut query = draw.scope.select();
    query.columns = vec![(count(&one), Some("first_count".into())), (count(&two), Some("second_count".into()))];
    let probes = (0..2).map(|at| {
        let mut all = query.clone();
        all.columns[at].0 = aggregate("count(*)", vec![]);
        ("part", all, Expect::Differs)
    });
    let probes = probes.collect();
    let (first, second) = (draw.rows_phrase(&[one]), draw.rows_phrase(&[two]));
    let many = &draw.scope.subject().many;
    let nominal = vec![format!("the number of {first} and the number of {second}")];
    let asked = phrase::how_many(&first, many);
    let questions = vec![format!("{asked}, and {}", phrase::how_many(&second, many))];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: false }) })
}
