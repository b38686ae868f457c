//! Conditions on yes and no: "active customers", "doctors who take new patients", "users not marked as staff".

use super::condition::Condition;
use super::random::Rng;
use super::scope::{Place, Scope};
use super::tree::{fill, text};
use super::world::{Entity, Field};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// Verbs that a flag's name may begin with, with their plural.
pub(super) const VERBS: [(&str, &str); 25] = [
    ("accepts", "accept"),
    ("allows", "allow"),
    ("blocks", "block"),
    ("covers", "cover"),
    ("filters", "filter"),
    ("generates", "generate"),
    ("has", "have"),
    ("hides", "hide"),
    ("holds", "hold"),
    ("includes", "include"),
    ("lives", "live"),
    ("needs", "need"),
    ("offers", "offer"),
    ("permits", "permit"),
    ("prevents", "prevent"),
    ("receives", "receive"),
    ("requires", "require"),
    ("restricts", "restrict"),
    ("shows", "show"),
    ("skips", "skip"),
    ("speaks", "speak"),
    ("supports", "support"),
    ("takes", "take"),
    ("uses", "use"),
    ("wants", "want"),
];

/// What one has without an article.
const MASS: [&str; 14] = [
    "access", "breakfast", "consent", "cover", "coverage", "electricity", "heating", "insurance", "internet",
    "parking", "power", "water", "wifi", "voted",
];

pub(super) fn draw(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    if scope.entity(place.node).rows > 0 && !field.varied {
        return None;
    }
    let yes = rng.chance(60);
    // what is not known not to be so
    if !yes && field.nulls > 0 {
        return None;
    }
    let share = share(field, yes);
    // what nearly all are changes little
    if share > 0.95 && rng.chance(60) {
        return None;
    }
    let column = scope.column(place);
    let sql = if field.base == "bool" {
        if yes { column } else { fill("NOT {}", vec![column]) }
    } else {
        fill("{} = {}", vec![column, text(if yes { "1" } else { "0" })])
    };
    let noun = mark(field);
    let mut condition = Condition { sql: vec![sql], share, ..Condition::default() };
    if place.node == 0 {
        condition.that = Some(predicate(noun, yes, true));
        condition.before = match noun {
            "active" if !yes => Some("inactive".to_owned()),
            // "ice-class vessels"
            _ if yes && noun.ends_with(" class") && noun.split(' ').count() == 2 => Some(noun.replace(' ', "-")),
            _ => (yes && !noun.contains(' ') && adjective(noun)).then(|| noun.to_owned()),
        };
    } else {
        condition.whose = Some(format!("{} {}", scope.role_noun(place.node), predicate(noun, yes, false)));
    }
    Some(condition)
}

/// "active" of an "active flag" or "activebool".
pub(super) fn mark(field: &Field) -> &str {
    field.noun.trim_end_matches("bool").trim_end_matches(" flag").trim_end_matches(" indicator").trim()
}

/// Which of two flags that go by one name is meant.
pub(super) fn told_by(entity: &Entity, field: &Field) -> Option<String> {
    let same = |f: &&Field| f.role() == Role::Flag && mark(f) == mark(field);
    (field.role() == Role::Flag && entity.fields.iter().filter(same).count() > 1).then(|| {
        format!("Whether {} {} is told by the column {}", entity.many, predicate(mark(field), true, true), field.name)
    })
}

/// The share of the rows for which it is so; 0 = unknown.
fn share(field: &Field, yes: bool) -> f64 {
    let all: u64 = field.values.iter().map(|(_, n)| n).sum();
    let so: u64 =
        field.values.iter().filter(|(v, _)| matches!(v.as_str(), "t" | "true" | "1") == yes).map(|(_, n)| n).sum();
    so as f64 / all.max(1) as f64
}

/// "are active": of many rows for which it is true.
pub(super) fn plural_predicate(field: &Field) -> String {
    predicate(mark(field), true, true)
}

/// Whether a flag is a verb, "takes new patients": true of things, and no noun.
pub(super) fn is_verb(field: &Field) -> bool {
    let first = field.noun.split(' ').next().unwrap_or_default();
    VERBS.iter().any(|(one, _)| *one == first) || matches!(first, "can" | "may" | "must" | "should")
}

/// What things are that a flag says so of: "airports that are bases".
const PLACES: [&str; 12] = [
    "base", "hub", "holiday", "weekend", "turboprop", "guest", "member", "partner", "prospect", "duplicate",
    "template", "bundle",
];

/// Adjectives that no ending tells.
const ADJECTIVES: [&str; 14] = [
    "part-time", "full-time", "public", "private", "free", "open", "new", "paid", "sold", "remote", "online",
    "mandatory", "temporary", "primary",
];

fn adjective(word: &str) -> bool {
    const NOUNS: [&str; 9] =
        ["client", "parent", "patient", "student", "agent", "document", "event", "content", "component"];
    let last = word.rsplit(' ').next().unwrap_or(word);
    ADJECTIVES.contains(&word)
        || !NOUNS.contains(&last)
            && !word.ends_with("ment")
            && ["ed", "ive", "ble", "al", "ent", "ic", "ous"].iter().any(|end| word.ends_with(end))
}

/// "are active", "does not take new patients", "is marked as main entry".
fn predicate(noun: &str, yes: bool, plural: bool) -> String {
    let (first, rest) = noun.split_once(' ').unwrap_or((noun, ""));
    let be = if plural { "are" } else { "is" };
    let not = if yes { "" } else { "not " };
    match first {
        "is" | "was" => return format!("{be} {not}{rest}"),
        "can" | "may" | "must" | "should" | "will" => return format!("{first} {not}{rest}"),
        _ => {}
    }
    if let Some((one, many)) = VERBS.iter().find(|(one, many)| (*one == first || *many == first) && !rest.is_empty()) {
        // "has a balcony", but "has insurance", "has dental cover"
        let thing = *one == "has"
            && !rest.contains(' ')
            && !MASS.contains(&rest)
            && !rest.ends_with("ing")
            && grammar::singular(rest) == rest;
        let named = if thing { grammar::with_article(rest) } else { rest.to_owned() };
        let rest = named.as_str();
        return match (yes, plural) {
            (true, true) => format!("{many} {rest}"),
            (true, false) => format!("{one} {rest}"),
            (false, true) => format!("do not {many} {rest}"),
            (false, false) => format!("does not {many} {rest}"),
        };
    }
    // "have opted in to marketing"
    for way in ["in", "out"] {
        if let Some(what) = noun.strip_suffix(way).and_then(|rest| rest.strip_suffix(" opt-")) {
            let have = if plural { "have" } else { "has" };
            return format!("{have} {not}opted {way} {} {what}", if way == "in" { "to" } else { "of" });
        }
    }
    if PLACES.contains(&noun) {
        let thing = if plural { grammar::plural(noun) } else { grammar::with_article(noun) };
        return format!("{be} {not}{thing}");
    }
    if !adjective(noun) {
        return format!("{be} {not}marked as {noun}");
    }
    // "OPAC-visible", but "publicly visible"
    let joined = noun.split(' ').count() == 2 && !first.ends_with("ly");
    if joined { format!("{be} {not}{first}-{rest}") } else { format!("{be} {not}{noun}") }
}

/// Whether a flag says what things are like: "active", and neither "takes new patients" nor "restrict copy delete".
pub(super) fn describes(field: &Field) -> bool {
    let said = mark(field);
    !is_verb(field) && adjective(said.strip_prefix("is ").unwrap_or(said))
}

/// "active flag" and "activebool" -> "active status", "has balcony" -> "balcony status".
pub(super) fn noun(field: &Field) -> String {
    if field.role() != Role::Flag {
        return field.noun.clone();
    }
    let said = mark(field);
    let said = said.strip_prefix("has ").or_else(|| said.strip_prefix("is ")).unwrap_or(said);
    let said = if said.is_empty() { &field.noun } else { said };
    if is_verb(field) { format!("{said} flag") } else { format!("{said} status") }
}

#[cfg(test)]
mod tests {
    use super::predicate;

    #[test]
    fn a_flag_is_said_as_a_verb_an_adjective_or_a_mark() {
        for (noun, yes, plural, said) in [
            ("active", true, true, "are active"),
            ("takes new patients", false, true, "do not take new patients"),
            ("takes new patients", true, false, "takes new patients"),
            ("has dental cover", false, false, "does not have dental cover"),
            ("has balcony", false, true, "do not have a balcony"),
            ("has children", true, false, "has children"),
            ("has deicing", true, true, "have deicing"),
            ("marketing opt-in", true, true, "have opted in to marketing"),
            ("base", false, true, "are not bases"),
            ("partner", true, true, "are partners"),
            ("part-time", true, false, "is part-time"),
            ("can have copies", false, true, "can not have copies"),
            ("is member", true, false, "is member"),
            ("OPAC visible", false, false, "is not OPAC-visible"),
            ("facet field", true, true, "are marked as facet field"),
            ("staff client", false, true, "are not marked as staff client"),
            ("restrict copy delete", false, true, "do not restrict copy delete"),
        ] {
            assert_eq!(predicate(noun, yes, plural), said);
        }
    }
}
