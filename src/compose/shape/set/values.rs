//! Values of one field under two conditions, put together or against each other: EXCEPT, INTERSECT, UNION.

use super::super::super::condition::{self, Condition};
use super::super::super::draw::{Draft, Draw};
use super::super::super::say::{Extra, Speech};
use super::super::super::scope::Place;
use super::super::super::tree::{Expr, Order, Select};
use super::super::list::output_order;
use super::{Kind, combine};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// "the cities that occur among active customers but not among customers who joined in 2006".
pub(in crate::compose) fn values(draw: &mut Draw) -> Option<Draft> {
    if draw.fan.is_some() {
        return None;
    }
    let place = draw.choose(|scope, p| {
        let f = scope.field(p);
        let spoken = matches!(f.role(), Role::Dimension | Role::Name | Role::Year) && !f.traits.personal;
        // nothing is known of tables without rows
        let rows = scope.subject().rows;
        let repeated = rows == 0 || f.distinct >= 4 && f.distinct * 2 <= rows.max(8);
        // kinds of the rows, or the things that they belong to
        let owner = matches!(scope.nodes[p.node].via, Some((0, _, true)));
        let thing = owner && scope.entity(p.node).label == [p.field] && scope.entity(p.node).label_unique;
        // diagnoses have visits, and main diagnoses are diagnoses of visits
        let thing = thing && scope.role_noun(p.node) == scope.entity(p.node).one;
        let told = if p.node == 0 { !scope.subject().label.contains(&p.field) } else { thing };
        spoken && told && f.varied && f.filled(scope.entity(p.node).rows) && repeated && !scope.constant(p.node)
    })?;
    draw.use_place(place);
    if place.node != 0 {
        draw.keyed.push(place.node);
    }
    // two times are held against each other, or for things two kinds of what they have
    let one = draw.conditions(1, 1)?.pop()?;
    let [of] = *one.places.as_slice() else { return None };
    let role = draw.scope.field(of).role();
    if role != Role::Time && (place.node == 0 || !matches!(role, Role::Dimension | Role::Name)) {
        return None;
    }
    // "products with order lines shipped to Boise but without any shipped to Seattle": by way of the orders
    if of.node != 0 && !draw.scope.entity(of.node).label.contains(&of.field) {
        return None;
    }
    let two = (0..40).find_map(|_| condition::draw(&mut draw.rng, &draw.scope, of).filter(|two| one.rivals(two)))?;
    draw.prune();
    let kind = Kind::draw(&mut draw.rng);
    let part = |c: &Condition| {
        let places: Vec<Place> = c.places.iter().copied().chain([place]).collect();
        Select { columns: vec![(draw.scope.column(place), None)], filter: c.sql.clone(), ..draw.scope.through(&places) }
    };
    let (mut query, mut probes) = combine(kind, part(&one), part(&two), false);
    let (first, second) = (draw.rows_phrase(&[one]), draw.rows_phrase(&[two]));
    let many = if place.node == 0 {
        grammar::plural(&draw.scope.noun(place))
    } else {
        grammar::plural(&draw.scope.role_noun(place.node))
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
    let who = if draw.scope.entity(place.node).person { "who" } else { "that" };
    let (nominal, questions) =
        if place.node == 0 { kinds(&many, kind, &first, &second) } else { things(&many, who, kind, &first, &second) };
    Some(Draft { probes, ..Draft::new(query, Speech { nominal, questions, extras, lists: true }) })
}

/// "ratings that occur among films longer than two hours but not among .."
pub(super) fn kinds(many: &str, kind: Kind, first: &str, second: &str) -> (Vec<String>, Vec<String>) {
    let among = match kind {
        Kind::Except => format!("among {first} but not among {second}"),
        Kind::Intersect => format!("both among {first} and among {second}"),
        Kind::Union => format!("among {first} or among {second}, each once"),
    };
    (
        vec![
            format!("the {many} that occur {among}"),
            format!("all {many} found {among}"),
            format!("{many} seen {among}"),
        ],
        vec![
            format!("which {many} occur {among}"),
            format!("what {many} are there {among}"),
            format!("which {many} are found {among}"),
        ],
    )
}

/// "customers who have rentals from May 2005 but no rentals from June 2005"
fn things(many: &str, who: &str, kind: Kind, first: &str, second: &str) -> (Vec<String>, Vec<String>) {
    let have = match kind {
        Kind::Except => format!("{first} but no {second}"),
        Kind::Intersect => format!("both {first} and {second}"),
        Kind::Union => format!("{first} or {second}"),
    };
    let with = match kind {
        Kind::Except => format!("with {first} but without any {second}"),
        Kind::Intersect => format!("with {first} as well as {second}"),
        Kind::Union => format!("with {first}, with {second} or with both"),
    };
    (
        vec![format!("{many} {who} have {have}"), format!("all {many} {with}"), format!("the {many} {with}")],
        vec![format!("which {many} have {have}"), format!("which are the {many} {with}")],
    )
}
