//! What comments call things: those that are noun phrases, and no explanations.

use super::grammar;
use super::units::measure_unit;

/// Whether a noun of three words or more explains what is meant instead of naming it: it has no word of the name.
pub(super) fn explains(noun: &str, name: &[String]) -> bool {
    let same = |a: &str, b: &str| grammar::singular(&a.to_lowercase()) == grammar::singular(&b.to_lowercase());
    let akin = noun.split([' ', '-']).any(|w| name.iter().any(|n| n.split(' ').any(|n| same(n, w))));
    noun.split(' ').filter(|w| !matches!(*w, "of" | "the" | "a")).count() > 2 && !akin
}

/// A comment that is a noun phrase of at most `most` words, without its article and stop.
pub(crate) fn comment_noun(comment: &str, most: usize) -> Option<String> {
    const VERBS: &[&str] = &[
        "is", "are", "was", "were", "has", "have", "should", "can", "may", "must", "if", "see", "when", "this",
        "these", "each", "every", "todo", "used", "contains", "stores", "not", "one", "all", "list", "table", "row",
        "rows", "foreign", "primary", "references", "null", "true", "false", "where", "whether", "does", "no", "and",
    ];
    // a title may stand above what explains it
    let text = comment.trim();
    let text = text.split("\n\n").next().unwrap_or(text).trim();
    // what goes on after an aside is a sentence
    if text.find('(').is_some_and(|at| text[..at].find([',', ';', '.', ':']).is_none())
        && text.rsplit(')').next().is_some_and(|rest| rest.split_whitespace().count() > 1)
    {
        return None;
    }
    // of several things none is all of them: "visits, stays and calls"
    let listed = |rest: &str| rest.split_once(" and ").is_some_and(|(next, _)| next.split_whitespace().count() < 3);
    if text.split_once(", ").is_some_and(|(_, rest)| listed(rest)) {
        return None;
    }
    let text = text.split(['(', ',', ';', ':']).next().unwrap_or(text);
    // "Z39.50" is no end of a sentence
    let text = text.split(". ").next().unwrap_or(text).trim_end_matches('.').trim();
    if text.is_empty() || text.contains(['\n', '?', '=', '/', '_', '"', '<']) {
        return None;
    }
    // a unit may follow the noun: "Length in minutes"
    let text = match text.rsplit_once(" in ") {
        Some((noun, unit)) if measure_unit(unit).is_some() => noun,
        _ => text,
    };
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words.first().is_some_and(|w| matches!(w.to_lowercase().as_str(), "the" | "a" | "an")) {
        words.remove(0);
    }
    if words.is_empty() || words.len() > most || words.iter().any(|w| VERBS.contains(&w.to_lowercase().as_str())) {
        return None;
    }
    let mut phrase = words.join(" ");
    // a title has capitals that its words have not
    let titled = |w: &&str| {
        let mut letters = w.chars();
        letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase)
    };
    if words.len() > 1 && words.iter().filter(|w| w.len() > 3).all(titled) {
        let small = |w: &&str| if titled(w) { w.to_lowercase() } else { (*w).to_owned() };
        return Some(words.iter().map(small).collect::<Vec<_>>().join(" "));
    }
    let acronym =
        words[0].chars().skip(1).any(|c| c.is_uppercase() || c.is_ascii_digit()) || words[0].chars().count() == 1;
    if !acronym {
        let first: String = words[0].to_lowercase();
        phrase = format!("{first}{}", &phrase[words[0].len()..]);
    }
    Some(phrase)
}
