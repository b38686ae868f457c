//! Figures over rows: count, sum, average and their kin, with what they are called.

use super::condition::{counts, quantity};
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
            // nor does an end that many share
            let rows = entity.rows;
            let single = |sharing: u64| usize::from(rows == 0 || sharing * 10 <= rows);
            let (least, most) = (least * single(field.ends.0), 2 * least * single(field.ends.1));
            Some(match rng.weighted(&[sum, 14, 26, most, least]) {
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
                    // of small numbers the whole part says little
                    let digits = match super::bound::apart(field) {
                        _ if rows == 0 => [2, 2, 2, 1, 1, 0][rng.below(6)],
                        ..1.0 => 2,
                        ..20.0 => [2, 2, 2, 1, 1][rng.below(5)],
                        // nor does a hundredth of a byte
                        10_000.0.. => 0,
                        _ => [2, 2, 2, 1, 1, 0][rng.below(6)],
                    };
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
            let kind = super::group::kind(scope, place);
            Some(distinct(rng, column, kind.as_ref().unwrap_or(&noun), place))
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

/// The whole as an expression for HAVING and ORDER BY: rounding is for showing only.
pub(super) fn unrounded(figure: &Figure) -> Expr {
    match &figure.sql {
        Expr::Mix(parts) if parts.len() == 3 && parts[0] == text("round(") => parts[1].clone(),
        other => fill("{}", vec![other.clone()]),
    }
}
