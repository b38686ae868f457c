//! What the parent of a reference is called by its child: the manager of an employee, the billing address of an order.

use super::world::World;
use crate::schema::{grammar, words};

/// The reference that a column alone makes.
pub(super) fn reference(world: &World, entity: usize, column: &str) -> Option<usize> {
    world.graph.parents(entity).iter().copied().find(|&e| world.graph.edges[e].child_columns == [column])
}

/// What the parent of a reference is called by its child.
pub(super) fn edge_noun(world: &World, edge: usize) -> String {
    let e = &world.graph.edges[edge];
    let parent = &world.entities[e.parent];
    let rivals =
        world.graph.parents(e.child).iter().filter(|&&other| world.graph.edges[other].parent == e.parent).count();
    let [column] = e.child_columns.as_slice() else { return parent.one.clone() };
    // without the end that says "key"; a number, as of versions, may be all that there is
    let mut tokens = words::tokens(column);
    while tokens.last().is_some_and(|t| KEY_ENDS.contains(&t.as_str())) {
        tokens.pop();
    }
    let reference = match world.entities[e.child].fields.iter().find(|f| f.name == *column) {
        Some(field) => keyless(&field.noun.replace(" ID ", " ")).to_owned(),
        None => tokens.join(" "),
    };
    if e.child == e.parent {
        return match reference.as_str() {
            "reports to" | "manager" | "boss" | "supervisor" => "manager".to_owned(),
            r if r.starts_with("parent") => format!("parent {}", parent.one),
            r => r.to_owned(),
        };
    }
    let stop = |w: &str| matches!(w, "via" | "to" | "by" | "from" | "at");
    if reference.split(' ').any(stop) && rivals <= 1 {
        return parent.one.clone();
    }
    // "acknowledged by" one of the operators
    if reference.split(' ').next_back().is_some_and(stop) {
        return format!("{} {}", reference.replace(' ', "-"), parent.one);
    }
    // the key of a table is called as its rows are, whatever they are called
    let table = words::tokens(parent.sql.rsplit('.').next().unwrap_or(&parent.sql));
    let named = |word: &String| *word == table.join("_") || grammar::plural(word) == table.join("_");
    if rivals <= 1 && !tokens.is_empty() && named(&tokens.join("_")) {
        return parent.one.clone();
    }
    // "manager staff" of the staff table is the manager
    let own: Vec<&str> = parent.one.split(' ').collect();
    let said: Vec<&str> = reference.split(' ').collect();
    if said.len() > 1 && own.first() == said.last() && grammar::is_person(said[said.len() - 2]) {
        return said[..said.len() - 1].join(" ");
    }
    // "ref_doc_no" is a doctor, whatever "doc" stands for elsewhere
    if let Some(last) = tokens.last().filter(|t| said.len() == tokens.len() && is_short_for(t, &parent.one)) {
        let role = &said[..said.len() - 1];
        return match role {
            [] => parent.one.clone(),
            _ if parent.one.ends_with(last.as_str()) && parent.one.contains(' ') => reference,
            _ => format!("{} {}", role.join(" "), parent.one),
        };
    }
    let contained = said.last().is_some_and(|w| own.contains(w)) && said.len() <= 1;
    if rivals <= 1 && (contained || said.iter().all(|w| own.contains(w)) || reference.is_empty() || reference == "ID") {
        return parent.one.clone();
    }
    grammar::singular(&hyphened(&reference))
}

/// What many rows on the child's side of a reference are called: of a bridge, the things on its other side.
pub(super) fn referring_many(world: &World, edge: usize) -> String {
    let child = world.graph.edges[edge].child;
    let other = world.graph.parents(child).iter().find(|&&e| e != edge).map(|&e| world.graph.edges[e].parent);
    match other.filter(|_| world.entities[child].bridge) {
        Some(parent) => world.entities[parent].many.clone(),
        None => world.entities[child].many.clone(),
    }
}

/// "admitted from concept" is the admitted-from concept.
fn hyphened(reference: &str) -> String {
    let mut said = reference.to_owned();
    for link in ["from", "to", "by", "at"] {
        said = said.replace(&format!("ed {link} "), &format!("ed-{link} "));
    }
    said
}

/// Ends of a reference's name that say "key" and nothing of what is meant.
const KEY_ENDS: &[&str] = &["id", "fk", "key", "sk", "uuid", "guid", "code", "cd", "no", "nr", "num", "number"];

/// A reference's noun without such ends in words.
fn keyless(noun: &str) -> &str {
    let ends = [" ID", " key", " UUID", " GUID", " code", " number"];
    ends.iter().find_map(|end| noun.strip_suffix(end)).filter(|rest| !rest.is_empty()).unwrap_or(noun)
}

/// "doc" for a doctor, "dept" for a department: its letters in order, from the first one on.
fn is_short_for(token: &str, noun: &str) -> bool {
    let word = noun.rsplit(' ').next().unwrap_or(noun);
    let mut letters = word.chars();
    token.chars().count() >= 3
        && word.chars().take(2).eq(token.chars().take(2))
        && token.chars().all(|c| letters.any(|l| l == c))
}

#[cfg(test)]
mod tests {
    use super::{is_short_for, keyless};

    #[test]
    fn what_says_key_alone_is_not_said() {
        for (noun, said) in [
            ("vendor UUID", "vendor"),
            ("department code", "department"),
            ("version number", "version"),
            ("billing address", "billing address"),
            ("ID", "ID"),
        ] {
            assert_eq!(keyless(noun), said);
        }
    }

    #[test]
    fn a_short_name_of_the_parent_is_the_parent() {
        for (token, noun, is) in [
            ("doc", "doctor", true),
            ("dept", "department", true),
            ("site", "site", true),
            ("model", "device model", true),
            ("doc", "document type", false),
            ("no", "note", false),
            ("owner", "user", false),
            ("äü", "äußerung", false),
        ] {
            assert_eq!(is_short_for(token, noun), is, "{token} of {noun}");
        }
    }
}
