//! English on the level of words and noun phrases: plurals, articles, lists, numbers.

use super::vocabulary::{MASS, PERSONS, PLURALS, SINGULAR_S};

/// Words after which the rest of a noun phrase does not inflect.
const LINKS: &[&str] =
    &[" of ", " in ", " for ", " from ", " per ", " on ", " at ", " by ", " with ", " as ", " that ", " who "];

/// Splits "date of birth" into head "date" and tail " of birth".
fn head(phrase: &str) -> (&str, &str) {
    let at = LINKS.iter().filter_map(|link| phrase.find(link)).min().unwrap_or(phrase.len());
    phrase.split_at(at)
}

/// Applies `inflect` to the word that carries the number.
fn at_head(phrase: &str, inflect: impl Fn(&str) -> String) -> String {
    let (front, tail) = head(phrase);
    let (before, word) = match front.rfind(' ') {
        Some(at) => front.split_at(at + 1),
        None => ("", front),
    };
    if word.is_empty() || word.chars().all(|c| c.is_ascii_digit()) {
        return phrase.to_owned();
    }
    format!("{before}{}{tail}", inflect(word))
}

/// The plural of a noun phrase: "date of birth" -> "dates of birth".
pub(crate) fn plural(phrase: &str) -> String {
    // "diagnosis 2" has no plural of its own
    if phrase.rsplit(' ').next().is_some_and(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_digit())) {
        return format!("{phrase} values");
    }
    // "calendar months (1 to 12)"
    if let Some((thing, aside)) = phrase.split_once(" (") {
        return format!("{} ({aside}", plural(thing));
    }
    // each of many has one of its own: "the providers' cities"
    if let Some((owner, thing)) = phrase.rsplit_once("'s ") {
        return format!("{} {}", possessive(&plural(owner)), plural(thing));
    }
    // "amounts billed"
    if let Some((thing, done)) = phrase.rsplit_once(' ')
        && ["amount", "total", "price", "fee", "cost", "quantity"].iter().any(|t| thing.ends_with(t))
        && (done.ends_with("ed") || matches!(done, "paid" | "due"))
    {
        return format!("{} {done}", plural(thing));
    }
    at_head(phrase, plural_word)
}

/// The singular of a noun phrase: "order details" -> "order detail".
pub(crate) fn singular(phrase: &str) -> String {
    at_head(phrase, singular_word)
}

fn plural_word(word: &str) -> String {
    let lower = word.to_lowercase();
    if let Some((_, many)) = PLURALS.iter().find(|(one, _)| *one == lower) {
        return (*many).to_owned();
    }
    if !word.is_ascii() || (word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase())) {
        return if word.is_ascii() { format!("{word}s") } else { word.to_owned() };
    }
    if singular_word(&lower) != lower {
        return word.to_owned();
    }
    let vowel_before_y = lower.len() > 1 && "aeiou".contains(&lower[lower.len() - 2..lower.len() - 1]);
    if lower.ends_with('y') && !vowel_before_y {
        format!("{}ies", &word[..word.len() - 1])
    } else if ["s", "x", "z", "ch", "sh"].iter().any(|end| lower.ends_with(end)) {
        format!("{word}es")
    } else {
        format!("{word}s")
    }
}

fn singular_word(word: &str) -> String {
    let lower = word.to_lowercase();
    if let Some((one, _)) = PLURALS.iter().find(|(one, many)| *many == lower && *one != lower) {
        return (*one).to_owned();
    }
    if SINGULAR_S.contains(&lower.as_str()) || !word.is_ascii() || !lower.ends_with('s') || lower.len() < 4 {
        return word.to_owned();
    }
    if lower.ends_with("ies") && lower.len() > 4 && lower != "movies" && lower != "cookies" {
        return format!("{}y", &word[..word.len() - 3]);
    }
    if ["sses", "xes", "ches", "shes", "zzes"].iter().any(|end| lower.ends_with(end)) {
        return word[..word.len() - 2].to_owned();
    }
    if lower.ends_with("ses") && SINGULAR_S.contains(&&lower[..lower.len() - 2]) {
        return word[..word.len() - 2].to_owned();
    }
    if lower.ends_with("ss") || lower.ends_with("us") || lower.ends_with("is") {
        return word.to_owned();
    }
    word[..word.len() - 1].to_owned()
}

/// How one of a kind and many of it are called; "inventory" is counted as "inventory items".
pub(crate) fn countable(phrase: &str) -> (String, String) {
    let one = singular(phrase);
    // an acronym at the end is what the rows come from, and none of them
    if let Some((_, last)) = one.rsplit_once(' ')
        && last.len() > 1
        && last.chars().all(|c| c.is_ascii_uppercase())
    {
        return (format!("{one} record"), format!("{one} records"));
    }
    let one = at_head(&one, |word| {
        MASS.iter()
            .find(|(mass, _)| *mass == word.to_lowercase())
            .map_or_else(|| word.to_owned(), |(_, unit)| (*unit).to_owned())
    });
    let many = if one.contains("piece of") { one.replace("piece of", "pieces of") } else { plural(&one) };
    (one, many)
}

/// Whether the noun names a person.
pub(crate) fn is_person(one: &str) -> bool {
    let last = one.rsplit(' ').next().unwrap_or(one).to_lowercase();
    PERSONS.contains(&last.as_str())
}

/// "a film", "an actor".
pub(crate) fn with_article(phrase: &str) -> String {
    let lower = phrase.to_lowercase();
    let vowel = lower.starts_with(['a', 'e', 'i', 'o', 'u']);
    let consonant_sound = ["uni", "use", "usa", "eu", "one", "uti"].iter().any(|start| lower.starts_with(start));
    // an acronym is said letter by letter, and the names of these begin with a vowel
    let first = phrase.split([' ', '-']).next().unwrap_or(phrase);
    let capital = first.len() > 1 && first.chars().all(|c| c.is_ascii_uppercase());
    let consonant_sound = consonant_sound || capital && first.starts_with('U');
    let spoken = ["LOINC", "MARC", "SNOMED", "NASA", "NATO", "RAM", "ROM", "SIM"].contains(&first);
    let spelled = capital && !spoken && first.starts_with(['F', 'H', 'L', 'M', 'N', 'R', 'S', 'X']);
    if (vowel && !consonant_sound) || spelled { format!("an {phrase}") } else { format!("a {phrase}") }
}

/// "a", "a and b", "a, b and c".
pub(crate) fn and_list<S: AsRef<str>>(items: &[S]) -> String {
    join(items, "and")
}

/// "a or b", "a, b or c".
pub(crate) fn or_list<S: AsRef<str>>(items: &[S]) -> String {
    join(items, "or")
}

fn join<S: AsRef<str>>(items: &[S], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [front @ .., last] => {
            let front: Vec<&str> = front.iter().map(AsRef::as_ref).collect();
            // an item with an "and" of its own needs the comma
            let comma = if front.iter().any(|i| i.contains(" and ")) && front.len() > 1 { "," } else { "" };
            format!("{}{comma} {word} {}", front.join(", "), last.as_ref())
        }
    }
}

/// Small numbers as words.
pub(crate) fn number_word(n: u64) -> String {
    const WORDS: [&str; 13] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    usize::try_from(n).ok().and_then(|n| WORDS.get(n)).map_or_else(|| n.to_string(), |w| (*w).to_owned())
}

/// The first letter as a capital.
pub(crate) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// "customer's", "employees'".
pub(crate) fn possessive(noun: &str) -> String {
    if noun.ends_with('s') && !noun.ends_with("ss") { format!("{noun}'") } else { format!("{noun}'s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_follow_grammar() {
        for (one, many) in [
            ("film", "films"),
            ("amount billed", "amounts billed"),
            ("month (1 to 12) of the return date", "months (1 to 12) of the return date"),
            ("category", "categories"),
            ("country", "countries"),
            ("day", "days"),
            ("address", "addresses"),
            ("date of birth", "dates of birth"),
            ("media type", "media types"),
            ("staff", "staff members"),
            ("person", "people"),
            ("status", "statuses"),
            ("box", "boxes"),
            ("ZIP code", "ZIP codes"),
            ("series", "series"),
            ("source to concept map", "source to concept maps"),
            ("film in the film list", "films in the film list"),
            ("provider's city", "providers' cities"),
        ] {
            assert_eq!(plural(one), many);
        }
        assert_eq!(plural("order details"), "order details");
    }

    #[test]
    fn singulars_follow_grammar() {
        for (many, one) in [
            ("films", "film"),
            ("categories", "category"),
            ("order details", "order detail"),
            ("us states", "us state"),
            ("addresses", "address"),
            ("address", "address"),
            ("allergies", "allergy"),
            ("boxes", "box"),
            ("people", "person"),
            ("claims transactions", "claims transaction"),
            ("diagnosis", "diagnosis"),
            ("purchases", "purchase"),
        ] {
            assert_eq!(singular(many), one);
        }
    }

    #[test]
    fn masses_are_counted_in_items() {
        assert_eq!(countable("inventory"), ("inventory item".into(), "inventory items".into()));
        assert_eq!(countable("staff"), ("staff member".into(), "staff members".into()));
        assert_eq!(countable("orders"), ("order".into(), "orders".into()));
    }

    #[test]
    fn lists_articles_possessives() {
        assert_eq!(and_list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(or_list(&["a", "b"]), "a or b");
        assert_eq!(with_article("actor"), "an actor");
        assert_eq!(with_article("unit price"), "a unit price");
        assert_eq!(possessive("customer"), "customer's");
        assert_eq!(number_word(5), "five");
        assert_eq!(number_word(25), "25");
    }
}
