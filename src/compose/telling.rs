//! Which columns of a result have something to tell. Where a date, a kind or a count is the same in nearly all rows,
//! nobody would have asked to see it: the gate, which has the rows, refuses such a pair.

use super::tree::{Cte, Expr, Select, Source};
use crate::candidate::Telling;

/// Per cent of the rows that one value may not reach: of what the rows hold, and of figures, which differ but for a few.
const HELD: u8 = 100;
const FIGURES: u8 = 85;

pub(super) fn telling(query: &Select) -> Vec<Telling> {
    // a second part of a set operation has rows of its own, and what is picked by its name is one thing
    if query.set.is_some() {
        return Vec::new();
    }
    let columns = query.columns.iter().enumerate();
    columns.filter_map(|(column, (e, _))| Some(Telling { column, per_cent: bound(query, e, &query.with)? })).collect()
}

/// The share of the rows that one value of an expression may not reach; none for what is the same by its nature, such as
/// a total beside each part.
fn bound(query: &Select, expr: &Expr, with: &[Cte]) -> Option<u8> {
    let (mut same, mut columns) = (false, 0);
    let mut least = HELD;
    expr.visit(&mut |e| match e {
        Expr::Window(_) | Expr::Query(_) => same = true,
        Expr::Aggregate(_) => least = FIGURES,
        // a column of a query inside is what it is there
        Expr::Column(source, name) => {
            columns += 1;
            match inside(query, source, name, with) {
                Some(found) => least = least.min(found),
                None => same = true,
            }
        }
        _ => {}
    });
    (!same && (columns > 0 || least < HELD)).then_some(least)
}

fn inside(query: &Select, source: &str, name: &str, with: &[Cte]) -> Option<u8> {
    let sources = query.from.iter().chain(query.joins.iter().map(|j| &j.source));
    for from in sources {
        let (alias, inner) = match from {
            Source::Table(table, alias) => (alias, with.iter().find(|c| c.name == *table).map(|c| &c.query)),
            Source::Query(inner, alias) => (alias, Some(inner.as_ref())),
            // a calendar has each of its days once
            Source::Values(_, alias, _) | Source::Other(_, alias) => (alias, None),
        };
        if !source.is_empty() && alias != source {
            continue;
        }
        let Some(inner) = inner else { continue };
        let named = |(e, alias): &&(Expr, Option<String>)| match (alias, e) {
            (Some(alias), _) => alias == name,
            (None, Expr::Column(_, column)) => column == name,
            _ => false,
        };
        if let Some((e, _)) = inner.columns.iter().find(named) {
            return if inner.set.is_some() { None } else { bound(inner, e, with) };
        }
    }
    Some(HELD)
}

#[cfg(test)]
mod tests {
    use super::super::tree::{aggregate, text};
    use super::*;

    fn column(name: &str) -> Expr {
        Expr::Column("f".into(), name.into())
    }

    fn per_cent(query: &Select) -> Vec<(usize, u8)> {
        telling(query).into_iter().map(|t| (t.column, t.per_cent)).collect()
    }

    #[test]
    fn figures_differ_more_than_what_rows_hold_and_totals_not_at_all() {
        let count = aggregate("count(*)", vec![]);
        let over = Expr::Window(Box::new(text("avg(films) OVER ()")));
        let query = Select {
            columns: vec![(column("rating"), None), (count.clone(), Some("films".into())), (over, None)],
            from: Some(Source::Table("film".into(), "f".into())),
            ..Select::default()
        };
        assert_eq!(per_cent(&query), [(0, HELD), (1, FIGURES)]);
        let outer = Select {
            columns: vec![
                (Expr::Column(String::new(), "films".into()), None),
                (Expr::Column(String::new(), "rating".into()), None),
                (text("'all'"), None),
            ],
            from: Some(Source::Table("figures".into(), "figures".into())),
            with: vec![Cte { name: "figures".into(), columns: Vec::new(), query }],
            ..Select::default()
        };
        assert_eq!(per_cent(&outer), [(0, FIGURES), (1, HELD)]);
    }
}
