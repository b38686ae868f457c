//! Figures over rows: count, sum, average and their kin, with what they are called.

use super::condition::{counts, quantity};
use super::draw::Draw;
use super::extreme::extreme_value;
use super::random::Rng;
use super::scope::{Place, Scope};
use super::tree::{Expr, aggregate, fill, text};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// A figure and its noun: "average length", to be followed by "of {rows}".
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub sql: Expr,
    /// Column alias.
    pub alias: String,
    /// "average length", "number of different ratings"; for a count of rows: "number".
    pub noun: String,
    /// Counts the rows themselves.
    pub counts: bool,
    /// A higher figure is "most", "largest", ..; for ranking.
    pub place: Option<Place>,
    pub time: bool,
}

/// count(*), named after what is counted.
pub(super) fn count(scope: &Scope) -> Figure {
    let alias = format!("{}_count", snake(&scope.subject().one));
    Figure {
        sql: aggregate("count(*)", vec![]),
        alias,
        noun: "number".to_owned(),
        counts: true,
        place: None,
        time: false,
    }
}

pub(super) fn snake(noun: &str) -> String {
    let text: String = noun
        .replace("'s", "")
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let text = text.trim_matches('_');
    let text = text.split("_in_the_").next().unwrap_or(text);
    let words: Vec<&str> = text.split('_').filter(|w| !w.is_empty()).collect();
    // the end of a long phrase says most
    words[words.len().saturating_sub(4)..].join("_")
}

/// An aggregate of the field at `place`.
pub(super) fn draw(rng: &mut Rng, scope: &Scope, place: Place) -> Option<Figure> {
    let field = scope.field(place);
    let noun = scope.noun(place);
    let column = scope.column(place);
    let make = |sql: Expr, prefix: &str, words: String| Figure {
        sql,
        alias: format!("{prefix}_{}", snake(&noun)),
        noun: words,
        counts: false,
        place: Some(place),
        time: field.role() == Role::Time,
    };
    let of = quantity(field, &noun);
    let unit = match &field.unit {
        Some(unit) if unit != "%" => format!(" in {unit}"),
        _ => String::new(),
    };
    match field.role() {
        Role::Measure if field.measurable() => {
            // what happens adds up, and so do things that are counted; prices of things do not
            let entity = scope.entity(place.node);
            let flows = entity.when.is_some() || entity.label.is_empty() || counts(field, &noun);
            let sum = if field.traits.additive && flows { 35 } else { 0 };
            // of what adds up the least hardly tells anything
            let least = if sum > 0 { 2 } else { 7 };
            Some(match rng.weighted(&[sum, 14, 26, 2 * least, least]) {
                0 => {
                    let said = of.strip_prefix("total ").unwrap_or(&of);
                    let word = if noun.starts_with("total") {
                        "overall"
                    } else {
                        rng.word(&["total", "total", "combined", "overall"])
                    };
                    make(aggregate("sum({})", vec![column]), "total", format!("{word} {said}{unit}"))
                }
                1 if field.base != "float4" && field.base != "float8" => {
                    let digits = [2, 2, 2, 1, 1, 0, 3][rng.below(7)];
                    make(
                        Expr::Mix(vec![
                            text("round("),
                            aggregate("avg({})", vec![column]),
                            text(if digits == 0 { ")".to_owned() } else { format!(", {digits})") }),
                        ]),
                        "avg",
                        format!("average {of}{unit} {}", rounded(digits)),
                    )
                }
                1 | 2 => make(
                    aggregate("avg({})", vec![column]),
                    "avg",
                    format!(
                        "{} {of}{unit}",
                        if noun.starts_with("average ") { "mean" } else { rng.word(&["average", "average", "mean"]) }
                    ),
                ),
                3 => make(
                    aggregate("max({})", vec![column]),
                    "max",
                    format!("{}{unit}", extreme_value(rng, &noun, true)),
                ),
                _ => make(
                    aggregate("min({})", vec![column]),
                    "min",
                    format!("{}{unit}", extreme_value(rng, &noun, false)),
                ),
            })
        }
        Role::Time if !field.traits.personal => {
            // "the first rental date of rentals": their first date
            let noun = match noun.strip_prefix(&format!("{} ", scope.subject().one)) {
                Some(rest) if place.node == 0 => rest.to_owned(),
                _ => noun.clone(),
            };
            Some(if rng.chance(50) {
                make(
                    aggregate("max({})", vec![column]),
                    "latest",
                    format!(
                        "{} {noun}",
                        if noun.starts_with("last ") { "most recent" } else { rng.word(&["latest", "most recent"]) }
                    ),
                )
            } else {
                make(
                    aggregate("min({})", vec![column]),
                    "earliest",
                    format!(
                        "{} {noun}",
                        if noun.starts_with("first ") { "earliest" } else { rng.word(&["earliest", "first"]) }
                    ),
                )
            })
        }
        Role::Dimension | Role::Name | Role::Code | Role::Year
            if field.distinct != 1
                && field.length > 1.0
                && !field.traits.personal
                && !field.name.to_lowercase().starts_with("is_") =>
        {
            Some(distinct(rng, column, &noun, place))
        }
        Role::Key => key_figure(rng, scope, place, &noun, column),
        _ => None,
    }
}

fn distinct(rng: &mut Rng, column: Expr, noun: &str, place: Place) -> Figure {
    let many = grammar::plural(noun);
    Figure {
        sql: aggregate("count(DISTINCT {})", vec![column]),
        alias: format!("distinct_{}", snake(&many)),
        noun: match rng.below(8) {
            0..=3 => format!("number of distinct {many}"),
            _ => format!("number of different {many}"),
        },
        counts: false,
        place: Some(place),
        time: false,
    }
}

/// A reference counts the things referred to.
fn key_figure(rng: &mut Rng, scope: &Scope, place: Place, noun: &str, column: Expr) -> Option<Figure> {
    let entity = scope.entity(place.node);
    let field = scope.field(place);
    let own = entity.key.len() == 1 && entity.key[0] == field.name;
    let joined = scope.nodes.iter().any(|n| {
        n.via.is_some_and(|(from, edge, up)| {
            from == 0 && up && scope.world.graph.edges[edge].child_columns.contains(&field.name)
        })
    });
    let repeated = entity.rows == 0 || field.distinct > 2 && field.distinct * 10 < entity.rows * 7;
    if own || joined || place.node != 0 || !repeated || noun.len() < 4 {
        return None;
    }
    // what has no name, or is a term of a large list, is not what one counts kinds of
    let edge = super::reference::reference(scope.world, scope.nodes[place.node].entity, &field.name)?;
    let parent = scope.world.graph.edges[edge].parent;
    if parent == scope.nodes[place.node].entity
        || scope.world.entities[parent].label.is_empty()
        || super::sense::hub(scope.world, parent)
    {
        return None;
    }
    // how many of a handful there are is known
    if (1..15).contains(&scope.world.entities[parent].rows) {
        return None;
    }
    let noun = noun.strip_suffix(" ID").unwrap_or(noun);
    Some(distinct(rng, column, noun, place))
}

/// How rounding is said.
pub(super) fn rounded(digits: usize) -> &'static str {
    ["rounded to a whole number", "rounded to one decimal", "rounded to two decimals", "rounded to three decimals"]
        [digits.min(3)]
}

/// "the number of films and their average length", "the average length and the total cost of films".
pub(super) fn figures_of(draw: &mut Draw, figures: &[Figure], rows: &str) -> String {
    let the: Vec<String> = figures.iter().map(|f| format!("the {}", f.noun)).collect();
    let subject = draw.scope.subject();
    let short = !subject.one.contains(" in the ") && !subject.one.contains(" of ");
    match figures {
        [first, ..] if first.counts => {
            let parts: Vec<String> = std::iter::once(format!("the number of {rows}"))
                .chain(figures[1..].iter().map(|f| theirs(&draw.scope, f, rows)))
                .collect();
            grammar::and_list(&parts)
        }
        // some figures have the rows in their middle
        [only] if only.noun.contains("{rows}") => {
            let clause = super::phrase::has_clause(rows);
            let and = |said: String, link: &str| {
                if clause { said.replace(&format!("{{rows}} {link}"), &format!("{{rows}} and {link}")) } else { said }
            };
            let said = ["that ", "for which ", "with a"].iter().fold(only.noun.clone(), |said, link| and(said, link));
            let said = said.replace("{rows}", rows);
            format!("the {said}")
        }
        // "the earliest and latest rental date", in the order that they are given in
        [one, two]
            if one.time
                && two.time
                && let Some(both) = ends(one, two) =>
        {
            format!("the {both} of {rows}")
        }
        // "the latest rental date": of what, goes without saying
        [only] if rows == subject.many && only.noun.contains(&format!(" {} ", subject.one)) => the[0].clone(),
        // "the date of the earliest payment of less than 2"
        [only]
            if only.time
                && rows.contains(&subject.many)
                && let Some(first) = dated(&only.noun, &subject.one) =>
        {
            format!("the date of the {first} {}", super::phrase::single(rows, &subject.many, &subject.one))
        }
        // "the highest total of invoices" might be one of their totals, or the most of them
        [only]
            if rows == subject.many
                && short
                && (money(&only.noun) || only.noun.ends_with(" paid") || draw.rng.chance(50)) =>
        {
            compound(&only.noun, &subject.one).unwrap_or_else(|| format!("{} of {rows}", the[0]))
        }
        // three "of" in a row are out of breath
        [only] if only.noun.matches(" of ").count() > 1 => format!("{} across {rows}", the[0]),
        _ => format!("{} of {rows}", grammar::and_list(&the)),
    }
}

/// "earliest and latest return date" of the two, where they are of one time.
fn ends(one: &Figure, two: &Figure) -> Option<String> {
    let end = |f: &Figure| if f.alias.starts_with("latest") { "latest" } else { "earliest" };
    let bare = |noun: &str| {
        let word = ["most recent ", "latest ", "earliest ", "first "].iter().find_map(|w| noun.strip_prefix(w));
        word.map(str::to_owned)
    };
    let (noun, other) = (bare(&one.noun)?, bare(&two.noun)?);
    (noun == other && end(one) != end(two)).then(|| format!("{} and {} {noun}", end(one), end(two)))
}

/// "earliest" of the "earliest payment date" of payments.
fn dated<'a>(noun: &'a str, one: &str) -> Option<&'a str> {
    noun.strip_suffix(&format!(" {one} date")).filter(|first| !first.contains(' '))
}

/// Whether a figure is an end of amounts.
fn money(noun: &str) -> bool {
    let end =
        ["highest ", "lowest ", "maximum ", "minimum ", "largest ", "smallest "].iter().any(|w| noun.starts_with(w));
    end && ["total", "amount"].iter().any(|w| noun.ends_with(w))
}

/// "the average film length" for that of films; none where another noun leads already.
fn compound(noun: &str, one: &str) -> Option<String> {
    let (first, rest) = noun.split_once(' ')?;
    let measured = matches!(
        first,
        "average"
            | "mean"
            | "total"
            | "combined"
            | "highest"
            | "lowest"
            | "longest"
            | "shortest"
            | "latest"
            | "earliest"
            | "maximum"
            | "minimum"
    );
    let plain = rest.split(" rounded ").next()?.split(' ').all(|w| !matches!(w, "of" | "in" | "number" | "to" | "the"));
    let own = rest.split(' ').next() == one.split(' ').next_back();
    // "the total amount paid" of payments
    if measured && one == "payment" && rest.ends_with(" paid") {
        return Some(format!("the {first} {rest}"));
    }
    (measured && plain && !own && one.split(' ').count() < 3 && rest.split(' ').count() < 7)
        .then(|| format!("the {first} {one} {rest}"))
}

/// "their average length", "the number of different ratings"; "the average unit price of these order lines" where other
/// things that are spoken of have a unit price too.
pub(super) fn theirs(scope: &Scope, figure: &Figure, rows: &str) -> String {
    let whole = ["number ", "unique ", "distinct "].iter().any(|w| figure.noun.starts_with(w));
    if let Some(place) = figure.place.filter(|p| p.node == 0) {
        let stem = &scope.field(place).stem;
        let rival = |n: usize| {
            let e = scope.entity(n);
            rows.contains(&e.many) && e.fields.iter().any(|f| f.stem == *stem)
        };
        if (1..scope.nodes.len()).any(rival) {
            return format!("the {} of these {}", figure.noun, scope.subject().many);
        }
    }
    format!("{} {}", if whole { "the" } else { "their" }, figure.noun)
}

/// The figure as a name in HAVING or ORDER BY wording: "the number of films", "the average length".
pub(super) fn named(figure: &Figure, many: &str) -> String {
    if figure.counts {
        format!("number of {many}")
    } else {
        figure.noun.split(" rounded to ").next().unwrap_or_default().to_owned()
    }
}

/// The whole as an expression for HAVING and ORDER BY: rounding is for showing only.
pub(super) fn unrounded(figure: &Figure) -> Expr {
    match &figure.sql {
        Expr::Mix(parts) if parts.len() == 3 && parts[0] == text("round(") => parts[1].clone(),
        other => fill("{}", vec![other.clone()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_time_are_told_as_one() {
        let figure = |alias: &str, noun: &str| Figure {
            sql: text("now()"),
            alias: alias.to_owned(),
            noun: noun.to_owned(),
            counts: false,
            place: None,
            time: true,
        };
        let (first, last) = (
            figure("earliest_return_date", "first return date"),
            figure("latest_return_date", "most recent return date"),
        );
        assert_eq!(ends(&first, &last).as_deref(), Some("earliest and latest return date"));
        assert_eq!(ends(&last, &first).as_deref(), Some("latest and earliest return date"));
        assert_eq!(ends(&first, &figure("latest_rental_date", "latest rental date")), None);
    }
}
