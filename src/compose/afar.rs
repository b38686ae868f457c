//! Conditions on what rows refer to, said of the things themselves: "rentals of active customers", "payments for films
//! rated PG".

use super::condition::{self, Condition};
use super::phrase;
use super::random::Rng;
use super::scope::{Place, Scope};
use super::taste;
use super::tree::Expr;
use super::ways::ways_to;
use super::world::{Entity, Field};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// What people do in the name of others is not "of" them.
const STAFF: &[&str] = &["employee", "staff", "manager", "agent", "representative", "rep"];

/// Whom one has to do with: visits are "with" them, and belong to others.
const ATTENDING: &[&str] = &[
    "provider", "doctor", "physician", "nurse", "therapist", "teacher", "instructor", "lawyer", "dentist", "coach",
    "driver", "guide", "veterinarian", "vet", "surgeon",
];

/// What is done by people: "rentals by inactive customers".
const ACTS: &[&str] =
    &["payment", "rental", "order", "purchase", "review", "booking", "loan", "reservation", "donation", "comment"];

/// Whether a person is one that others have to do with: what counts of them is what they do.
pub(super) fn serves(thing: &Entity) -> bool {
    let head = thing.one.rsplit(' ').next().unwrap_or(&thing.one);
    ATTENDING.contains(&head) || thing.person && STAFF.contains(&head)
}

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
        && (scope.role_noun(place.node) == thing.one || attends(thing, &scope.role_noun(place.node)))
        // of two ways the straight one is meant
        && (from == 0 || ways_to(scope.world, scope.nodes[0].entity, node.entity) <= 1);
    let said = !thing.one.contains(" in the ") && link(thing, scope.subject()).is_some();
    let kind = matches!(
        scope.field(place).role(),
        Role::Dimension | Role::Flag | Role::Code | Role::Measure | Role::Time | Role::Year | Role::Array
    );
    plain && said && kind
}

/// How rows go with a thing that they refer to; none where it would not be said.
pub(super) fn link(thing: &Entity, rows: &Entity) -> Option<&'static str> {
    let head = thing.one.rsplit(' ').next().unwrap_or(&thing.one);
    if ATTENDING.contains(&head) && rows.one != thing.one {
        return Some("with");
    }
    let act = rows.one.rsplit(' ').next().is_some_and(|w| ACTS.contains(&w));
    let link = if thing.person && act { "by" } else { "of" };
    (!thing.one.split(' ').any(|w| STAFF.contains(&w))).then_some(link)
}

/// What happened is for something, and what there is, and goes by a name, belongs to it.
pub(super) fn happens(rows: &Entity) -> bool {
    rows.label.is_empty() && rows.fields.iter().any(|f| f.role() == Role::Time && !f.traits.audit)
}

/// "supervising provider": one of those that rows are "with", in a role of its own.
fn attends(thing: &Entity, role: &str) -> bool {
    let head = role.rsplit(' ').next().unwrap_or(role);
    thing.person && ATTENDING.contains(&head) && thing.one == head && !role.contains('\'')
}

/// Whose address it is: rentals are "of customers from the Hubei district".
pub(super) fn resident(scope: &Scope, node: usize) -> Option<usize> {
    let (from, _, up) = scope.nodes[node].via?;
    let own = |n: usize| {
        let thing = scope.entity(n);
        scope.role_noun(n) == thing.one && link(thing, scope.subject()).is_some() && !thing.bridge
    };
    (up && from != 0 && scope.entity(node).one == "address" && own(from)).then_some(from)
}

/// "reader's home branch is Central" of loans: "of readers whose home branch is Central".
pub(super) fn owned(scope: &Scope, whose: &str) -> Option<String> {
    (1..scope.nodes.len()).find_map(|node| {
        let thing = scope.entity(node);
        let near = matches!(scope.nodes[node].via, Some((0, _, true)));
        let own = || scope.role_noun(node) == thing.one && !thing.bridge;
        let rest = whose.strip_prefix(&grammar::possessive(&thing.one))?.strip_prefix(' ')?;
        let link = if near && own() { of_or_for(thing, scope.subject())? } else { return None };
        Some(format!("{link} {} whose {rest}", thing.many))
    })
}

/// "main diagnosis is chronic" of payments: "for claims whose main diagnosis is chronic", where a claim is no person.
pub(super) fn by_way_of(scope: &Scope, node: usize, whose: &str) -> Option<String> {
    let (from, _, up) = scope.nodes[node].via?;
    let (thing, role) = (scope.entity(from), scope.role_noun(node));
    let own = scope.role_noun(from) == thing.one && !thing.bridge && !thing.person;
    let named = !role.contains('\'') && whose.starts_with(&role);
    let link = of_or_for(thing, scope.subject())?;
    (from != 0 && up && own && named).then(|| format!("{link} {} whose {whose}", thing.many))
}

fn of_or_for(thing: &Entity, rows: &Entity) -> Option<&'static str> {
    let link = link(thing, rows)?;
    Some(if link == "of" && !thing.person && happens(rows) { "for" } else { link })
}

/// A condition on such a thing.
pub(super) fn draw(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let resident = resident(scope, place.node);
    if resident.is_none() && !told(scope, place) {
        return None;
    }
    let of = Place { node: resident.unwrap_or(place.node), ..place };
    let (subject, thing) = (scope.subject(), scope.entity(of.node));
    let mut alone = scope.part(of.node);
    let mut at = Place { node: 0, field: place.field };
    if let Some((_, edge, up)) = scope.nodes[place.node].via.filter(|_| resident.is_some()) {
        at.node = alone.join(0, edge, up, scope.nodes[place.node].kind);
        alone.nodes[at.node].alias = scope.nodes[place.node].alias.clone();
    }
    let own = condition::draw(rng, &alone, at)?;
    let text = |e: &Expr| matches!(e, Expr::Pattern(_)) || matches!(e, Expr::Mix(parts) if parts.iter().any(null));
    if own.sql.iter().any(text) {
        return None;
    }
    let role = scope.role_noun(of.node);
    let many = if role == thing.one { thing.many.clone() } else { grammar::plural(&role) };
    let rows = phrase::rows(rng, &many, thing.person, std::slice::from_ref(&own));
    if rows == many || rows.split(' ').count() > 9 {
        return None;
    }
    // one plays a role, and many are of a kind
    let rows = if role == thing.one { rows } else { grammar::with_article(&phrase::single(&rows, &many, &role)) };
    // what somebody is the reason of is not done by him: payments "for" the members whose claims are paid
    let near = scope.nodes[of.node].via.is_some_and(|(from, ..)| from == 0);
    let link = match of_or_for(thing, subject)? {
        "by" if !near => "for",
        link => link,
    };
    let post = match rows.strip_prefix(&format!("{many} ")).filter(|rest| is_part(scope, of.node, place, rest)) {
        Some(rest) => rest.to_owned(),
        None => format!("{link} {rows}"),
    };
    let one = &role;
    let verb = own.that.as_deref().and_then(|that| that.strip_prefix("are ")).map(|rest| format!("{one} is {rest}"));
    Some(Condition {
        class: None,
        before: None,
        with: None,
        that: None,
        post: Some(post),
        whose: own.whose.as_ref().map(|whose| format!("{} {whose}", grammar::possessive(one))).or(verb),
        terse: own.terse.as_ref().map(|terse| format!("{one} {terse}")),
        vague: None,
        places: vec![place],
        ..own
    })
}

/// "invoice lines billed to Canada": what is part of a thing shares what was done with it, and when, where it has
/// nothing like it of its own.
fn is_part(scope: &Scope, whole: usize, place: Place, done: &str) -> bool {
    let (subject, field) = (scope.subject(), scope.field(place));
    let part = subject.one.strip_prefix(scope.entity(whole).one.as_str()).is_some_and(|rest| rest.starts_with(' '));
    let time = field.role() == Role::Time;
    let own = |f: &Field| f.stem == field.stem || time && f.role() == Role::Time && !f.traits.audit;
    let first = done.split(' ').next().unwrap_or(done);
    let said = first.ends_with("ed") || time && ["in", "from", "since", "before", "on", "between"].contains(&first);
    part && said && !subject.person && !subject.fields.iter().any(own)
}

fn null(part: &Expr) -> bool {
    matches!(part, Expr::Text(text) if text.contains(" NULL"))
}
