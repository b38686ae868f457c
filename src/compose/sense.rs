//! What is worth asking from where: a person speaks of a payment's customer and that customer's country, hardly of the
//! day on which the customer's record was made, and never breaks figures down by a thing and by what it belongs to.

use super::scope::{Place, Scope};
use super::world::{Field, World};
use crate::schema::roles::Role;

/// So many kinds of rows refer to a table of terms that its own dates and codes say nothing of any of them.
const HUB: usize = 9;

pub(super) fn hub(world: &World, entity: usize) -> bool {
    world.graph.children(entity).len() >= HUB
}

/// Whether a field of an entity is spoken of from rows that are `steps` references away from it.
pub(super) fn from_afar(world: &World, entity: usize, field: usize, steps: usize) -> bool {
    let e = &world.entities[entity];
    let f: &Field = &e.fields[field];
    if e.label.contains(&field) || steps == 0 {
        return true;
    }
    if f.traits.audit || f.traits.personal {
        return false;
    }
    let near = steps == 1 && !hub(world, entity);
    match f.role() {
        Role::Dimension => true,
        Role::Measure | Role::Flag | Role::Year | Role::Array => near,
        Role::Name | Role::Search => near,
        Role::Time => near && (e.when == Some(field) || e.label.is_empty()),
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
    from_afar(scope.world, scope.nodes[place.node].entity, place.field, steps(scope, place.node))
}

/// A span of time to break figures down by: of the rows themselves, or of what they directly belong to.
pub(super) fn dated(scope: &Scope, place: Place) -> bool {
    place.node == 0 || scope.entity(place.node).when == Some(place.field) && worth(scope, place)
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
    words.len() > 48 || owners || echo || again
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
        assert!(!awkward(
            "Invoices whose support representative's city is Calgary and whose customer's country is Chile"
        ));
    }
}
