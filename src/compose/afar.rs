//! Conditions on what rows refer to, said of the things themselves: "rentals of active customers", "payments for films
//! rated PG".

use super::condition::{self, Condition};
use super::phrase;
use super::random::Rng;
use super::scope::{Place, Scope, ways_to};
use super::taste;
use super::tree::Expr;
use crate::schema::grammar;
use crate::schema::roles::Role;

/// What people do in the name of others is not "of" them.
const STAFF: &[&str] = &["employee", "staff", "manager", "agent", "representative", "rep"];

/// Whom one has to do with: visits are "with" them, and belong to others.
const ATTENDING: &[&str] = &[
    "provider", "doctor", "physician", "nurse", "therapist", "teacher", "instructor", "lawyer", "dentist", "coach",
    "driver", "guide",
];

/// Whether there is one way to a joined thing and one of it, so that it can be spoken of itself.
pub(super) fn told(scope: &Scope, place: Place) -> bool {
    let node = &scope.nodes[place.node];
    let thing = scope.entity(place.node);
    let Some((from, _, up)) = node.via else { return false };
    let plain = up
        && !thing.bridge
        && !thing.label.contains(&place.field)
        && !taste::spot(scope.world, node.entity)
        && scope.nodes.iter().filter(|n| n.entity == node.entity).count() == 1
        && scope.role_noun(place.node) == thing.one
        // of two ways the straight one is meant
        && (from == 0 || ways_to(scope.world, scope.nodes[0].entity, node.entity) <= 1);
    let said = !thing.one.contains(" in the ") && !thing.one.split(' ').any(|w| STAFF.contains(&w));
    let kind = matches!(
        scope.field(place).role(),
        Role::Dimension | Role::Flag | Role::Code | Role::Measure | Role::Time | Role::Year | Role::Array
    );
    plain && said && kind
}

/// A condition on such a thing.
pub(super) fn draw(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    if !told(scope, place) {
        return None;
    }
    let (subject, thing, node) = (scope.subject(), scope.entity(place.node), &scope.nodes[place.node]);
    let alone = Scope::alone(scope.world, node.entity, &node.alias);
    let own = condition::draw(rng, &alone, Place { node: 0, field: place.field })?;
    let text = |e: &Expr| matches!(e, Expr::Pattern(_)) || matches!(e, Expr::Mix(parts) if parts.iter().any(null));
    if own.sql.iter().any(text) {
        return None;
    }
    let rows = phrase::rows(rng, &thing.many, thing.person, std::slice::from_ref(&own));
    if rows == thing.many || rows.split(' ').count() > 9 {
        return None;
    }
    // what happened is for something, and what there is belongs to it
    let head = thing.one.rsplit(' ').next().unwrap_or(&thing.one);
    let link = if ATTENDING.contains(&head) {
        "with"
    } else if !thing.person && subject.fields.iter().any(|f| f.role() == Role::Time && !f.traits.audit) {
        "for"
    } else {
        "of"
    };
    let one = &thing.one;
    let verb = own.that.as_deref().and_then(|that| that.strip_prefix("are ")).map(|rest| format!("{one} is {rest}"));
    Some(Condition {
        class: None,
        before: None,
        with: None,
        that: None,
        post: Some(format!("{link} {rows}")),
        whose: own.whose.as_ref().map(|whose| format!("{} {whose}", grammar::possessive(one))).or(verb),
        terse: own.terse.as_ref().map(|terse| format!("{one} {terse}")),
        vague: None,
        places: vec![place],
        ..own
    })
}

fn null(part: &Expr) -> bool {
    matches!(part, Expr::Text(text) if text.contains(" NULL"))
}
