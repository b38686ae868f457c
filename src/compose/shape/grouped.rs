//! The common ground of the deeper shapes: one figure by one key, as a query that others build upon.

use super::super::aggregate::{self, Figure};
use super::super::condition::Condition;
use super::super::draw::{Draft, Draw, apply};
use super::super::figures;
use super::super::group::{self, Key};
use super::super::say::{Extra, Speech};
use super::super::tree::{Expr, Select, Source};
use super::figure;
use crate::candidate::Expect;
use crate::schema::roles::Role;

/// How rows in the order of time are asked for.
pub(in crate::compose) const OVER_TIME: &[&str] =
    &[", in chronological order", ", oldest first", ", earliest first", ", chronologically", " over time"];

/// What the key of a grouped query has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::compose) enum By {
    Any,
    Time,
    Thing,
}

pub(in crate::compose) struct Grouped {
    pub key: Key,
    pub figure: Figure,
    pub conditions: Vec<Condition>,
    /// "the total amount of payments from July 2005".
    pub measure: String,
    /// Key columns and the figure under its alias, grouped, not ordered.
    pub query: Select,
    /// Output names of the key's columns.
    pub names: Vec<String>,
}

/// The name that a selected column goes by.
pub(in crate::compose) fn output_name(column: &(Expr, Option<String>)) -> String {
    match column {
        (_, Some(alias)) => alias.clone(),
        (Expr::Column(_, name), None) => name.clone(),
        (Expr::Aggregate(_), None) => "count".to_owned(),
        _ => "value".to_owned(),
    }
}

/// A column of an outer query that reads the named output of an inner one.
pub(in crate::compose) fn output(name: &str) -> Expr {
    Expr::Column(String::new(), name.to_owned())
}

impl Grouped {
    /// Counts and sums add up over the groups.
    pub(in crate::compose) fn adds_up(&self) -> bool {
        self.figure.counts || self.figure.alias.starts_with("total_")
    }

    /// What the figure is, in a word.
    pub(in crate::compose) fn it(&self) -> &'static str {
        match self.figure.alias.split('_').next() {
            _ if self.figure.counts || self.figure.noun.starts_with("number ") => "number",
            Some("avg") => "average",
            Some("total") => "total",
            _ => "value",
        }
    }

    /// "per" or "for each", as the groups that are left out allow.
    pub(in crate::compose) fn per(&self, draw: &mut Draw) -> &'static str {
        self.key.per(&mut draw.rng, !self.conditions.is_empty())
    }

    pub(in crate::compose) fn value(&self) -> Expr {
        output(&self.figure.alias)
    }

    /// The key's outputs as columns of an outer query.
    pub(in crate::compose) fn key_outputs(&self) -> Vec<(Expr, Option<String>)> {
        self.names.iter().map(|n| (output(n), None)).collect()
    }

    /// The aggregate itself, unrounded, for use in the grouped query.
    pub(in crate::compose) fn raw(&self) -> Expr {
        aggregate::unrounded(&self.figure)
    }

    /// The pair: `whole` puts the outer query around the grouped one, with and without each condition.
    pub(in crate::compose) fn draft(&self, speech: Speech, whole: impl Fn(Select) -> Select) -> Draft {
        let mut draft = Draft::new(whole(self.query.clone()), speech);
        for condition in &self.conditions {
            let mut without = self.query.clone();
            without.filter.retain(|f| !condition.sql.contains(f));
            draft.probes.push(("filter", whole(without), Expect::Differs));
        }
        draft
    }

    /// The same where the outer conditions are the point: they keep something out.
    pub(in crate::compose) fn narrowed(&self, speech: Speech, whole: impl Fn(Select) -> Select) -> Draft {
        let mut draft = self.draft(speech, whole);
        let mut without = draft.query.clone();
        without.filter.clear();
        draft.probes.push(("filter", without, Expect::Differs));
        draft
    }
}

/// Draws one figure by one key under at most `most` conditions.
pub(in crate::compose) fn draw(draw: &mut Draw, by: By, most: usize) -> Option<Grouped> {
    // of a few rows one sees all that at a glance
    if (1..20).contains(&draw.scope.subject().rows) {
        return None;
    }
    let key = group::key(draw)?;
    if (by == By::Time && !key.time) || (by == By::Thing && key.time) {
        return None;
    }
    if by == By::Thing && key.places.iter().any(|&p| draw.scope.field(p).role() == Role::Flag) {
        return None;
    }
    let figure = figure::figures(draw, 1, 1).pop()?;
    let kind = figure.place.is_some_and(|p| draw.scope.field(p).role() != Role::Key);
    if kind && (figure.noun.starts_with("number of di") || figure.noun.starts_with("unique ")) {
        return None;
    }
    // how many rows exceed an amount is a question of its own
    draw.measuring = true;
    let conditions = draw.conditions(0, most)?;
    let rows = draw.rows_phrase(&conditions);
    let measure = figures::of_rows(draw, std::slice::from_ref(&figure), &rows);
    let mut query = draw.scope.select();
    query.columns = key.columns.clone();
    query.columns.push((figure.sql.clone(), Some(figure.alias.clone())));
    apply(&mut query, &conditions);
    query.group = key.group.clone();
    group::left_out(draw, std::slice::from_ref(&key), &conditions);
    let names = key.columns.iter().map(output_name).collect();
    Some(Grouped { key, figure, conditions, measure, query, names })
}

/// A query over an inner one, as a common table expression or in FROM.
pub(in crate::compose) fn over(as_cte: bool, name: &str, inner: Select, outer: Select) -> Select {
    if as_cte {
        let with = vec![super::super::tree::Cte { name: name.to_owned(), columns: Vec::new(), query: inner }];
        Select { with, from: Some(Source::Table(name.to_owned(), name.to_owned())), ..outer }
    } else {
        Select { from: Some(Source::Query(Box::new(inner), name.to_owned())), ..outer }
    }
}

/// In the order of time, or by the figure, as most would want to read it.
pub(in crate::compose) fn reading_order(
    draw: &mut Draw,
    grouped: &Grouped,
) -> (Vec<super::super::tree::Order>, Vec<Extra>) {
    let order = |by: Expr, descending| super::super::tree::Order { by, descending, nulls_last: false };
    if grouped.key.time {
        let inline = draw.rng.word(OVER_TIME);
        let sentence = draw.rng.word(&["Sort them chronologically", "Oldest first", "Earliest first"]);
        return (vec![order(output(&grouped.names[0]), false)], vec![Extra::new(inline, sentence)]);
    }
    // sorted by what is rounded, equal ones would come in any order
    if draw.rng.chance(50) || grouped.raw() != grouped.figure.sql {
        return (Vec::new(), Vec::new());
    }
    if grouped.key.ordered(&draw.scope) {
        return (vec![order(grouped.value(), true)], vec![figures::largest_first(&grouped.figure)]);
    }
    let inline = draw.rng.word(&[", highest first", ", from the highest down", ", largest first", ", descending"]);
    let sentence = draw.rng.word(&["Start with the highest", "Highest first", "Sort in descending order"]);
    (vec![order(grouped.value(), true)], vec![Extra::new(inline, sentence)])
}
