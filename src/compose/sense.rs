//! What is worth asking from where: a person speaks of a payment's customer and that customer's country, hardly of the
//! day on which the customer's record was made, and never breaks figures down by a thing and by what it belongs to.

use super::afar;
use super::condition::Condition;
use super::scope::{Place, Scope};
use super::taste;
use super::world::{Field, World};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// So many kinds of rows refer to a table of terms that its own dates and codes say nothing of any of them.
const HUB: usize = 9;

/// What is said of a thing where it is shown itself, and nowhere else.
const TRIFLES: &[&str] = &[
    "prefix", "suffix", "contact title", "title of courtesy", "fax", "extension", "maiden name", "birthplace",
    "headquartered", "path", "license", "passport", "SSN",
];

pub(super) fn trifle(field: &Field) -> bool {
    TRIFLES.iter().any(|end| field.noun.ends_with(end))
}

pub(super) fn hub(world: &World, entity: usize) -> bool {
    world.graph.children(entity).len() >= HUB
}

/// Whether a field of an entity is spoken of from rows that are `steps` references away from it.
pub(super) fn from_afar(world: &World, entity: usize, field: usize, steps: usize) -> bool {
    let e = &world.entities[entity];
    let f: &Field = &e.fields[field];
    if steps == 0 || e.label.contains(&field) && (steps == 1 || e.person || !f.traits.personal) {
        return true;
    }
    // the town of a clerk who had to do with it
    let far = steps > 1 && (level(f).is_some_and(|l| l < COUNTY) || e.person && (1..30).contains(&e.rows));
    if far {
        return false;
    }
    if f.traits.audit || f.traits.personal || f.raw {
        return false;
    }
    let near = steps == 1 && !hub(world, entity);
    if trifle(f) {
        return false;
    }
    match f.role() {
        // what describes at length is said of the thing itself
        // and of a handful of things one says which
        Role::Dimension if !e.label.is_empty() && (1..30).contains(&e.rows) => false,
        Role::Dimension => f.noun.split(' ').count() < 3 && (near || !f.noun.ends_with("description")),
        Role::Flag | Role::Array => near,
        Role::Name | Role::Search => near,
        Role::Time => {
            near && taste::timely(e, field) && !e.person && (e.label.is_empty() || !(1..30).contains(&e.rows))
        }
        _ => false,
    }
}

/// References between the subject and a joined table, bridges not counted.
pub(super) fn steps(scope: &Scope, node: usize) -> usize {
    let mut at = node;
    let mut steps = 0;
    while let Some((from, ..)) = scope.nodes[at].via {
        steps += usize::from(!scope.entity(from).bridge);
        at = from;
    }
    steps
}

pub(super) fn worth(scope: &Scope, place: Place) -> bool {
    // "patient insurance's ethnicity": a person is spoken of by what is a person
    let strange = || {
        place.node != 0 && scope.entity(place.node).person && {
            let role = scope.role_noun(place.node);
            !grammar::is_person(&role) && !role.ends_with(scope.entity(place.node).one.as_str())
        }
    };
    // nor of what the manager of a person is beside that
    let own_kind = scope.nodes[place.node].via.is_some_and(|(_, edge, _)| {
        let e = &scope.world.graph.edges[edge];
        e.child == e.parent && !scope.entity(place.node).label.contains(&place.field)
    });
    // what those who serve are like is no part of what they do
    let served =
        || place.node != 0 && afar::serves(scope.entity(place.node)) && taste::is_adjective(scope.field(place));
    from_afar(scope.world, scope.nodes[place.node].entity, place.field, steps(scope, place.node))
        && !own_kind
        && !strange()
        && !served()
}

/// A span of time to break figures down by: of the rows themselves, or of what they directly belong to.
pub(super) fn dated(scope: &Scope, place: Place) -> bool {
    let own = || scope.subject().fields.iter().any(|f| f.role() == Role::Time && !f.traits.audit && !f.traits.personal);
    place.node == 0 || taste::timely(scope.entity(place.node), place.field) && worth(scope, place) && !own()
}

/// One row of `node` leads to one row of `other`: whoever knows the first knows the second.
pub(super) fn decides(scope: &Scope, node: usize, other: usize) -> bool {
    let mut at = other;
    loop {
        if at == node {
            return true;
        }
        match scope.nodes[at].via {
            Some((from, _, true)) => at = from,
            _ => return false,
        }
    }
}

/// Words that no one would put so: two owners in a row, the same word twice, more than a breath can hold.
pub(super) fn awkward(question: &str) -> bool {
    let words: Vec<&str> = question.split(' ').collect();
    let owner = |w: &&str| w.ends_with("'s") || w.ends_with("s'");
    let owners = words.windows(3).any(|w| owner(&w[0]) && w[1..].iter().any(owner))
        || words.windows(4).any(|w| owner(&w[0]) && owner(&w[3]));
    let echo = words.windows(2).any(|w| w[0] == w[1] && w[0].chars().all(char::is_alphabetic));
    let again = words.windows(3).any(|w| {
        let owned = w[1].strip_suffix("'s").unwrap_or("");
        !owned.is_empty() && (w[0] == w[2] || owned == w[2])
    });
    // "claims whose appointment's reason is": what is theirs is so by way of another's
    let far = |w: &&str| ["whose", "every", "each"].contains(w);
    let others = words.windows(3).any(|w| far(&w[0]) && (owner(&w[1]) || owner(&w[2])));
    // "the overall cost of costs"
    let twice =
        words.windows(3).any(|w| w[1] == "of" && grammar::plural(w[0]) == w[2].trim_end_matches([',', '?', '.']));
    // "the appointments' payers"
    let several = words.iter().any(|w| w.ends_with("s'"));
    words.len() > 48 || owners || echo || again || others || several || twice
}

/// Whether rows are asked for by what a field holds.
pub(super) fn filterable(scope: &Scope, place: Place) -> bool {
    let field = scope.field(place);
    let gappy = field.nullable && (field.nulls > 0 || scope.entity(place.node).rows == 0);
    match field.role() {
        Role::Flag => field.varied && !field.traits.personal,
        Role::Dimension | Role::Name | Role::Code => {
            field.role() == Role::Name && place.node == 0 && scope.entity(place.node).rows == 0
                || !field.values.is_empty()
                || !field.elements.is_empty() && place.node == 0
                || gappy && place.node == 0
        }
        // a word in a text that belongs to something else is looked for there
        Role::FreeText | Role::Search if place.node != 0 => false,
        Role::FreeText | Role::Search => !field.elements.is_empty() || gappy,
        Role::Measure | Role::Year => field.varied,
        Role::Time => !field.traits.personal && field.varied,
        Role::Array => !field.elements.is_empty(),
        _ => gappy,
    }
}

/// What says where something is, from the smallest to the largest.
const PLACES: &[&[&str]] = &[
    &["address", "street", "latitude", "longitude"],
    &["postal code", "postcode", "zip"],
    &["city", "town", "village"],
    &["county", "district"],
    &["state", "region", "province", "territory"],
    &["country", "continent"],
];

const COUNTY: usize = 3;

/// Whether a field says where something is.
pub(super) fn placed(field: &Field) -> bool {
    level(field).is_some()
}

fn level(field: &Field) -> Option<usize> {
    field.level
}

/// How large the places are that a field of this name names.
pub(super) fn level_of(noun: &str) -> Option<usize> {
    let noun = noun.to_lowercase();
    PLACES.iter().rposition(|words| words.iter().any(|w| noun.ends_with(w)))
}

/// Whether one of two fields of rows fixes what the other can be: the city its country.
fn fixes(known: &Field, asked: &Field) -> bool {
    level(known).is_some_and(|k| level(asked).is_some_and(|a| k <= a)) || same_thing(known, asked)
}

/// Whether a condition on one place makes no sense beside the use of another: two places that have nothing to do with each
/// other, or a place within what is asked for.
pub(super) fn clash(scope: &Scope, condition: Place, used: Place, grouped: bool) -> bool {
    let (one, other) = (scope.field(condition), scope.field(used));
    if condition.node != used.node {
        return placed(one) && placed(other) && grouped;
    }
    (grouped || !placed(one)) && condition.field != used.field && fixes(one, other)
}

/// Whether figures of a field say nothing in groups of another.
pub(super) fn fixed_in(scope: &Scope, key: Place, counted: Place) -> bool {
    let (one, other) = (scope.field(key), scope.field(counted));
    if key.node != counted.node {
        return placed(one) && placed(other) || decided(scope, key.node, counted);
    }
    key.field != counted.field && fixes(one, other)
}

/// Whether a thing that is known by its name leads to the one: a product to its category.
fn decided(scope: &Scope, node: usize, name: Place) -> bool {
    let mut at = node;
    while let Some((from, _, true)) = scope.nodes[at].via {
        if from == name.node {
            return from != 0 && scope.entity(from).label == [name.field];
        }
        at = from;
    }
    false
}

/// Whether one of the values that are shown is the same in all rows of one place: the country of those from Paris.
pub(super) fn settled(scope: &Scope, shown: &[Place], conditions: &[Condition]) -> bool {
    let known = conditions.iter().filter(|c| c.equal).flat_map(|c| &c.places).filter_map(|&p| level(scope.field(p)));
    known.min().is_some_and(|known| shown.iter().any(|&p| level(scope.field(p)).is_some_and(|own| own >= known)))
}

/// Whether whoever knows one of two fields of a row all but knows the other: a city and its country, a code and what it
/// stands for.
pub(super) fn akin(one: &Field, other: &Field) -> bool {
    placed(one) && placed(other) || same_thing(one, other)
}

/// A code and what it stands for, a number and a name of one thing.
fn same_thing(one: &Field, other: &Field) -> bool {
    let coded = |f: &Field| matches!(f.noun.as_str(), "code" | "description" | "name");
    one.stem == other.stem || coded(one) && coded(other)
}

/// What is left of a name without the words for the ways to write a thing down.
pub(super) fn stem(noun: &str) -> String {
    let noun = noun.to_lowercase();
    let ends = [" code", " description", " name", " id", " value", " type", " number"];
    ends.iter().find_map(|end| noun.strip_suffix(end)).unwrap_or(&noun).to_owned()
}

#[cfg(test)]
mod tests {
    use super::awkward;

    #[test]
    fn owners_in_a_row_echoes_and_monsters_are_awkward() {
        assert!(awkward("Claims whose claim's patient's county is Essex"));
        assert!(awkward("Visits by the visit detail's visit concept's end date"));
        assert!(awkward("Visits by the visit detail's visit concept"));
        assert!(awkward("the address address of customers"));
        assert!(awkward(&"word ".repeat(60)));
        assert!(awkward("What is the overall cost of costs?"));
        assert!(awkward("Which appointments' payers have the most claims"));
        assert!(awkward("Invoices whose support representative's city is Calgary"), "by way of another's");
        assert!(!awkward("Number of invoices per customer's country, with the customer's city"));
    }
}
