//! The last hand on a wording: other words for the same, chosen once for each question, so that no phrase is heard in
//! every other one. What stands in quotes is left alone, and a word that names another thing of the schema is not used.

use super::literal::MONTHS;
use super::random::Rng;
use super::synonyms::{APART, NOUNS, PHRASES};
use crate::dataset::near::hash;
use crate::schema::grammar;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::LazyLock;

/// The rules with what is looked up of them in every text.
struct Rules {
    phrases: Vec<Phrase>,
    nouns: Vec<(Phrase, Phrase, &'static [&'static str])>,
}

/// A phrase, and where it is no phrase.
struct Phrase {
    small: String,
    capital: String,
    first: u64,
    before: &'static [&'static str],
    after: &'static [&'static str],
}

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules {
    phrases: PHRASES.iter().map(|(from, ..)| Phrase::new(from)).collect(),
    nouns: NOUNS
        .iter()
        .map(|(from, others)| (Phrase::new(from), Phrase::new(&grammar::plural(from)), *others))
        .collect(),
});

impl Phrase {
    fn new(phrase: &str) -> Phrase {
        let (before, after) =
            APART.iter().find(|(p, ..)| *p == phrase).map_or((&[][..], &[][..]), |(_, b, a)| (*b, *a));
        let first = words(phrase).next().unwrap_or_default();
        Phrase { small: phrase.to_owned(), capital: grammar::capitalize(phrase), first, before, after }
    }
}

/// Hashes of the words of a text, in small letters.
fn words(text: &str) -> impl Iterator<Item = u64> + '_ {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| hash(word.to_lowercase().as_bytes()))
}

/// A text in its parts, every other one of them in quotes, and the words that it may hold: most rules have nothing to do
/// with most texts, which is seen by the words alone.
struct Said {
    parts: Vec<String>,
    words: Vec<u64>,
}

impl Said {
    fn new(text: &str) -> Said {
        let parts: Vec<String> = text.split('"').map(str::to_owned).collect();
        let words = parts.iter().step_by(2).flat_map(|p| words(p)).collect();
        Said { parts, words }
    }

    fn says(&self, phrase: &Phrase) -> bool {
        self.words.contains(&phrase.first) && self.parts.iter().step_by(2).any(|p| phrase.find(p, 0).is_some())
    }

    fn put(&mut self, phrase: &Phrase, to: &str) {
        if self.words.contains(&phrase.first) {
            put(&mut self.parts, phrase, to);
            self.words.extend(words(to));
        }
    }
}

/// Stands between a question and what else is put into the same words.
pub(super) const PART: char = '\u{1}';

/// A question, or more that belongs to it, in other words. `taken` are the words of the schema.
pub(super) fn polish(rng: &mut Rng, question: &str, taken: &BTreeSet<String>) -> String {
    let mut text = Said::new(question);
    for (phrase, (_, others, percent)) in RULES.phrases.iter().zip(PHRASES) {
        if text.says(phrase) && rng.chance(*percent) {
            text.put(phrase, rng.word(others));
        }
    }
    let mut said: Vec<&str> = Vec::new();
    for (one, many, others) in &RULES.nouns {
        // what has just been put for another word stays
        if said.contains(&one.small.as_str()) || !(text.says(one) || text.says(many)) {
            continue;
        }
        // nor is what begins a word of the schema: no bills beside billing addresses
        let next = |word: &str| taken.range::<str, _>((Bound::Included(word), Bound::Unbounded)).next();
        let free = |word: &str| !next(word).is_some_and(|t| t.starts_with(word));
        let fresh: Vec<&'static str> = others.iter().copied().filter(|o| o.split(' ').all(free)).collect();
        // in a name of its own, such as a film list, a word stays
        let named = [" list", " overview", " in the "].iter().any(|n| question.contains(&format!("{}{n}", one.small)));
        if !fresh.is_empty() && !named && rng.chance(40) {
            let to = rng.word(&fresh);
            text.put(many, &grammar::plural(to));
            text.put(one, to);
            said.push(to);
        }
    }
    let mut parts = text.parts;
    let turned = rng.chance(45);
    let form = rng.below(10);
    for part in parts.iter_mut().step_by(2) {
        *part = dated(part, form);
        if turned {
            *part = date_of(part);
        }
    }
    for part in parts.iter_mut().step_by(2) {
        // no commas around what stands in parentheses
        *part = part.replace(", (", " (");
        for link in ["of", "per", "for", "by", "in"] {
            for end in ["decimals)", "decimal)"] {
                *part = part.replace(&format!("{end}, {link} "), &format!("{end} {link} "));
            }
        }
    }
    parts.join("\"")
}

/// Whether other words may be put into this text: into a value they must not.
pub(super) fn touches(text: &str) -> bool {
    let held: Vec<u64> = words(text).collect();
    let nouns = RULES.nouns.iter().flat_map(|(one, many, _)| [one, many]);
    RULES.phrases.iter().chain(nouns).any(|p| held.contains(&p.first) && p.find(text, 0).is_some())
}

fn put(parts: &mut [String], from: &Phrase, to: &str) {
    for part in parts.iter_mut().step_by(2) {
        let mut at = 0;
        while let Some(found) = from.find(part, at) {
            let capital = part[found..].starts_with(char::is_uppercase);
            let to = if capital { grammar::capitalize(to) } else { to.to_owned() };
            part.replace_range(found..found + from.small.len(), &to);
            article(part, found, &to);
            at = (found + to.len()).min(part.len());
        }
    }
}

/// "an employee" becomes "a staff member".
fn article(part: &mut String, at: usize, word: &str) {
    for kind in ["a ", "an ", "A ", "An "] {
        let Some(front) = part[..at].strip_suffix(kind) else { continue };
        if front.ends_with(char::is_alphanumeric) {
            continue;
        }
        let said = grammar::with_article(word);
        let said = said.split(' ').next().unwrap_or("a");
        let said = if kind.starts_with('A') { grammar::capitalize(said) } else { said.to_owned() };
        part.replace_range(front.len()..at, &format!("{said} "));
        return;
    }
}

impl Phrase {
    /// Where it stands as words of its own, in small letters or at the beginning of a sentence.
    fn find(&self, text: &str, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = text.get(at..)?;
            let found = at + [rest.find(&self.small), rest.find(&self.capital)].into_iter().flatten().min()?;
            let end = found + self.small.len();
            // elsewhere a capital is that of a name
            let begins = text[..found].trim_end();
            let named = text[found..].starts_with(char::is_uppercase)
                && !begins.is_empty()
                && !begins.ends_with(['.', '?', '!', ':', PART]);
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '-');
            let whole = edge(text[..found].chars().next_back()) && edge(text[end..].chars().next());
            let apart = || {
                let last = begins.rsplit(' ').next().unwrap_or("").to_lowercase();
                let next = text[end..].trim_start().split([' ', ',', '.', '?', '(', PART]).next().unwrap_or("");
                self.before.contains(&last.as_str()) || self.after.contains(&next)
            };
            if whole && !named && !apart() {
                return Some(found);
            }
            at = end;
        }
    }
}

/// "the hire date" as "the date of hire", where people say either.
fn date_of(text: &str) -> String {
    if !text.contains(" date") {
        return text.to_owned();
    }
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for i in 2..words.len() {
        let end = words[i].find(|c: char| !c.is_alphabetic()).unwrap_or(words[i].len());
        let (kind, tail) = words[i].split_at(end);
        let noun = &words[i - 1];
        let article = matches!(words[i - 2].to_lowercase().as_str(), "the" | "a" | "by" | "and" | "with");
        let usual = ["hire", "birth", "death", "purchase", "issue", "arrival", "departure", "publication"];
        if kind == "date" && article && usual.contains(&noun.as_str()) {
            let (noun, tail) = (noun.clone(), tail.to_owned());
            words[i - 1] = "date".to_owned();
            words[i] = format!("of {noun}{tail}");
        }
    }
    words.join(" ")
}

/// "1 March 2024" as "March 1, 2024", "1 Mar 2024" or "2024-03-01".
fn dated(text: &str, form: usize) -> String {
    if !MONTHS.iter().any(|month| text.contains(month)) {
        return text.to_owned();
    }
    let words: Vec<&str> = text.split(' ').collect();
    let mut out: Vec<String> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        if let Some(said) = words.get(i..i + 3).and_then(|three| date(three, form)) {
            out.push(said);
            i += 3;
        } else {
            out.push(words[i].to_owned());
            i += 1;
        }
    }
    out.join(" ")
}

fn date(three: &[&str], form: usize) -> Option<String> {
    let [day, month, year] = three else { return None };
    let number = MONTHS.iter().position(|m| m == month)? + 1;
    let day: u32 = day.parse().ok()?;
    let (year, tail) = (year.get(..4)?, year.get(4..)?);
    if !year.chars().all(|c| c.is_ascii_digit()) || tail.starts_with(char::is_alphanumeric) {
        return None;
    }
    match form {
        0..=2 => Some(format!("{month} {day}, {year}{tail}")),
        3 | 4 => Some(format!("{day} {} {year}{tail}", &month[..3])),
        5 => Some(format!("{year}-{number:02}-{day:02}{tail}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_keep_quotes_articles_and_what_is_no_phrase() {
        let mut parts: Vec<String> =
            "an employee named \"an employee\", Employee's".split('"').map(str::to_owned).collect();
        put(&mut parts, &Phrase::new("employee"), "staff member");
        assert_eq!(parts.join("\""), "a staff member named \"an employee\", Employee's");
        assert_eq!(Phrase::new("street").find("visits in Elm Street Clinic", 0), None, "a name");
        assert_eq!(Phrase::new("streets").find("Find it. Streets", 0), Some(9));
        assert_eq!(Phrase::new("more than").find("no more than 5", 0), None);
        assert_eq!(Phrase::new("whose").find("somewhose", 0), None);
        assert_eq!(Phrase::new("whose").find("films whose length", 0), Some(6));
    }

    #[test]
    fn dates_are_written_in_several_ways() {
        assert_eq!(dated("before 1 March 2024, or", 0), "before March 1, 2024, or");
        assert_eq!(dated("since 12 July 2005.", 3), "since 12 Jul 2005.");
        assert_eq!(dated("since 12 July 2005", 5), "since 2005-07-12");
        assert_eq!(dated("in July 2005", 0), "in July 2005");
    }

    #[test]
    fn a_date_is_of_what_it_is_named_after() {
        assert_eq!(date_of("by month of the hire date, oldest"), "by month of the date of hire, oldest");
        for same in [
            "the end date", "the from date", "the shipped date", "the rental return date", "whose order date is",
            "the hire dates",
        ] {
            assert_eq!(date_of(same), same);
        }
    }

    #[test]
    fn a_word_of_the_schema_stands_for_nothing_else() {
        let taken = BTreeSet::from(["client".to_owned()]);
        for seed in 0..60 {
            assert!(!polish(&mut Rng::new(&[seed]), "How many customers are there?", &taken).contains("client"));
        }
    }

    #[test]
    fn what_each_has_is_said_of_each() {
        for seed in 0..300 {
            let said = polish(&mut Rng::new(&[seed]), "films, with the number for each\u{1}more", &BTreeSet::new());
            assert!(said.contains("with the number for each\u{1}"), "{said}");
        }
    }

    #[test]
    fn a_word_stays_where_another_would_be_odd() {
        let taken = std::iter::once("billing".to_owned()).collect();
        for seed in 0..300 {
            let question = "What is the number of invoices per billing city, and what is it today?";
            let said = polish(&mut Rng::new(&[seed]), question, &taken);
            assert!(said.contains("what is it") && said.contains("invoices"), "{said}");
        }
    }
}
