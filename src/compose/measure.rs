//! Difficulty of a drawn tree by the gate's rule (`candidate::facts::Hardness`), known before any server sees it.

use super::tree::{Distinct, Expr, Select, Source};
use crate::candidate::facts::Hardness;
use std::collections::BTreeSet;

/// Hardness as the gate will measure it.
pub(super) fn hardness(query: &Select) -> Hardness {
    let mut found = Hardness::default();
    let one = |yes: bool| u32::from(yes);
    found.component1 = one(!query.filter.is_empty())
        + one(!query.group.is_empty())
        + one(!query.order.is_empty())
        + one(query.limit.is_some())
        + query.joins.len() as u32;
    // patterns count where they decide on rows
    let decisive = query.filter.iter().chain(&query.having).chain(query.joins.iter().filter_map(|j| j.on.as_ref()));
    for condition in decisive {
        condition.visit(&mut |e| found.component1 += one(matches!(e, Expr::Pattern(_))) + one(alternative(e)));
    }
    let mut conditions = query.filter.len();
    for condition in &query.filter {
        condition.visit(&mut |e| conditions += usize::from(alternative(e)));
    }
    let mut aggregates = 0;
    each_expr(query, &mut |e| aggregates += u32::from(matches!(e, Expr::Aggregate(_))));
    // the gate looks at the aggregates of the outermost query, and a set operation has none of its own
    let aggregates = if query.set.is_some() { 0 } else { aggregates };
    found.others =
        one(aggregates > 1) + one(query.columns.len() > 1) + one(conditions > 1) + one(query.group.len() > 1);
    found.component2 = nested(query);
    found
}

fn alternative(e: &Expr) -> bool {
    matches!(e, Expr::Text(text) if text == " OR ")
}

/// Visits the expressions of one query level.
fn each_expr(query: &Select, see: &mut dyn FnMut(&Expr)) {
    let mut visit = |e: &Expr| e.visit(see);
    query.columns.iter().for_each(|(e, _)| visit(e));
    if let Distinct::On(keys) = &query.distinct {
        keys.iter().for_each(&mut visit);
    }
    query.joins.iter().filter_map(|j| j.on.as_ref()).for_each(&mut visit);
    query.filter.iter().chain(&query.group).chain(&query.having).for_each(&mut visit);
    query.order.iter().for_each(|o| visit(&o.by));
}

/// The different windows of one query level.
fn windows(query: &Select) -> u32 {
    let mut seen = BTreeSet::new();
    each_expr(query, &mut |e| {
        if let Expr::Window(call) = e {
            let text = format!("{call:?}");
            seen.insert(text.rsplit_once(" OVER (").map_or(String::new(), |(_, window)| window.to_owned()));
        }
    });
    seen.len() as u32
}

/// Subqueries, common table expressions, set operations and windows, at any depth.
fn nested(query: &Select) -> u32 {
    let mut count = windows(query);
    for cte in &query.with {
        count += 1 + nested(&cte.query);
    }
    if let Some((_, other)) = &query.set {
        count += 1 + nested(other);
    }
    let sources = query.from.iter().chain(query.joins.iter().map(|j| &j.source));
    for source in sources {
        if let Source::Query(inner, _) = source {
            count += 1 + nested(inner);
        }
    }
    let mut inner = Vec::new();
    each_expr(query, &mut |e| {
        if let Expr::Query(query) = e {
            inner.push((**query).clone());
        }
    });
    count + inner.iter().map(|q| 1 + nested(q)).sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::super::tree::{aggregate, fill, text};
    use super::*;

    #[test]
    fn difficulty_follows_the_tree() {
        let mut query = Select { columns: vec![(aggregate("count({})", vec![text("*")]), None)], ..Select::default() };
        query.from = Some(Source::Table("film".into(), "f".into()));
        assert_eq!(hardness(&query).difficulty(), "easy");
        query.filter = vec![text("a"), text("b")];
        assert_eq!(hardness(&query).difficulty(), "medium");
        query.filter = vec![fill("({} OR {})", vec![text("a"), text("b")])];
        let hardness_of = hardness(&query);
        assert_eq!((hardness_of.component1, hardness_of.others), (2, 1));
        query.filter = vec![Expr::Query(Box::new(query.clone()))];
        assert_eq!(hardness(&query).component2, 1);
    }
}
