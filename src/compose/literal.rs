//! Constants: chosen round, printed as SQL, said as a person says them.

use super::polish;
use crate::schema::model::quote_literal;

/// A calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day {
    pub year: i32,
    pub month: u32,
    pub day: u32,
}

pub(super) const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
];

impl Day {
    /// From the ISO text of a date or timestamp; none for infinity and years before Christ.
    pub(super) fn parse(text: &str) -> Option<Day> {
        if text.ends_with("BC") {
            return None;
        }
        let mut parts = text.get(..10)?.split('-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next()?.parse().ok()?;
        let day = parts.next()?.parse().ok()?;
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Day { year, month, day })
    }

    pub(super) fn sql(self) -> String {
        format!("'{:04}-{:02}-{:02}'", self.year, self.month, self.day)
    }

    /// "1 March 2024".
    pub(super) fn words(self) -> String {
        format!("{} {} {}", self.day, MONTHS[(self.month as usize - 1).min(11)], self.year)
    }

    /// "March 2024".
    pub(super) fn month_words(self) -> String {
        format!("{} {}", MONTHS[(self.month as usize - 1).min(11)], self.year)
    }

    pub(super) fn month_start(self) -> Day {
        Day { day: 1, ..self }
    }

    pub(super) fn year_start(self) -> Day {
        Day { month: 1, day: 1, ..self }
    }

    /// The first day `n` months after this month's first.
    pub(super) fn add_months(self, n: i32) -> Day {
        let months = self.year * 12 + self.month as i32 - 1 + n;
        Day { year: months.div_euclid(12), month: months.rem_euclid(12) as u32 + 1, day: 1 }
    }

    /// So many days later.
    pub(super) fn add_days(self, days: i64) -> Day {
        let (mut month, mut left) = (self.month_start(), i64::from(self.day) - 1 + days);
        loop {
            let next = month.add_months(1);
            let length = next.number() - month.number();
            if left < length {
                return Day { day: left as u32 + 1, ..month };
            }
            (month, left) = (next, left - length);
        }
    }

    /// The day before a month's first.
    pub(super) fn day_before(self) -> Day {
        let before = self.add_months(-1);
        let days = self.month_start().number() - before.number();
        Day { day: days as u32, ..before }
    }

    /// Days since an arbitrary origin.
    pub(super) fn number(self) -> i64 {
        let (y, m) = (i64::from(self.year) - i64::from(self.month <= 2), i64::from(self.month));
        let shifted = (m + 9) % 12;
        365 * y + y.div_euclid(4) - y.div_euclid(100)
            + y.div_euclid(400)
            + (shifted * 153 + 2) / 5
            + i64::from(self.day)
            - 1
    }
}

/// A number as SQL prints it.
pub(super) fn number_sql(value: f64) -> String {
    let rounded = (value * 10_000.0).round() / 10_000.0;
    if rounded == rounded.trunc() && rounded.abs() < 1e15 {
        format!("{}", rounded as i64)
    } else {
        format!("{rounded}")
    }
}

/// A bound on a column of that type: a float4 is not what its digits say, and is held against one.
pub(super) fn bound_sql(value: f64, base: &str) -> String {
    let plain = number_sql(value);
    if base == "float4" && plain.contains('.') { format!("{plain}::real") } else { plain }
}

/// A number as people write it: thousands set apart, money with two places.
pub(super) fn number_words(value: f64, money: bool) -> String {
    let plain = number_sql(value);
    let (whole, part) = plain.split_once('.').map_or((plain.as_str(), ""), |(w, p)| (w, p));
    let negative = whole.starts_with('-');
    let digits = whole.trim_start_matches('-');
    let mut grouped = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 && digits.len() > 4 {
            grouped.push(',');
        }
        grouped.push(c);
    }
    let part = if money && part.len() == 1 { format!("{part}0") } else { part.to_owned() };
    let sign = if negative { "-" } else { "" };
    if part.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{part}") }
}

/// Rounds to what people name, so that a threshold gives no value away and reads like a choice: 5, 10, 15, .. 95, 100,
/// 150, ..; whole numbers stay whole.
pub(super) fn round_number(value: f64, whole: bool) -> f64 {
    round_near(value, f64::INFINITY, whole)
}

/// The same where values lie `apart`: as coarse as a fifth of it, if that is coarser.
pub(super) fn round_near(value: f64, apart: f64, whole: bool) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let own = 10f64.powf(value.abs().log10().floor()) / 2.0;
    let step = if apart.is_finite() && apart > 0.0 { own.min(round_step(apart / 5.0)) } else { own };
    let step = if whole { step.max(1.0) } else { step };
    let rounded = (value / step).round() * step;
    if whole { rounded.round() } else { (rounded * 10_000.0).round() / 10_000.0 }
}

/// A number of at most three digits before its zeros.
pub(super) fn three_digits(value: f64, whole: bool) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let step = 10f64.powf(value.abs().log10().floor() - 2.0);
    let rounded = (value / step).round() * step;
    if whole { rounded.round() } else { (rounded * 10_000.0).round() / 10_000.0 }
}

/// 1, 2 or 5 with zeros: the nearest of them.
pub(super) fn round_step(step: f64) -> f64 {
    let unit = 10f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().min_by(|a: &f64, b: &f64| {
        let off = |f: &f64| (step / unit / f).ln().abs();
        off(a).total_cmp(&off(b))
    });
    factor.unwrap_or(1.0) * unit
}

/// A text value in SQL.
pub(super) fn text_sql(value: &str) -> String {
    quote_literal(value)
}

/// A text value in a sentence: quoted where it would be misread, else as it stands.
pub(super) fn text_words(value: &str, quoted: bool) -> String {
    // a label such as office_visit is two words to a person
    let label = value.contains('_') && value.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if label && !value.starts_with('_') && !value.ends_with('_') {
        let said = value.replace('_', " ");
        return if polish::touches(&said) || moved(&said) { format!("\"{said}\"") } else { said };
    }
    let odd = value.is_empty()
        || value.chars().next().is_some_and(|c| c.is_lowercase() || !c.is_alphanumeric())
        || value.contains([',', ';', '(', ')', '_', '/', '=', ':', '?', '!', '.'])
        || value.split(' ').count() > 4
        || moved(value)
        || value.starts_with(' ')
        || value.ends_with(' ');
    if odd || quoted || polish::touches(value) { format!("\"{value}\"") } else { value.to_owned() }
}

/// Words in a value that a style would leave out, or take for the beginning of the groups.
fn moved(value: &str) -> bool {
    [" the ", " a ", " an ", " per ", " for each ", " for every "].iter().any(|word| value.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_words_of_the_question_is_quoted() {
        for (value, said) in [
            ("Behind the Scenes", "\"Behind the Scenes\""),
            ("Miles per Hour", "\"Miles per Hour\""),
            ("miles_per_hour", "\"miles per hour\""),
            ("Trailers", "Trailers"),
        ] {
            assert_eq!(text_words(value, false), said);
        }
    }

    #[test]
    fn days_parse_print_and_move() {
        let day = Day::parse("2005-07-31 11:00:00+00").unwrap();
        assert_eq!(day.words(), "31 July 2005");
        assert_eq!(day.month_start().sql(), "'2005-07-01'");
        assert_eq!(day.add_months(6).sql(), "'2006-01-01'");
        assert_eq!(day.add_months(-7).sql(), "'2004-12-01'");
        assert_eq!(Day::parse("2005-03-01").unwrap().number() - Day::parse("2005-02-01").unwrap().number(), 28);
        assert_eq!(Day::parse("2005-03-01").unwrap().day_before().sql(), "'2005-02-28'");
        assert_eq!(Day::parse("infinity"), None);
    }

    #[test]
    fn numbers_are_rounded_and_grouped() {
        assert_eq!(round_number(4.99, false), 5.0);
        assert_eq!(round_number(1234.0, true), 1000.0);
        assert_eq!(round_number(43.0, true), 45.0);
        assert_eq!(round_number(0.0734, false), 0.075);
        assert_eq!(round_near(117.0, 112.0, true), 120.0);
        assert_eq!(round_near(38.2, 2.0, false), 38.0);
        assert_eq!(number_words(1234567.5, true), "1,234,567.50");
        assert_eq!(number_words(2500.0, false), "2500");
        assert_eq!(number_sql(0.1), "0.1");
    }

    #[test]
    fn days_go_on_over_the_ends_of_months() {
        let day = |year, month, day| Day { year, month, day };
        for (from, days, to) in [
            (day(2005, 6, 14), 0, day(2005, 6, 14)),
            (day(2005, 6, 14), 16, day(2005, 6, 30)),
            (day(2005, 6, 14), 17, day(2005, 7, 1)),
            (day(2004, 2, 28), 1, day(2004, 2, 29)),
            (day(2005, 12, 31), 60, day(2006, 3, 1)),
        ] {
            assert_eq!(from.add_days(days), to, "{from:?} + {days}");
            assert_eq!(to.number() - from.number(), days);
        }
    }

    #[test]
    fn a_bound_is_of_the_columns_type_where_digits_mislead() {
        assert_eq!(bound_sql(0.05, "float4"), "0.05::real");
        assert_eq!(bound_sql(20.0, "float4"), "20");
        assert_eq!(bound_sql(0.05, "numeric"), "0.05");
    }

    #[test]
    fn fine_bounds_have_three_digits() {
        assert_eq!(three_digits(4.3678, false), 4.37);
        assert_eq!(three_digits(6_523_417.0, true), 6_520_000.0);
        assert_eq!(three_digits(87.43, true), 87.0);
        assert_eq!(three_digits(0.0, false), 0.0);
    }

    #[test]
    fn odd_texts_are_quoted() {
        assert_eq!(text_words("PG-13", false), "PG-13");
        assert_eq!(text_words("environment", false), "\"environment\"");
        assert_eq!(text_words("office_visit", false), "office visit");
        assert_eq!(text_words("Elm Street Clinic", false), "Elm Street Clinic");
        assert_eq!(text_words("Missing invoice", false), "\"Missing invoice\"", "no bill is meant");
        assert_eq!(text_words("open_invoice", false), "\"open invoice\"");
        assert_eq!(text_sql("O'Neil"), "'O''Neil'");
    }
}
