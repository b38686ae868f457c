//! Measures of the wording of questions: words, openings, pairs of neighbours, templates.

use crate::schema::model::Schema;
use crate::schema::words::tokens;
use std::collections::HashSet;

/// Words in lower case; an apostrophe inside belongs to its word.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut chars = text.chars().flat_map(char::to_lowercase).peekable();
    while let Some(c) = chars.next() {
        let inside = matches!(c, '\'' | '\u{2019}') && open && chars.peek().is_some_and(|n| n.is_alphanumeric());
        if c.is_alphanumeric() || inside {
            match words.last_mut().filter(|_| open) {
                Some(word) => word.push(c),
                None => words.push(c.to_string()),
            }
        }
        open = c.is_alphanumeric() || inside;
    }
    words
}

/// Whether an identifier such as `film_id` stands in the text.
pub(crate) fn has_snake_case(text: &str) -> bool {
    let lower = |c: Option<&u8>| c.is_some_and(u8::is_ascii_lowercase);
    let bytes = text.as_bytes();
    (1..bytes.len()).any(|i| bytes[i] == b'_' && lower(bytes.get(i - 1)) && lower(bytes.get(i + 1)))
}

/// Different pairs of neighbouring words by all such pairs.
pub(crate) fn distinct_2<'a>(questions: impl Iterator<Item = &'a str>) -> Option<f64> {
    let mut all = 0_u32;
    let mut different = HashSet::new();
    for question in questions {
        for pair in words(question).windows(2) {
            all += 1;
            different.insert((pair[0].clone(), pair[1].clone()));
        }
    }
    (all > 0).then(|| different.len() as f64 / f64::from(all))
}

/// The words of a schema's names and comments in their usual forms, but for those that any question has.
pub(crate) fn schema_words(schema: &Schema) -> HashSet<String> {
    let mut names: HashSet<String> = HashSet::new();
    for table in &schema.tables {
        for name in [&table.schema, &table.name].into_iter().chain(table.columns.iter().map(|c| &c.name)) {
            names.extend(tokens(name));
        }
        for comment in table.comment.iter().chain(table.columns.iter().filter_map(|c| c.comment.as_ref())) {
            names.extend(words(comment));
        }
    }
    for name in names.clone() {
        names.extend([format!("{name}s"), format!("{name}es"), format!("{name}'s")]);
        if let Some(stem) = name.strip_suffix('y') {
            names.insert(format!("{stem}ies"));
        }
        names.insert(name.trim_end_matches('s').to_owned());
    }
    for common in ["the", "of", "in", "and", "for", "is", "a", "by", "to", "with", "or", "are", "that", ""] {
        names.remove(common);
    }
    names
}

/// The question with values as `?` and runs of the schema's words as `_`: what is left is its form.
pub(crate) fn template(question: &str, values: &[&str], names: &HashSet<String>) -> String {
    let mut text = unquoted(question);
    let mut values: Vec<&str> = values.iter().copied().filter(|v| v.len() > 2).collect();
    values.sort_by_key(|v| std::cmp::Reverse(v.len()));
    for value in values {
        text = text.replace(value, "?");
    }
    let mut parts: Vec<String> = Vec::new();
    for token in pieces(&text.to_lowercase()) {
        let part = if token.chars().any(|c| c.is_ascii_digit()) {
            "?".to_owned()
        } else if names.contains(&token) {
            "_".to_owned()
        } else {
            token
        };
        if part != "_" || parts.last().is_none_or(|last| last != "_") {
            parts.push(part);
        }
    }
    parts.join(" ")
}

/// What stands between double quotes is a value.
fn unquoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('"') {
        let Some((_, behind)) = after.split_once('"') else { break };
        out.push_str(before);
        out.push('?');
        rest = behind;
    }
    out + rest
}

/// Words with their apostrophes and masks, and the marks that order a sentence.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.chars() {
        let inside = c.is_alphanumeric() || matches!(c, '_' | '\'' | '?');
        if inside && open {
            pieces.last_mut().iter_mut().for_each(|p| p.push(c));
        } else if inside || matches!(c, ',' | '.' | ':' | '(' | ')') {
            pieces.push(c.to_string());
        }
        open = inside;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_apostrophes() {
        assert_eq!(words("Each store's films' PG-13 'cuts'?"), ["each", "store's", "films", "pg", "13", "cuts"]);
        assert_eq!(words("Wie heißt Ärztin_X?"), ["wie", "heißt", "ärztin", "x"]);
        assert_eq!(words(" ?! "), [""; 0]);
    }

    #[test]
    fn identifiers_in_a_question_are_seen() {
        for (text, found) in [("by film_id", true), ("by film id", false), ("_x", false), ("a_", false), ("A_B", false)]
        {
            assert_eq!(has_snake_case(text), found, "{text}");
        }
    }

    #[test]
    fn neighbours_are_counted_within_a_question() {
        // "how many" twice of four pairs
        assert_eq!(distinct_2(["How many films?", "How many actors?"].into_iter()), Some(0.75));
        assert_eq!(distinct_2(["Films?"].into_iter()), None);
    }

    #[test]
    fn questions_that_differ_by_nouns_and_values_have_one_template() {
        let names: HashSet<String> = ["film", "films", "actors", "store"].map(str::to_owned).into();
        let one = template("How many films cost more than 5 in \"Lethbridge\"?", &[], &names);
        assert_eq!(one, template("How many actors cost more than 60 in Woodridge?", &["Woodridge"], &names));
        assert_ne!(one, template("How many films cost less than 5 in Woodridge?", &["Woodridge"], &names));
        assert_eq!(template("Films by store films", &[], &names), "_ by _");
    }
}
