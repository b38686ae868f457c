//! Probes: statements that prove of another that no part of it is idle and that its cut has no tie.

use super::condition::Condition;
use super::tree::{Distinct, Expr, Limit, Order, Select, Source, aggregate, fill, text};
use crate::candidate::Expect;

/// For each condition the query without it: its rows must differ, and by more than those of which it is not known. Where
/// each row of the tables counts, one row that this condition alone keeps out is the proof, and costs next to nothing.
pub(super) fn filter_probes(query: &Select, conditions: &[Condition]) -> Vec<(&'static str, Select, Expect)> {
    let every_row = counts_every_row(query);
    // neither side of an OR may say it all
    let sides = conditions.iter().flat_map(|c| c.either.iter().map(move |side| (c, side))).map(|(c, side)| {
        let mut one = query.clone();
        for f in one.filter.iter_mut().filter(|f| c.sql.contains(f)) {
            *f = side.clone();
        }
        ("either", one, Expect::Differs)
    });
    conditions
        .iter()
        .map(|c| {
            let mut without = query.clone();
            without.filter.retain(|f| !c.sql.contains(f));
            let tested = |how: &str| fill(&format!("({}) {how}", vec!["{}"; c.sql.len()].join(" AND ")), c.sql.clone());
            without.filter.push(tested(if every_row { "IS FALSE" } else { "IS NOT NULL" }));
            if !every_row {
                return ("filter", without, Expect::Differs);
            }
            let kept_out = Select {
                columns: vec![(text("1"), None)],
                from: without.from,
                joins: without.joins,
                filter: without.filter,
                limit: Some(Limit::Rows(1)),
                keep_alias: without.keep_alias,
                ..Select::default()
            };
            ("filter", kept_out, Expect::Rows)
        })
        .chain(sides)
        .collect()
}

/// The query without a part that the probes prove not to be idle: near to it, and wrong.
pub(super) fn mutant(query: &Select, probes: &[(&'static str, Select, Expect)]) -> Option<Select> {
    probes.iter().find_map(|(name, probe, expect)| match expect {
        Expect::Differs => Some(probe.clone()),
        Expect::Cut if *name == "limit" => Some(Select { limit: None, ..query.clone() }),
        // the witness has all conditions but the one that it denies, at its end
        Expect::Rows if *name == "filter" => {
            let (_, others) = probe.filter.split_last()?;
            Some(Select { filter: others.to_vec(), ..query.clone() })
        }
        _ => None,
    })
}

/// The probe's rows for one of the query's groups: where one of them is none of the query's, the two differ, and most of
/// the probe need not be computed. None where rows of a part are no rows of the whole.
pub(super) fn one_group(query: &Select, probe: &Select) -> Option<Select> {
    let windows = |e: &Expr| {
        let mut found = false;
        e.visit(&mut |e| found |= matches!(e, Expr::Window(_)));
        found
    };
    let whole = |q: &Select| {
        q.with.is_empty()
            && q.set.is_none()
            && q.limit.is_none()
            && q.having.is_empty()
            && q.grouping.is_none()
            && q.distinct == Distinct::No
            && !q.columns.iter().any(|(e, _)| windows(e))
    };
    // a column of a table, or an expression of such: the names of outputs mean nothing in a condition
    let of_tables = |key: &&Expr| {
        let (mut columns, mut outputs) = (0, 0);
        key.visit(&mut |e| match e {
            Expr::Column(table, _) if table.is_empty() => outputs += 1,
            Expr::Column(..) => columns += 1,
            _ => {}
        });
        columns > 0 && outputs == 0
    };
    let alike = query.group == probe.group && query.columns == probe.columns && query.joins == probe.joins;
    let key = query.group.iter().find(of_tables)?;
    if !(alike && whole(query) && whole(probe)) {
        return None;
    }
    let mut some = Select {
        columns: vec![(key.clone(), None)],
        from: query.from.clone(),
        joins: query.joins.clone(),
        filter: query.filter.clone(),
        limit: Some(Limit::Rows(1)),
        keep_alias: query.keep_alias,
        ..Select::default()
    };
    some.filter.push(fill("{} IS NOT NULL", vec![key.clone()]));
    let mut part = Select { order: Vec::new(), ..probe.clone() };
    part.filter.push(fill("{} = {}", vec![key.clone(), Expr::Query(Box::new(some))]));
    Some(part)
}

/// The query's cut cuts, and nothing ties that it does not keep.
pub(super) fn cut_probe(query: &Select) -> (&'static str, Select, Expect) {
    let name = if matches!(query.limit, Some(Limit::WithTies(_))) { "limit" } else { "tie" };
    (name, query.clone(), Expect::Cut)
}

/// The cut has no tie: the rows are the same whichever way ties are broken.
pub(super) fn tie_probes(query: &Select, breakers: &[Expr]) -> Vec<(&'static str, Select, Expect)> {
    [false, true]
        .into_iter()
        .map(|descending| {
            let mut other = query.clone();
            other.order.extend(breakers.iter().map(|b| Order { by: b.clone(), descending, nulls_last: false }));
            ("tie", other, Expect::Same)
        })
        .collect()
}

/// The query without the rows of which something is true that must be true of none: its result is the same. None where
/// the tables are not its own.
pub(super) fn never_probe(query: &Select, never: &Expr) -> Option<(&'static str, Select, Expect)> {
    let own = query.with.is_empty() && query.set.is_none() && matches!(query.from, Some(Source::Table(..)));
    let mut without = query.clone();
    without.filter.push(fill("({}) IS NOT TRUE", vec![never.clone()]));
    own.then_some(("never", without, Expect::Same))
}

/// One group, or one span of time, is no breakdown.
pub(super) fn expected_rows(query: &Select) -> u64 {
    let open = |q: &Select| q.having.is_empty() && q.limit.is_none();
    let grouped = |q: &Select| !q.group.is_empty() && open(q);
    let inner = match (&query.from, query.with.as_slice()) {
        (Some(Source::Query(inner, _)), _) => Some(inner.as_ref()),
        (Some(Source::Table(name, _)), [only]) if *name == only.name => Some(&only.query),
        _ => None,
    };
    let summed = |q: &Select| q.group.is_empty() && q.columns.iter().any(|(e, _)| matches!(e, Expr::Aggregate(_)));
    let passed = |outer: &Select| open(outer) && outer.filter.is_empty() && !summed(outer);
    // a group and the same as a total is one group
    if query.grouping.is_some() {
        return 3;
    }
    let several = grouped(query) || inner.is_some_and(|q| grouped(q) && passed(query));
    // and one row has no order
    let sorted = !query.order.is_empty() && query.limit.is_none();
    if several || sorted || query.distinct == Distinct::Yes { 2 } else { 1 }
}

/// Figures over no rows at all say nothing: there has to be one.
pub(super) fn filled_probe(query: &Select) -> Option<(&'static str, Select, Expect)> {
    let summed = query.group.is_empty()
        && query.with.is_empty()
        && query.set.is_none()
        && query.columns.iter().any(|(e, _)| e.aggregates())
        && matches!(query.from, Some(Source::Table(..)));
    // a count of values counts none where there are rows, and no value
    let mut filter = query.filter.clone();
    if let [(Expr::Aggregate(counted), _)] = query.columns.as_slice()
        && let Expr::Mix(parts) = counted.as_ref()
        && let [Expr::Text(count), column @ Expr::Column(..), Expr::Text(_)] = parts.as_slice()
        && count.starts_with("count(")
    {
        filter.push(fill("{} IS NOT NULL", vec![column.clone()]));
    }
    let rows = Select {
        filter,
        columns: vec![(text("1"), None)],
        limit: Some(Limit::Rows(1)),
        order: Vec::new(),
        having: Vec::new(),
        ..query.clone()
    };
    let expect = if query.columns.iter().all(|(e, _)| nothing_of_none(e)) { Expect::Figure } else { Expect::Rows };
    (summed && !query.filter.is_empty()).then_some(("rows", rows, expect))
}

/// A figure that is zero or NULL over no rows: nothing is put in its place, and nothing added.
fn nothing_of_none(figure: &Expr) -> bool {
    let adds = |text: &str| {
        let text = text.to_lowercase();
        ["+", "-", "coalesce", "case", "greatest", "least", "exp(", "power("].iter().any(|w| text.contains(w))
    };
    match figure {
        Expr::Aggregate(_) => true,
        Expr::Mix(parts) => {
            parts.iter().any(Expr::aggregates)
                && parts.iter().all(|part| match part {
                    Expr::Text(text) => !adds(text),
                    part => nothing_of_none(part),
                })
        }
        _ => false,
    }
}

/// One row more in its tables is another result: rows shown one by one, or counted.
fn counts_every_row(query: &Select) -> bool {
    let whole = query.with.is_empty() && query.set.is_none() && query.limit.is_none() && query.having.is_empty();
    let plain = |e: &Expr| match e {
        Expr::Column(..) => true,
        Expr::Mix(parts) => parts.iter().all(|p| match p {
            Expr::Text(text) => !text.contains('('),
            part => matches!(part, Expr::Column(..)),
        }),
        _ => false,
    };
    let rows = query.group.is_empty() && query.columns.iter().all(|(e, _)| plain(e));
    let counted = query.columns.iter().any(|(e, _)| *e == aggregate("count(*)", vec![]));
    whole && query.distinct == Distinct::No && (rows || counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_out_more_than_what_is_not_known() {
        let condition = Condition { sql: vec![text("f.length > 100")], ..Condition::default() };
        let probe = |columns: Vec<(Expr, Option<String>)>, group: Vec<Expr>| {
            let from = Some(Source::Table("film".into(), "f".into()));
            let query = Select { columns, from, group, filter: condition.sql.clone(), ..Select::default() };
            filter_probes(&query, std::slice::from_ref(&condition)).remove(0).1.sql()
        };
        let counted = probe(vec![(aggregate("count(*)", vec![]), None)], Vec::new());
        assert!(counted.contains("(f.length > 100) IS FALSE"), "{counted}");
        let title = Expr::Column("f".into(), "title".into());
        let longest = probe(vec![(aggregate("max({})", vec![title]), None)], Vec::new());
        assert!(longest.contains("(f.length > 100) IS NOT NULL"), "{longest}");
    }

    #[test]
    fn one_row_has_no_order() {
        let by = Expr::Column("f".into(), "title".into());
        let sorted = Select {
            columns: vec![(by.clone(), None)],
            order: vec![Order { by, descending: false, nulls_last: false }],
            ..Select::default()
        };
        assert_eq!(expected_rows(&sorted), 2);
        assert_eq!(expected_rows(&Select { limit: Some(Limit::Rows(1)), ..sorted }), 1, "the first of several");
    }

    #[test]
    fn figures_that_show_rows_are_told_from_those_that_may_come_of_none() {
        let expected = |figure: Expr| {
            let query = Select {
                columns: vec![(figure, None)],
                from: Some(Source::Table("film".into(), "f".into())),
                filter: vec![text("f.length > 100")],
                ..Select::default()
            };
            filled_probe(&query).map(|(.., expect)| expect)
        };
        let sum = || aggregate("sum({})", vec![text("f.length")]);
        assert_eq!(expected(sum()), Some(Expect::Figure));
        assert_eq!(expected(fill("round({}, 2)", vec![sum()])), Some(Expect::Figure));
        assert_eq!(expected(fill("{} + 1", vec![sum()])), Some(Expect::Rows));
        assert_eq!(expected(fill("coalesce({}, 5)", vec![sum()])), Some(Expect::Rows));
        assert_eq!(expected(text("f.title")), None, "no figure");
    }
}
