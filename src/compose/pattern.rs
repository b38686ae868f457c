//! Conditions on words in texts: LIKE, regular expressions, full text.

use super::condition::{Condition, is_plural};
use super::random::Rng;
use super::scope::{Place, Scope};
use super::tree::{Expr, text};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// A word in a text: LIKE, a regular expression, full text.
pub(super) fn word(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    let searched = field.role() == Role::Search;
    // a search vector holds stems: those are asked for that are words too
    let spoken: Vec<usize> = (0..field.elements.len())
        .filter(|&i| !searched || is_word(scope.entity(place.node), &field.elements[i].0))
        .take(12)
        .collect();
    let at = *rng.pick(&spoken)?;
    let (word, _) = field.elements.get(at)?;
    if !word.chars().all(char::is_alphabetic) || !crate::compose::builtin::searched(word) {
        return None;
    }
    let (column, noun) = (scope.column(place), named(scope, place));
    let lower = word.to_lowercase();
    // a word that stands in several cases is looked for in any
    let cased = field.elements.iter().any(|(other, _)| other != word && other.to_lowercase() == lower);
    let kind = if searched {
        4
    } else if cased {
        0
    } else {
        rng.weighted(&[16, 24, 2, 4, 0, 44])
    };
    let pattern = |sql: String| Expr::Pattern(Box::new(Expr::Mix(vec![column.clone(), text(sql)])));
    let plural = is_plural(&noun);
    let contains = if plural { "contain" } else { "contains" };
    let any_case = rng.word(&[
        "in upper or lower case", "regardless of case", "whatever the case", "(ignoring case)", "(case-insensitive)",
    ]);
    let (sql, whose) = match kind {
        0 => (pattern(format!(" ILIKE '%{lower}%'")), format!("{noun} {contains} \"{lower}\" {any_case}")),
        1 => (
            pattern(format!(" LIKE '{word}%'")),
            format!("{noun} {} with \"{word}\"", if plural { "begin" } else { "begins" }),
        ),
        2 => (
            pattern(format!(" NOT ILIKE '%{lower}%'")),
            format!("{noun} {} not contain \"{lower}\" {any_case}", if plural { "do" } else { "does" }),
        ),
        3 => (
            pattern(format!(" ~* '\\m{lower}\\M'")),
            format!("{noun} {contains} \"{lower}\" as a whole word {any_case}"),
        ),
        // whoever looks for a word means it in whatever case
        5 if !field.form.capitals => {
            (pattern(format!(" ILIKE '%{word}%'")), format!("{noun} {contains} \"{word}\" (ignoring case)"))
        }
        5 => (pattern(format!(" LIKE '%{word}%'")), format!("{noun} {contains} \"{word}\"")),
        _ => (
            Expr::Mix(vec![column.clone(), text(format!(" @@ to_tsquery('simple', '{lower}')"))]),
            format!("{noun} {} the word \"{lower}\"", if plural { "match" } else { "matches" }),
        ),
    };
    let rows = scope.entity(place.node).rows.max(1) as f64;
    let share = field.elements.get(at).map_or(0.0, |(_, n)| *n as f64 / rows);
    let share = if kind == 2 { 1.0 - share } else { share };
    let held = match kind {
        0 => format!("containing \"{lower}\" in upper or lower case"),
        1 => format!("beginning with \"{word}\""),
        2 => format!("without \"{lower}\" in upper or lower case"),
        3 => format!("with the whole word \"{lower}\" in upper or lower case"),
        5 if !field.form.capitals => format!("containing \"{word}\" (ignoring case)"),
        5 => format!("containing \"{word}\""),
        _ => format!("matching \"{lower}\""),
    };
    let mut condition = Condition {
        sql: vec![sql],
        whose: Some(whose),
        terse: Some(if searched { format!("text mentioning \"{lower}\"") } else { format!("{noun} {held}") }),
        places: vec![place],
        share,
        ..Condition::default()
    };
    // the text that is searched is no thing that anyone would name
    if searched && place.node == 0 {
        condition.that = Some(format!("mention \"{lower}\""));
        condition.whose = None;
    } else if searched {
        let role = grammar::possessive(&scope.role_noun(place.node));
        condition.whose = Some(format!("{role} text mentions \"{lower}\""));
    }
    Some(condition)
}

/// A hotel contains guests, its name a word.
fn named(scope: &Scope, place: Place) -> String {
    let noun = scope.bare(place);
    if place.node != 0 && noun == scope.role_noun(place.node) { format!("{noun} name") } else { noun }
}

/// Nothing is known of a name in a table without rows but that it begins with some letter.
pub(super) fn letter(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let noun = named(scope, place);
    let letter = rng.word(&["A", "B", "C", "D", "H", "M", "P", "S", "T"]);
    let column = scope.column(place);
    let begin = if is_plural(&noun) { "begin" } else { "begins" };
    Some(Condition {
        sql: vec![Expr::Pattern(Box::new(Expr::Mix(vec![column, text(format!(" LIKE '{letter}%'"))])))],
        whose: Some(format!("{noun} {begin} with {}{letter}", rng.word(&["", "", "the letter ", "a capital "]))),
        terse: Some(format!("{noun} beginning with capital {letter}")),
        places: vec![place],
        share: 0.1,
        ..Condition::default()
    })
}

/// Whether a stem stands in the entity's texts as it is, as far as they are known.
fn is_word(entity: &super::world::Entity, stem: &str) -> bool {
    let texts = || entity.fields.iter().filter(|f| f.role() != Role::Search && f.role() != Role::Array);
    let known = texts().any(|f| !f.elements.is_empty());
    !known || texts().any(|f| f.elements.iter().any(|(word, _)| word.to_lowercase() == stem))
}
