//! The questions that show a function: beside rows, as a class to count by, as a figure, as a condition, over groups.

use super::super::aggregate::{Figure, snake};
use super::super::condition::Condition;
use super::super::draw::{Draft, Draw, apply};
use super::super::figures;
use super::super::flag;
use super::super::group;
use super::super::probe::{cut_probe, filter_probes};
use super::super::random::Rng;
use super::super::say::{Extra, Speech};
use super::super::sense;
use super::super::shape::{self, breakdown, calendar, figure, ranking};
use super::super::tree::{Expr, Join, JoinKind, Limit, Order, Source, aggregate as call_of, fill, text};
use super::super::world::Field;
use super::term::{Term, term};
use super::uses::Tool;
use super::{On, Use, Yields, classes, rows, windows};
use crate::schema::grammar;
use crate::schema::roles::Role;

pub(in crate::compose) fn draw(draw: &mut Draw, shown: Use) -> Option<Draft> {
    match shown.entry.yields {
        Yields::Window => return windows::window(draw, shown),
        Yields::Calendar => return calendar::series(draw),
        _ => {}
    }
    let term = term(draw, shown)?;
    let whole = draw.scope.field(term.place).filled(draw.scope.subject().rows);
    match shown.entry.yields {
        Yields::Class if whole || shown.entry.on == On::Gappy => classes::by_class(draw, &term),
        Yields::Class => None,
        Yields::Figure if term.length => rows::outermost(draw, &term),
        Yields::Figure if draw.rng.chance(40) => average(draw, &term),
        Yields::Figure if draw.rng.chance(40) => rows::outermost(draw, &term),
        Yields::Value | Yields::Figure => rows::beside(draw, &term),
        Yields::Nearest => rows::nearest(draw, &term),
        Yields::Test => rows::that(draw, &term),
        Yields::Aggregate => over_rows(draw, &term),
        Yields::Rows => pieces(draw, &term),
        Yields::Window | Yields::Calendar => None,
    }
}

/// The same for other phases: any everyday function that suits the subject.
pub(in crate::compose) fn tool(given: &mut Draw) -> Option<Draft> {
    one_of(given, |y| !matches!(y, Yields::Aggregate | Yields::Window))
}

/// An aggregate of the subject's fields.
pub(in crate::compose) fn figure(given: &mut Draw) -> Option<Draft> {
    one_of(given, |y| y == Yields::Aggregate)
}

/// A window over its figures.
pub(in crate::compose) fn windowed(given: &mut Draw) -> Option<Draft> {
    one_of(given, |y| y == Yields::Window)
}

fn one_of(given: &mut Draw, wanted: fn(Yields) -> bool) -> Option<Draft> {
    let open = |t: &&Tool| (given.late || !t.odd()) && t.uses.iter().any(|u| wanted(u.entry.yields));
    let tools: Vec<&Tool> = given.tools.iter().filter(open).collect();
    if given.fan.is_some() {
        return None;
    }
    // functions in turn, not their many places; those that suit the field in focus before others
    let waiting = given.waiting().filter(|p| p.node == 0).map(|p| p.field);
    let suits = |t: &Tool| {
        let meets = |u: &Use| Some(u.field) == waiting || u.second == waiting && waiting.is_some();
        t.uses.iter().any(|u| meets(u) && wanted(u.entry.yields))
    };
    let focused = tools.iter().any(|t| suits(t)) && given.rng.chance(75);
    if tools.len() < 8 && given.rng.below(8) >= tools.len() {
        return None;
    }
    let often: Vec<usize> = tools.iter().map(|&t| if focused && !suits(t) { 0 } else { t.often }).collect();
    // another one at each draw, and those that are drawn with ease would win
    let at = match given.turn {
        Some(turn) => Rng::new(&[turn]).weighted(&often),
        None => given.rng.weighted(&often),
    };
    let tool = tools.get(at)?;
    let places: Vec<Use> = match focused {
        true => tool.uses.iter().filter(|u| Some(u.field) == waiting || u.second == waiting).copied().collect(),
        false => tool.uses.clone(),
    };
    let places: Vec<Use> = places.into_iter().filter(|u| wanted(u.entry.yields)).collect();
    let one = *given.rng.pick(&places)?;
    draw(given, one)
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
        sql: call(&term.sql),
        alias: term.alias.clone(),
        noun: term.noun.clone(),
        counts: false,
        place: Some(term.place),
        time: draw.timed && ["latest ", "earliest "].iter().any(|end| term.noun.starts_with(end)),
    };
    // how values spread, or go with others, is asked of all of them
    if SPREADS.iter().any(|word| figure.noun.contains(word)) {
        let mut query = draw.scope.select();
        query.columns = vec![(figure.sql.clone(), Some(figure.alias.clone()))];
        let rows = draw.rows_phrase(&[]);
        let noun = figure.noun.clone();
        let (noun, form) = rows::apart(&noun);
        let figure = Figure { noun: noun.to_owned(), ..figure };
        let said = figures::of_rows(draw, std::slice::from_ref(&figure), &rows);
        let said = if form.is_empty() { said } else { format!("{said}, {form}") };
        let questions = vec![format!("what is {said}")];
        return Some(Draft::new(query, Speech { nominal: vec![said], questions, ..Speech::default() }));
    }
    figure_draft(draw, figure)
}

/// An aggregate, and what rounds it apart from it.
fn call(sql: &Expr) -> Expr {
    if let Expr::Mix(parts) = sql
        && let [Expr::Text(first), inner @ .., Expr::Text(last)] = parts.as_slice()
        && let Some(first) = first.strip_prefix("round(")
        && let Some((end, form)) = last.rsplit_once("::numeric")
    {
        let inner = [text(first)].into_iter().chain(inner.iter().cloned()).chain([text(end)]).collect();
        let inner = Expr::Aggregate(Box::new(Expr::Mix(inner)));
        return Expr::Mix(vec![text("round("), inner, text(format!("::numeric{form}"))]);
    }
    Expr::Aggregate(Box::new(sql.clone()))
}

/// Statistics of whole tables.
const SPREADS: &[&str] =
    &["correlation", "covariance", "regression", "squared deviations", "products of the deviations", "geometric mean"];

/// Whether a figure tells how many kinds there are.
fn kinds_counted(noun: &str) -> bool {
    noun.starts_with("number of different")
}

/// One figure over the rows, or by a key.
fn figure_draft(draw: &mut Draw, mut figure: Figure) -> Option<Draft> {
    let (said, meaning) = rows::defined(&figure.noun);
    let (noun, told) = rows::apart(&said);
    figure.noun = noun.to_owned();
    let form = (!told.is_empty()).then(|| {
        Extra::new(
            format!(", {told}"),
            match (told.starts_with("if ") || told.starts_with("as of "), told.strip_prefix("rounded ")) {
                (true, _) => format!("Work it out as {}", told.trim_start_matches("as ")),
                _ if told.starts_with("ignoring") => format!("Work it out {told}"),
                (_, Some(to)) => format!("Round it {to}"),
                _ => format!("Give {} {told}", if noun.starts_with("different ") { "them" } else { "it" }),
            },
        )
    });
    let own = draw.scope.field(figure.place?);
    let listed = !own.measurable();
    // the size of what costs more than a dollar
    draw.measuring |= !listed || own.role() == Role::Time || kinds_counted(&figure.noun);
    // pages are those of one list
    let whole = figure.noun.contains(" pages ");
    // whether something is so is asked of all
    let whether = figure.noun.starts_with("whether ");
    let lists = figure.noun.starts_with("different ");
    let often = [60, 85, 100][usize::from(listed) + usize::from(lists)];
    let key = if !whole && !whether && draw.rng.chance(often) { group::key(draw) } else { None };
    // of a handful of kinds it is known how many there are, and a long list of them in each group is no answer
    let kinds = kinds_counted(&figure.noun) && (own.distinct < 6 || own.traits.personal);
    let long = lists && (own.distinct > 20 || key.as_ref().is_some_and(|k| k.time || k.recurs()));
    if key.is_some() && (kinds && own.distinct > 0 || long) {
        return None;
    }
    // in how many countries owners live, and in how many their assistants
    let of_kinds = |k: &group::Key| !k.entity && !k.time;
    if kinds_counted(&figure.noun) && key.as_ref().is_some_and(of_kinds) {
        return None;
    }
    // an hour's highest payment is any hour's
    const EXTREMES: [&str; 8] =
        ["lowest", "smallest", "minimum", "shortest", "highest", "largest", "maximum", "longest"];
    let extreme = EXTREMES.iter().any(|word| figure.noun.starts_with(word));
    if extreme && key.as_ref().is_some_and(group::Key::recurs) {
        return None;
    }
    // a time within a span of time is no news
    let timed = |k: &group::Key| k.time || k.places.iter().any(|&p| draw.scope.field(p).role() == Role::Time);
    if key.as_ref().is_some_and(|k| timed(k) && own.role() == Role::Time) {
        return None;
    }
    if key.as_ref().is_some_and(|k| k.places.iter().any(|&p| sense::akin(draw.scope.field(p), own))) {
        return None;
    }
    // of groups one asks for the first by it, too
    let plain = (told.is_empty() || told.starts_with("rounded to ")) && !figure.noun.contains(['(', '{']);
    if plain && !lists && key.is_some() && draw.rng.chance(classes::OTHERWISE) {
        let noun = if told.is_empty() { noun.to_owned() } else { format!("{noun} {told}") };
        // "average_amount" is called as elsewhere, and so are ends
        let of = snake(&draw.scope.bare(figure.place?));
        let alias = match noun.split(' ').next() {
            Some("average") => format!("avg_{of}"),
            Some(end) if EXTREMES[..4].contains(&end) => format!("min_{of}"),
            Some(end) if EXTREMES[4..].contains(&end) => format!("max_{of}"),
            _ => figure.alias,
        };
        (draw.given, draw.figure) = (key, Some(Figure { noun, alias, ..figure }));
        return Some(Draft { evidence: meaning.map(str::to_owned), ..shape::of_groups(draw)? });
    }
    let least = usize::from(key.is_none() && draw.rng.chance(60));
    let conditions = draw.conditions(if whole { 0 } else { least }, if whole { 0 } else { 1 })?;
    // a spread or a list of hardly any rows is none
    let groups = key.as_ref().map_or(1, |k| if k.time { 20 } else { k.size.max(1) }) as f64;
    let left = draw.scope.subject().rows as f64 * conditions.iter().map(Condition::passing).product::<f64>();
    if draw.scope.subject().rows > 0 && left / groups < 5.0 {
        return None;
    }
    // of those from Paris there is one country
    if figure.noun.contains("different ") && sense::settled(&draw.scope, &[figure.place?], &conditions) {
        return None;
    }
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = key.iter().flat_map(|k| k.columns.clone()).collect();
    query.columns.push((figure.sql.clone(), Some(figure.alias.clone())));
    apply(&mut query, &conditions);
    query.group = key.iter().flat_map(|k| k.group.clone()).collect();
    let mut extras: Vec<Extra> = form.into_iter().collect();
    if let Some(k) = key.as_ref().filter(|_| own.measurable() && draw.rng.chance(40)) {
        let (keys, figures) = (std::slice::from_ref(k), std::slice::from_ref(&figure));
        let many = draw.scope.subject().many.clone();
        extras.push(breakdown::order(draw, &mut query, keys, figures, &many, k.has_gaps(!conditions.is_empty())));
    }
    let probes = filter_probes(&query, &conditions);
    if whether {
        let said = figure.noun.replace("{rows}", &rows);
        let (nominal, question) = asked_whether(&said, own, &rows)?;
        let speech = Speech { nominal: vec![nominal], questions: vec![question], ..Speech::default() };
        return Some(Draft { probes, ..Draft::new(query, speech) });
    }
    let said = figures::of_rows(draw, std::slice::from_ref(&figure), &rows);
    let is = if lists { "are" } else { figure::verb(std::slice::from_ref(&figure)) };
    let (nominal, questions) = match &key {
        Some(k) => k.asked(&mut draw.rng, &said, is, !conditions.is_empty()),
        None => (vec![said.clone()], vec![format!("what {is} {said}")]),
    };
    let speech = Speech { nominal, questions, extras, lists };
    Some(Draft { probes, evidence: meaning.map(str::to_owned), ..Draft::new(query, speech) })
}

/// "whether any payers have more than 200 covered visits", "do any payers have ..": what is so of any or of all rows.
fn asked_whether(said: &str, field: &Field, rows: &str) -> Option<(String, String)> {
    let any = if said.contains(&format!(" any {rows}")) { "any" } else { "all" };
    let is = if field.role() == Role::Flag {
        flag::plural_predicate(field)
    } else {
        let has = said.strip_prefix(&format!("whether {any} {rows} "))?;
        // "a number of adults above 2" is "more than 2 adults"
        match has.strip_prefix("have a number of ") {
            Some(count) => [(" above ", "more"), (" below ", "fewer")].iter().find_map(|(word, more)| {
                let (things, bound) = count.split_once(word)?;
                Some(format!("have {more} than {bound} {things}"))
            })?,
            None => has.to_owned(),
        }
    };
    let question = match is.strip_prefix("are ") {
        Some(rest) => format!("are {any} {rows} {rest}"),
        None => format!("do {any} {rows} {is}"),
    };
    Some((format!("whether {any} {rows} {is}"), question))
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
    let mut probes = filter_probes(&query, &conditions);
    probes.push(cut_probe(&query));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::roles::Traits;

    #[test]
    fn what_is_so_of_any_is_asked_with_do_or_are() {
        let number = Field::default();
        let flag = Field {
            noun: "active".into(),
            traits: Traits { role: Role::Flag, ..Traits::default() },
            ..Field::default()
        };
        for (said, field, whether, question) in [
            (
                "whether any payers have a number of covered visits above 200",
                &number,
                "whether any payers have more than 200 covered visits",
                "do any payers have more than 200 covered visits",
            ),
            (
                "whether all payers have a revenue below 50",
                &number,
                "whether all payers have a revenue below 50",
                "do all payers have a revenue below 50",
            ),
            (
                "whether active status is true for any payers",
                &flag,
                "whether any payers are active",
                "are any payers active",
            ),
            (
                "whether active status is true for all payers",
                &flag,
                "whether all payers are active",
                "are all payers active",
            ),
        ] {
            let asked = asked_whether(said, field, "payers").unwrap();
            assert_eq!((asked.0.as_str(), asked.1.as_str()), (whether, question));
        }
    }
}
