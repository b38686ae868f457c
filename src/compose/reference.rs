//! What the parent of a reference is called by its child: the manager of an employee, the billing address of an order.

use super::world::World;
use crate::schema::{grammar, words};

/// The reference that a column alone makes.
pub(super) fn reference(world: &World, entity: usize, column: &str) -> Option<usize> {
    world.graph.parents(entity).iter().copied().find(|&e| world.graph.edges[e].child_columns == [column])
}

/// What the parent of a reference is called by its child.
pub(super) fn edge_noun(world: &World, edge: usize) -> String {
    world.memo.nouns(world.graph.edges.len(), |edge| noun(world, edge))[edge].clone()
}

fn noun(world: &World, edge: usize) -> String {
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
        // of several it has to be said which
        Some(field) if rivals > 1 && keyless(&field.noun) == parent.one && tokens.len() > 1 => tokens.join(" "),
        Some(field) => keyless(&field.noun.replace(" ID ", " ")).to_owned(),
        None => tokens.join(" "),
    };
    if e.child == e.parent {
        return match reference.as_str() {
            "reports to" | "manager" | "boss" | "supervisor" => "manager".to_owned(),
            r if r.starts_with("parent") => format!("parent {}", parent.one),
            r => done(r, &parent.one).unwrap_or_else(|| r.to_owned()),
        };
    }
    if let Some(role) = done(&reference, &parent.one) {
        return role;
    }
    let stop = |w: &str| matches!(w, "via" | "to" | "by" | "from" | "at");
    if reference.split(' ').any(stop) && rivals <= 1 {
        return parent.one.clone();
    }
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
    // "ou type" of an organization unit is an organization unit type
    if let [first, rest @ ..] = said.as_slice()
        && rivals <= 1
        && !rest.is_empty()
        && rest.iter().all(|w| own.contains(w))
        && [&world.entities[e.child].one, &parent.one].iter().any(|noun| initials(noun).starts_with(first))
        && first.len() > 1
    {
        return parent.one.clone();
    }
    // of what kind episodes are, a term says: the "type concept" is the episode type
    if let [kind @ ("type" | "kind" | "status" | "class" | "category"), term] = said.as_slice()
        && parent.one == *term
    {
        let child = &world.entities[e.child].one;
        return format!("{child} {kind}");
    }
    // nobody says "concept": what is referred to is the gender, the unit, the place of service
    if let [thing @ .., term] = said.as_slice()
        && parent.one == *term
        && TERMS.contains(term)
        && thing.last().is_some_and(|last| !UNFINISHED.contains(last))
    {
        let (thing, child) = (thing.join(" "), &world.entities[e.child].one);
        // which conditions they are, and the drug of a drug exposure
        match child.strip_prefix(thing.as_str()) {
            Some("") => return format!("kind of {thing}"),
            Some(rest) if rest.starts_with(' ') && !rest.ends_with("record") => return thing,
            _ if !child.contains(thing.rsplit(' ').next().unwrap_or(&thing)) => return thing,
            _ => {}
        }
    }
    // "ref_doc_no" is a doctor, whatever "doc" stands for elsewhere
    if tokens.last().is_some_and(|t| said.len() == tokens.len() && is_short_for(t, &parent.one)) {
        let role = &said[..said.len() - 1];
        return match role {
            [] => parent.one.clone(),
            _ if said.last().is_some_and(|w| parent.one.ends_with(w)) && parent.one.contains(' ') => reference.clone(),
            _ => format!("{} {}", role.join(" "), parent.one),
        };
    }
    // the "value as concept" is the value concept
    if let [thing @ .., "as", term] = said.as_slice()
        && parent.one == *term
    {
        return format!("{} {term}", thing.join(" "));
    }
    // "real" and "virtual" fields are fields
    if let [kind] = said.as_slice()
        && KINDS.contains(kind)
    {
        return format!("{kind} {}", parent.one);
    }
    if rivals <= 1 && super::taste::cryptic(&reference) {
        return parent.one.clone();
    }
    let contained = said.last().is_some_and(|w| own.contains(w)) && said.len() <= 1;
    if rivals <= 1 && (contained || said.iter().all(|w| own.contains(w)) || reference.is_empty() || reference == "ID") {
        return parent.one.clone();
    }
    grammar::singular(&hyphened(&reference))
}

/// Whether a reference says what was done: that rows were sold by an employee makes them no rows of his. Nor are those
/// who chose a primary care provider all his patients, where visits lead to others.
pub(super) fn acts(world: &World, edge: usize) -> bool {
    let role = edge_noun(world, edge);
    let e = &world.graph.edges[edge];
    let to =
        |child: usize, parent: usize| world.graph.parents(child).iter().any(|&o| world.graph.edges[o].parent == parent);
    let met = || (0..world.entities.len()).any(|other| other != e.child && to(other, e.child) && to(other, e.parent));
    if role != world.entities[e.parent].one && met() {
        return true;
    }
    let first = role.split(' ').next().unwrap_or(&role);
    role.contains(' ') && (first.ends_with("ing") || ["-to", "-from", "-on"].iter().any(|end| first.ends_with(end)))
}

/// The "acknowledging operator" by whom something was acknowledged, the "diverted-to airport".
fn done(reference: &str, parent: &str) -> Option<String> {
    const ODD: [(&str, &str); 8] = [
        ("sold", "selling"),
        ("paid", "paying"),
        ("sent", "sending"),
        ("written", "writing"),
        ("taken", "taking"),
        ("given", "giving"),
        ("made", "making"),
        ("built", "building"),
    ];
    let (did, rest) = reference.split_once(' ')?;
    let (link, thing) = rest.split_once(' ').unwrap_or((rest, ""));
    if !thing.is_empty() && !parent.split(' ').any(|w| w == thing) {
        return None;
    }
    let odd = ODD.iter().find(|(word, _)| *word == did).map(|(_, doing)| (*doing).to_owned());
    let regular = did.strip_suffix("ied").map(|stem| format!("{stem}ying"));
    let doing = odd.or(regular).or_else(|| did.strip_suffix("ed").map(|stem| format!("{stem}ing")))?;
    match link {
        "by" => Some(format!("{doing} {parent}")),
        "to" | "from" | "on" => Some(format!("{did}-{link} {parent}")),
        _ => None,
    }
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

/// What rows of lists of terms are called.
const TERMS: &[&str] = &["concept", "term", "code", "lookup"];

/// Words that what a term is for does not end in.
const UNFINISHED: &[&str] = &["as", "source", "by", "to", "from", "of", "event", "field", "subject", "standard"];

/// Adjectives that references are called by.
const KINDS: &[&str] = &[
    "real", "virtual", "old", "new", "original", "previous", "current", "primary", "secondary", "main", "next", "last",
    "first", "default", "actual", "initial", "final",
];

/// "ou" of "organization unit type", and what follows.
fn initials(noun: &str) -> String {
    noun.split(' ').filter_map(|w| w.chars().next()).collect::<String>().to_lowercase()
}

/// A reference's noun without such ends in words.
fn keyless(noun: &str) -> &str {
    let ends = [" ID", " key", " UUID", " GUID", " code", " number", " name"];
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
    use super::{done, is_short_for, keyless};

    #[test]
    fn who_did_it_is_called_after_what_was_done() {
        for (reference, parent, role) in [
            ("released by", "employee", Some("releasing employee")),
            ("sold by employee", "employee", Some("selling employee")),
            ("diverted to airport", "airport", Some("diverted-to airport")),
            ("verified by", "user", Some("verifying user")),
            ("referred by", "member", Some("referring member")),
            ("reports to", "employee", None),
            ("created by system", "user", None),
        ] {
            assert_eq!(done(reference, parent).as_deref(), role, "{reference}");
        }
    }

    #[test]
    fn what_says_key_alone_is_not_said() {
        for (noun, said) in [
            ("vendor UUID", "vendor"),
            ("department code", "department"),
            ("version number", "version"),
            ("field name", "field"),
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
