use super::super::tree::{Cte, Join, aggregate, fill, text};
use super::*;

fn column(alias: &str, name: &str) -> Expr {
    Expr::Column(alias.into(), name.into())
}

fn table(name: &str, alias: &str) -> Source {
    Source::Table(name.into(), alias.into())
}

fn join(kind: JoinKind, name: &str, alias: &str, key: &str, other: &str) -> Join {
    Join { kind, source: table(name, alias), on: Some(fill("{} = {}", vec![column(alias, key), column(other, key)])) }
}

fn condition(alias: &str, name: &str, rest: &str) -> Expr {
    fill(&format!("{{}}{rest}"), vec![column(alias, name)])
}

fn number() -> Expr {
    aggregate("count({})", vec![text("*")])
}

#[test]
fn a_grouped_join_is_told_in_the_order_of_its_work() {
    let query = Select {
        columns: vec![(column("f", "rating"), None), (number(), Some("rentals".into()))],
        from: Some(table("rental", "r")),
        joins: vec![
            join(JoinKind::Inner, "inventory", "i", "inventory_id", "r"),
            join(JoinKind::Left, "film", "f", "film_id", "i"),
        ],
        filter: vec![condition("f", "length", " >= 90"), condition("r", "return_date", " IS NOT NULL")],
        group: vec![column("f", "rating")],
        having: vec![fill("{} > 100", vec![number()])],
        order: vec![Order { by: column("", "rentals"), descending: true, nulls_last: false }],
        limit: Some(Limit::Rows(3)),
        ..Select::default()
    };
    assert_eq!(
        trace(&query),
        "1. Start from rental.\n\
         2. Join inventory on inventory.inventory_id = rental.inventory_id.\n\
         3. Join film on film.film_id = inventory.film_id; rows without a match stay, with nothing beside them.\n\
         4. Keep the rows where film.length >= 90 and rental.return_date has a value.\n\
         5. Group by film.rating.\n\
         6. For each group, compute the number of rows as rentals.\n\
         7. Keep the groups where the number of rows > 100.\n\
         8. Sort by rentals descending.\n\
         9. Keep the first 3 rows.\n\
         10. Return film.rating and rentals."
    );
}

#[test]
fn inner_queries_come_first_or_within_and_a_table_met_twice_keeps_its_alias() {
    let average = Select {
        columns: vec![(aggregate("avg({})", vec![column("f2", "length")]), None)],
        from: Some(table("film", "f2")),
        filter: vec![fill("{} = {}", vec![column("f2", "rating"), column("f", "rating")])],
        ..Select::default()
    };
    let inner = Select {
        columns: vec![(column("f", "rating"), None), (number(), Some("films".into()))],
        from: Some(table("film", "f")),
        filter: vec![fill("{} > {}", vec![column("f", "length"), Expr::Query(Box::new(average))])],
        group: vec![column("f", "rating")],
        ..Select::default()
    };
    let query = Select {
        with: vec![Cte { name: "figures".into(), columns: Vec::new(), query: inner }],
        columns: vec![(aggregate("max({})", vec![column("", "films")]), None)],
        from: Some(table("figures", "figures")),
        ..Select::default()
    };
    assert_eq!(
        trace(&query),
        "1. Start from film (as f).\n\
         2. Keep the rows where f.length > (the average of f2.length from film (as f2) where f2.rating = f.rating).\n\
         3. Group by f.rating.\n\
         4. For each group, compute the number of rows as films.\n\
         5. Take f.rating and films from that; call it figures.\n\
         6. Start from figures.\n\
         7. Return the highest films."
    );
}

#[test]
fn existence_sets_and_different_rows() {
    let payments = Select {
        columns: vec![(text("1"), None)],
        from: Some(table("payment", "p")),
        filter: vec![fill("{} = {}", vec![column("p", "customer_id"), column("c", "customer_id")])],
        ..Select::default()
    };
    let part = |filter: Expr| Select {
        columns: vec![(column("c", "city"), None)],
        from: Some(table("customer", "c")),
        filter: vec![filter],
        ..Select::default()
    };
    let mut query = part(fill("NOT EXISTS {}", vec![Expr::Query(Box::new(payments))]));
    query.set = Some(("EXCEPT", Box::new(part(condition("c", "active", " = 'yes AND no'")))));
    query.order = vec![Order { by: column("", "city"), descending: false, nulls_last: true }];
    assert_eq!(
        trace(&query),
        "1. Start from customer.\n\
         2. Keep the rows where there is no row of (payment where payment.customer_id = customer.customer_id).\n\
         3. Take customer.city from that; call it the first list.\n\
         4. Start from customer.\n\
         5. Keep the rows where customer.active = 'yes AND no'.\n\
         6. Take customer.city from that; call it the second list.\n\
         7. Keep what stands in the first list but not in the second, each row once.\n\
         8. Sort by city ascending, missing values last.\n\
         9. Return city."
    );
}
