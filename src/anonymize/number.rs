//! Numbers as text: another number of the same sign, digits and decimals.

use super::key::Domain;
use super::permute::{self, Range};

/// A decimal number taken apart: unscaled whole number, decimals, exponent as it stood.
struct Parts<'a> {
    unscaled: i128,
    decimals: usize,
    exponent: &'a str,
}

fn parse(text: &str) -> Option<Parts<'_>> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(whole) => (-1, whole),
        None => (1, whole),
    };
    let digits = whole.len() + fraction.len();
    if digits == 0 || digits > 36 {
        return None;
    }
    let mut unscaled = 0i128;
    for c in whole.bytes().chain(fraction.bytes()) {
        unscaled = unscaled * 10 + i128::from(c.is_ascii_digit().then(|| c - b'0')?);
    }
    Some(Parts { unscaled: sign * unscaled, decimals: fraction.len(), exponent })
}

fn print(unscaled: i128, decimals: usize, exponent: &str) -> String {
    if decimals == 0 {
        return format!("{unscaled}{exponent}");
    }
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{sign}{whole}.{fraction}{exponent}")
}

/// What a column's numbers stay within, as text, for a number of so many decimals.
fn bounds(low: &str, high: &str, decimals: usize) -> Option<Range> {
    let at = |text: &str| {
        let parts = parse(text).filter(|p| p.exponent.is_empty())?;
        let shift = decimals as i32 - parts.decimals as i32;
        let scale = 10i128.checked_pow(shift.unsigned_abs())?;
        if shift >= 0 { parts.unscaled.checked_mul(scale) } else { Some(parts.unscaled / scale) }
    };
    Some(Range { low: at(low)?, high: at(high)? })
}

/// Another number; None for what is no plain number (NaN, Infinity), which says nothing of its own.
pub(super) fn fake(domain: &Domain, text: &str, span: Option<(&str, &str)>, tied: bool) -> Option<String> {
    let parts = parse(text)?;
    let bounds = match parts.exponent {
        "" => span.and_then(|(low, high)| bounds(low, high, parts.decimals)),
        _ => None,
    };
    let unscaled = permute::alike(domain, bounds.as_ref(), tied, parts.unscaled);
    Some(print(unscaled, parts.decimals, parts.exponent))
}

/// Another key of the range, or of its size outside of it.
pub(super) fn key(domain: &Domain, text: &str, range: Option<&Range>) -> Option<String> {
    let parts = parse(text).filter(|p| p.decimals == 0 && p.exponent.is_empty())?;
    // zero and what is below stand for "none" in many schemas: they keep apart from real keys
    Some(permute::in_range(domain, range, parts.unscaled).to_string())
}

/// The range of a key's numbers: from the first to a round number above the last, so that it holds while rows are added.
pub(super) fn key_range(low: i128, high: i128, most: i128) -> Option<Range> {
    if high < 2 {
        return None;
    }
    let mut top: i128 = 10;
    while top < high {
        top = if top.to_string().starts_with('2') { top / 2 * 5 } else { top * 2 };
    }
    let top = top.min(most);
    // far from zero, the leading digits are part of the number's look
    let low = if low * 2 > high { round_down(low) } else { 1 };
    (top > low).then_some(Range { low, high: top })
}

fn round_down(n: i128) -> i128 {
    let mut unit = 1;
    while unit * 10 <= n {
        unit *= 10;
    }
    (n / unit * unit).max(1)
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::*;

    fn of(text: &str, span: Option<(&str, &str)>) -> Option<String> {
        fake(&Key::of_call(&[6; 32], "r", 1).domain("d"), text, span, false)
    }

    #[test]
    fn sign_scale_and_size_stay() {
        for text in ["5", "-17", "2.99", "0.05", "-1200.50", "123456789.123456", "0.000123", "99999999999999999999.5"] {
            let fake = of(text, None).unwrap();
            assert_ne!(fake, text);
            assert_eq!(
                (fake.len(), fake.find('.'), fake.starts_with('-')),
                (text.len(), text.find('.'), text.starts_with('-')),
                "{text} {fake}"
            );
        }
        assert_eq!(of("0", None).as_deref(), Some("0"));
        assert_eq!(of("0.00", None).as_deref(), Some("0.00"));
        assert!(of("1.5e-07", None).unwrap().ends_with("e-07"));
        assert_eq!(of("NaN", None), None);
        assert_eq!(of("1; DROP", None), None);
    }

    #[test]
    fn bounds_of_the_column_hold() {
        for i in 1..=5 {
            let fake: i32 = of(&i.to_string(), Some(("1", "5"))).unwrap().parse().unwrap();
            assert!((1..=5).contains(&fake) && fake != i);
        }
        let fake: f64 = of("0.99", Some(("0.99", "11.99"))).unwrap().parse().unwrap();
        assert!(fake < 1.0);
        assert!(of("4.99", Some(("0.99", "11.99"))).unwrap().parse::<f64>().unwrap() <= 11.99);
    }

    #[test]
    fn ranges_of_keys_are_round() {
        assert_eq!(key_range(1, 599, i128::MAX), Some(Range { low: 1, high: 1_000 }));
        assert_eq!(key_range(1, 2_400, 32_767), Some(Range { low: 1, high: 5_000 }));
        assert_eq!(key_range(1, 30_000, 32_767), Some(Range { low: 1, high: 32_767 }));
        assert_eq!(key_range(10_248, 11_077, i128::MAX), Some(Range { low: 10_000, high: 20_000 }));
        assert_eq!(key_range(-1, 691, i128::MAX), Some(Range { low: 1, high: 1_000 }));
        assert_eq!(key_range(0, 0, i128::MAX), None);
    }
}
