//! Several breakdowns at once: totals and subtotals, counts under conditions side by side, classes of a number.

use super::super::aggregate::snake;
use super::super::bound;
use super::super::condition::{self, Condition};
use super::super::draw::{Draft, Draw, apply};
use super::super::figures;
use super::super::group;
use super::super::literal;
use super::super::moment;
use super::super::phrase;
use super::super::probe::filter_probes;
use super::super::say::{Extra, Speech};
use super::super::sense;
use super::super::taste;
use super::super::tree::{Expr, aggregate as call_of, fill, text};
use super::{breakdown, figure, kept};
use crate::candidate::Expect;
use crate::schema::grammar;

/// ROLLUP, CUBE and GROUPING SETS.
pub(super) fn totals(draw: &mut Draw) -> Option<Draft> {
    // over a bridge a grand total would count rows twice, and a few rows have no subtotals
    if draw.fan.is_some() || (1..40).contains(&draw.scope.subject().rows) {
        return None;
    }
    let first = group::key(draw)?;
    let second = if draw.rng.chance(60) {
        group::key(draw).filter(|k| k.one != first.one && !(k.time && first.time))
    } else {
        None
    };
    let keys: Vec<group::Key> = std::iter::once(first).chain(second).collect();
    if keys.iter().any(|k| k.size > if k.person { 15 } else { 40 }) {
        return None;
    }
    if draw.scope.drops() {
        return None;
    }
    let nullable = keys.iter().flat_map(|k| &k.places).any(|&p| draw.scope.field(p).nullable);
    if nullable {
        return None;
    }
    let figures = figure::figures(draw, 1, 2);
    if figures.iter().any(|f| f.alias.starts_with("distinct_") || f.time) {
        return None;
    }
    let conditions = draw.conditions(0, 1)?;
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = keys.iter().flat_map(|k| k.columns.clone()).chain(breakdown::named_columns(&figures)).collect();
    apply(&mut query, &conditions);
    query.group = keys.iter().map(together).collect();
    let said = figures::of_rows(draw, &figures, &rows);
    let adds_up = figures.iter().all(|f| f.counts || f.alias.starts_with("total_"));
    let whole = if adds_up { "a grand total" } else { "the overall figures" };
    let per = if keys.iter().all(|k| k.complete) && conditions.is_empty() { "for each" } else { "per" };
    let (nominal, questions, extra) = match keys.as_slice() {
        [only] => {
            query.grouping = Some("ROLLUP");
            let key = &only.one;
            (
                vec![format!("{said} per {key}"), format!("{said} by {key}"), format!("{said} {per} {key}")],
                vec![format!("what {} {said} {per} {key}", is(figures.len()))],
                match (draw.rng.below(3), adds_up) {
                    (0, _) if !only.one.contains("which they ") => format!("and over all {}", only.many),
                    (1, _) => format!("plus {whole}"),
                    (_, true) => format!("with {whole}"),
                    _ => "along with the figures over all of them".to_owned(),
                },
            )
        }
        [a, b, ..] => {
            let (one, two) = (&a.one, &b.one);
            let parts = if adds_up { "subtotals" } else { "a line" };
            let kind = draw.rng.below(3);
            let tail = match kind {
                0 => {
                    query.grouping = Some("ROLLUP");
                    format!("with {parts} for each {one} and {whole}")
                }
                1 => {
                    query.grouping = Some("CUBE");
                    format!("with {parts} for each {one} and for each {two}, and {whole}")
                }
                _ => {
                    let sets: Vec<Expr> = query
                        .group
                        .iter()
                        .zip(&keys)
                        .map(|(g, k)| if k.group.len() > 1 { g.clone() } else { fill("({})", vec![g.clone()]) })
                        .collect();
                    query.group = sets;
                    query.grouping = Some("GROUPING SETS");
                    String::new()
                }
            };
            let (by, per) = if kind == 2 {
                (format!("by {one} and, separately, by {two}"), format!("per {one} and, separately, per {two}"))
            } else {
                (format!("by {one} and {two}"), format!("for each combination of {one} and {two}"))
            };
            (
                vec![format!("{said} {by}"), format!("{said} {per}")],
                vec![format!("what {} {said} {per}", is(figures.len()))],
                tail,
            )
        }
        [] => return None,
    };
    let extras = if extra.is_empty() {
        Vec::new()
    } else {
        vec![Extra::new(
            format!(", {extra}"),
            format!("Do it {extra}")
                .replace("Do it and over all", "Also give it over all")
                .replace("Do it plus", "Add")
                .replace("Do it along with", "Add")
                .replace("Do it with", "Include"),
        )]
    };
    let probes = filter_probes(&query, &conditions);
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: false }) })
}

/// A key of several columns is one step of the totals.
fn together(key: &group::Key) -> Expr {
    match key.group.as_slice() {
        [one] => one.clone(),
        several => fill(&format!("({})", vec!["{}"; several.len()].join(", ")), several.to_vec()),
    }
}

fn is(n: usize) -> &'static str {
    if n > 1 { "are" } else { "is" }
}

/// count(*) FILTER: how many of the rows meet a condition, beside all of them.
pub(super) fn side_by_side(draw: &mut Draw) -> Option<Draft> {
    let key = group::key(draw)?;
    let mut marked = draw.conditions(1, 1)?;
    // two kinds or times of the same side by side
    if let [one] = marked.as_slice()
        && let [of] = *one.places.as_slice()
        && draw.rng.chance(12)
    {
        let two = (0..30).find_map(|_| condition::draw(&mut draw.rng, &draw.scope, of).filter(|two| one.rivals(two)));
        marked.extend(two);
    }
    // of what is in a city it is known in which state
    let known =
        |c: &Condition| c.places.iter().any(|&q| key.places.iter().any(|&p| sense::fixed_in(&draw.scope, p, q)));
    // people are where they are: hardly a customer is billed to several places
    let settled = |c: &Condition| key.person && c.places.iter().any(|&p| sense::placed(draw.scope.field(p)));
    if marked.iter().any(known) || marked.iter().any(settled) || marked.iter().any(|c| any_of_many(draw, c)) {
        return None;
    }
    kept::among(draw, &marked);
    let apart = marked.len() > 1;
    let common = Vec::new();
    let part = draw.rng.chance(35);
    let by_case = draw.rng.chance(25);
    let test = |c: &Condition| {
        let parts = vec!["{}"; c.sql.len()].join(" AND ");
        fill(&parts, c.sql.clone())
    };
    let subject = draw.scope.subject();
    let rows = draw.rows_phrase(&common);
    let mut query = draw.scope.select();
    query.columns = key.columns.clone();
    query.columns.push((call_of("count(*)", vec![]), Some(format!("{}_count", snake(&subject.one)))));
    let mut words = Vec::new();
    let mut asked = Vec::new();
    for (i, c) in marked.iter().enumerate() {
        let alias = if i == 0 { "matching" } else { "also_matching" };
        let call = if by_case {
            call_of("sum(CASE WHEN {} THEN 1 ELSE 0 END)", vec![test(c)])
        } else {
            call_of("count(*) FILTER (WHERE {})", vec![test(c)])
        };
        let share = part && i == 0;
        let column = if share { fill("round(100.0 * {} / count(*), 1)", vec![call]) } else { call };
        query.columns.push((column, Some(if share { "percentage".into() } else { alias.to_owned() })));
        // side by side both are of all rows: with one word for them
        let them = if apart { "them" } else { draw.rng.word(&["them", "these"]) };
        let of_them = match share {
            true => format!("what percentage of {them} (one decimal)"),
            false => format!("how many of {them}"),
        };
        let said = clause(draw, c, &of_them)?;
        asked.extend(turned(&said, &of_them));
        words.push(said);
    }
    apply(&mut query, &common);
    query.group = key.group.clone();
    let mut probes = filter_probes(&query, &common);
    // the condition is met by some rows and not by all
    let mut never = query.clone();
    never.having = vec![fill(
        &format!("{} = count(*)", "{}"),
        vec![call_of("count(*) FILTER (WHERE {})", vec![test(marked.first()?)])],
    )];
    probes.push(("part", never, Expect::Differs));
    group::left_out(draw, std::slice::from_ref(&key), &common);
    let each = &key.one;
    let what = grammar::and_list(&words);
    // what has none is not there
    let lead = if key.complete { "for each" } else { "per" };
    let nominal = vec![
        format!("the number of {rows} per {each}, and {what}"),
        format!("{lead} {each}, the number of {rows} and {what}"),
    ];
    let mut questions = Vec::new();
    if asked.len() == words.len() {
        let what = grammar::and_list(&asked);
        questions.push(format!("per {each}, {}, and {what}", phrase::how_many(&rows, &subject.many)));
        questions.push(format!("{lead} {each}, {} and {what}", phrase::how_many(&rows, &subject.many)));
        if key.entity && !phrase::has_clause(&rows) {
            questions.push(format!("how many {rows} does each {each} have, and {what}"));
        }
    }
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: false }) })
}

/// Whether a condition is on one of so many kinds that it might be any other as well.
pub(super) fn any_of_many(draw: &Draw, condition: &Condition) -> bool {
    condition.places.iter().any(|&p| taste::of_many(draw.scope.field(p)))
}

/// How many of them meet a condition: "how many of them are active", "for how many of them the customer is active".
pub(super) fn clause(draw: &mut Draw, c: &Condition, of_them: &str) -> Option<String> {
    let mut forms = Vec::new();
    forms.extend(c.that.clone());
    forms.extend(c.with.as_ref().filter(|w| !phrase::recites(w)).map(|w| format!("have {w}")));
    forms.extend(c.post.as_ref().and_then(|p| {
        let first = p.split(' ').next().unwrap_or(p);
        if let Some(did) = moment::told(p) {
            return Some(did);
        }
        // members have a doctor, and visits are with doctors
        if let Some(one) = p.strip_prefix("with a ").or_else(|| p.strip_prefix("with an ")) {
            return Some(format!("have {}", grammar::with_article(one)));
        }
        match first {
            "billed" | "shipped" | "hired" | "born" | "rented" | "paid" => Some(format!("were {p}")),
            "from" | "without" | "for" | "at" | "by" | "with" => Some(format!("are {p}")),
            "of" if !p.starts_with("of more") && !p.starts_with("of less") && !p.starts_with("of at") => {
                Some(format!("belong to {}", &p[3..]))
            }
            "in" if !p.chars().any(|c| c.is_ascii_digit()) => Some(format!("are {p}")),
            // "are in January 1998"
            "in" => Some(format!("are from {}", &p[3..])),
            _ => None,
        }
    }));
    if let Some(form) = draw.rng.pick(&forms) {
        return Some(format!("{of_them} {form}"));
    }
    // "how many have the direction export"
    let owned = c.terse.as_ref().filter(|t| c.equal && !t.contains('\'') && c.whose.is_some());
    if let Some(terse) = owned.filter(|_| draw.rng.chance(75)) {
        return Some(format!("{of_them} have the {terse}"));
    }
    let whose = c.whose.as_ref()?.replace(" or whose ", " or the ");
    Some(format!("for {of_them} the {whose}"))
}

/// The clause as a question of its own: "for how many of them is the customer active". None where no verb can turn.
pub(super) fn turned(clause: &str, of_them: &str) -> Option<String> {
    let head = format!("for {of_them}");
    let Some(tail) = clause.strip_prefix(&format!("{head} the ")) else { return Some(clause.to_owned()) };
    let verb = [" is ", " are "].into_iter().filter_map(|v| Some((tail.find(v)?, v))).min()?;
    let (noun, rest) = (&tail[..verb.0], &tail[verb.0 + verb.1.len()..]);
    // only the first of two verbs could turn
    (!rest.contains(" or the ")).then(|| format!("{head}{}the {noun} {rest}", verb.1))
}

/// CASE: how many rows fall into each class of a number, the bounds said.
pub(super) fn classes(draw: &mut Draw) -> Option<Draft> {
    let fan = draw.fan;
    let place = draw.choose(|scope, p| {
        let f = scope.field(p);
        f.measurable()
            && taste::plain(f)
            && f.distinct > 10
            && f.numbers.len() >= 13
            && !f.nullable
            && fan != Some(p.node)
            && p.node == 0
    })?;
    if fan.is_some() {
        return None;
    }
    draw.use_place(place);
    let field = draw.scope.field(place);
    let noun = draw.scope.noun(place);
    let quantiles: &[usize] = if draw.rng.chance(60) { &[5, 8] } else { &[4, 6, 9] };
    let mut bounds: Vec<f64> = quantiles
        .iter()
        .filter_map(|&q| field.numbers.get(q).map(|n| literal::round_near(*n, bound::apart(field), field.whole())))
        .collect();
    bounds.dedup_by(|a, b| a == b);
    if bounds.len() < 2 || bounds.windows(2).any(|w| w[0] >= w[1]) || bounds[0] <= field.numbers[0] {
        return None;
    }
    if field.traits.money && bounds[0] < 1.0 {
        return None;
    }
    let said = |v: f64| literal::number_words(v, field.traits.money);
    let unit = field.unit.clone().map(|u| format!(" in {u}")).unwrap_or_default();
    let mut arms = String::new();
    let mut words = Vec::new();
    for (i, &bound) in bounds.iter().enumerate() {
        let label = if i == 0 {
            format!("under {}", said(bound))
        } else {
            format!("{} to under {}", said(bounds[i - 1]), said(bound))
        };
        arms.push_str(&format!(" WHEN {{}} < {} THEN '{label}'", literal::bound_sql(bound, &field.base)));
        words.push(label);
    }
    let last = format!("{} or more", said(bounds[bounds.len() - 1]));
    words.push(last.clone());
    let case = |column: &Expr| fill(&format!("CASE{arms} ELSE '{last}' END"), vec![column.clone(); bounds.len()]);
    let column = draw.scope.column(place);
    let figures = figure::figures(draw, 1, 2);
    if figures.iter().any(|f| f.time || f.alias.starts_with("distinct_")) {
        return None;
    }
    let conditions = draw.conditions(0, 1)?;
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    let class = format!("{}_class", snake(&noun));
    query.columns = vec![(case(&column), Some(class.clone()))];
    query.columns.extend(breakdown::named_columns(&figures));
    apply(&mut query, &conditions);
    query.group = vec![text("1")];
    let probes = filter_probes(&query, &conditions);
    let figure_words = figures::of_rows(draw, &figures, &rows);
    let ranges = grammar::and_list(&words);
    let nominal = vec![
        format!("{figure_words} by class of {noun}{unit}: {ranges}"),
        format!("{figure_words} for each of these classes of {noun}{unit}: {ranges}"),
    ];
    let questions = vec![
        format!("what {} {figure_words} in each class of {noun}{unit} ({ranges})", is(figures.len())),
        format!("for the {noun} classes {ranges}{unit}, what {} {figure_words}", is(figures.len())),
    ];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras: Vec::new(), lists: false }) })
}
