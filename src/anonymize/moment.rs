//! Dates and times as ISO text: another day of the same weekday within the column's span, another time of day.

use super::key::Domain;
use super::permute::{self, Range};

/// Days since 1970-01-01 (Howard Hinnant's civil calendar).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z - era * 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The day of a text that begins with YYYY-MM-DD, and what follows.
fn split_day(text: &str) -> Option<(i64, &str)> {
    let date = text.get(..10)?;
    let b = date.as_bytes();
    let good = b.iter().enumerate().all(|(i, c)| if i == 4 || i == 7 { *c == b'-' } else { c.is_ascii_digit() });
    let number = |a: usize, z: usize| date[a..z].parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    (good && (1..=12).contains(&month) && (1..=31).contains(&day) && !text.ends_with("BC"))
        .then(|| (days(year, month, day), &text[10..]))
}

/// Whether a text begins with a day.
pub(super) fn is_moment(text: &str) -> bool {
    split_day(text).is_some()
}

/// A moment taken apart: day, second of the day, and how it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub text: &'a str,
    pub day: i64,
    pub second: i64,
    /// Separator and time, or nothing.
    rest: &'a str,
}

impl<'a> Moment<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Moment<'a>> {
        let (day, rest) = split_day(text)?;
        let second = match rest.get(1..9) {
            Some(clock) => {
                let mut parts = clock.split(':').map(|p| p.parse::<i64>().ok());
                (parts.next()?? * 60 + parts.next()??) * 60 + parts.next()??
            }
            None if rest.is_empty() => 0,
            None => return None,
        };
        Some(Moment { text, day, second, rest })
    }

    pub(super) fn has_time(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Time and zone as they were written.
    pub(super) fn clock(&self) -> Option<&'a str> {
        self.rest.get(1..).filter(|c| !c.is_empty())
    }

    /// Another day and second, the rest as it was.
    pub(super) fn at(&self, day: i64, second: i64) -> String {
        let tail = self.rest.get(9..).unwrap_or("");
        self.with_clock(day, &format!("{:02}:{:02}:{:02}{tail}", second / 3_600, second / 60 % 60, second % 60))
    }

    pub(super) fn with_clock(&self, day: i64, clock: &str) -> String {
        let (y, m, d) = civil(day);
        match self.rest.chars().next() {
            Some(separator) => format!("{y:04}-{m:02}-{d:02}{separator}{clock}"),
            None => format!("{y:04}-{m:02}-{d:02}"),
        }
    }
}

/// Weeks that a day may move by where its column holds one day alone.
const HALF_A_YEAR: i64 = 26;

/// Another day and time; None for what is neither (infinity, years BC).
pub(super) fn fake(
    domain: &Domain,
    text: &str,
    span: Option<(&str, &str)>,
    tied: bool,
    attempt: u32,
) -> Option<String> {
    let (day, rest) = split_day(text)?;
    let span = span.and_then(|(low, high)| Some((split_day(low)?.0, split_day(high)?.0)));
    let day = other_day(domain, day, span, tied, attempt);
    let (y, m, d) = civil(day);
    let rest = match rest.chars().next() {
        Some(separator @ (' ' | 'T')) => format!("{separator}{}", time(domain, &rest[1..])?),
        Some(_) => return None,
        None => String::new(),
    };
    Some(format!("{y:04}-{m:02}-{d:02}{rest}"))
}

fn other_day(domain: &Domain, day: i64, span: Option<(i64, i64)>, tied: bool, attempt: u32) -> i64 {
    let weekday = day.rem_euclid(7);
    let week = day.div_euclid(7);
    let weeks = |low: i64, high: i64| Range {
        low: i128::from((low - weekday + 6).div_euclid(7)),
        high: i128::from((high - weekday).div_euclid(7)),
    };
    let all = match span {
        Some((low, high)) if (low..=high).contains(&day) => weeks(low, high),
        // outside of the span: a year's block on a fixed grid
        _ => {
            let block = week.div_euclid(64) * 64;
            Range { low: i128::from(block), high: i128::from(block + 63) }
        }
    };
    let few = all.high - all.low < 4;
    let all = if few && !tied {
        Range { low: all.low - i128::from(HALF_A_YEAR), high: all.high + i128::from(HALF_A_YEAR) }
    } else {
        all
    };
    if all.high > all.low {
        let n = (all.high - all.low + 1) as u128;
        let tweak = (weekday as u64) << 32 | u64::from(attempt);
        let y = permute::other(domain, tweak, n, (i128::from(week) - all.low) as u128) as i64;
        return (all.low as i64 + y) * 7 + weekday;
    }
    // a span of few days that a constraint ties: any other day of it
    match span {
        Some((low, high)) if high > low && (low..=high).contains(&day) => {
            low + permute::other(domain, 99, (high - low + 1) as u128, (day - low) as u128) as i64
        }
        _ => day,
    }
}

/// Another time of day, as exact as the original; midnight, which mostly means that there is no time, stays.
pub(super) fn time(domain: &Domain, text: &str) -> Option<String> {
    let clock = text.get(..8)?;
    let b = clock.as_bytes();
    let good = b.iter().enumerate().all(|(i, c)| if i == 2 || i == 5 { *c == b':' } else { c.is_ascii_digit() });
    if !good {
        return None;
    }
    let number = |a: usize, z: usize| clock[a..z].parse::<i128>().ok();
    let (hour, minute, second) = (number(0, 2)?, number(3, 5)?, number(6, 8)?);
    let rest = &text[8..];
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (hour, minute, second) = if second == 0 && minute == 0 && fraction.is_empty() {
        if hour == 0 || hour > 23 {
            (hour, 0, 0)
        } else {
            (permute::in_range(domain, Some(&Range { low: 1, high: 23 }), hour), 0, 0)
        }
    } else if second == 0 && fraction.is_empty() {
        // full hours stay full hours, so minutes keep clear of them: 59 minutes in each of 24 hours
        let n = permute::in_range(domain, Some(&Range { low: 0, high: 24 * 59 - 1 }), hour * 59 + minute - 1);
        (n / 59, n % 59 + 1, 0)
    } else {
        let seconds =
            permute::in_range(domain, Some(&Range { low: 0, high: 86_399 }), hour * 3_600 + minute * 60 + second);
        let seconds = if fraction.is_empty() && seconds % 60 == 0 {
            permute::in_range(domain, Some(&Range { low: 0, high: 86_399 }), seconds)
        } else {
            seconds
        };
        (seconds / 3_600, seconds / 60 % 60, seconds % 60)
    };
    let fraction = match fraction.parse::<i128>() {
        Ok(n) => {
            let top = 10i128.pow(fraction.len().min(9) as u32) - 1;
            let n = permute::in_range(domain, Some(&Range { low: 0, high: top }), n);
            format!(".{n:0>width$}", width = fraction.len())
        }
        Err(_) => String::new(),
    };
    Some(format!("{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

/// Another interval of the same units.
pub(super) fn interval(domain: &Domain, text: &str) -> Option<String> {
    let mut words = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_start_matches('-');
        let sign = &word[..word.len() - bare.len()];
        words.push(if bare.contains(':') {
            format!("{sign}{}", time(domain, bare)?)
        } else if bare.starts_with(|c: char| c.is_ascii_digit()) {
            super::number::fake(domain, word, None, false)?
        } else {
            word.to_owned()
        });
    }
    Some(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::*;
    use std::collections::HashSet;

    fn domain() -> Domain {
        Key::of_call(&[6; 32], "r", 1).domain("d")
    }

    #[test]
    fn the_calendar_is_right() {
        for (y, m, d, n) in [(1970, 1, 1, 0), (2000, 2, 29, 11_016), (2024, 12, 31, 20_088), (1900, 3, 1, -25_508)] {
            assert_eq!(days(y, m, d), n);
            assert_eq!(civil(n), (y, m, d));
        }
    }

    #[test]
    fn days_keep_their_weekday_and_the_span() {
        let span = Some(("2005-05-24", "2006-02-14"));
        let mut seen = HashSet::new();
        for n in days(2005, 5, 24)..=days(2006, 2, 14) {
            let (y, m, d) = civil(n);
            let text = format!("{y:04}-{m:02}-{d:02}");
            let fake = fake(&domain(), &text, span, false, 0).unwrap();
            let (to, _) = split_day(&fake).unwrap();
            assert_eq!(to.rem_euclid(7), n.rem_euclid(7));
            assert!(("2005-05-24"..="2006-02-14").contains(&fake.as_str()) && fake != text, "{text} {fake}");
            seen.insert(fake);
        }
        assert_eq!(seen.len(), 267);
    }

    #[test]
    fn one_day_alone_moves_and_times_keep_their_form() {
        let only = Some(("2006-02-15", "2006-02-15"));
        let fake = fake(&domain(), "2006-02-15 09:46:27.123+00", only, false, 0).unwrap();
        assert_ne!(&fake[..10], "2006-02-15");
        assert!(fake.len() == "2006-02-15 09:46:27.123+00".len() && fake.ends_with("+00"), "{fake}");
        assert_eq!(time(&domain(), "00:00:00").as_deref(), Some("00:00:00"));
        assert!(time(&domain(), "17:00:00").is_some_and(|t| t.ends_with(":00:00") && t != "17:00:00"));
        assert!(time(&domain(), "17:30:00").is_some_and(|t| t.ends_with(":00") && t != "17:30:00"));
        assert_eq!(super::fake(&domain(), "infinity", None, false, 0), None);
        assert_eq!(super::fake(&domain(), "0044-03-15 BC", None, false, 0), None);
    }
}
