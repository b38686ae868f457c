//! What groups have to have: a number of rows, or a figure.

use super::aggregate::Figure;
use super::bound;
use super::condition::Condition;
use super::draw::Draw;
use super::group::Key;
use super::literal;
use super::tree::{Expr, aggregate, fill, text};
use crate::schema::grammar;
use crate::schema::roles::Role;

/// HAVING, with its wording after the groups' noun: "more than 60 films".
pub(super) struct Having {
    pub sql: Expr,
    pub words: String,
}

/// "an average length above 120", "a total amount of over 500": now and then, over groups of some size.
fn by_figure(draw: &mut Draw, keys: &[Key], shown: Option<&Figure>) -> Option<Having> {
    let groups = keys.iter().map(|k| k.size.max(1)).product::<u64>();
    let rows = draw.scope.subject().rows;
    if draw.schema_only || groups * 4 > rows || keys.iter().any(|k| k.time) || !draw.rng.chance(60) {
        return None;
    }
    let place = shown?.place.filter(|&p| {
        let field = draw.scope.field(p);
        p.node == 0 && field.measurable() && field.numbers.len() >= 13 && field.distinct > 5
    })?;
    let field = draw.scope.field(place);
    let noun = draw.scope.bare(place);
    let at = draw.rng.between(5, 6);
    let middle = *field.numbers.get(at)?;
    if super::condition::counts(field, &noun) {
        return None;
    }
    let (more, column) = (draw.rng.chance(70), draw.scope.column(place));
    let op = if more { ">" } else { "<" };
    let (call, bound, said) = if shown?.alias.starts_with("total_") {
        let bound = literal::round_number(middle * (rows / groups) as f64, true);
        (
            aggregate("sum({})", vec![column]),
            bound,
            if more { "a total {} of more than" } else { "a total {} of less than" },
        )
    } else {
        let bound = literal::round_near(middle, bound::apart(field), field.whole());
        (aggregate("avg({})", vec![column]), bound, if more { "an average {} above" } else { "an average {} below" })
    };
    if bound <= field.numbers[0] {
        return None;
    }
    let noun = noun.strip_prefix("total ").unwrap_or(&noun);
    let sql = fill(&format!("{{}} {op} {{}}"), vec![call, text(literal::number_sql(bound))]);
    let words = format!("{} {}", said.replace("{}", noun), literal::number_words(bound, field.traits.money));
    Some(Having { sql, words })
}

/// Tens of many, fives of some: no one asks for more than 13 or 82 of a kind.
pub(super) fn round_count(n: f64) -> f64 {
    let step = match n {
        ..8.0 => 1.0,
        ..25.0 => 5.0,
        ..100.0 => 10.0,
        _ => 1.0,
    };
    literal::round_number(((n / step).round() * step).max(1.0), true)
}

/// What the groups have to have; `figures` are those that are shown.
pub(super) fn having(
    draw: &mut Draw,
    keys: &[Key],
    rows_many: &str,
    conditions: &[Condition],
    figures: &[Figure],
) -> Option<Having> {
    // months are compared, and not picked by how much was in them
    if keys.iter().any(|k| k.time) {
        return None;
    }
    // two bounds that have nothing to do with each other
    if conditions.iter().flat_map(|c| &c.places).any(|&p| draw.scope.field(p).role() == Role::Measure) {
        return None;
    }
    if keys.iter().any(|k| k.places.iter().any(|&p| draw.scope.field(p).role() == Role::Flag)) {
        return None;
    }
    let groups: u64 = keys.iter().map(|k| k.size.max(if k.time { 12 } else { 1 })).product::<u64>().max(1);
    // across a bridge each of its rows counts
    let bridge = draw.fan.and_then(|far| draw.scope.nodes[far].via).map(|(bridge, ..)| draw.scope.entity(bridge));
    let rows = bridge.unwrap_or(draw.scope.subject()).rows;
    let share: f64 = conditions.iter().map(Condition::passing).product();
    let mean = rows as f64 * share / groups as f64;
    if mean < 1.3 && !draw.schema_only {
        return None;
    }
    // a few large groups are much alike
    if groups < 6 && !draw.schema_only {
        return None;
    }
    let factors: &[f64] = if groups < 12 { &[0.75, 1.0, 1.2] } else { &[0.5, 0.75, 1.0, 1.2, 1.5] };
    let factor = factors[draw.rng.below(factors.len())];
    let n = if draw.schema_only { draw.rng.between(2, 20) as f64 } else { round_count(mean * factor) };
    let n = n.max(1.0);
    let said = literal::number_words(n, false);
    let number = literal::number_sql(n);
    let rows_word = |n: f64| if n == 1.0 { grammar::singular(rows_many) } else { rows_many.to_owned() };
    // of rows that meet a condition the average would have to be told from that of all
    if conditions.is_empty()
        && let Some(found) = by_figure(draw, keys, figures.iter().find(|f| f.place.is_some()))
    {
        return Some(found);
    }
    // groups of none are not there: which have the fewest cannot be told
    let gaps = keys.iter().any(|k| k.has_gaps(!conditions.is_empty()));
    let such = if conditions.is_empty() { "" } else { "such " };
    let (op, words) =
        match draw.rng.weighted(&[35, if n < 2.0 { 0 } else { 35 }, if n > 2.0 && !gaps { 20 } else { 0 }]) {
            0 => (">", format!("more than {said} {such}{}", rows_word(n))),
            1 => (">=", format!("at least {said} {such}{}", rows_word(n))),
            _ => ("<", format!("fewer than {said} {such}{rows_many}")),
        };
    let sql = fill(&format!("{{}} {op} {{}}"), vec![aggregate("count(*)", vec![]), text(number)]);
    Some(Having { sql, words })
}

#[cfg(test)]
mod tests {
    use super::round_count;

    #[test]
    fn bounds_on_counts_are_those_that_people_name() {
        for (mean, said) in [(0.4, 1.0), (3.2, 3.0), (13.0, 15.0), (82.0, 80.0), (24.0, 25.0), (1234.0, 1000.0)] {
            assert_eq!(round_count(mean), said, "{mean}");
        }
    }
}
