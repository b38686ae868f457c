//! The spans that a time is put into: as long as what happened allows.

use super::draw::Draw;
use super::group::Key;
use super::scope::Place;
use super::world::Field;

/// The span to bucket a time by, from the time its values cover.
pub(super) fn span(field: &Field) -> Option<&'static str> {
    let (low, high) = match (field.days.first(), field.days.last()) {
        (Some(low), Some(high)) => (low.number(), high.number()),
        _ => return None,
    };
    match high - low {
        0..=3 => None,
        4..=25 => Some("day"),
        26..=100 => Some("week"),
        101..=1200 => Some("month"),
        1201..=2500 => Some("quarter"),
        _ => Some("year"),
    }
}

/// Whether spans of time hold hardly a row each; of none nothing is known.
pub(super) fn sparse(rows: u64, field: &Field, unit: &str) -> bool {
    let days = field.days.first().zip(field.days.last()).map_or(0, |(low, high)| high.number() - low.number());
    rows > 0 && rows as i64 * length(unit) < 2 * days
}

/// The note that the month before is the one listed before, where a month may have no row.
pub(super) fn listed(draw: &Draw, key: &Key, unit: &str) -> String {
    if gaps(draw, key, unit) { format!(" (going by the {unit}s listed)") } else { String::new() }
}

fn gaps(draw: &Draw, key: &Key, unit: &str) -> bool {
    let rows = draw.scope.subject().rows as f64 * draw.passing;
    let field = |p: &Place| draw.scope.field(*p);
    draw.schema_only || key.places.iter().map(field).any(|f| sparse((rows / 5.0) as u64, f, unit) || holes(f, unit))
}

/// Whether there are months in which nothing happened, as between two terms.
pub(super) fn holes(field: &Field, unit: &str) -> bool {
    let mut apart: Vec<i64> = field.days.windows(2).map(|w| w[1].number() - w[0].number()).collect();
    apart.sort_unstable();
    apart.last().is_some_and(|most| *most > 2 * length(unit) && *most > 3 * apart[apart.len() / 2])
}

/// Spans of time and about how many days they have.
const UNITS: [(&str, i64); 5] = [("day", 1), ("week", 7), ("month", 30), ("quarter", 91), ("year", 365)];

/// About how many days a span of that name has.
fn length(unit: &str) -> i64 {
    UNITS.iter().find(|(name, _)| *name == unit).map_or(365, |(_, days)| *days)
}

/// The next longer span.
pub(super) fn coarser(unit: &str) -> Option<&'static str> {
    let at = UNITS.iter().position(|(name, _)| *name == unit)?;
    UNITS.get(at + 1).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::literal::Day;

    #[test]
    fn a_span_of_hardly_a_row_is_put_into_a_longer_one() {
        let day = |year| Day { year, month: 1, day: 1 };
        let field = Field { days: vec![day(2020), day(2023)], ..Field::default() };
        assert!(sparse(8, &field, "month") && !sparse(8, &field, "year"));
        assert!(!sparse(100, &field, "month") && sparse(100, &field, "week"));
        assert!(!sparse(0, &field, "day"), "of none nothing is known");
        let days = [0, 90, 100, 110, 120].map(|after| day(2022).add_days(after)).to_vec();
        let field = Field { days, ..Field::default() };
        assert!(holes(&field, "month") && !holes(&field, "quarter"));
        assert_eq!((coarser("month"), coarser("year")), (Some("quarter"), None));
    }
}
