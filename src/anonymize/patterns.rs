//! What values look like, by their own characters.

use fake::locales::{DE_DE, Data, EN, FR_FR, IT_IT, NL_NL, PT_BR, PT_PT};
use std::collections::HashSet;
use std::sync::OnceLock;

/// Share of the values that pass the test, 0 where there are none.
pub(crate) fn share(values: &[&str], test: impl Fn(&str) -> bool) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().filter(|v| test(v)).count() as f64 / values.len() as f64
}

pub(crate) fn is_email(text: &str) -> bool {
    let Some((user, domain)) = text.trim().split_once('@') else { return false };
    let good = |c: char| c.is_alphanumeric() || "._%+-'".contains(c);
    !user.is_empty()
        && user.chars().all(good)
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && domain.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
}

/// Digits in groups with a sign that dates, versions and amounts do not have.
pub(crate) fn is_phone(text: &str) -> bool {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let allowed = text.chars().all(|c| c.is_ascii_digit() || " ()+-./x".contains(c));
    if !(7..=16).contains(&digits) || !allowed || is_date(text) {
        return false;
    }
    let groups: Vec<usize> = text.split(|c: char| !c.is_ascii_digit()).map(str::len).filter(|n| *n > 0).collect();
    text.starts_with('+')
        || (text.contains('(') && text.contains(')') && groups.len() > 1)
        || groups == [3, 3, 4]
        || groups == [1, 3, 3, 4]
        || groups == [3, 4]
}

pub(crate) fn is_date(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() >= 10
        && b[..10]
            .iter()
            .enumerate()
            .all(|(i, c)| if i == 4 || i == 7 { *c == b'-' || *c == b'/' } else { c.is_ascii_digit() })
}

pub(crate) fn is_ssn(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 3
        && groups.iter().zip([3, 2, 4]).all(|(g, n)| g.len() == n && g.bytes().all(|c| c.is_ascii_digit()))
}

pub(crate) fn is_ip(text: &str) -> bool {
    let bare = text.split('/').next().unwrap_or(text);
    bare.parse::<std::net::IpAddr>().is_ok() && (bare.contains('.') || bare.matches(':').count() > 1)
}

pub(crate) fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    parts.len() == 6 && parts.iter().all(|p| p.len() == 2 && p.bytes().all(|c| c.is_ascii_hexdigit()))
}

pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(i, c)| if matches!(i, 8 | 13 | 18 | 23) { c == b'-' } else { c.is_ascii_hexdigit() })
}

pub(crate) fn is_url(text: &str) -> bool {
    text.contains("://") || text.starts_with("www.")
}

/// The check digit of payment cards.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let d = u32::from(*d);
            let d = if i % 2 == 1 { d * 2 } else { d };
            if d > 9 { d - 9 } else { d }
        })
        .sum();
    sum.is_multiple_of(10)
}

pub(crate) fn is_card(text: &str) -> bool {
    if !text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-') {
        return false;
    }
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|c| c - b'0').collect();
    (13..=19).contains(&digits.len()) && (2..=6).contains(&digits[0]) && luhn(&digits)
}

/// ISO 13616: the rest modulo 97 of the account with country and check digits moved to the end.
pub(crate) fn iban_rest(text: &str) -> Option<u32> {
    let flat: Vec<u8> = text.bytes().filter(|c| *c != b' ').collect();
    if !(15..=34).contains(&flat.len())
        || !flat[..2].iter().all(u8::is_ascii_uppercase)
        || !flat[2..4].iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    let mut rest = 0u32;
    for c in flat[4..].iter().chain(&flat[..4]) {
        rest = match c {
            b'0'..=b'9' => rest * 10 + u32::from(c - b'0'),
            b'A'..=b'Z' => rest * 100 + u32::from(c - b'A') + 10,
            _ => return None,
        } % 97;
    }
    Some(rest)
}

pub(crate) fn is_iban(text: &str) -> bool {
    iban_rest(text) == Some(1)
}

/// Hashes, keys, tokens: one long word of hexadecimal or base64 letters with digits among them.
pub(crate) fn is_token(text: &str) -> bool {
    let hex = text.bytes().all(|c| c.is_ascii_hexdigit());
    let base64 = text.bytes().all(|c| c.is_ascii_alphanumeric() || b"+/=_-.$".contains(&c));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let upper = text.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = text.bytes().filter(u8::is_ascii_lowercase).count();
    if text.starts_with("$2") || text.starts_with("$argon2") || text.starts_with("eyJ") {
        return text.len() > 40;
    }
    (hex && text.len() >= 32 && digits < text.len() && !is_uuid(text))
        || (base64
            && text.len() >= 24
            && digits > 2
            && upper > 2
            && lower > 2
            && text.matches(['-', '.', '_']).count() < 3)
}

pub(crate) fn is_coordinates(text: &str) -> bool {
    let text = text.trim_matches(['(', ')']);
    let Some((a, b)) = text.split_once(',') else { return false };
    let within = |t: &str, most: f64| t.contains('.') && t.trim().parse::<f64>().is_ok_and(|v| v.abs() <= most);
    within(a, 90.0) && within(b, 180.0)
}

/// Street addresses: a word of letters beside a number, with blanks.
pub(crate) fn is_street(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |w: &str| w.len() <= 7 && w.starts_with(|c: char| c.is_ascii_digit());
    words.len() >= 2
        && words.iter().any(|w| w.chars().filter(|c| c.is_alphabetic()).count() >= 3)
        && (number(words[0]) || words.last().is_some_and(|w| number(w)))
}

fn first_names() -> &'static HashSet<String> {
    static NAMES: OnceLock<HashSet<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let lists = [
            EN::NAME_FIRST_NAME,
            FR_FR::NAME_FIRST_NAME,
            DE_DE::NAME_FIRST_NAME,
            IT_IT::NAME_FIRST_NAME,
            PT_BR::NAME_FIRST_NAME,
            PT_PT::NAME_FIRST_NAME,
            NL_NL::NAME_FIRST_NAME,
        ];
        lists.iter().flat_map(|list| list.iter()).map(|name| name.to_lowercase()).collect()
    })
}

/// A first name known to the lists; digits at its end, as generators add them, do not matter.
pub(crate) fn is_first_name(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
    word.chars().count() >= 2 && first_names().contains(&word.to_lowercase())
}

/// Two to four words that begin with a known first name and go on with words of letters ("Last, First" too).
pub(crate) fn is_full_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    if !(2..=4).contains(&words.len()) || !text.chars().all(|c| c.is_alphanumeric() || " .,'-".contains(c)) {
        return false;
    }
    let lettered = |w: &&str| w.starts_with(char::is_alphabetic);
    let skip = usize::from(matches!(
        words[0].to_lowercase().as_str(),
        "mr." | "mrs." | "ms." | "dr." | "prof." | "mr" | "mrs" | "ms" | "dr"
    ));
    let first = if words[0].ends_with(',') { words.get(1) } else { words.get(skip) };
    words.iter().all(lettered) && first.is_some_and(|w| is_first_name(w))
}
