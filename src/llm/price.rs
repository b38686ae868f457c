//! What a call costs and how much is set aside for it before it starts. Money is counted in whole picodollars, so
//! that sums are exact and a budget cannot be passed by rounding.

use super::wire::Usage;
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// 10^-12 USD. A price of 0.15 USD per million tokens is 150,000 of them a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Usd(i128);

const UNIT: i128 = 1_000_000_000_000;

impl Usd {
    pub const ZERO: Usd = Usd(0);

    /// Reads a plain decimal number, such as PostgreSQL's `numeric` prints; digits beyond the twelfth round up.
    pub fn parse(text: &str) -> Option<Usd> {
        let text = text.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) || whole.len() > 18 {
            return None;
        }
        let mut amount = whole.parse::<i128>().unwrap_or(0) * UNIT;
        let kept = &fraction[..fraction.len().min(12)];
        amount += format!("{kept:0<12}").parse::<i128>().ok()?;
        let more = fraction.len() > 12 && fraction[12..].bytes().any(|b| b != b'0');
        Some(Usd(amount + i128::from(more)))
    }

    fn times(self, count: u64) -> Usd {
        Usd(self.0.saturating_mul(i128::from(count)))
    }
}

impl Add for Usd {
    type Output = Usd;
    fn add(self, other: Usd) -> Usd {
        Usd(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Usd) {
        *self = *self + other;
    }
}

impl Sub for Usd {
    type Output = Usd;
    fn sub(self, other: Usd) -> Usd {
        Usd(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Usd {
    /// As `numeric` reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.abs() / UNIT, self.0.abs() % UNIT);
        let text = format!("{sign}{whole}.{rest:012}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// USD a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    pub input: Usd,
    pub cached: Usd,
    pub output: Usd,
}

impl Price {
    /// From USD per million tokens, as price lists have it. An unknown price of cached input is the full one.
    pub fn per_million(input: &str, cached: Option<&str>, output: &str) -> Option<Price> {
        let token = |text: &str| Usd::parse(text).map(|usd| Usd((usd.0 + 999_999) / 1_000_000));
        let input = token(input)?;
        let cached = cached.map_or(Some(input), token)?;
        Some(Price { input, cached, output: token(output)? })
    }

    /// The most that a call can cost: no tokeniser makes more tokens than bytes, and every call names its limit.
    pub fn reserve(&self, prompt_bytes: usize, max_tokens: u32) -> Usd {
        self.input.times(prompt_bytes as u64) + self.output.times(u64::from(max_tokens))
    }

    /// What a call cost; none where the server did not count.
    pub fn cost(&self, usage: &Usage) -> Option<Usd> {
        let (prompt, completion) = (usage.prompt?, usage.completion?);
        let cached = usage.cached.unwrap_or(0).min(prompt);
        Some(self.input.times(prompt - cached) + self.cached.times(cached) + self.output.times(completion))
    }
}

/// Shipped prices: model, USD per million tokens of input, cached input, output, and the day of the list.
const SHIPPED: &str = include_str!("prices.tsv");

/// One line of the shipped list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub model: &'static str,
    pub input: &'static str,
    pub cached: Option<&'static str>,
    pub output: &'static str,
    pub as_of: &'static str,
}

pub(crate) fn shipped() -> impl Iterator<Item = Line> {
    SHIPPED.lines().filter(|l| !l.starts_with('#')).filter_map(|line| {
        let mut fields = line.split('\t');
        Some(Line {
            model: fields.next()?,
            input: fields.next()?,
            cached: fields.next().filter(|c| !c.is_empty()),
            output: fields.next()?,
            as_of: fields.next()?,
        })
    })
}

/// The name in a price list that a model goes by: its own, or the longest that it begins with before a date, so that
/// `gpt-4.1-mini-2025-04-14` has the price of `gpt-4.1-mini` and `gpt-4.1-mini-next` has none.
pub(crate) fn matching<'a>(model: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names.filter(|name| *name == model || dated(model, name)).max_by_key(|name| name.len())
}

fn dated(model: &str, name: &str) -> bool {
    model.strip_prefix(name).and_then(|rest| rest.strip_prefix(['-', '@'])).is_some_and(|rest| {
        rest == "latest" || (rest.len() >= 4 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
    })
}

pub(crate) fn shipped_price(model: &str) -> Option<Price> {
    let name = matching(model, shipped().map(|l| l.model))?;
    let line = shipped().find(|l| l.model == name)?;
    Price::per_million(line.input, line.cached, line.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money() {
        for (text, shown) in [
            ("0", "0"),
            ("1.50", "1.5"),
            (".25", "0.25"),
            ("12.000000000001", "12.000000000001"),
            ("0.0000000000001", "0.000000000001"),
        ] {
            assert_eq!(Usd::parse(text).unwrap().to_string(), shown);
        }
        for bad in ["", ".", "-1", "1e3", "NaN", "1,5"] {
            assert_eq!(Usd::parse(bad), None, "{bad}");
        }
        assert_eq!((Usd::ZERO - Usd::parse("0.5").unwrap()).to_string(), "-0.5");
    }

    #[test]
    fn a_call() {
        let price = Price::per_million("0.40", Some("0.10"), "1.60").unwrap();
        let usage =
            Usage { prompt: Some(1_000_000), cached: Some(500_000), completion: Some(250_000), reasoning: Some(9) };
        assert_eq!(price.cost(&usage).unwrap().to_string(), "0.65");
        assert_eq!(price.cost(&Usage::default()), None);
        // 4,000 bytes and 2,000 tokens: 0.0016 + 0.0032
        assert_eq!(price.reserve(4000, 2000).to_string(), "0.0048");
        let most = Usage { prompt: Some(4000), cached: None, completion: Some(2000), reasoning: None };
        assert!(price.cost(&most).unwrap() <= price.reserve(4000, 2000));
    }

    #[test]
    fn every_shipped_line_is_whole() {
        let lines: Vec<_> = shipped().collect();
        assert!(lines.len() >= 20);
        assert_eq!(lines.len(), SHIPPED.lines().filter(|l| !l.starts_with('#')).count());
        for line in &lines {
            let price = Price::per_million(line.input, line.cached, line.output);
            assert!(price.is_some_and(|p| p.cached <= p.input && p.input <= p.output), "{line:?}");
            assert_eq!(lines.iter().filter(|l| l.model == line.model).count(), 1, "{line:?}");
        }
    }

    #[test]
    fn names() {
        let names = ["gpt-4.1", "gpt-4.1-mini", "m"];
        let find = |model| matching(model, names.into_iter());
        assert_eq!(find("gpt-4.1-mini"), Some("gpt-4.1-mini"));
        assert_eq!(find("gpt-4.1-mini-2025-04-14"), Some("gpt-4.1-mini"));
        assert_eq!(find("gpt-4.1-2025-04-14"), Some("gpt-4.1"));
        assert_eq!(find("m@20250101"), Some("m"));
        assert_eq!(find("gpt-4.1-nano"), None);
        assert_eq!(find("mistral"), None);
    }
}
