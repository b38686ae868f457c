//! Conditions on numbers and years: bounds near the quantiles of the data, said as people say them.

use super::condition::{Condition, Vague, article, be, counts, is_plural};
use super::literal;
use super::random::Rng;
use super::scope::{Place, Scope};
use super::tree::{fill, text};
use super::world::Field;
use crate::schema::grammar;

pub(super) fn number(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    if field.traits.personal || field.numbers.len() < 13 {
        return None;
    }
    let noun = scope.bare(place);
    // "a rental period of 6": six what?
    if field.unit.is_none() && noun.rsplit(' ').next().is_some_and(|head| MEASURED.contains(&head)) {
        return None;
    }
    let column = scope.column(place);
    // few values in all: a person names one of them
    let exact = field.distinct > 1 && field.distinct <= 12 && !field.values.is_empty();
    if exact && rng.chance(25) {
        let (value, _) = rng.pick(&field.values)?;
        let number: f64 = value.parse().ok()?;
        // an amount to the cent, or none at all, is no kind of thing
        if number == 0.0 || number.fract() != 0.0 && field.distinct > 3 {
            return None;
        }
        let said = with_unit(field, &literal::number_words(number, field.traits.money));
        let condition = Condition {
            sql: vec![fill("{} = {}", vec![column, text(literal::bound_sql(number, &field.base))])],
            with: Some(format!("{} of {said}", article(&noun))),
            whose: Some(format!("{noun} {} {}{said}", be(&noun), rng.word(&["", "", "", "exactly "]))),
            terse: Some(format!("{noun} {said}")),
            ..Condition::default()
        };
        let many = format!("{}{said}", rng.word(&["", "exactly "]));
        return Some(said_of_things(rng, scope, place, &noun, &many, condition));
    }
    // what is more than most, or less; any bound will do where those have been asked for
    let kind = rng.weighted(&[30, 20, 25, 15, if scope.fine { 18 } else { 6 }]);
    let low = match kind {
        0 | 1 if !scope.fine => rng.between(6, 9),
        2 | 3 if !scope.fine => rng.between(2, 6),
        _ => rng.between(2, 9),
    };
    let value = threshold(rng, scope, field, low)?;
    let words = |v: f64| literal::number_words(v, field.traits.money);
    let said = with_unit(field, &words(value));
    let bound = |v: f64| literal::bound_sql(v, &field.base);
    let sql = |op: &str, v: f64| fill(&format!("{{}} {op} {}", bound(v)), vec![scope.column(place)]);
    let is = be(&noun);
    let a = article(&noun);
    let mut condition = Condition::default();
    // each bound after "a length", after "length is", and after "films with"
    let (with, whose, many) = match kind {
        0 => {
            condition.share = 1.0 - below(low);
            condition.sql = vec![sql(">", value)];
            condition.terse = Some(format!("> {said}"));
            let with = rng.word(&["above", "over", "of more than"]);
            let whose = rng.word(&["above", "over", "greater than", "more than"]);
            (format!("{with} {said}"), format!("{whose} {said}"), format!("more than {said}"))
        }
        1 => {
            condition.share = 1.0 - below(low);
            condition.sql = vec![sql(">=", value)];
            condition.terse = Some(format!(">= {said}"));
            let with = match rng.below(4) {
                0 | 1 => format!("of at least {said}"),
                _ => format!("of {said} or more"),
            };
            let whose = match rng.below(4) {
                0 | 1 => format!("at least {said}"),
                _ => format!("{said} or more"),
            };
            (with, whose, format!("at least {said}"))
        }
        2 => {
            condition.share = below(low);
            condition.sql = vec![sql("<", value)];
            condition.terse = Some(format!("< {said}"));
            let with = rng.word(&["below", "under", "of less than"]);
            let whose = rng.word(&["below", "under", "less than"]);
            (format!("{with} {said}"), format!("{whose} {said}"), format!("fewer than {said}"))
        }
        3 => {
            condition.share = below(low);
            condition.sql = vec![sql("<=", value)];
            condition.terse = Some(format!("<= {said}"));
            let with = match rng.below(5) {
                0 | 1 => format!("of at most {said}"),
                2 => format!("of {said} or less"),
                _ => format!("of up to {said}"),
            };
            let whose = rng.word(&["at most", "no more than"]);
            (with, format!("{whose} {said}"), format!("at most {said}"))
        }
        _ => {
            condition.share = 0.3;
            let high = threshold(rng, scope, field, (low + 3).min(11))?;
            // between 400,000 and 4,500,000 nobody looks
            if high <= value || value >= 100_000.0 && !scope.fine {
                return None;
            }
            let (from, to) = (words(value), with_unit(field, &words(high)));
            condition.sql = vec![fill(&format!("{{}} BETWEEN {} AND {}", bound(value), bound(high)), vec![column])];
            let said =
                rng.word(&["between {} and {}", "between {} and {}", "from {} to {}", "between {} and {} inclusive"]);
            let said = said.replacen("{}", &from, 1).replacen("{}", &to, 1);
            condition.terse = Some(said.clone());
            (said.clone(), said.clone(), said)
        }
    };
    condition.terse = condition.terse.map(|t| format!("{noun} {t}"));
    condition.with = Some(format!("{a} {with}"));
    condition.whose = Some(format!("{noun} {is} {whose}"));
    condition.vague = vague_bound(&noun, low, &condition, &format!("{noun} {is} {whose}"));
    Some(said_of_things(rng, scope, place, &noun, &many, condition))
}

/// What is told in units.
const MEASURED: [&str; 10] =
    ["length", "duration", "period", "interval", "distance", "weight", "height", "width", "depth", "temperature"];

/// "high" for a price, "large" for a size, "long" for a duration.
fn scale(noun: &str, high: bool) -> &'static str {
    let words = match noun.rsplit(' ').next().unwrap_or(noun) {
        "size" | "area" | "population" | "quantity" | "volume" => ["large", "small"],
        "length" | "duration" | "distance" | "period" | "delay" => ["long", "short"],
        _ => ["high", "low"],
    };
    words[usize::from(!high)]
}

/// "a high rental rate": of what lies beyond most of the values.
fn vague_bound(noun: &str, quantile: usize, condition: &Condition, whose: &str) -> Option<(Vague, String)> {
    // "a high range low"
    if is_plural(noun) || [" low", " high", "low ", "high ", "maximum", "minimum"].iter().any(|w| noun.contains(w)) {
        return None;
    }
    let sign = condition.terse.as_deref().and_then(|t| t.strip_prefix(noun)).unwrap_or("").trim_start();
    let word = match quantile {
        8.. if sign.starts_with('>') => scale(noun, true),
        ..=4 if sign.starts_with('<') => scale(noun, false),
        _ => return None,
    };
    if noun == "length" {
        let word = if quantile >= 8 { "long" } else { "short" };
        return Some((Vague::Adjective(word), format!("{} means that the {whose}", grammar::capitalize(word))));
    }
    let phrase = grammar::with_article(&format!("{word} {noun}"));
    let meaning = format!("{} means that the {whose}", grammar::capitalize(&phrase));
    Some((Vague::With(phrase), meaning))
}

/// Shorter ways to say a bound: "products with more than 26 units in stock", "films longer than 120 minutes".
/// `many` is the bound on a number of things: "more than 26".
fn said_of_things(
    rng: &mut Rng,
    scope: &Scope,
    place: Place,
    noun: &str,
    many: &str,
    mut condition: Condition,
) -> Condition {
    if counts(scope.field(place), noun) {
        let things = if place.node == 0 { noun } else { &scope.field(place).noun };
        let one = many.rsplit(' ').next() == Some("1");
        let things = if one { grammar::singular(things) } else { things.to_owned() };
        let said = format!("{many} {things}");
        return if place.node == 0 {
            Condition { with: Some(said), whose: None, ..condition }
        } else {
            let whose = format!("{} has {said}", scope.role_noun(place.node));
            Condition { with: None, whose: Some(whose), ..condition }
        };
    }
    let own = place.node == 0 && !noun.contains(" of ");
    let last = noun.rsplit(' ').next().unwrap_or(noun);
    let adjective = match last {
        "length" => Some(("longer than", "shorter than")),
        "weight" => Some(("heavier than", "lighter than")),
        "height" => Some(("higher than", "lower than")),
        _ => None,
    };
    let (more, less) = (many.strip_prefix("more than "), many.strip_prefix("fewer than "));
    if let (true, true, Some((longer, shorter))) = (own, noun == last, adjective) {
        condition.post = match (more, less) {
            (Some(n), _) => Some(format!("{longer} {n}")),
            (_, Some(n)) => Some(format!("{shorter} {n}")),
            _ => None,
        };
    } else if own
        && scope.field(place).unit.is_some()
        && matches!(noun, "amount" | "total" | "total amount")
        && rng.chance(60)
    {
        condition.post = match (more, less) {
            (Some(n), _) => Some(format!("of more than {n}")),
            (_, Some(n)) => Some(format!("of less than {n}")),
            _ if many.starts_with("at ") => Some(format!("of {many}")),
            _ => None,
        };
    }
    condition
}

/// Share of the values below the quantile of that number.
fn below(quantile: usize) -> f64 {
    const SHARES: [f64; 13] = [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0];
    SHARES.get(quantile).copied().unwrap_or(1.0)
}

fn with_unit(field: &Field, said: &str) -> String {
    match &field.unit {
        Some(unit) if unit == "%" => format!("{said} %"),
        Some(unit) => format!("{said} {unit}"),
        None => said.to_owned(),
    }
}

/// How far most of the values lie apart.
pub(super) fn apart(field: &Field) -> f64 {
    let at = |i: usize| field.numbers.get(i).copied().unwrap_or_default();
    at(10) - at(2)
}

/// A round number between a quantile and the next one, strictly inside the values' span.
fn threshold(rng: &mut Rng, scope: &Scope, field: &Field, quantile: usize) -> Option<f64> {
    let (low, high) = (*field.numbers.first()?, *field.numbers.last()?);
    let near = *field.numbers.get(quantile)?;
    let next = field.numbers.get(quantile + 1).copied().unwrap_or(near);
    // where values are few, one of them is a bound that people name
    let few = field.distinct <= 12;
    let at = if few { near } else { near + (next - near) * rng.below(5) as f64 / 5.0 };
    let value = if scope.fine && !few && field.traits.money && near >= 5.0 {
        // prices are named in whole amounts, and small ones in halves
        let at = near + (next - near) * rng.below(500) as f64 / 500.0;
        if near < 100.0 { (at * 2.0).round() / 2.0 } else { literal::three_digits(at, true) }
    } else if scope.fine && !few {
        literal::three_digits(near + (next - near) * rng.below(500) as f64 / 500.0, field.whole())
    } else {
        literal::round_near(at, apart(field), field.whole())
    };
    // nobody asks for what is less than a coin
    let small = field.traits.money && value.abs() < 1.0 && high > 1.0;
    (value > low && value < high && !small).then_some(value)
}

pub(super) fn year(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Condition> {
    let field = scope.field(place);
    let noun = scope.bare(place);
    let value = *field.numbers.get(rng.between(2, 10))? as i64;
    let (low, high) = (*field.numbers.first()? as i64, *field.numbers.last()? as i64);
    if low == high {
        return None;
    }
    let kinds = [50, if value > low { 25 } else { 0 }, if value < high { 25 } else { 0 }];
    let (op, word) = match rng.weighted(&kinds) {
        0 => ("=", ""),
        1 => ("<", "before "),
        _ => (">", "after "),
    };
    Some(Condition {
        sql: vec![fill(&format!("{{}} {op} {{}}"), vec![scope.column(place), text(value.to_string())])],
        with: Some(format!("{} {}{value}", article(&noun), if op == "=" { "of " } else { word })),
        whose: Some(format!("{noun} is {word}{value}")),
        terse: Some(format!("{noun} {word}{value}")),
        post: (place.node == 0 && matches!(noun.as_str(), "year of birth" | "birth year")).then(|| {
            let when = if op == "=" { "in " } else { word };
            format!("born {when}{value}")
        }),
        ..Condition::default()
    })
}
