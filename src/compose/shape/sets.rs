//! Values of one field under two conditions, put together or against each other: EXCEPT, INTERSECT, UNION.

use super::super::condition::Condition;
use super::super::draw::{Draft, Draw};
use super::super::say::{Extra, Speech};
use super::super::tree::{Distinct, Expr, Order, Select};
use super::list::output_order;
use crate::candidate::Expect;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// "the cities that occur among active customers but not among customers who joined in 2006".
pub(super) fn values(draw: &mut Draw) -> Option<Draft> {
    if draw.fan.is_some() {
        return None;
    }
    let place = draw.choose(|scope, p| {
        let f = scope.field(p);
        let spoken = matches!(f.role(), Role::Dimension | Role::Name | Role::Year) && !f.traits.personal;
        // nothing is known of tables without rows
        let rows = scope.subject().rows;
        let repeated = rows == 0 || f.distinct >= 4 && f.distinct * 2 <= rows.max(8);
        spoken && f.varied && f.nulls == 0 && repeated && !scope.constant(p.node)
    })?;
    draw.use_place(place);
    let (one, two) = (draw.conditions(1, 1)?.pop()?, draw.conditions(1, 1)?.pop()?);
    let kind = draw.rng.weighted(&[40, 35, 25]);
    let part = |c: &Condition| Select {
        columns: vec![(draw.scope.column(place), None)],
        filter: c.sql.clone(),
        ..draw.scope.select()
    };
    let mut query = part(&one);
    query.set = Some((["EXCEPT", "INTERSECT", "UNION"][kind], Box::new(part(&two))));
    let alone = |c: &Condition| Select { distinct: Distinct::Yes, ..part(c) };
    let mut probes = vec![("set", alone(&one), Expect::Differs), ("set", alone(&two), Expect::Differs)];
    let (first, second) = (draw.rows_phrase(&[one]), draw.rows_phrase(&[two]));
    let many = grammar::plural(&draw.scope.noun(place));
    let among = match kind {
        0 => format!("among {first} but not among {second}"),
        1 => format!("both among {first} and among {second}"),
        _ => format!("among {first} or among {second}, each once"),
    };
    let mut extras = Vec::new();
    if draw.rng.chance(35) {
        let by = Expr::Column(String::new(), draw.scope.field(place).name.clone());
        query.order = vec![Order { by, descending: false, nulls_last: false }];
        for (_, probe, _) in &mut probes {
            probe.order = query.order.clone();
        }
        let word = output_order(draw, place);
        extras.push(Extra::new(format!(", {word}"), format!("Give them {word}")));
    }
    let nominal = vec![
        format!("the {many} that occur {among}"),
        format!("all {many} found {among}"),
        format!("{many} seen {among}"),
    ];
    let questions = vec![
        format!("which {many} occur {among}"),
        format!("what {many} are there {among}"),
        format!("which {many} are found {among}"),
    ];
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}
