//! Figures broken down by one or two keys, with HAVING, order and cut.

use super::super::aggregate::{self, Figure};
use super::super::draw::{Draft, Draw, apply};
use super::super::figures;
use super::super::group::{self, Key};
use super::super::having::{self, Having};
use super::super::phrase;
use super::super::probe::{cut_probe, filter_probes};
use super::super::say::{Extra, Speech, Style};
use super::super::tree::{Expr, Limit, Order, Select, fill};
use super::figure;
use crate::candidate::Expect;
use crate::schema::grammar;

pub(in crate::compose) fn draw(draw: &mut Draw) -> Option<Draft> {
    let mut keys = vec![group::key(draw)?];
    let several = draw.schema_only || draw.scope.subject().rows >= 40;
    if draw.fan.is_none() && several && draw.rng.chance(22) {
        keys.extend(group::key(draw).filter(|k| k.one != keys[0].one && !(k.time && keys[0].time)));
    }
    let mut figures = figure::figures(draw, 1, 3);
    let rounding = figures::rounding(&mut figures);
    let conditions = draw.conditions(0, if keys.len() > 1 { 1 } else { 2 })?;
    // groups of hardly a row each are no breakdown
    let groups: u64 = keys.iter().map(|k| k.size.max(1)).product();
    let each = draw.scope.subject().rows as f64 * draw.passing / groups as f64;
    if draw.fan.is_none() && draw.scope.subject().rows > 0 && each < if keys.len() > 1 { 1.0 } else { 1.5 } {
        return None;
    }
    let many = draw.scope.subject().many.clone();
    let having = if draw.rng.chance(28) { having::having(draw, &keys, &many, &conditions, &figures) } else { None };
    let rows = draw.rows_phrase(&conditions);
    let mut query = draw.scope.select();
    query.columns = keys.iter().flat_map(|k| k.columns.clone()).chain(named_columns(&figures)).collect();
    apply(&mut query, &conditions);
    query.group = keys.iter().flat_map(|k| k.group.clone()).collect();
    query.having = having.iter().map(|h| h.sql.clone()).collect();
    // what each part is of the whole
    let parts = having.is_none() && draw.fan.is_none() && keys.len() == 1 && figures.len() == 1;
    let adds_up = figures[0].counts || figures[0].alias.starts_with("total_");
    let share = (parts && adds_up && (2..=40).contains(&keys[0].size) && draw.rng.chance(16)).then(|| {
        let figure = aggregate::unrounded(&figures[0]);
        let whole = super::window::window("sum({}) OVER ()", vec![figure.clone()]);
        let share = fill("round(100.0 * {} / {}, 1)", vec![figure, whole]);
        query.columns.push((share, Some("percentage".to_owned())));
        let inline = draw.rng.word(&[
            ", with the percentage that each accounts for (one decimal)",
            ", with the percentage of their sum that each makes up (one decimal)",
        ]);
        Extra::new(inline, "Add the percentage that each accounts for, to one decimal")
    });
    let wanted = if draw.style == Style::MultiTurn { 90 } else { 50 };
    // groups of none are not there: which have the fewest cannot be told
    let gaps = keys.iter().any(|k| k.has_gaps(!conditions.is_empty()));
    let order = draw.rng.chance(wanted).then(|| order(draw, &mut query, &keys, &figures, &many, gaps));
    let mut probes = filter_probes(&query, &conditions);
    if having.is_some() {
        let mut without = query.clone();
        without.having.clear();
        probes.push(("having", without, Expect::Differs));
    }
    if having.is_none() {
        group::left_out(draw, &keys, &conditions);
    }
    let mut speech = speech(draw, &keys, &figures, &rows, having.as_ref(), !conditions.is_empty());
    speech.extras.extend(rounding.into_iter().chain(share).chain(order));
    Some(Draft { probes, ..Draft::new(query, speech) })
}

pub(in crate::compose) fn named_columns(figures: &[Figure]) -> Vec<(Expr, Option<String>)> {
    figures.iter().map(|f| (f.sql.clone(), Some(f.alias.clone()))).collect()
}

/// Sorts by a figure or by the key, and says so.
pub(in crate::compose) fn order(
    draw: &mut Draw,
    query: &mut Select,
    keys: &[Key],
    figures: &[Figure],
    many: &str,
    gaps: bool,
) -> Extra {
    let by_key = (draw.rng.chance(35) || keys[0].time && draw.rng.chance(70)) && !keys[0].spelled();
    if by_key {
        let order = |by: Expr| Order { by, descending: false, nulls_last: false };
        let key = &keys[0].one;
        // people go by their last name first
        if keys[0].entity && keys[0].places.len() == 2 {
            query.order = keys[0].places.iter().rev().map(|&p| order(draw.scope.column(p))).collect();
            return Extra::new(", sorted by last name and then first name", "Sort by last name and then first name");
        }
        query.order = keys[0].group_shown().into_iter().map(order).collect();
        return if keys[0].time {
            let word = draw.rng.word(&["in chronological order", "oldest first", "earliest first", "chronologically"]);
            Extra::new(format!(", {word}"), "Sort chronologically")
        } else {
            let word = draw.rng.word(&["sorted by", "ordered by", "in order of"]);
            Extra::new(
                format!(", {word} {key}"),
                format!("{} the {key}", draw.rng.word(&["Sort by", "Order by", "Order the result by"])),
            )
        };
    }
    let figure = &figures[draw.rng.below(figures.len())];
    let descending = figure.counts && gaps || draw.rng.chance(70);
    query.order = vec![Order { by: aggregate::unrounded(figure), descending, nulls_last: false }];
    // sorted by what is rounded, equal ones would come in any order
    let exact = query.order[0].by == figure.sql;
    if let Some((_, Some(alias))) = query.columns.iter().find(|(e, _)| exact && *e == figure.sql) {
        query.order[0].by = Expr::Column(String::new(), alias.clone());
    }
    let noun = figures::named(figure, many);
    let (first, ends) = direction_words(figure.time, descending);
    // "by year, highest first" might be the latest year
    if figures.len() == 1 && !keys[0].ordered(&draw.scope) && draw.rng.chance(75) {
        Extra::new(format!(", {first} first"), format!("Start with the {first}"))
    } else {
        let sentence = draw.rng.word(&["Sort by", "Order by", "Rank by"]);
        Extra::new(
            format!(", {} {}", draw.rng.word(&["sorted by", "ordered by"]), format_args!("the {noun}, {ends}")),
            format!("{sentence} the {noun}, {first} first"),
        )
    }
}

/// "highest" and "from highest to lowest".
pub(in crate::compose) fn direction_words(time: bool, descending: bool) -> (&'static str, &'static str) {
    match (time, descending) {
        (true, true) => ("latest", "from latest to earliest"),
        (true, false) => ("earliest", "from earliest to latest"),
        (false, true) => ("highest", "from highest to lowest"),
        (false, false) => ("lowest", "from lowest to highest"),
    }
}

fn speech(
    draw: &mut Draw,
    keys: &[Key],
    figures: &[Figure],
    rows: &str,
    having: Option<&Having>,
    conditional: bool,
) -> Speech {
    let said = figures::of_rows(draw, figures, rows);
    let the = figure::list_the(figures);
    let key = keys.iter().map(|k| k.one.clone()).collect::<Vec<_>>().join(" and ");
    let each = match having {
        Some(h) if keys.len() == 1 => format!("{key} with {}", h.words),
        Some(h) => format!("combination of {key} with {}", h.words),
        None if keys.len() > 1 => format!("combination of {key}"),
        None => key.clone(),
    };
    let whole = keys.iter().all(|k| k.complete) && !conditional;
    let per = match having {
        Some(_) => "for every",
        None if whole => draw.rng.word(&["per", "for each", "for every"]),
        None => "per",
    };
    let each_short = if keys.len() > 1 && per == "per" { key.clone() } else { each.clone() };
    let is = figure::verb(figures);
    let mut nominal = vec![format!("{said} {per} {each_short}")];
    let mut questions = Vec::new();
    if figures[0].counts && figures.len() == 1 {
        let many = phrase::how_many(rows, &draw.scope.subject().many);
        if many.ends_with("are there") {
            questions.push(format!("{many} {per} {each_short}"));
        } else if having.is_none() {
            questions.push(format!("{per} {each_short}, {many}"));
        }
        if whole {
            questions.push(format!("for each {each}, {many}"));
        }
        if questions.is_empty() {
            questions.push(format!("what is {said} {per} {each_short}"));
        }
        if keys.len() == 1 && keys[0].entity && whole && having.is_none() {
            questions.push(format!("how many {rows} does each {each} have"));
        }
        if whole && keys.len() == 1 && having.is_none() && !keys[0].time {
            nominal.push(format!("{} and how many {rows} each has", keys[0].many));
        }
    } else {
        questions.push(format!("what {is} {said} {per} {each_short}"));
        if whole {
            questions.push(format!("for each {each}, what {is} {said}"));
        }
        if !rows.contains(" whose ") && !rows.contains(" with ") && !figures[0].counts {
            questions.push(format!("what {is} {the} of the {rows} {per} {each_short}"));
        }
    }
    if having.is_none() && keys.len() == 1 && !keys[0].time {
        nominal.push(format!("{said}, broken down by {key}"));
        if !phrase::has_clause(rows) {
            nominal.push(format!("{said} by {key}"));
        }
    }
    if having.is_none() && keys.len() > 1 {
        nominal.push(format!("{said}, broken down by {key}"));
        if !phrase::has_clause(rows) {
            nominal.push(format!("{said} by {key}"));
        }
    }
    if let Some(h) = having
        && keys.len() == 1
    {
        nominal.push(format!("{said} per {key}, for {} with {}", keys[0].many, h.words));
        if !conditional && !keys[0].time {
            questions.push(format!("which {} have {}, and what {is} {said} there", keys[0].many, h.words));
        }
    }
    Speech { nominal, questions, extras: Vec::new(), lists: false }
}

impl Key {
    /// What the key shows, for ORDER BY.
    pub(in crate::compose) fn group_shown(&self) -> Vec<Expr> {
        self.columns
            .iter()
            .map(|(e, alias)| match alias {
                Some(alias) => Expr::Column(String::new(), alias.clone()),
                None => e.clone(),
            })
            .collect()
    }
}

/// Cuts an ordered query to `n` rows, with the proof that it cuts and that nothing ties.
pub(in crate::compose) fn cut(query: &mut Select, n: u64) -> Vec<(&'static str, Select, Expect)> {
    query.limit = Some(Limit::Rows(n));
    vec![cut_probe(query)]
}

pub(in crate::compose) fn of_number(n: u64) -> String {
    grammar::number_word(n)
}
