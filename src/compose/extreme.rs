//! What the ends of a scale are called: the longest length, the most bytes, the highest price.

use super::condition::{is_limit, is_plural, sums};
use super::random::Rng;

/// The word before a noun for its highest or lowest value.
pub(super) fn extreme(rng: &mut Rng, noun: &str, high: bool) -> &'static str {
    // "the fewest maximum renewals"
    if is_limit(noun) {
        return if high { "highest" } else { "lowest" };
    }
    if is_plural(noun) && !sums(noun) {
        return if high { "most" } else { "fewest" };
    }
    let head = noun.split(" of ").next().unwrap_or(noun).split(" in ").next().unwrap_or(noun);
    match (head.rsplit(' ').next().unwrap_or(head), high) {
        // "the longest length" says it twice
        ("length", true) => "greatest",
        ("length", false) => "smallest",
        ("duration" | "distance" | "delay" | "time" | "runtime", true) => "longest",
        ("duration" | "distance" | "delay" | "time" | "runtime", false) => "shortest",
        ("size" | "population" | "area" | "quantity" | "volume" | "number" | "count", true) => {
            rng.word(&["largest", "highest"])
        }
        ("size" | "population" | "area" | "quantity" | "volume" | "number" | "count", false) => "smallest",
        ("weight" | "height", true) => "greatest",
        (_, true) => "highest",
        (_, false) => "lowest",
    }
}

/// What things are that have the most or the least of it, where that is said of themselves.
pub(super) fn superlative(noun: &str, high: bool) -> Option<&'static str> {
    let words = match noun {
        "length" | "duration" | "running time" => ["longest", "shortest"],
        "size" => ["largest", "smallest"],
        "weight" => ["heaviest", "lightest"],
        "price" | "list price" => ["most expensive", "cheapest"],
        _ => return None,
    };
    Some(words[usize::from(!high)])
}

/// The things with the highest or lowest of it: "longest films", "films with the highest rental rate".
pub(super) fn outermost(things: &str, top: &str, noun: &str, high: bool) -> String {
    match superlative(noun, high) {
        Some(word) => format!("{word} {things}"),
        None => format!("{things} with the {top} {noun}"),
    }
}

/// The highest or lowest value as a figure: "highest number of bytes", "longest length".
pub(super) fn extreme_value(rng: &mut Rng, noun: &str, high: bool) -> String {
    let general = if high { "maximum" } else { "minimum" };
    if is_plural(noun) && !sums(noun) && !is_limit(noun) {
        let word = if high { "highest" } else { "lowest" };
        return format!("{word} number of {noun}");
    }
    // of sums each is one: "the highest payment"
    let single = if is_plural(noun) && sums(noun) { crate::schema::grammar::singular(noun) } else { noun.to_owned() };
    let noun = single.as_str();
    let word = if rng.chance(35) || noun.ends_with("length") { general } else { extreme(rng, noun, high) };
    format!("{word} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scale_has_its_own_ends() {
        let mut rng = Rng::new(&[1]);
        for (noun, high, said) in [
            ("film length", true, "greatest"),
            ("rental duration", false, "shortest"),
            ("bytes", true, "most"),
            ("units in stock", false, "fewest"),
            ("unit price", true, "highest"),
            ("rental rate", false, "lowest"),
        ] {
            assert_eq!(extreme(&mut rng, noun, high), said, "{noun}");
        }
        assert_eq!(extreme_value(&mut rng, "bytes", false), "lowest number of bytes");
        assert_eq!(extreme_value(&mut rng, "length", true), "maximum length");
        assert!(!extreme_value(&mut rng, "healthcare expenses", false).contains("number"));
    }
}
