//! Values that several rows share: how many different ones there are, which occur often.

use super::super::aggregate::snake;
use super::super::condition::Condition;
use super::super::draw::{Draft, Draw, apply};
use super::super::having::round_count;
use super::super::phrase;
use super::super::probe::{cut_probe, filter_probes};
use super::super::reference::reference;
use super::super::say::{Extra, Speech};
use super::super::scope::Place;
use super::super::tree::{Expr, Limit, Order, Select, aggregate, fill};
use super::plain::{figure, noun, some_conditions};
use super::ranking;
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// What the values are called that are shown: keys are no things.
fn values(draw: &Draw, place: Place) -> String {
    let noun = noun(draw, place);
    grammar::plural(&if draw.scope.field(place).role() == Role::Key { format!("{noun} ID") } else { noun })
}

/// "how many different postal codes are there among addresses".
pub(super) fn different(draw: &mut Draw, place: Place) -> Option<Draft> {
    let one = noun(draw, place);
    // "different numbers of beds"
    if one.starts_with("number of ") {
        return None;
    }
    // nobody knows what an "sid" is the ID of
    if draw.scope.field(place).role() == Role::Key && one.len() <= 3 {
        return None;
    }
    let many = grammar::plural(&one);
    let column = draw.scope.column(place);
    let distinct = aggregate("count(DISTINCT {})", vec![column.clone()]);
    let key = draw.scope.field(place).role() == Role::Key;
    let thing =
        key && reference(draw.world, draw.scope.nodes[place.node].entity, &draw.scope.field(place).name).is_some();
    let kind = draw.rng.weighted(&[55, 25, if key { 25 } else { 0 }]);
    let counted = Some(format!("{}_count", snake(&draw.scope.subject().one)));
    let value = |_: &Draw, _: bool| match kind {
        0 => vec![(distinct, None)],
        1 => vec![(aggregate("count(*)", vec![]), counted), (distinct, Some(format!("different_{}", snake(&many))))],
        _ => {
            let each = vec![aggregate("count({})", vec![column]), distinct];
            vec![(fill("round({}::numeric / nullif({}, 0), 1)", each), Some("average".to_owned()))]
        }
    };
    figure(draw, place, value, |draw, rows, per| {
        let word = draw.rng.word(&["different", "distinct", "unique"]);
        match kind {
            // things have rows rather than stand among them
            0 if thing && per.is_empty() => (
                vec![format!("the number of {word} {many} with {rows}")],
                vec![format!("how many {word} {many} have {rows}")],
            ),
            0 => (
                vec![format!("the number of {word} {many} among {rows}{per}")],
                vec![
                    format!("how many {word} {many} are there among {rows}{per}"),
                    format!("how many {word} {many} do {rows} have{per}"),
                ],
            ),
            1 => (
                vec![format!("the number of {rows} and the number of {word} {many}{per}")],
                vec![format!("how many {rows} are there{per}, and how many {word} {many} do they have")],
            ),
            _ => (
                vec![format!(
                    "the average number of {rows} for {} that has any{per}, to one decimal",
                    grammar::with_article(&one)
                )],
                vec![format!(
                    "how many {rows} does {} that has any have on average{per}, to one decimal",
                    grammar::with_article(&one)
                )],
            ),
        }
    })
}

/// For each condition the query without it: a bound or a cut lets one row more count for nothing.
fn without_each(query: &Select, conditions: &[Condition]) -> impl Iterator<Item = (&'static str, Select, Expect)> {
    conditions.iter().map(|c| {
        let mut one = query.clone();
        one.filter.retain(|f| !c.sql.contains(f));
        ("filter", one, Expect::Differs)
    })
}

/// "the five most frequent codes of encounters".
fn frequent(draw: &mut Draw, place: Place) -> Option<Draft> {
    let field = draw.scope.field(place);
    let n = [3, 5, 10].into_iter().filter(|n| field.distinct == 0 || n * 2 <= field.distinct).max()?;
    let conditions = some_conditions(draw)?;
    let rows = draw.rows_phrase(&conditions);
    let column = draw.scope.column(place);
    let mut query = draw.scope.select();
    let alias = format!("{}_count", snake(&draw.scope.subject().one));
    query.columns = vec![(column.clone(), None), (aggregate("count(*)", vec![]), Some(alias.clone()))];
    apply(&mut query, &conditions);
    if field.nullable {
        query.filter.push(fill("{} IS NOT NULL", vec![column.clone()]));
    }
    query.group = vec![column];
    query.order = vec![Order { by: Expr::Column(String::new(), alias), descending: true, nulls_last: false }];
    query.limit = Some(Limit::WithTies(n));
    let mut probes = vec![cut_probe(&query)];
    probes.extend(without_each(&query, &conditions));
    let (number, many) = (grammar::number_word(n), values(draw, place));
    let nominal = vec![
        format!("the {number} most frequent {many} of {rows}, with the number of each"),
        format!("the {number} most common {many} among {rows}, and how often each occurs"),
    ];
    let questions =
        vec![format!("which {number} {many} are the most frequent among {rows}, and how often does each occur")];
    let extras = vec![ranking::ties_too(draw)];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}

/// "which postal codes belong to more than one address, and to how many".
pub(super) fn shared(draw: &mut Draw, place: Place) -> Option<Draft> {
    if draw.rng.chance(40) {
        return frequent(draw, place);
    }
    let conditions = some_conditions(draw)?;
    let rows = draw.rows_phrase(&conditions);
    let (subject, f) = (draw.scope.subject(), draw.scope.field(place));
    let column = draw.scope.column(place);
    // where all come twice the bound lies higher
    let mean = subject.rows / f.distinct.max(1);
    let bound = if mean < 2 { 1 } else { round_count((mean * [1, 2][draw.rng.below(2)]) as f64) as u64 };
    let mut query = draw.scope.select();
    let alias = format!("{}_count", snake(&subject.one));
    query.columns = vec![(column.clone(), None), (aggregate("count(*)", vec![]), Some(alias.clone()))];
    apply(&mut query, &conditions);
    let either = filter_probes(&query, &conditions).into_iter().filter(|(name, ..)| *name != "filter");
    let mut probes: Vec<_> = either.collect();
    if f.nullable {
        let filled = fill("{} IS NOT NULL", vec![column.clone()]);
        query.filter.push(filled.clone());
        probes.iter_mut().for_each(|(_, probe, _)| probe.filter.push(filled.clone()));
    }
    query.group = vec![column.clone()];
    query.having = vec![fill(&format!("{{}} > {bound}"), vec![aggregate("count(*)", vec![])])];
    let mut without = query.clone();
    without.having.clear();
    probes.extend(without_each(&query, &conditions));
    probes.push(("having", without, Expect::Differs));
    let many = values(draw, place);
    let more = if bound == 1 { "more than one".to_owned() } else { format!("more than {}", number(bound)) };
    let counted = if bound == 1 { subject.one.clone() } else { subject.many.clone() };
    let one = phrase::single(&rows, &subject.many, &counted);
    let one = if bound == 1 { one } else { rows.clone() };
    let mut extras = Vec::new();
    if draw.rng.chance(55) {
        query.order = vec![Order { by: Expr::Column(String::new(), alias), descending: true, nulls_last: false }];
        extras.push(Extra::new(", most frequent first", "Put the most frequent first"));
        for (_, probe, _) in &mut probes {
            probe.order = query.order.clone();
        }
    }
    let nominal = vec![
        format!("the {many} that {more} {one} share, with the number of them"),
        format!("the {many} found for {more} {one}, and how often"),
    ];
    let questions = vec![
        format!("which {many} occur for {more} {one}, and how often"),
        format!("which {many} do {more} {one} have, and how many are they"),
    ];
    let questions = if bound == 1 { questions[..1].to_vec() } else { questions };
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}

fn number(n: u64) -> String {
    if n <= 12 { grammar::number_word(n) } else { n.to_string() }
}
