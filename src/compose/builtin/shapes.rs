//! The questions that show a function: beside rows, as a class to count by, as a figure, as a condition, over groups.

use super::super::aggregate::{self, Figure};
use super::super::condition::{self, Condition};
use super::super::draw::{Draft, Draw, apply};
use super::super::extreme::extreme;
use super::super::group;
use super::super::phrase;
use super::super::probe::filter_probes;
use super::super::say::{Extra, Speech};
use super::super::scope::Place;
use super::super::shape::{breakdown, figure, list, ranking};
use super::super::tree::{Expr, Join, JoinKind, Limit, Order, Source, aggregate as call_of, fill};
use super::term::{Term, term};
use super::uses::Tool;
use super::{On, Use, Yields, windows};
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

pub(in crate::compose) fn draw(draw: &mut Draw, shown: Use) -> Option<Draft> {
    if shown.entry.yields == Yields::Window {
        return windows::window(draw, shown);
    }
    let term = term(draw, shown)?;
    let whole = draw.scope.field(term.place).nulls == 0;
    match shown.entry.yields {
        Yields::Class if (whole || shown.entry.on == On::Gappy) && draw.rng.chance(60) => by_class(draw, &term),
        Yields::Figure if draw.rng.chance(35) => average(draw, &term),
        Yields::Figure if draw.rng.chance(40) => outermost(draw, &term),
        Yields::Value | Yields::Class | Yields::Figure => beside(draw, &term),
        Yields::Test => rows_that(draw, &term),
        Yields::Aggregate => over_rows(draw, &term),
        Yields::Rows => pieces(draw, &term),
        Yields::Window => None,
    }
}

/// The same for other phases: any everyday function that suits the subject.
pub(in crate::compose) fn tool(given: &mut Draw) -> Option<Draft> {
    let tools = given.tools;
    if given.fan.is_some() {
        return None;
    }
    // functions in turn, not their many places; those that suit the field in focus before others
    let waiting = given.waiting().filter(|p| p.node == 0).map(|p| p.field);
    let suits = |t: &Tool| t.uses.iter().any(|u| Some(u.field) == waiting || u.second == waiting && waiting.is_some());
    let focused = tools.iter().any(suits) && given.rng.chance(75);
    let often: Vec<usize> = tools.iter().map(|t| if focused && !suits(t) { 0 } else { t.often }).collect();
    let tool = tools.get(given.rng.weighted(&often))?;
    let places: Vec<Use> = match focused {
        true => tool.uses.iter().filter(|u| Some(u.field) == waiting || u.second == waiting).copied().collect(),
        false => tool.uses.clone(),
    };
    let one = *given.rng.pick(&places)?;
    draw(given, one)
}

/// Rows by name with the value beside them: "the title and its first five characters".
fn beside(draw: &mut Draw, term: &Term) -> Option<Draft> {
    let subject = draw.scope.subject();
    let of_label = subject.label.contains(&term.place.field);
    let more = usize::from(draw.rng.chance(40));
    let mut shown = if of_label {
        list::Shown { columns: Vec::new(), nouns: Vec::new(), named: false, places: Vec::new() }
    } else {
        list::shown(draw, 0, more)
    };
    if of_label && !term.whole && draw.rng.chance(60) {
        for &field in &subject.label {
            let place = Place { node: 0, field };
            shown.columns.push((draw.scope.column(place), None));
            shown.nouns.push(draw.scope.bare(place));
        }
    }
    // a value without anything to tell whose it is
    if shown.columns.is_empty() && !of_label {
        return None;
    }
    shown.columns.push((term.sql.clone(), Some(term.alias.clone())));
    shown.nouns.push(term.noun.clone());
    let large = usize::from(draw.scope.subject().rows > 60);
    let conditions = draw.conditions(large, 2)?;
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = shown.columns.clone();
    apply(&mut query, &conditions);
    let mut probes = filter_probes(&query, &conditions);
    // a function that leaves every value as it was shows nothing
    let mut plain = query.clone();
    if let Some((sql, _)) = plain.columns.last_mut() {
        *sql = draw.scope.column(term.place);
    }
    probes.push(("function", plain, Expect::Differs));
    let speech = list::speech(draw, &shown, &rows);
    Some(Draft { probes, ..Draft::new(query, speech) })
}

/// "the number of films by first letter of the title".
fn by_class(draw: &mut Draw, term: &Term) -> Option<Draft> {
    let figures = if draw.rng.chance(55) { vec![aggregate::count(&draw.scope)] } else { figure::figures(draw, 1, 2) };
    let conditions = draw.conditions(0, 2)?;
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = vec![(term.sql.clone(), Some(term.alias.clone()))];
    query.columns.extend(breakdown::named_columns(&figures));
    apply(&mut query, &conditions);
    query.group = vec![term.sql.clone()];
    let mut extras = Vec::new();
    if draw.rng.chance(45) {
        query.order =
            vec![Order { by: Expr::Column(String::new(), term.alias.clone()), descending: false, nulls_last: false }];
        let inline =
            draw.rng.word(&[", in that order", ", ascending", ", in ascending order of that", ", sorted by it"]);
        extras
            .push(Extra::new(inline, draw.rng.word(&["Sort by it in ascending order", "In ascending order, please"])));
    }
    let said = aggregate::figures_of(draw, &figures, &rows);
    let is = if figures.len() > 1 { "are" } else { "is" };
    let noun = &term.noun;
    let nominal = vec![
        format!("{said} for each {noun}"),
        format!("{said} by the {noun}"),
        format!("{said}, broken down by the {noun}"),
    ];
    let mut questions =
        vec![format!("what {is} {said} for each {noun}"), format!("for every {noun}, what {is} {said}")];
    if figures.len() == 1 && figures[0].counts {
        questions.push(format!("for each {noun}, {}", phrase::how_many(&rows, &draw.scope.subject().many)));
    }
    let probes = filter_probes(&query, &conditions);
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: false }) })
}

/// "the average length of the title per rating".
fn average(draw: &mut Draw, term: &Term) -> Option<Draft> {
    let (call, word) =
        [("round(avg({})::numeric, 2)", "average"), ("max({})", "highest"), ("min({})", "lowest")][draw.rng.below(3)];
    let rounding = if word == "average" { ", rounded to two decimals," } else { "" };
    let inner = call.trim_start_matches("round(").trim_end_matches("::numeric, 2)");
    let value = call_of(inner, vec![term.sql.clone()]);
    let sql = if word == "average" { fill("round({}::numeric, 2)", vec![value]) } else { value };
    let figure = Figure {
        sql,
        alias: format!("{}_{}", word, term.alias),
        noun: format!("{word} {}{rounding}", term.noun),
        counts: false,
        place: Some(term.place),
        time: false,
    };
    figure_draft(draw, figure)
}

fn over_rows(draw: &mut Draw, term: &Term) -> Option<Draft> {
    draw.timed |= draw.scope.field(term.place).role() == Role::Time;
    let figure = Figure {
        sql: Expr::Aggregate(Box::new(term.sql.clone())),
        alias: term.alias.clone(),
        noun: term.noun.clone(),
        counts: false,
        place: Some(term.place),
        time: false,
    };
    figure_draft(draw, figure)
}

/// One figure over the rows, or by a key.
fn figure_draft(draw: &mut Draw, figure: Figure) -> Option<Draft> {
    let key = if draw.rng.chance(55) { group::key(draw) } else { None };
    let least = usize::from(key.is_none() && draw.rng.chance(60));
    let conditions = draw.conditions(least, 2)?;
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = key.iter().flat_map(|k| k.columns.clone()).collect();
    query.columns.push((figure.sql.clone(), Some(figure.alias.clone())));
    apply(&mut query, &conditions);
    query.group = key.iter().flat_map(|k| k.group.clone()).collect();
    let probes = filter_probes(&query, &conditions);
    let said = aggregate::figures_of(draw, std::slice::from_ref(&figure), &rows);
    let (nominal, questions) = match &key {
        Some(k) => (
            vec![
                format!("{said} per {}", k.one),
                format!("{said} {} {}", k.per(&mut draw.rng, !conditions.is_empty()), k.one),
                format!("{said}, broken down by {}", k.one),
            ],
            vec![format!("what is {said} per {}", k.one), format!("by {}, what is {said}", k.one)],
        ),
        None => (
            vec![said.clone()],
            std::iter::once(format!("what is {said}"))
                .chain(
                    (!figure.noun.contains("{rows}"))
                        .then(|| format!("looking at {rows}, what is the {}", figure.noun)),
                )
                .collect(),
        ),
    };
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: false }) })
}

/// "the three films with the longest title": ties kept or proved away.
fn outermost(draw: &mut Draw, term: &Term) -> Option<Draft> {
    let subject = draw.scope.subject();
    if subject.label.is_empty() || subject.key.is_empty() {
        return None;
    }
    let conditions = draw.conditions(0, 2)?;
    let rows = draw.rows_phrase(&conditions);
    let n = [1, 2, 3, 5][draw.rng.below(4)];
    let highest = draw.rng.chance(65);
    let mut query = draw.scope.select();
    query.columns = subject
        .label
        .iter()
        .map(|&field| (draw.scope.column(Place { node: 0, field }), None))
        .chain([(term.sql.clone(), Some(term.alias.clone()))])
        .collect();
    apply(&mut query, &conditions);
    query.filter.push(fill("{} IS NOT NULL", vec![term.sql.clone()]));
    if !draw.scope.field(term.place).nullable {
        query.filter.pop();
    }
    query.order =
        vec![Order { by: Expr::Column(String::new(), term.alias.clone()), descending: highest, nulls_last: false }];
    query.limit = Some(Limit::WithTies(n));
    let mut without = query.clone();
    without.limit = None;
    let mut probes = filter_probes(&query, &conditions);
    probes.push(("limit", without, Expect::Differs));
    let word = extreme(&mut draw.rng, &term.noun, highest);
    let number = if n == 1 { String::new() } else { format!("{} ", grammar::number_word(n)) };
    let noun = &term.noun;
    let kind = if n == 1 { subject.one.clone() } else { format!("{number}{}", subject.many) };
    let among = if rows == subject.many { String::new() } else { format!(" among {rows}") };
    let nominal = vec![
        format!("the {kind} with the {word} {noun}{among}, together with that figure"),
        format!("the {kind} with the {word} {noun}{among}, and what it is"),
    ];
    let questions = vec![if rows == subject.many {
        let one = if n == 1 { format!("{} has", subject.one) } else { format!("{number}{rows} have") };
        format!("which {one} the {word} {noun}, and what is it")
    } else {
        format!(
            "among {rows}, which {} the {word} {noun}, and what is it",
            if n == 1 { "one has".to_owned() } else { format!("{number}have") }
        )
    }];
    let extras = vec![ranking::ties_too(draw)];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}

/// "films whose title contains ..": listed or counted.
fn rows_that(draw: &mut Draw, term: &Term) -> Option<Draft> {
    let noun = draw.scope.bare(term.place);
    let sql = if let Expr::Mix(_) = &term.sql { pattern(term.sql.clone()) } else { term.sql.clone() };
    let own = Condition {
        sql: vec![sql],
        whose: Some(format!("{noun} {}", agreed(&noun, &term.noun))),
        places: vec![term.place],
        ..Condition::default()
    };
    let counted = draw.rng.chance(50);
    let shown = if counted { None } else { Some(list::shown(draw, 0, 2)).filter(|s| s.named || s.columns.len() > 1) };
    let key = if counted && draw.rng.chance(35) { group::key(draw) } else { None };
    let mut conditions = vec![own];
    conditions.extend(draw.conditions(0, 1)?);
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    apply(&mut query, &conditions);
    let speech = match (shown, &key) {
        (Some(shown), _) => {
            query.columns = shown.columns.clone();
            list::speech(draw, &shown, &rows)
        }
        (None, Some(k)) => {
            query.columns = k.columns.clone();
            query.columns.push((call_of("count(*)", vec![]), Some("number".into())));
            query.group = k.group.clone();
            Speech {
                nominal: vec![
                    format!("the number of {rows} per {}", k.one),
                    format!("the number of {rows}, broken down by {}", k.one),
                ],
                questions: vec![format!("by {}, {}", k.one, phrase::how_many(&rows, &draw.scope.subject().many))],
                ..Speech::default()
            }
        }
        (None, None) => {
            query.columns = vec![(call_of("count(*)", vec![]), None)];
            Speech {
                nominal: vec![format!("the number of {rows}")],
                questions: figure::counting(draw, &rows),
                ..Speech::default()
            }
        }
    };
    let probes = filter_probes(&query, &conditions);
    Some(Draft { probes, ..Draft::new(query, speech) })
}

/// The verb of a test in the number of its noun: "actors contain".
fn agreed(noun: &str, verb: &str) -> String {
    if !condition::is_plural(noun) {
        return verb.to_owned();
    }
    let (first, rest) = verb.split_once(' ').unwrap_or((verb, ""));
    let many = match first {
        "is" => "are".to_owned(),
        "has" => "have".to_owned(),
        "matches" => "match".to_owned(),
        other => other.trim_end_matches('s').to_owned(),
    };
    format!("{many} {rest}")
}

/// A predicate that the gate counts as a pattern is marked as one.
fn pattern(sql: Expr) -> Expr {
    let Expr::Mix(parts) = &sql else { return sql };
    if parts.iter().any(|p| matches!(p, Expr::Text(t) if t.contains(" LIKE "))) {
        Expr::Pattern(Box::new(sql))
    } else {
        sql
    }
}

/// A row taken apart: its pieces counted over all rows.
fn pieces(draw: &mut Draw, term: &Term) -> Option<Draft> {
    let conditions = draw.conditions(usize::from(draw.scope.subject().rows > 2000), 2)?;
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.keep_alias = true;
    query.joins.push(Join {
        kind: JoinKind::Lateral,
        source: Source::Other(term.sql.clone(), "piece".to_owned()),
        on: None,
    });
    let piece = Expr::Column(String::new(), "piece".to_owned());
    query.columns = vec![(piece.clone(), None), (call_of("count(*)", vec![]), Some("number".into()))];
    apply(&mut query, &conditions);
    query.group = vec![piece.clone()];
    let n = [3, 5, 10][draw.rng.below(3)];
    let by = |by, descending| Order { by, descending, nulls_last: false };
    query.order = vec![by(Expr::Column(String::new(), "number".to_owned()), true)];
    query.limit = Some(Limit::WithTies(n));
    let mut without = query.clone();
    without.limit = None;
    let mut probes = filter_probes(&query, &conditions);
    probes.push(("limit", without, Expect::Differs));
    let (noun, n) = (&term.noun, grammar::number_word(n));
    let nominal = vec![
        format!("the {n} most frequent {noun} of {rows}, with the number of times that each occurs")
            .replacen(" of the ", " in the ", 1),
    ];
    let questions = vec![
        format!("which {n} {noun} occur most often for {rows}, and how often does each")
            .replacen(" of the ", " in the ", 1),
    ];
    let extras = vec![ranking::ties_too(draw)];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}
