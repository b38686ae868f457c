//! Figures in words: "the average length of films", "the number of films and their average length".

use super::aggregate::Figure;
use super::draw::Draw;
use super::reference::{edge_noun, reference};
use super::say::Extra;
use super::scope::{Place, Scope};
use crate::schema::grammar;

/// Takes the rounding of a lone figure out of its noun: it is said when all else is.
pub(super) fn rounding(figures: &mut [Figure]) -> Option<Extra> {
    let [Figure { noun, .. }] = figures else { return None };
    let (what, to) = noun.split_once(" rounded to ")?;
    let extra = Extra::new(format!(", rounded to {to}"), format!("Round it to {to}"));
    *noun = what.to_owned();
    Some(extra)
}

/// What is sorted by is said where "highest first" might mean the highest group.
pub(super) fn largest_first(figure: &Figure) -> Extra {
    let which = if figure.counts { "number" } else { "figure" };
    Extra::new(format!(", sorted by that {which}, highest first"), format!("Sort by the {which}, highest first"))
}

/// "the number of films and their average length", "the average length and the total cost of films".
pub(super) fn of_rows(draw: &mut Draw, figures: &[Figure], rows: &str) -> String {
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
        // customers have rentals, and are none of theirs
        [only] if only.place.is_some_and(|p| refers(&draw.scope, p)) => format!("{} with {rows}", the[0]),
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

/// Whether a field leads to things that are called as they are elsewhere: main diagnoses are those of visits.
fn refers(scope: &Scope, place: Place) -> bool {
    let entity = scope.nodes[place.node].entity;
    let Some(edge) = reference(scope.world, entity, &scope.field(place).name) else { return false };
    edge_noun(scope.world, edge) == scope.world.entities[scope.world.graph.edges[edge].parent].one
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
    // "the lowest plan monthly premium" is a heap of nouns
    let short = !one.contains(' ') && !rest.split(" rounded ").next()?.contains(' ');
    (measured && plain && !own && short).then(|| format!("the {first} {one} {rest}"))
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

#[cfg(test)]
mod tests {
    use super::super::tree::text;
    use super::*;

    #[test]
    fn rounding_is_said_last_and_nouns_are_not_heaped() {
        let price = |noun: &str| Figure {
            sql: text("now()"),
            alias: "avg_price".to_owned(),
            noun: noun.to_owned(),
            counts: false,
            place: None,
            time: false,
        };
        let mut one = [price("average number of beds rounded to two decimals")];
        assert_eq!(rounding(&mut one).map(|e| e.inline).as_deref(), Some(", rounded to two decimals"));
        assert_eq!(one[0].noun, "average number of beds");
        assert!(rounding(&mut one).is_none());
        assert_eq!(compound("lowest premium", "plan").as_deref(), Some("the lowest plan premium"));
        assert_eq!(compound("lowest monthly premium", "plan"), None);
    }

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
