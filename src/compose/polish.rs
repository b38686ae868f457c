//! The last hand on a wording: other words for the same, chosen once for each question, so that no phrase is heard in
//! every other one. What stands in quotes is left alone, and a word that names another thing of the schema is not used.

use super::literal::MONTHS;
use super::random::Rng;
use crate::schema::grammar;
use std::collections::BTreeSet;

/// A phrase, what may be said for it, and in how many of a hundred questions it is.
type Rule = (&'static str, &'static [&'static str], usize);

const PHRASES: &[Rule] = &[
    ("the number of", &["the count of"], 16),
    ("number of different", &["number of distinct", "number of unique", "number of separate"], 60),
    ("count of different", &["count of distinct", "count of unique"], 60),
    (
        "rounded to two decimals",
        &[
            "rounded to two decimal places",
            "rounded to 2 decimals",
            "to two decimal places",
            "to two decimals",
            "to 2 decimals",
            "to two places",
            "(two decimals)",
            "(2 decimals)",
            "to the nearest hundredth",
        ],
        88,
    ),
    (
        "rounded to one decimal",
        &[
            "rounded to one decimal place",
            "to one decimal place",
            "to one decimal",
            "(one decimal)",
            "to the nearest tenth",
        ],
        80,
    ),
    (
        "rounded to a whole number",
        &[
            "to the nearest whole number",
            "as a rounded whole number",
            "rounded to an integer",
            "to the nearest integer",
        ],
        75,
    ),
    (
        "rounded to three decimals",
        &["to three decimals", "to 3 decimals", "rounded to three decimal places", "(three decimals)"],
        75,
    ),
    ("broken down by", &["split by", "grouped by", "by"], 78),
    ("along with", &["together with", "plus", "as well as", "with"], 70),
    ("together with", &["along with", "plus", "as well as"], 65),
    ("sorted by", &["ordered by", "arranged by"], 60),
    ("ordered by", &["sorted by", "arranged by"], 40),
    (
        "from highest to lowest",
        &["in descending order", "highest first", "from the highest down", "descending", "largest first"],
        85,
    ),
    ("from lowest to highest", &["in ascending order", "lowest first", "from the lowest up", "ascending"], 85),
    ("in chronological order", &["in order of time", "chronologically", "oldest first", "earliest first"], 65),
    ("in alphabetical order", &["alphabetically", "from A to Z", "in A-Z order", "A to Z"], 70),
    ("at least", &["no less than"], 30),
    ("at most", &["no more than", "up to"], 50),
    ("more than", &["over"], 40),
    ("fewer than", &["under", "less than"], 45),
    ("less than", &["under", "below"], 45),
    ("higher than", &["above", "over", "greater than"], 60),
    ("greater than", &["above", "over"], 50),
    ("lower than", &["below", "under"], 60),
    ("and whose", &["and where the"], 25),
    ("whose", &["where the"], 18),
    ("as a whole word", &["as a separate word", "as a word of its own", "as a full word"], 60),
    ("contains", &["includes"], 30),
    ("average", &["mean"], 30),
    ("the highest", &["the greatest", "the maximum", "the largest"], 50),
    ("the lowest", &["the smallest", "the minimum"], 55),
    ("with a", &["having a"], 25),
    ("with an", &["having an"], 25),
    ("and their", &["plus their", "as well as their", "along with their"], 55),
    ("what is", &["what's"], 30),
    ("how many of them", &["how many of these", "how many"], 60),
    ("by the number of", &["by number of", "by the count of"], 55),
    ("over all of them", &["overall", "over all of these", "of them all"], 60),
    ("with that figure", &["with the figure", "and that figure", "with this number", "with the value"], 65),
    ("to find out", &["to see", "to learn"], 40),
    ("do we have", &["are there", "do we know of"], 40),
    ("are on record", &["are there", "exist", "are recorded"], 50),
    ("is recorded", &["is known", "is given", "is filled in"], 50),
    ("not recorded", &["missing", "unknown", "left empty"], 50),
    ("on record", &["on file", "recorded"], 30),
    ("falls in", &["is in", "lies in"], 50),
    ("that have", &["having", "with"], 40),
    ("without any", &["with no", "without"], 55),
    ("from the earliest to the latest", &["oldest to newest", "earliest first", "by time"], 60),
    ("for each combination of", &["per combination of", "for every pairing of", "per"], 60),
    ("unit price", &["price per unit", "price of a unit"], 45),
    ("birth date", &["date of birth"], 60),
];

/// Words that would not be the same phrase any more beside it: before, after.
const APART: &[(&str, &[&str], &[&str])] = &[
    ("the number of", &[], &["times", "words", "characters", "days"]),
    ("at least", &[], &["one", "some"]),
    ("more than", &["no", "not"], &["one"]),
    ("less than", &["no", "not", "of", "by"], &[]),
    ("higher than", &["no", "not"], &[]),
    ("lower than", &["no", "not"], &[]),
    ("in alphabetical order", &[], &["of", "as"]),
    ("in chronological order", &["it", "them"], &[]),
    ("whose", &["ones", "people", "those", "and", "or", "but"], &[]),
    ("sorted by", &[], &["last"]),
    ("average", &["above", "below", "than", "overall"], &["rounded"]),
    ("contains", &[], &["the"]),
    ("along with", &[], &["that"]),
    ("that have", &[], &["no", "the", "a", "an", "any", "not", "both", "been", "ever", "never"]),
    ("without any", &[], &["included"]),
    ("with that figure", &["together", "along"], &[]),
    ("the highest", &["from", "to", "for"], &["", "to", "first", "down", "rank"]),
    ("the lowest", &["from", "to", "for"], &["", "to", "first", "up", "rank"]),
    ("with a", &["together", "along", "beside"], &["line", "grand"]),
    ("with an", &["together", "along", "beside"], &[]),
    ("what is", &[], &["it", "that", "this"]),
];

/// Nouns that people use for each other in everyday English.
const NOUNS: &[(&str, &[&str])] = &[
    ("aircraft", &["plane"]),
    ("apartment", &["flat"]),
    ("attorney", &["lawyer"]),
    ("author", &["writer"]),
    ("automobile", &["car"]),
    ("bicycle", &["bike"]),
    ("carrier", &["shipper"]),
    ("client", &["customer"]),
    ("colleague", &["coworker"]),
    ("comment", &["remark"]),
    ("company", &["firm"]),
    ("customer", &["client"]),
    ("doctor", &["physician"]),
    ("employee", &["staff member"]),
    ("film", &["movie"]),
    ("firm", &["company"]),
    ("illness", &["disease"]),
    ("instructor", &["teacher"]),
    ("insurer", &["insurance company"]),
    ("invoice", &["bill"]),
    ("job", &["position"]),
    ("medication", &["drug"]),
    ("movie", &["film"]),
    ("organization", &["institution"]),
    ("phone", &["telephone"]),
    ("photo", &["picture"]),
    ("physician", &["doctor"]),
    ("pupil", &["student"]),
    ("shop", &["store"]),
    ("song", &["track"]),
    ("staff member", &["employee"]),
    ("store", &["shop"]),
    ("street", &["road"]),
    ("supplier", &["vendor"]),
    ("tenant", &["renter"]),
    ("track", &["song"]),
    ("truck", &["lorry"]),
    ("vendor", &["supplier"]),
    ("warehouse", &["depot"]),
];

/// A question, or more that belongs to it, in other words. `taken` are the words of the schema.
pub(super) fn polish(rng: &mut Rng, question: &str, taken: &BTreeSet<String>) -> String {
    let mut parts: Vec<String> = question.split('"').map(str::to_owned).collect();
    for (from, others, percent) in PHRASES {
        if says(&parts, from) && rng.chance(*percent) {
            put(&mut parts, from, rng.word(others));
        }
    }
    let mut said: Vec<&str> = Vec::new();
    for (from, others) in NOUNS.iter().copied() {
        // what has just been put for another word stays
        if said.contains(&from) {
            continue;
        }
        // nor is what begins a word of the schema: no bills beside billing addresses
        let free = |word: &str| !taken.iter().any(|t| t.starts_with(word));
        let fresh: Vec<&'static str> = others.iter().copied().filter(|o| o.split(' ').all(free)).collect();
        // in a name of its own, such as a film list, a word stays
        let named = [" list", " overview", " in the "].iter().any(|n| question.contains(&format!("{from}{n}")));
        if !fresh.is_empty() && !named && says(&parts, from) | says(&parts, &grammar::plural(from)) && rng.chance(40) {
            let to = rng.word(&fresh);
            put(&mut parts, &grammar::plural(from), &grammar::plural(to));
            put(&mut parts, from, to);
            said.push(to);
        }
    }
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
        *part = part.replace(", (", " (").replace("decimals),", "decimals)").replace("decimal),", "decimal)");
    }
    parts.join("\"")
}

fn says(parts: &[String], phrase: &str) -> bool {
    parts.iter().step_by(2).any(|p| find(p, phrase, 0).is_some())
}

fn put(parts: &mut [String], from: &str, to: &str) {
    for part in parts.iter_mut().step_by(2) {
        let mut at = 0;
        while let Some(found) = find(part, from, at) {
            let capital = part[found..].starts_with(char::is_uppercase);
            let to = if capital { grammar::capitalize(to) } else { to.to_owned() };
            part.replace_range(found..found + from.len(), &to);
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

/// Where a phrase stands as words of its own, in small letters or at the beginning of a sentence.
fn find(text: &str, phrase: &str, from: usize) -> Option<usize> {
    let capital = grammar::capitalize(phrase);
    let (before, after) = APART.iter().find(|(p, ..)| *p == phrase).map_or((&[][..], &[][..]), |(_, b, a)| (*b, *a));
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        let found = at + [rest.find(phrase), rest.find(&capital)].into_iter().flatten().min()?;
        let end = found + phrase.len();
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '-');
        let whole = edge(text[..found].chars().next_back()) && edge(text[end..].chars().next());
        let last = text[..found].trim_end().rsplit(' ').next().unwrap_or("").to_lowercase();
        let next = text[end..].trim_start().split([' ', ',', '.', '?']).next().unwrap_or("");
        if whole && !before.contains(&last.as_str()) && !after.contains(&next) {
            return Some(found);
        }
        at = end;
    }
}

/// "the hire date" as "the date of hire": where one noun stands before it. "End dates" and "shipped dates" stay.
fn date_of(text: &str) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for i in 2..words.len() {
        let end = words[i].find(|c: char| !c.is_alphabetic()).unwrap_or(words[i].len());
        let (kind, tail) = words[i].split_at(end);
        let noun = &words[i - 1];
        let article = matches!(words[i - 2].to_lowercase().as_str(), "the" | "a");
        let adjective = ["ed", "al", "ive", "ing", "ous", "ary", "st", "ry"].iter().any(|end| noun.ends_with(end));
        let stays = matches!(
            noun.as_str(),
            "from" | "until" | "end" | "due" | "start" | "stop" | "last" | "same" | "exact" | "target"
        );
        let plain = noun.len() > 3 && noun.chars().all(|c| c.is_ascii_lowercase());
        if kind == "date" && plain && article && !adjective && !stays {
            let (noun, tail) = (noun.clone(), tail.to_owned());
            words[i - 1] = "date".to_owned();
            words[i] = format!("of {noun}{tail}");
        }
    }
    words.join(" ")
}

/// "1 March 2024" as "March 1, 2024", "1 Mar 2024" or "2024-03-01".
fn dated(text: &str, form: usize) -> String {
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
        put(&mut parts, "employee", "staff member");
        assert_eq!(parts.join("\""), "a staff member named \"an employee\", Staff member's");
        assert_eq!(find("no more than 5", "more than", 0), None);
        assert_eq!(find("somewhose", "whose", 0), None);
        assert_eq!(find("films whose length", "whose", 0), Some(6));
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
    fn a_word_stays_where_another_would_be_odd() {
        let taken = std::iter::once("billing".to_owned()).collect();
        for seed in 0..300 {
            let question = "What is the number of invoices per billing city, and what is it today?";
            let said = polish(&mut Rng::new(&[seed]), question, &taken);
            assert!(said.contains("what is it") && said.contains("invoices"), "{said}");
        }
    }
}
