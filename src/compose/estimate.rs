//! About how many rows a drawn query returns, by the statistics: nobody asks for thousands of rows, and to fetch them
//! takes the server longer than all else.

use super::tree::{Distinct, Expr, Limit, Select, Source};
use super::world::{Entity, World};
use std::collections::BTreeMap;

/// Spans of time, or classes, that an expression falls into.
const CLASSES: f64 = 25.0;
/// What a condition on groups, or by another query, lets through.
const HALF: f64 = 0.5;

/// `passing` is the share of the rows that the drawn conditions let through.
pub(super) fn rows(world: &World, query: &Select, passing: f64) -> f64 {
    let known: BTreeMap<&str, f64> =
        query.with.iter().map(|cte| (cte.name.as_str(), rows(world, &cte.query, passing))).collect();
    let own = before_cut(world, query, passing, &known);
    let all = match &query.set {
        Some(("UNION" | "UNION ALL", other)) => own + rows(world, other, passing),
        _ => own,
    };
    match query.limit {
        Some(Limit::Rows(n) | Limit::WithTies(n)) => all.min(n as f64),
        None => all,
    }
}

/// Whether a join meets one row of a table at most.
fn by_key(on: &Expr, alias: &str, entity: &Entity) -> bool {
    let (mut met, mut keyed) = (0, true);
    on.visit(&mut |e| {
        if let Expr::Column(of, name) = e
            && of == alias
        {
            met += 1;
            keyed &= entity.key.contains(name);
        }
    });
    keyed && met > 0 && met == entity.key.len()
}

fn before_cut(world: &World, query: &Select, passing: f64, known: &BTreeMap<&str, f64>) -> f64 {
    let mut tables: BTreeMap<&str, &Entity> = BTreeMap::new();
    let mut base: f64 = 1.0;
    let mut each = 1.0;
    let joins = query.joins.iter().map(|j| (&j.source, j.on.as_ref()));
    for (source, on) in query.from.iter().map(|from| (from, None)).chain(joins) {
        let found = match source {
            // of what is joined by its key there is one beside each row
            Source::Table(name, alias)
                if let Some(entity) = world.named(name).filter(|e| on.is_some_and(|on| by_key(on, alias, e))) =>
            {
                tables.insert(alias, entity);
                1.0
            }
            Source::Table(name, alias) => match (known.get(name.as_str()), world.named(name)) {
                (Some(rows), _) => *rows,
                (None, Some(entity)) => {
                    tables.insert(alias, entity);
                    entity.rows as f64 * passing
                }
                _ => 1.0,
            },
            Source::Query(inner, _) if matches!(inner.limit, Some(Limit::Rows(_))) => {
                each = rows(world, inner, passing);
                1.0
            }
            Source::Query(inner, _) => rows(world, inner, passing),
            Source::Values(values, ..) => values.len() as f64,
            Source::Other(..) => CLASSES,
        };
        base = base.max(found);
    }
    base *= each;
    let queried = |e: &Expr| {
        let mut found = false;
        e.visit(&mut |e| found |= matches!(e, Expr::Query(_)));
        found
    };
    let outer = tables.is_empty() && query.from.is_some();
    let narrowing = query.filter.iter().filter(|f| outer || queried(f)).count() + usize::from(!query.having.is_empty());
    let keys: Vec<&Expr> = match &query.distinct {
        Distinct::On(keys) => keys.iter().collect(),
        Distinct::Yes => query.columns.iter().map(|(e, _)| e).collect(),
        Distinct::No => query.group.iter().collect(),
    };
    let found = if keys.is_empty() {
        if query.columns.iter().any(|(e, _)| e.aggregates()) { 1.0 } else { base }
    } else {
        base.min(groups(&tables, &reached(query, &tables), &keys))
    };
    found * HALF.powi(narrowing as i32)
}

/// Whether conditions are likely to leave a result as it is: which kinds there are among very many rows, or between
/// which ends their values lie, is nothing that half of them change; nor is the highest of each of a few groups, or a
/// quantile of a few values, where most rows are left.
pub(super) fn indifferent(world: &World, query: &Select, passing: f64) -> bool {
    let grouped = !query.group.is_empty();
    let whole =
        query.with.is_empty() && query.set.is_none() && (!grouped || query.having.is_empty() && query.limit.is_none());
    let tables: BTreeMap<&str, &Entity> = query
        .from
        .iter()
        .chain(query.joins.iter().map(|j| &j.source))
        .filter_map(|s| match s {
            Source::Table(name, alias) => Some((alias.as_str(), world.named(name)?)),
            _ => None,
        })
        .collect();
    let left = tables.values().map(|e| e.rows).max().unwrap_or(0) as f64 * passing;
    let values = |column: &Expr| match column {
        Expr::Column(alias, name) => {
            let field = tables.get(alias.as_str())?.fields.iter().find(|f| f.name == *name)?;
            Some(field.distinct.max(1) as f64)
        }
        _ => None,
    };
    // with so many rows for each value hardly one of the values is missed
    let all = |different: f64| left > different * (different.ln() + 4.0);
    // the groups are so many that one of them has its end or its middle elsewhere
    let keys: Vec<&Expr> = query.group.iter().collect();
    let groups = if grouped { groups(&tables, &reached(query, &tables), &keys) } else { 1.0 };
    let likely = |as_it_is: f64| as_it_is.powf(groups) > 0.6;
    let kept = |figure: &Expr| match figure {
        Expr::Aggregate(call) => match call.as_ref() {
            Expr::Mix(parts) => match parts.as_slice() {
                [Expr::Text(call), column, ..] => {
                    let end = matches!(call.as_str(), "min(" | "max(");
                    let middle = call.starts_with("percentile_") && values(column).is_some_and(|n| n < 50.0);
                    let telling = !grouped && (call.contains("(DISTINCT ") || end);
                    telling && values(column).is_some_and(all)
                        || end && likely(passing)
                        || middle && likely(0.3 + 0.7 * passing)
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    };
    let keyed = |e: &Expr| query.group.contains(e);
    whole
        && !query.filter.is_empty()
        && !query.columns.is_empty()
        && match query.distinct {
            Distinct::Yes => {
                let different = query.columns.iter().map(|(e, _)| values(e)).product::<Option<f64>>();
                different.is_some_and(all)
            }
            _ => query.columns.iter().all(|(e, _)| keyed(e) || kept(e)) && query.columns.iter().any(|(e, _)| kept(e)),
        }
}

/// Rows of each table that others lead to, at most: as many addresses as there are shops.
fn reached<'q>(query: &'q Select, tables: &BTreeMap<&str, &Entity>) -> BTreeMap<&'q str, f64> {
    let mut found: BTreeMap<&str, f64> = BTreeMap::new();
    let rows = |alias: &str| tables.get(alias).map_or(f64::INFINITY, |e| e.rows as f64);
    if let Some(Source::Table(_, alias)) = &query.from {
        found.insert(alias, rows(alias));
    }
    for join in &query.joins {
        let Source::Table(_, alias) = &join.source else { continue };
        let (mut parent, mut most) = (false, f64::INFINITY);
        if let Some(on) = &join.on {
            parent = tables.get(alias.as_str()).is_some_and(|e| by_key(on, alias, e));
            on.visit(&mut |e| {
                if let Expr::Column(table, _) = e
                    && table != alias
                {
                    most = found.get(table.as_str()).map_or(most, |rows| most.min(*rows));
                }
            });
        }
        found.insert(alias, if parent { rows(alias).min(most) } else { rows(alias) });
    }
    found
}

/// Different keys, at most.
fn groups(tables: &BTreeMap<&str, &Entity>, reached: &BTreeMap<&str, f64>, keys: &[&Expr]) -> f64 {
    let mut by_table: BTreeMap<&str, f64> = BTreeMap::new();
    let mut others = 1.0;
    for key in keys {
        let Expr::Column(alias, name) = key else {
            others *= CLASSES;
            continue;
        };
        match tables.get(alias.as_str()).and_then(|e| Some((e, e.fields.iter().find(|f| f.name == *name)?))) {
            Some((entity, field)) => {
                let product = by_table.entry(alias).or_insert(1.0);
                let most = reached.get(alias.as_str()).copied().unwrap_or(f64::INFINITY).min(entity.rows as f64);
                *product = (*product * field.distinct.max(1) as f64).min(most);
            }
            None => others *= CLASSES,
        }
    }
    by_table.values().product::<f64>() * others
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Join, JoinKind, aggregate, fill, text};
    use super::super::world::{Entity, Field};
    use super::*;

    #[test]
    fn what_most_rows_leave_as_it_is_is_told_from_what_changes() {
        let field = |name: &str, distinct| Field { name: name.into(), distinct, ..Field::default() };
        let rental = Entity {
            sql: "rental".into(),
            rows: 16_000,
            fields: vec![field("returned", 15_000), field("staff", 2), field("customer", 600), field("days", 7)],
            ..Entity::default()
        };
        let world = World { entities: vec![rental], ..World::default() };
        let column = |name: &str| Expr::Column("r".into(), name.into());
        let query = |figure: Expr, key: Option<&str>| Select {
            from: Some(Source::Table("rental".into(), "r".into())),
            columns: key.map(column).into_iter().chain([figure]).map(|e| (e, None)).collect(),
            filter: vec![text("r.active")],
            group: key.map(column).into_iter().collect(),
            ..Select::default()
        };
        let latest = || aggregate("max({})", vec![column("returned")]);
        let median = || aggregate("percentile_cont(0.5) WITHIN GROUP (ORDER BY {})", vec![column("days")]);
        for (query, passing, same) in [
            (query(latest(), None), 0.97, true),
            (query(latest(), None), 0.3, false),
            (query(latest(), Some("staff")), 0.97, true),
            (query(latest(), Some("customer")), 0.97, false),
            (query(median(), None), 0.8, true),
            (query(aggregate("count(*)", vec![]), None), 0.97, false),
            (query(aggregate("avg({})", vec![column("days")]), Some("staff")), 0.97, false),
        ] {
            assert_eq!(indifferent(&world, &query, passing), same, "{query:?} with {passing} left");
        }
    }

    #[test]
    fn no_more_of_a_thing_is_reached_than_of_what_leads_to_it() {
        let entity =
            |sql: &str, rows, key: &str| Entity { sql: sql.into(), rows, key: vec![key.into()], ..Entity::default() };
        let address = Entity {
            fields: vec![Field { name: "district".into(), distinct: 378, ..Field::default() }],
            ..entity("address", 600, "address_id")
        };
        let item = entity("item", 4500, "item_id");
        let world = World { entities: vec![item, entity("shop", 2, "shop_id"), address], ..World::default() };
        let column = |alias: &str, name: &str| Expr::Column(alias.into(), name.into());
        let join = |table: &str, alias: &str, key: &str, from: &str| Join {
            kind: JoinKind::Inner,
            source: Source::Table(table.into(), alias.into()),
            on: Some(fill("{} = {}", vec![column(alias, key), column(from, key)])),
        };
        let query = Select {
            from: Some(Source::Table("item".into(), "i".into())),
            joins: vec![join("shop", "s", "shop_id", "i"), join("address", "a", "address_id", "s")],
            columns: vec![(column("a", "district"), None), (aggregate("count(*)", vec![]), None)],
            group: vec![column("a", "district")],
            ..Select::default()
        };
        assert_eq!(rows(&world, &query, 1.0), 2.0);
    }

    #[test]
    fn lists_groups_and_cuts_are_told_from_the_statistics() {
        let film = Entity { sql: "film".into(), rows: 1000, ..Entity::default() };
        let world = World { entities: vec![film], ..World::default() };
        let mut query = Select {
            from: Some(Source::Table("film".into(), "f".into())),
            columns: vec![(Expr::Column("f".into(), "title".into()), None)],
            ..Select::default()
        };
        assert_eq!(rows(&world, &query, 0.2), 200.0);
        query.limit = Some(Limit::Rows(5));
        assert_eq!(rows(&world, &query, 0.2), 5.0);
        query.limit = None;
        query.columns = vec![(aggregate("count(*)", vec![]), None)];
        assert_eq!(rows(&world, &query, 1.0), 1.0);
        query.group = vec![text("extract(year FROM f.d)")];
        assert_eq!(rows(&world, &query, 1.0), CLASSES);
    }
}
