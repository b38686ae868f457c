//! Codes, keys and numbers held as text: each letter gives way to a letter, each digit to a digit, and the rest stays.

use super::key::{Domain, Draw};
use super::patterns;
use super::permute;

/// How many characters a place may hold: one for signs, which stay.
fn radix(c: char, hex: bool) -> u128 {
    match c {
        '0'..='9' | 'a'..='f' if hex => 16,
        'A'..='F' if hex => 16,
        '0'..='9' => 10,
        'a'..='z' | 'A'..='Z' => 26,
        _ => 1,
    }
}

fn index(c: char, hex: bool) -> u128 {
    let n = match c {
        '0'..='9' => c as u32 - '0' as u32,
        'a'..='f' if hex => c as u32 - 'a' as u32 + 10,
        'A'..='F' if hex => c as u32 - 'A' as u32 + 10,
        'a'..='z' => c as u32 - 'a' as u32,
        'A'..='Z' => c as u32 - 'A' as u32,
        _ => 0,
    };
    u128::from(n)
}

fn letter(like: char, n: u128, hex: bool, upper: bool) -> char {
    let n = n as u8;
    if hex {
        let c = if n < 10 { b'0' + n } else { b'a' + n - 10 };
        let c = char::from(c);
        return if upper { c.to_ascii_uppercase() } else { c };
    }
    char::from(match like {
        '0'..='9' => b'0' + n,
        'A'..='Z' => b'A' + n,
        _ => b'a' + n,
    })
}

/// Letters and digits of hexadecimal numbers: uuids, and long words of both kinds.
fn is_hex(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    patterns::is_uuid(text)
        || (text.len() >= 12 && digits > 0 && digits < text.len() && text.bytes().all(|c| c.is_ascii_hexdigit()))
}

/// Bits of choice that a text of this shape leaves: from 60 on, a fake that meets another original is not to be feared.
pub(crate) fn bits(text: &str) -> f64 {
    let hex = is_hex(text);
    let of = |c: u8| match radix(char::from(c), hex) {
        1 => 0.0,
        10 => std::f64::consts::LOG2_10,
        16 => 4.0,
        // of 26
        _ => 4.700_439_718_141_092,
    };
    text.bytes().map(of).sum()
}

/// Characters of a token that stands for a key in words.
pub(super) const TOKEN: usize = 12;

/// Keys in words (`circ.holds.default`), whose length and dots alone would tell which one it was.
pub(crate) fn is_worded(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.chars().count() > TOKEN && digits * 2 < letters && !is_hex(text)
}

/// What stands for a key in words: as long as any other.
pub(crate) fn token(draw: &mut Draw) -> String {
    any(draw, TOKEN).to_lowercase()
}

/// Another text of the same shape; different texts get different ones (for one attempt). None where nothing can vary.
pub(crate) fn permuted(domain: &Domain, text: &str, attempt: u32) -> Option<String> {
    if !text.is_ascii() {
        return None;
    }
    let hex = is_hex(text);
    let upper = text.bytes().any(|c| c.is_ascii_uppercase());
    let uuid = patterns::is_uuid(text);
    // version and variant of a uuid are part of its shape
    let fixed = |i: usize| uuid && (i == 14 || i == 19);
    let chars: Vec<char> = text.chars().collect();
    let shape: String = chars.iter().map(|c| letter(*c, 0, hex && radix(*c, hex) == 16, upper)).collect();
    let mut tweak = domain.round(domain.tweak(&shape), u64::from(attempt), 0);
    let mut out = chars.clone();
    let mut changed = false;
    let mut start = 0;
    while start < chars.len() {
        let (mut n, mut x, mut end) = (1u64, 0u64, start);
        while end < chars.len() && n < 1u64 << 55 {
            if !fixed(end) {
                let r = radix(chars[end], hex) as u64;
                n *= r;
                x = x * r + index(chars[end], hex) as u64;
            }
            end += 1;
        }
        let mut y = permute::other(domain, tweak, u128::from(n), u128::from(x)) as u64;
        // what follows depends on what came before, so that texts which begin alike do not end alike
        tweak = domain.round(tweak, 1, x);
        changed |= y != x;
        for i in (start..end).rev().filter(|i| !fixed(*i)) {
            let r = radix(chars[i], hex) as u64;
            if r > 1 {
                out[i] = letter(chars[i], u128::from(y % r), r == 16, upper);
                y /= r;
            }
        }
        start = end;
    }
    changed.then(|| out.into_iter().collect())
}

/// What a text looks like, without what it says: letters and digits of one kind each, a zero at the head, signs.
pub(crate) fn format(text: &str) -> String {
    let one = |(i, c): (usize, char)| match c {
        '0' if i == 0 => '0',
        c if c.is_ascii_digit() => '1',
        c if c.is_uppercase() => 'A',
        c if c.is_alphabetic() => 'a',
        c => c,
    };
    text.chars().enumerate().map(one).collect()
}

/// Text drawn at random with letters where there were letters and digits where there were digits.
pub(crate) fn drawn(draw: &mut Draw, text: &str) -> String {
    let hex = is_hex(text);
    let upper = text.bytes().any(|c| c.is_ascii_uppercase());
    let mut out = String::with_capacity(text.len());
    out.extend(text.chars().map(|c| match radix(c, hex) {
        1 if c.is_alphanumeric() => {
            letter(if c.is_uppercase() { 'A' } else { 'a' }, draw.below(26) as u128, false, false)
        }
        1 => c,
        r => letter(c, draw.below(r as usize) as u128, r == 16, upper),
    }));
    out
}

/// Letters and digits, as many as asked for.
pub(crate) fn any(draw: &mut Draw, length: usize) -> String {
    (0..length)
        .map(|_| match draw.below(36) {
            n @ 0..10 => char::from(b'0' + n as u8),
            n => char::from(b'A' + (n - 10) as u8),
        })
        .collect()
}

/// A card number of the same scheme, length and grouping, with its check digit.
pub(crate) fn card(draw: &mut Draw, text: &str) -> String {
    let mut digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|c| c - b'0').collect();
    let n = digits.len();
    if n < 2 {
        return drawn(draw, text);
    }
    for digit in &mut digits[1..n - 1] {
        *digit = draw.below(10) as u8;
    }
    for check in 0..10 {
        digits[n - 1] = check;
        if patterns::luhn(&digits) {
            break;
        }
    }
    refill(text, &digits)
}

fn refill(text: &str, digits: &[u8]) -> String {
    let mut digits = digits.iter();
    text.chars()
        .map(|c| if c.is_ascii_digit() { digits.next().map_or(c, |d| char::from(b'0' + d)) } else { c })
        .collect()
}

/// An IBAN of the same country and grouping, with its check digits.
pub(crate) fn iban(draw: &mut Draw, text: &str) -> String {
    let head: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).take(4).collect();
    if head.len() < 4 || patterns::iban_rest(text).is_none() {
        return drawn(draw, text);
    }
    let mut seen = 0;
    let body: String = text
        .chars()
        .map(|c| {
            if c.is_whitespace() {
                return c;
            }
            seen += 1;
            match seen {
                1 | 2 => c,
                3 | 4 => '0',
                _ if c.is_ascii_digit() => draw.digit(),
                _ => letter('A', draw.below(26) as u128, false, false),
            }
        })
        .collect();
    // with 00 as check digits the rest r asks for 98 - r
    let check = 98 - patterns::iban_rest(&body).unwrap_or(1);
    let mut wanted = [char::from(b'0' + (check / 10) as u8), char::from(b'0' + (check % 10) as u8)].into_iter();
    let mut seen = 0;
    body.chars()
        .map(|c| {
            seen += usize::from(!c.is_whitespace());
            if matches!(seen, 3 | 4) && !c.is_whitespace() { wanted.next().unwrap_or(c) } else { c }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::*;
    use std::collections::HashSet;

    fn domain() -> Domain {
        Key::of_call(&[3; 32], "r", 1).domain("d")
    }

    #[test]
    fn shapes_stay_and_texts_differ() {
        for text in ["ALFKI", "SKU-10021-22", "123-45-6789", "a1", "7", "550e8400-e29b-41d4-a716-446655440000"] {
            let fake = permuted(&domain(), text, 0).unwrap();
            assert_ne!(fake, text);
            assert_eq!(fake.len(), text.len());
            let signs = |t: &str| t.chars().map(|c| if c.is_alphanumeric() { 'x' } else { c }).collect::<String>();
            assert_eq!(signs(&fake), signs(text));
        }
        let uuid = permuted(&domain(), "550e8400-e29b-41d4-a716-446655440000", 0).unwrap();
        assert!(patterns::is_uuid(&uuid) && &uuid[14..15] == "4" && &uuid[19..20] == "a", "{uuid}");
        assert_eq!(permuted(&domain(), "--", 0), None);
        assert_eq!(permuted(&domain(), "привет", 0), None);
    }

    #[test]
    fn no_two_keys_meet() {
        let fakes: HashSet<String> = (0..2_000).filter_map(|i| permuted(&domain(), &format!("K{i:04}"), 0)).collect();
        assert_eq!(fakes.len(), 2_000);
        let long = |i: u32| format!("customer-of-the-north-{i:06}-and-of-the-south");
        let fakes: HashSet<String> = (0..500).filter_map(|i| permuted(&domain(), &long(i), 0)).collect();
        assert_eq!(fakes.len(), 500);
    }

    #[test]
    fn check_digits_are_right() {
        for value in ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"] {
            let fake = card(&mut domain().draw(value, 0), value);
            assert!(patterns::is_card(&fake) && fake != value && fake.len() == value.len(), "{fake}");
        }
        for value in ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819"] {
            let fake = iban(&mut domain().draw(value, 0), value);
            assert!(patterns::is_iban(&fake) && fake != value && fake[..2] == value[..2], "{fake}");
        }
    }
}
