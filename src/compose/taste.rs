//! What anyone would ask for: values that say what they stand for, numbers that people name, conditions that go
//! together, absences that are missed.

use super::scope::{Place, Scope};
use super::world::{Entity, Field, World};
use crate::schema::roles::Role;
use crate::schema::words;

/// Fields whose values are short by nature.
const GRADES: &[&str] = &["rating", "grade", "size", "currency", "language", "country"];

/// What codes of one letter stand for in fields that all the world codes alike: "female", "married".
const LETTERS: &[(&[&str], &[(&str, &str)])] = &[
    (
        &["gender", "sex"],
        &[("m", "male"), ("f", "female"), ("male", "male"), ("female", "female"), ("nonbinary", "nonbinary")],
    ),
    (&["race"], &[("white", "white"), ("black", "black"), ("asian", "Asian")]),
    (
        &["marital status"],
        &[
            ("m", "married"),
            ("s", "single"),
            ("d", "divorced"),
            ("w", "widowed"),
            ("married", "married"),
            ("single", "single"),
            ("divorced", "divorced"),
            ("widowed", "widowed"),
        ],
    ),
];

/// Whether a field says of which class rows are, or describes them: of how many different ones nobody asks.
pub(super) fn classifies(field: &Field) -> bool {
    const CLASSES: [&str; 14] = [
        "description", "code", "status", "type", "kind", "version", "format", "reason", "list", "class", "level",
        "label", "title", "unit",
    ];
    field.noun.rsplit(' ').next().is_some_and(|head| CLASSES.contains(&head))
}

/// Whether values say at length what things are, or are known to programs alone.
pub(super) fn describes(field: &Field) -> bool {
    const WORDY: [&str; 7] = ["description", "code", "label", "datatype", "version", "format", "reason"];
    field.noun.rsplit(' ').next().is_some_and(|head| WORDY.contains(&head)) || field.length > 30.0
}

/// The adjective for a value of such a field.
pub(super) fn adjective(field: &Field, value: &str) -> Option<&'static str> {
    let noun = field.noun.as_str();
    let (_, words) = LETTERS.iter().find(|(nouns, _)| nouns.iter().any(|n| is(noun, n)))?;
    let value = value.trim().to_lowercase();
    words.iter().find(|(code, _)| *code == value).map(|(_, word)| *word)
}

/// "gender" and "patient gender" are that.
fn is(noun: &str, kind: &str) -> bool {
    noun.strip_suffix(kind).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}

/// Whether the values of a field are adjectives of people: gender, race.
pub(super) fn is_adjective(field: &Field) -> bool {
    LETTERS.iter().any(|(nouns, _)| nouns.iter().any(|n| is(&field.noun, n)))
}

/// Whether a value says to anyone what it stands for. A code does not.
pub(super) fn speaks(field: &Field, value: &str) -> bool {
    if adjective(field, value).is_some() {
        return true;
    }
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let last = field.noun.rsplit(' ').next().unwrap_or("");
    if GRADES.contains(&last) {
        return letters > 0;
    }
    let marks = value
        .chars()
        .any(|c| matches!(c, '/' | '\\' | '<' | '>' | '{' | '}' | '|' | '=' | '^' | '~' | '$' | ':' | '[' | ']' | '%'));
    let ascii = value.is_ascii();
    letters >= if ascii { 3 } else { 1 } && letters > digits && !marks
}

/// Kinds of conditions, as far as they go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Period,
    Sort,
    Amount,
    Word,
}

fn kind(scope: &Scope, place: Place) -> Kind {
    let field = scope.field(place);
    match field.role() {
        Role::Time | Role::Year | Role::Clock => Kind::Period,
        Role::Measure => Kind::Amount,
        // of many values with blanks in them one looks for a word
        Role::Dimension if place.node == 0 && field.distinct > 25 && field.spaced > 0.5 && field.values.is_empty() => {
            Kind::Word
        }
        Role::Dimension | Role::Flag | Role::Array => Kind::Sort,
        Role::Name if place.node != 0 => Kind::Sort,
        _ => Kind::Word,
    }
}

/// A word in a text, which is looked for in lists and counts alone.
pub(super) fn wordy(scope: &Scope, place: Place) -> bool {
    kind(scope, place) == Kind::Word
}

/// Whether one sentence names both conditions: a period beside a kind or an amount, kinds of the rows and of what they
/// belong to; never two amounts, and a word in a text alone.
pub(super) fn together(scope: &Scope, one: Place, other: Place) -> bool {
    let near = one.node == 0 || other.node == 0;
    match (kind(scope, one), kind(scope, other)) {
        (Kind::Word, _) | (_, Kind::Word) => false,
        (Kind::Period, Kind::Period) | (Kind::Amount, Kind::Amount) => false,
        (Kind::Sort, Kind::Sort) => near,
        _ => {
            one.node == 0 && other.node == 0
                || near && kind(scope, one) != Kind::Amount && kind(scope, other) != Kind::Amount
        }
    }
}

/// The time by which rows are counted, ranked and asked for: the one they are about, their only one, or the one at which
/// they begin.
pub(super) fn timely(entity: &Entity, field: usize) -> bool {
    let time = |f: &Field| f.role() == Role::Time && !f.traits.audit && !f.traits.personal && f.varied;
    match entity.when {
        Some(when) => when == field,
        None => {
            let f = &entity.fields[field];
            plain(f) && (f.begins() || entity.fields.iter().filter(|f| time(f)).count() == 1)
        }
    }
}

/// Whether it is worth asking which things have no such rows: most have some, and what they are is no mere place.
pub(super) fn missed(world: &World, edge: usize) -> bool {
    let e = &world.graph.edges[edge];
    let (child, parent) = (&world.entities[e.child], &world.entities[e.parent]);
    let used = match e.child_columns.as_slice() {
        [column] => child.fields.iter().find(|f| f.name == *column).map_or(0, |f| f.distinct),
        _ => 0,
    };
    !spot(world, e.parent)
        && !super::sense::hub(world, e.parent)
        && (parent.rows == 0 || parent.rows <= 60 && used > 0 || used * 2 >= parent.rows)
}

/// An address, or what else is no thing of its own: it is named by what it is.
pub(super) fn spot(world: &World, entity: usize) -> bool {
    let e = &world.entities[entity];
    e.label.first().is_some_and(|&f| e.fields[f].traits.personal && e.fields[f].noun == e.one)
}

/// Kinds of which there are more than people know by heart: any of them might be named, and any two of them.
pub(super) fn of_many(field: &Field) -> bool {
    matches!(field.role(), Role::Dimension | Role::Name | Role::Code) && field.distinct > 12
}

/// A field to ask a figure, a group or a condition of: it is called by words, and no number tells it from its like.
pub(super) fn plain(field: &Field) -> bool {
    !field.raw && !field.traits.audit
}

/// A name that goes on with a number ("address 2", "diagnosis 1") or holds letters that are no word ("rtime", "blvl").
pub(super) fn cryptic(noun: &str) -> bool {
    noun.split(' ').any(|w| {
        let digits = w.chars().all(|c| c.is_ascii_digit());
        let capitals = w.chars().all(|c| c.is_uppercase() || c.is_ascii_digit());
        // what two letters stand for is known where everybody uses them
        let acronym = capitals && (w.chars().count() > 2 || words::is_acronym(w));
        digits && noun != w || !acronym && !digits && unspeakable(w)
    }) || noun.chars().next_back().is_some_and(|c| c.is_ascii_digit())
        // what was imported as it came
        || noun.ends_with("source value")
}

/// Words of one or two letters; and what words begin with, where it is more than one consonant.
const SMALL: &[&str] =
    &["a", "an", "as", "at", "by", "do", "go", "if", "in", "is", "it", "no", "of", "on", "or", "to", "up", "us"];
const BEGINNINGS: &[&str] = &[
    "bl", "br", "ch", "chl", "chr", "cl", "cr", "cz", "dr", "dw", "fl", "fr", "gh", "gl", "gn", "gr", "kn", "kr", "ll",
    "ph", "phl", "phr", "pl", "pn", "pr", "ps", "rh", "sc", "sch", "scr", "sh", "shr", "sk", "sl", "sm", "sn", "sp",
    "sph", "spl", "spr", "sq", "st", "str", "sv", "sw", "th", "thr", "thw", "tr", "tw", "wh", "wr",
];

fn unspeakable(word: &str) -> bool {
    let word = word.trim_end_matches("'s").to_lowercase();
    if !word.chars().all(|c| c.is_ascii_lowercase()) {
        return false;
    }
    let vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let first = word.find(vowel).unwrap_or(word.len());
    let begins = first < 2 || BEGINNINGS.contains(&&word[..first]);
    if word.len() < 3 { !SMALL.contains(&word.as_str()) } else { first == word.len() || !begins }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strange_letters_are_no_words() {
        for noun in ["diagnosis 1", "address2", "pulse x rate", "rtime", "blvl", "ou type", "SF list"] {
            assert!(cryptic(noun), "{noun}");
        }
        for noun in [
            "rental rate", "cost of a unit", "ISBN", "IP address", "phone number", "physician", "start date",
            "MARC tag", "year",
        ] {
            assert!(!cryptic(noun), "{noun}");
        }
    }
}
