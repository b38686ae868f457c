//! Functions on single rows: values beside their names, the first few by a value, the rows that meet a test.

use super::super::condition::{self, Condition};
use super::super::draw::{Draft, Draw, apply};
use super::super::extreme::extreme;
use super::super::group;
use super::super::moment;
use super::super::phrase;
use super::super::probe::{cut_probe, filter_probes};
use super::super::say::Speech;
use super::super::scope::Place;
use super::super::sense;
use super::super::shape::{figure, kept, list, ranking};
use super::super::tree::{Expr, Limit, Order, Select, aggregate as call_of, fill};
use super::term::{Term, term};
use super::{On, Use, Yields};
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// Rows by name with the value beside them: "the title and its first five characters".
pub(super) fn beside(draw: &mut Draw, term: &Term) -> Option<Draft> {
    let subject = draw.scope.subject();
    let of_label = subject.label.contains(&term.place.field);
    let more = usize::from(draw.rng.chance(40));
    let mut shown = if of_label {
        list::Shown { columns: Vec::new(), nouns: Vec::new(), named: false, places: Vec::new() }
    } else {
        list::shown(draw, 0, more)
    };
    if of_label && (!term.whole && draw.rng.chance(60) || term.noun == "initials") {
        for &field in &subject.label {
            let place = Place { node: 0, field };
            shown.columns.push((draw.scope.column(place), None));
            shown.nouns.push(draw.scope.bare(place));
        }
    }
    // a value without anything to tell whose it is; what is printed or looked up goes by a name
    let nameless = subject.label.is_empty() && !term.aim.is_empty();
    if shown.columns.is_empty() && !of_label || nameless {
        return None;
    }
    // "the payment date and the payment date in the form DD.MM.YYYY"
    if shown.places.contains(&term.place) {
        return None;
    }
    shown.columns.push((term.sql.clone(), Some(term.alias.clone())));
    shown.nouns.push(term.noun.clone());
    let large = usize::from(draw.scope.subject().rows > 60);
    // what is printed or looked up is so for a kind of rows, and not for those of an amount
    draw.measuring = !term.aim.is_empty();
    let mut conditions = draw.conditions(large, if term.found.is_some() { 1 } else { 2 })?;
    // whom one calls to verify them is no matter of their plan
    let aimless = |c: &Condition| !c.places.iter().all(|&p| sense::placed(draw.scope.field(p)));
    if !term.aim.is_empty() && conditions.iter().any(aimless) {
        return None;
    }
    conditions.extend(term.found.clone());
    kept::beside(draw, &shown);
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = shown.columns.clone();
    apply(&mut query, &conditions);
    let mut probes = Vec::new();
    let mut order = None;
    let rows = if subject.rows as f64 * draw.passing < MANY {
        if !of_label && draw.rng.chance(35) {
            order = list::order(draw, &mut query.order, &shown);
        }
        rows
    } else {
        let (rows, cut) = latest(draw, &mut query, &rows)?;
        probes.push(cut);
        rows
    };
    probes.extend(filter_probes(&query, &conditions));
    // a function that leaves every value as it was shows nothing
    let mut plain = query.clone();
    if let Some((sql, _)) = plain.columns.last_mut() {
        *sql = draw.scope.column(term.place);
    }
    probes.push(("function", plain, Expect::Differs));
    let (head, tail) = apart(&term.noun);
    // behind a condition a form would be taken for the condition's
    let close = rows != draw.scope.subject().many
        && ["in the form", "in days", "with the month"].iter().any(|f| tail.starts_with(f));
    let (head, tail) = if close { (format!("{head} ({tail})"), "") } else { (head.to_owned(), tail) };
    if let Some(last) = shown.nouns.last_mut() {
        *last = head;
    }
    let mut speech = list::speech(draw, &shown, &rows);
    // "which are the the ten latest"
    for said in speech.nominal.iter_mut().chain(&mut speech.questions) {
        *said = said.replace("the the ", "the ").replace("all the ", "the ").replace("every the ", "each of the ");
    }
    for said in speech.nominal.iter_mut().chain(&mut speech.questions) {
        for more in [tail, term.aim].into_iter().filter(|more| !more.is_empty()) {
            said.push_str(&format!(", {more}"));
        }
    }
    speech.extras.extend(order);
    Some(Draft { probes, ..Draft::new(query, speech) })
}

/// Rows that are not listed any more.
const MANY: f64 = 100.0;

/// Of many rows the latest few are shown: "the ten most recent rentals".
fn latest(draw: &mut Draw, query: &mut Select, rows: &str) -> Option<(String, Cut)> {
    let subject = draw.scope.subject();
    let when = subject.when.map(|field| Place { node: 0, field }).filter(|&p| draw.scope.field(p).nulls == 0)?;
    let n = [3, 5, 5, 8, 10, 10, 15][draw.rng.below(7)];
    draw.used.push(when);
    query.order = vec![Order { by: draw.scope.column(when), descending: true, nulls_last: false }];
    query.limit = Some(Limit::WithTies(n));
    let ties = draw.rng.word(&["ties included", "with ties", "keeping ties"]);
    let latest = draw.rng.word(&["most recent", "latest"]);
    Some((format!("the {} {latest} {rows} ({ties})", grammar::number_word(n)), cut_probe(query)))
}

/// A proof of a cut.
type Cut = (&'static str, Select, Expect);

/// A percentile without the word for how it is computed, and what stands for that in the evidence.
pub(super) fn defined(noun: &str) -> (String, Option<&'static str>) {
    const FORMS: [(&str, &str); 2] = [
        (" (not interpolated)", "Where a percentile lies between two values it is the lower one"),
        (" (interpolated)", "Where a percentile lies between two values it is interpolated"),
    ];
    match FORMS.iter().find(|(form, _)| noun.contains(form)) {
        Some((form, meaning)) => (noun.replace(form, ""), Some(meaning)),
        None => (noun.to_owned(), None),
    }
}

/// What a value is, and in what form it is wanted: that is said when all else is.
pub(super) fn apart(noun: &str) -> (&str, &str) {
    const FORMS: [&str; 13] = [
        ", ignoring zeros", " as of ", " trimmed of", " if any", ", rounded", " in the form", " with the ",
        " with its ", " with (at)", " as one comma", " with thousands", " as one sorted", " in days and hours",
    ];
    match FORMS.iter().filter_map(|form| noun.find(form)).min() {
        Some(at) => (&noun[..at], noun[at..].trim_start_matches(',').trim().trim_end_matches(',')),
        None => (noun, ""),
    }
}

/// "the three films with the longest title": ties kept or proved away.
pub(super) fn outermost(draw: &mut Draw, term: &Term) -> Option<Draft> {
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
    let mut probes = filter_probes(&query, &conditions);
    probes.push(cut_probe(&query));
    let word = match (term.length, highest) {
        (true, true) => "longest",
        (true, false) => "shortest",
        _ => extreme(&mut draw.rng, &term.noun, highest),
    };
    let number = if n == 1 { String::new() } else { format!("{} ", grammar::number_word(n)) };
    // the longest title has the most characters
    let noun = term.noun.strip_suffix(" length in characters").unwrap_or(&term.noun);
    let kind = if n == 1 { subject.one.clone() } else { format!("{number}{}", subject.many) };
    let among = if rows == subject.many { String::new() } else { format!(" among {rows}") };
    let long = match (noun == term.noun, term.length) {
        (false, _) => "the number of characters in it",
        (true, true) => "how long it is",
        (true, false) => "what it is",
    };
    let asked = if noun == term.noun { "it" } else { "the number of characters in it" };
    let nominal = vec![format!("the {kind} with the {word} {noun}{among}, and {long}")];
    let questions = vec![if rows == subject.many {
        let one = if n == 1 { format!("{} has", subject.one) } else { format!("{number}{rows} have") };
        format!("which {one} the {word} {noun}, and what is {asked}")
    } else {
        format!(
            "among {rows}, which {} the {word} {noun}, and what is {asked}",
            if n == 1 { "one has".to_owned() } else { format!("{number}have") }
        )
    }];
    let extras = vec![ranking::ties_too(draw)];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}

/// "the five films with the length closest to 120": ties kept.
pub(super) fn nearest(draw: &mut Draw, term: &Term) -> Option<Draft> {
    let subject = draw.scope.subject();
    let field = draw.scope.field(term.place);
    if subject.label.is_empty() || subject.key.is_empty() || field.distinct < 12 && subject.rows > 0 {
        return None;
    }
    let conditions = draw.conditions(0, 1)?;
    let rows = draw.rows_phrase(&conditions);
    let n = [1, 3, 3, 5, 5, 10][draw.rng.below(6)];
    let mut query = draw.scope.select();
    let label = subject.label.iter().map(|&field| (draw.scope.column(Place { node: 0, field }), None));
    let own = subject.label.contains(&term.place.field);
    query.columns = label.chain((!own).then(|| (draw.scope.column(term.place), None))).collect();
    apply(&mut query, &conditions);
    query.order = vec![Order { by: term.sql.clone(), descending: term.relevance, nulls_last: false }];
    query.limit = Some(Limit::WithTies(n));
    let mut probes = filter_probes(&query, &conditions);
    probes.push(cut_probe(&query));
    let (noun, what) = (&term.noun, draw.scope.bare(term.place));
    let one = phrase::single(&rows, &subject.many, &subject.one);
    let (these, have) = if n == 1 { (one, "has") } else { (format!("{} {rows}", grammar::number_word(n)), "have") };
    let with = if phrase::has_clause(&rows) { "and with" } else { "with" };
    let (that, it) = if own { (String::new(), "") } else { (format!(", and that {what}"), ", and what is it") };
    let nominal = vec![format!("the {these} {with} the {noun}{that}")];
    let questions = vec![format!("which {these} {have} the {noun}{it}")];
    let extras = vec![ranking::ties_too(draw)];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}

/// "films whose title contains ..": listed or counted.
pub(super) fn that(draw: &mut Draw, term: &Term) -> Option<Draft> {
    let own = tested(draw, term);
    // "returned in 2005 or later since June"
    draw.timed |= draw.scope.field(term.place).role() == Role::Time;
    let counted = !term.index && draw.rng.chance(50);
    let shown = if counted { None } else { Some(list::shown(draw, 0, 2)).filter(|s| s.named || s.columns.len() > 1) };
    // a word in the title, per rating
    let word = matches!(draw.scope.field(term.place).role(), Role::Name | Role::FreeText | Role::Search);
    draw.measuring |= word;
    let key = if counted && !word && draw.rng.chance(35) { group::key(draw) } else { None };
    let mut conditions = vec![own];
    conditions.extend(draw.conditions(0, 1)?);
    if let Some(shown) = &shown {
        kept::beside(draw, shown);
    }
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

fn tested(draw: &Draw, term: &Term) -> Condition {
    let noun = draw.scope.bare(term.place);
    // "payments on a Friday", "rentals returned in March of any year"
    let when = ["falls ", "lies ", "is on ", "is at "].iter().find_map(|verb| {
        let rest = term.noun.strip_prefix(verb)?;
        Some(if *verb == "is on " {
            format!("on {rest}")
        } else if *verb == "is at " {
            format!("at {rest}")
        } else {
            rest.to_owned()
        })
    });
    let main = draw.scope.subject().when == Some(term.place.field);
    let post = when.and_then(|when| match (when.split_once(" before the "), moment::done(&noun)) {
        // "returned more than 7 days after they were rented out"
        (Some((span, later)), Some("starting")) if moment::done(later) == Some("ending") => {
            Some(format!("lasting {span}"))
        }
        (Some((span, later)), _) => {
            Some(format!("{} {span} after they {}", moment::done(later)?, moment::happened(&noun)?))
        }
        _ if main => Some(when),
        (_, done) => done.map(|done| format!("{done} {when}")),
    });
    let sql = if let Expr::Mix(_) = &term.sql { pattern(term.sql.clone()) } else { term.sql.clone() };
    Condition {
        sql: vec![sql],
        whose: Some(format!("{noun} {}", agreed(&noun, &term.noun))),
        post,
        places: vec![term.place],
        ..Condition::default()
    }
}

/// A test on a time of the subject that is not used yet, as a condition among others: "falls on a weekend".
pub(in crate::compose) fn condition(draw: &mut Draw) -> Option<Condition> {
    let open = |u: &Use| {
        let place = Place { node: 0, field: u.field };
        // a shape may have turned to other tables
        u.entity == draw.scope.nodes[0].entity
            && u.entry.yields == Yields::Test
            && (draw.late || !u.entry.odd)
            && matches!(u.entry.on, On::Time | On::Stamp | On::Dates)
            && !draw.used.contains(&place)
            && u.second.is_none_or(|field| !draw.used.contains(&Place { node: 0, field }))
    };
    if draw.timed || draw.fan == Some(0) {
        return None;
    }
    let uses: Vec<Use> = draw.tools.iter().flat_map(|t| &t.uses).filter(|u| open(u)).copied().collect();
    let one = *draw.rng.pick(&uses)?;
    let term = term(draw, one)?;
    Some(tested(draw, &term))
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
