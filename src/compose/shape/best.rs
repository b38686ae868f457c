//! The best of each group: by rank with ties, or one row by DISTINCT ON.

use super::super::aggregate;
use super::super::condition::is_plural;
use super::super::draw::{Draft, Draw};
use super::super::extreme::{extreme, outermost, superlative};
use super::super::group;
use super::super::phrase;
use super::super::probe::tie_probes;
use super::super::say::{Extra, Speech};
use super::super::scope::Place;
use super::super::taste;
use super::super::tree::{Distinct, Expr, Order, Select, fill, text};
use super::grouped::{self, Grouped, output, over};
use super::window::window;
use crate::schema::grammar::number_word;

/// The best of each group by rank, ties kept: "for each rating, the three longest films".
pub(super) fn ranked(draw: &mut Draw) -> Option<Draft> {
    of_each(draw, true)
}

/// One row of each group by DISTINCT ON: "for each rating, the longest film".
pub(super) fn first(draw: &mut Draw) -> Option<Draft> {
    of_each(draw, false)
}

fn of_each(draw: &mut Draw, by_rank: bool) -> Option<Draft> {
    let subject = draw.scope.subject();
    if draw.fan.is_some() || subject.label.is_empty() || subject.key.is_empty() {
        return None;
    }
    let key = group::key(draw)?;
    let by = draw.choose(|scope, p| {
        p.node == 0
            && scope.field(p).measurable()
            && taste::plain(scope.field(p))
            && scope.field(p).distinct > 8
            && !scope.field(p).nullable
    })?;
    if key.time || key.places.iter().any(|p| p.node == 0 && subject.label.contains(&p.field)) {
        return None;
    }
    draw.use_place(by);
    let conditions = draw.conditions(0, 2)?;
    let rows = draw.rows_phrase(&conditions);
    let noun = draw.scope.noun(by);
    let descending = draw.rng.chance(70);
    let top = extreme(&mut draw.rng, &noun, descending);
    let direction = if descending { " DESC" } else { "" };
    let column = draw.scope.column(by);
    let label: Vec<(Expr, Option<String>)> =
        subject.label.iter().map(|&field| (draw.scope.column(Place { node: 0, field }), None)).collect();
    let mut inner = draw.scope.select();
    inner.columns = key.columns.iter().cloned().chain(label).chain([(column.clone(), None)]).collect();
    let names: Vec<String> = inner.columns.iter().map(grouped::output_name).collect();
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    if sorted.len() < names.len() {
        return None;
    }
    let g = Grouped {
        measure: String::new(),
        figure: aggregate::count(&draw.scope),
        query: Select { filter: conditions.iter().flat_map(|c| c.sql.clone()).collect(), ..inner },
        names,
        conditions,
        key,
    };
    let keys: Vec<Expr> = g.key.group.clone();
    if !by_rank {
        return Some(first_of_each(draw, &g, &rows, &noun, top, by, descending));
    }
    let n = [1, 1, 2, 3, 3][draw.rng.below(5)];
    let cte = draw.rng.chance(60);
    let partition = vec!["{}"; keys.len()].join(", ");
    let whole = |inner: Select| {
        let mut parts = keys.clone();
        parts.push(column.clone());
        let mut ranked = inner;
        let position = window(&format!("rank() OVER (PARTITION BY {partition} ORDER BY {{}}{direction})"), parts);
        ranked.columns.push((position, Some("position".into())));
        let columns = g.key_outputs();
        let filter =
            vec![fill(if n == 1 { "{} = {}" } else { "{} <= {}" }, vec![output("position"), text(n.to_string())])];
        over(cte, "ranked", ranked, Select { columns, filter, ..Select::default() })
    };
    let key = &g.key.one;
    let number = if n == 1 { String::new() } else { format!("{} ", number_word(n)) };
    let (what, what_that) = figure_asked(&noun);
    let best = outermost(&rows, top, &noun, descending);
    let that = if superlative(&noun, descending).is_none() {
        "that"
    } else if n == 1 {
        "its"
    } else {
        "their"
    };
    let nominal = vec![
        format!("for each {key}, the {number}{best}, with {that} {noun}"),
        format!("the {number}{best} for each {key}, with {noun}"),
    ];
    let questions = if superlative(&noun, descending).is_some() {
        vec![format!("which are the {number}{best} for each {key}, and {what}")]
    } else {
        vec![
            format!("per {key}, which {number}{rows} have the {top} {noun}, and {what}"),
            format!("for each {key}, which {number}{rows} have the {top} {noun}, and {what_that}"),
        ]
    };
    let extras = vec![Extra::new(", ties included", "Keep ties")];
    Some(g.narrowed(Speech { nominal, questions, extras, lists: true }, whole))
}

/// How a figure is asked for after its noun; of what is counted there are so many.
fn figure_asked(noun: &str) -> (String, String) {
    if is_plural(noun) {
        ("how many".to_owned(), "how many".to_owned())
    } else {
        ("what is it".to_owned(), format!("what is that {noun}"))
    }
}

/// DISTINCT ON: one row a group, ties broken by name and said, or proved to be none.
fn first_of_each(
    draw: &mut Draw,
    g: &Grouped,
    rows: &str,
    noun: &str,
    top: &str,
    by: Place,
    descending: bool,
) -> Draft {
    // what is shown leads: rows come in an order that a reader sees
    let shown = |e: &Expr| {
        let mut found = false;
        g.key.columns.iter().for_each(|(column, _)| column.visit(&mut |part| found |= part == e));
        found
    };
    let (mut keys, behind): (Vec<Expr>, Vec<Expr>) = g.key.group.iter().cloned().partition(shown);
    keys.extend(behind);
    let subject = draw.scope.subject();
    let breakers: Vec<Expr> = subject.key.iter().map(|k| draw.scope.named(0, k)).collect();
    let column = draw.scope.column(by);
    let name: Vec<Expr> = subject.label.iter().map(|&field| draw.scope.column(Place { node: 0, field })).collect();
    let by_name = subject.label.len() == 1 && draw.rng.chance(70);
    let whole = |inner: Select| {
        let mut order: Vec<Order> =
            keys.iter().map(|k| Order { by: k.clone(), descending: false, nulls_last: false }).collect();
        order.push(Order { by: column.clone(), descending, nulls_last: false });
        if by_name {
            order.extend(name.iter().map(|n| Order { by: n.clone(), descending: false, nulls_last: false }));
        }
        Select { distinct: Distinct::On(keys.clone()), order, ..inner }
    };
    let one = phrase::single(rows, &subject.many, &subject.one);
    let key = &g.key.one;
    let best = outermost(&one, top, noun, descending);
    let named = superlative(noun, descending).is_none();
    let nominal = vec![
        format!("for each {key}, the {best}, showing {} {noun}", if named { "that" } else { "its" }),
        format!("the {best} for every {key}, with the {noun} itself"),
    ];
    let what = figure_asked(noun).1;
    let questions = match superlative(noun, descending) {
        Some(_) => vec![format!("for each {key}, which is the {best}, and {what}")],
        None => vec![format!("for each {key}, which {one} has the {top} {noun}, and {what}")],
    };
    let mut extras = vec![Extra::new(format!(", in order of {key}"), format!("Sort by {key}"))];
    if by_name {
        extras.insert(0, Extra::new(" (ties by name)", "Break ties by name"));
    }
    let mut draft = g.draft(Speech { nominal, questions, extras, lists: true }, whole);
    draft.probes.extend(tie_probes(&draft.query, &breakers));
    draft
}
