//! Units of measure, in comments and at the ends of names.

use super::grammar;
use super::model::{Column, Table};
use super::words::tokens;

/// What numbers may be counted in, and how that is said.
const UNITS: &[(&str, &str)] = &[
    ("minutes", "minutes"),
    ("mins", "minutes"),
    ("seconds", "seconds"),
    ("milliseconds", "milliseconds"),
    ("hours", "hours"),
    ("days", "days"),
    ("weeks", "weeks"),
    ("months", "months"),
    ("years", "years"),
    ("km", "km"),
    ("kilometers", "km"),
    ("miles", "miles"),
    ("kg", "kg"),
    ("kilograms", "kg"),
    ("grams", "grams"),
    ("cm", "cm"),
    ("mm", "mm"),
    ("meters", "metres"),
    ("metres", "metres"),
    ("kilometres", "km"),
    ("litres", "litres"),
    ("liters", "litres"),
    ("knots", "knots"),
    ("percent", "%"),
    ("usd", "US dollars"),
    ("dollars", "dollars"),
    ("eur", "euros"),
    ("euros", "euros"),
    ("bytes", "bytes"),
    ("celsius", "°C"),
    ("gbp", "pounds"),
    ("chf", "Swiss francs"),
    ("tonnes", "tonnes"),
];

/// How a unit is said, where the word is one.
pub(crate) fn measure_unit(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    UNITS.iter().find(|(name, _)| *name == word).map(|(_, unit)| *unit)
}

/// The unit that a comment states: "minutes", "USD", "km".
pub(crate) fn stated(comment: &str) -> Option<&'static str> {
    let comment = comment.to_lowercase();
    if let Some(unit) = measure_unit(comment.trim().trim_end_matches('.').trim_start_matches("in ")) {
        return Some(unit);
    }
    // otherwise only "in minutes" or "(minutes)": a mere mention proves nothing
    let stated = comment.split(|c: char| !c.is_alphabetic()).collect::<Vec<_>>();
    UNITS
        .iter()
        .find(|(word, _)| {
            comment.contains(&format!("({word})")) || stated.windows(2).any(|w| w[0] == "in" && w[1] == *word)
        })
        .map(|(_, unit)| *unit)
}

/// Nouns that a bare "m" or "t", or a span of time, measures: "height_m", "duration_ms"; and not "rental_days".
const FAR: &[&str] =
    &["altitude", "depth", "distance", "elevation", "height", "length", "radius", "range", "visibility", "width"];
const HEAVY: &[&str] = &["load", "mass", "payload", "tonnage", "weight"];
const LONG: &[&str] = &["delay", "duration", "interval", "latency", "runtime", "time", "timeout", "wait"];

/// The unit that the last word of a name is, which is then no part of the noun: "elevation m", "price usd".
pub(crate) fn of_name(words: &[String]) -> Option<&'static str> {
    let [.., noun, last] = words else { return None };
    let (noun, last) = (noun.to_lowercase(), last.to_lowercase());
    match last.as_str() {
        "km" | "cm" | "mm" | "kg" | "usd" | "eur" | "gbp" | "chf" | "celsius" => measure_unit(&last),
        "m" => FAR.contains(&noun.as_str()).then_some("metres"),
        "m2" | "sqm" => matches!(noun.as_str(), "area" | "surface" | "space").then_some("square metres"),
        "t" => HEAVY.contains(&noun.as_str()).then_some("tonnes"),
        "ms" => LONG.contains(&noun.as_str()).then_some("milliseconds"),
        "seconds" | "minutes" | "hours" | "days" => LONG.contains(&noun.as_str()).then(|| measure_unit(&last))?,
        _ => None,
    }
}

/// What a column measures whose name is nothing but a unit: "milliseconds", "bytes".
pub(crate) fn measured_in(name: &str) -> Option<(&'static str, &'static str)> {
    let noun = match name.to_lowercase().as_str() {
        "milliseconds" | "seconds" | "minutes" => "duration",
        "bytes" => "size",
        "kg" | "grams" | "tonnes" => "weight",
        _ => return None,
    };
    measure_unit(name).map(|unit| (noun, unit))
}

/// What films last and for how long they are lent out: minutes and days, where the numbers are such.
pub(super) fn usual(table: &Table, words: &[String], column: &Column) -> Option<&'static str> {
    const FILMS: [&str; 4] = ["film", "movie", "video", "episode"];
    const LENT: [&str; 4] = ["rental", "loan", "lending", "return"];
    let quantiles = &column.profile.as_ref()?.quantiles;
    let numbers: Vec<f64> = [quantiles.first()?, quantiles.last()?].iter().filter_map(|q| q.parse().ok()).collect();
    let [least, most] = *numbers.as_slice() else { return None };
    if least < 1.0 || !column.base.starts_with("int") {
        return None;
    }
    let film = tokens(&table.name).iter().any(|t| FILMS.contains(&grammar::singular(t).as_str()));
    let said: Vec<&str> = words.iter().map(String::as_str).collect();
    match said.as_slice() {
        ["length" | "duration" | "runtime"] | ["running", "time"] if film && (90.0..600.0).contains(&most) => {
            Some("minutes")
        }
        [lent, "duration" | "period"] if LENT.contains(lent) && most <= 31.0 => Some("days"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_in_a_unit_only_where_it_measures() {
        let of = |name: &str| of_name(&name.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of("elevation m"), Some("metres"));
        assert_eq!(of("weight t"), Some("tonnes"));
        assert_eq!((of("area m2"), of("model m2")), (Some("square metres"), None));
        assert_eq!(of("total price USD"), Some("US dollars"));
        assert_eq!(of("duration minutes"), Some("minutes"));
        for other in ["m", "rental days", "group m", "model t", "minutes", "office hours"] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(measured_in("Milliseconds"), Some(("duration", "milliseconds")));
        assert_eq!(measured_in("days"), None);
    }

    #[test]
    fn what_films_last_and_how_long_they_are_lent_out_is_known_by_the_numbers() {
        let of = |table: &str, name: &str, most: &str| {
            let column = format!(
                r#"{{"name":"{name}","number":1,"type":"int2","base":"int2","category":"N","not_null":true,
                "profile":{{"nulls":0,"distinct":9,"quantiles":["3","{most}"]}}}}"#
            );
            let table = format!(r#"{{"schema":"public","name":"{table}","kind":"table","columns":[{column}]}}"#);
            let text = format!(r#"{{"database":"d","server_version":150000,"tables":[{table}]}}"#);
            let schema = crate::schema::model::Schema::from_json(&text).unwrap();
            let (table, words) = (&schema.tables[0], tokens(name));
            usual(table, &words, &table.columns[0])
        };
        assert_eq!(of("film", "length", "185"), Some("minutes"));
        assert_eq!((of("film", "length", "9"), of("river", "length", "185")), (None, None));
        assert_eq!((of("film", "rental_duration", "7"), of("film", "rental_duration", "300")), (Some("days"), None));
    }
}
