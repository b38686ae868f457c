//! Fakes of what tells who somebody is and where to find them: names, addresses, numbers, machines, prose.

use super::class::Kind;
use super::key::{Domain, Draw};
use super::shape;
use super::words::{self, Case, Locale};
use std::borrow::Cow;

/// From this attempt on, names are made of syllables: the lists may hold nothing that the column does not.
const LISTS_END: u32 = 12;

/// One original and what its fake has to fit.
pub(super) struct Wanted<'a> {
    pub kind: Kind,
    pub original: &'a str,
    /// Formats of the column's texts (see [`shape::format`]): one is drawn, so that a row's own does not tell which
    /// row it was. None = the original's.
    pub formats: &'a [String],
    pub attempt: u32,
    pub locale: Locale,
    /// Characters at most.
    pub limit: Option<usize>,
    /// Mean length of the column's texts, for prose.
    pub length: usize,
}

/// The fake, before it is cut to the limit.
pub(super) fn fake(domain: &Domain, wanted: &Wanted<'_>) -> String {
    let mut draw = domain.draw(wanted.original, wanted.attempt);
    let draw = &mut draw;
    let text = wanted.original;
    let like = match wanted.formats.get(draw.below(wanted.formats.len())) {
        Some(format) => format.as_str(),
        None => text,
    };
    let case = Case::of(like);
    match wanted.kind {
        Kind::FirstName => case.write(&first(draw, wanted)),
        Kind::LastName => case.write(&last(draw, wanted)),
        Kind::FullName => case.write(&full_name(draw, wanted, like)),
        Kind::UserName => user_name(draw, wanted),
        Kind::Email => email(draw, wanted, case),
        Kind::Phone | Kind::PostalCode => number(draw, like),
        Kind::Street => {
            let name = last(draw, wanted);
            case_or(case, wanted.locale.street(draw, &name))
        }
        Kind::City => {
            let name = last(draw, wanted);
            case_or(case, wanted.locale.city(draw, &name))
        }
        Kind::Coordinates => coordinates(draw, like),
        Kind::Latitude | Kind::Longitude => decimal(draw, like, if wanted.kind == Kind::Latitude { 90 } else { 180 }),
        Kind::Card => shape::card(draw, text),
        Kind::Iban => shape::iban(draw, text),
        Kind::Ip => ip(draw, text),
        Kind::Mac => mac(draw, text),
        Kind::Url => url(draw, wanted, like),
        Kind::Secret => secret(draw, text),
        Kind::FreeText => prose(draw, wanted, case),
        Kind::Binary => binary(draw, text),
        _ => label(draw, wanted, like, case),
    }
}

fn first(draw: &mut Draw, wanted: &Wanted<'_>) -> Cow<'static, str> {
    name_of(draw, wanted, wanted.locale.first_names())
}

fn last(draw: &mut Draw, wanted: &Wanted<'_>) -> Cow<'static, str> {
    name_of(draw, wanted, wanted.locale.last_names())
}

fn name_of(draw: &mut Draw, wanted: &Wanted<'_>, list: &[&'static str]) -> Cow<'static, str> {
    if wanted.attempt < LISTS_END {
        for _ in 0..8 {
            let name = draw.pick(list);
            if wanted.limit.is_none_or(|n| name.chars().count() <= n) {
                return Cow::Borrowed(name);
            }
        }
    }
    let syllables = if wanted.limit.is_some_and(|n| n < 6) { 1 } else { draw.between(3, 4) };
    let mut name = String::new();
    for _ in 0..syllables {
        name.push_str(
            draw.pick(&["b", "br", "d", "dr", "f", "g", "k", "kr", "l", "m", "n", "p", "r", "s", "t", "v", "z"]),
        );
        name.push_str(draw.pick(&["a", "e", "i", "o", "u", "ai", "ea", "io"]));
    }
    let name = Case::Title.write(&name);
    Cow::Owned(match wanted.limit {
        Some(limit) => name.chars().take(limit.max(1)).collect(),
        None => name,
    })
}

fn full_name(draw: &mut Draw, wanted: &Wanted<'_>, like: &str) -> String {
    let text = like.trim();
    let (first, last) = (first(draw, wanted), last(draw, wanted));
    if text.contains(',') {
        format!("{last}, {first}")
    } else if text.contains(char::is_whitespace) {
        format!("{first} {last}")
    } else {
        last.into_owned()
    }
}

fn user_name(draw: &mut Draw, wanted: &Wanted<'_>) -> String {
    let (first, last) = (words::plain(&first(draw, wanted)), words::plain(&last(draw, wanted)));
    let initial = first.chars().next().unwrap_or('a');
    let n = draw.between(10, 99_999);
    let name = format!("{initial}{last}{n}");
    // a shorter name keeps its number, which tells it from others
    match wanted.limit {
        Some(limit) if name.chars().count() > limit => shape::any(draw, limit).to_lowercase(),
        _ => name,
    }
}

fn email(draw: &mut Draw, wanted: &Wanted<'_>, case: Case) -> String {
    let (first, last) = (words::plain(&first(draw, wanted)), words::plain(&last(draw, wanted)));
    let host = draw.pick(&["example.com", "example.org", "example.net"]);
    let n = draw.between(1, 9_999);
    let full = format!("{first}.{last}{n}@{host}");
    let full = match wanted.limit {
        Some(limit) if full.chars().count() > limit => {
            let room = limit.saturating_sub(12).clamp(1, 16);
            format!("{}@example.com", shape::any(draw, room).to_lowercase())
        }
        _ => full,
    };
    if case == Case::Upper { full.to_uppercase() } else { full }
}

/// Digits give way to digits; the first of a group that begins the number stays above zero.
fn number(draw: &mut Draw, text: &str) -> String {
    let mut begins = true;
    text.chars()
        .map(|c| {
            let out = match c {
                '0' if begins => c,
                c if c.is_ascii_digit() => {
                    char::from(b'0' + if begins { draw.between(1, 9) } else { draw.below(10) } as u8)
                }
                'A'..='Z' => char::from(b'A' + draw.below(26) as u8),
                c if c.is_alphabetic() => char::from(b'a' + draw.below(26) as u8),
                c => c,
            };
            begins &= !c.is_alphanumeric();
            out
        })
        .collect()
}

fn case_or(case: Case, text: String) -> String {
    if case == Case::Upper { text.to_uppercase() } else { text }
}

/// A number with as many decimals, within plus and minus `most`.
fn decimal(draw: &mut Draw, text: &str, most: usize) -> String {
    let decimals = text.trim().split_once('.').map_or(0, |(_, d)| d.len());
    let whole = draw.below(most * 7 / 8);
    let sign = if draw.below(2) == 0 { "" } else { "-" };
    let fraction: String = (0..decimals).map(|_| draw.digit()).collect();
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn coordinates(draw: &mut Draw, text: &str) -> String {
    let bare = text.trim().trim_matches(['(', ')']);
    let Some((a, b)) = bare.split_once(',') else { return shape::drawn(draw, text) };
    let (a, blank) = (decimal(draw, a, 90), if b.starts_with(' ') { " " } else { "" });
    let pair = format!("{a},{blank}{}", decimal(draw, b, 180));
    if text.trim().starts_with('(') { format!("({pair})") } else { pair }
}

/// An address of a private network, with the same length of mask.
fn ip(draw: &mut Draw, text: &str) -> String {
    let (bare, mask) = match text.split_once('/') {
        Some((bare, mask)) => (bare, mask.parse::<u32>().ok()),
        None => (text, None),
    };
    let suffix = mask.map_or_else(String::new, |m| format!("/{m}"));
    if bare.contains(':') {
        let mut bits = (0xfdu128 << 120) | (u128::from(draw.next()) << 56) | u128::from(draw.next() >> 8);
        if let Some(m) = mask.filter(|m| *m < 128) {
            bits &= u128::MAX.checked_shl(128 - m).unwrap_or(0);
        }
        return format!("{}{suffix}", std::net::Ipv6Addr::from(bits));
    }
    let mut bits = (10u32 << 24) | (draw.next() as u32 >> 8);
    if let Some(m) = mask.filter(|m| *m < 32) {
        bits &= u32::MAX.checked_shl(32 - m).unwrap_or(0);
    }
    format!("{}{suffix}", std::net::Ipv4Addr::from(bits))
}

/// A hardware address that no maker gives out (locally administered).
fn mac(draw: &mut Draw, text: &str) -> String {
    let upper = text.bytes().any(|c| c.is_ascii_uppercase());
    let mut place = 0;
    text.chars()
        .map(|c| {
            if !c.is_ascii_hexdigit() {
                return c;
            }
            place += 1;
            let digit = match place {
                1 => '0',
                2 => '2',
                _ => char::from_digit(draw.below(16) as u32, 16).unwrap_or('0'),
            };
            if upper { digit.to_ascii_uppercase() } else { digit }
        })
        .collect()
}

fn url(draw: &mut Draw, wanted: &Wanted<'_>, like: &str) -> String {
    let scheme = wanted.original.split_once("://").map_or("", |(s, _)| s);
    let rest = like.split_once("://").map_or(like, |(_, r)| r);
    let host = format!("www.{}{}.example", words::plain(&last(draw, wanted)), draw.between(1, 999));
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    let path = match rest.trim_end_matches('/').split_once('/') {
        Some(_) => format!("/{}-{}", words::label(draw, 2).replace(' ', "-"), draw.between(1, 999)),
        None => String::new(),
    };
    let full = format!("{scheme}{host}{path}");
    match wanted.limit {
        Some(limit) if full.chars().count() > limit => shape::any(draw, limit).to_lowercase(),
        _ => full,
    }
}

/// The method and cost that stand before a hash's last `$` stay; the rest is drawn.
fn secret(draw: &mut Draw, text: &str) -> String {
    let head = if text.starts_with('$') { text.rfind('$').map_or(0, |i| i + 1) } else { 0 };
    format!("{}{}", &text[..head], shape::drawn(draw, &text[head..]))
}

/// Sentences about as long as the column's texts are, whatever the length of this one.
fn prose(draw: &mut Draw, wanted: &Wanted<'_>, case: Case) -> String {
    let mean = wanted.length.clamp(12, 400);
    let mut target = draw.between(mean / 2, mean * 3 / 2);
    if let Some(limit) = wanted.limit {
        target = target.min(limit.saturating_sub(1));
    }
    let mut text = String::new();
    let mut begins = true;
    while text.len() < target {
        let word = draw.pick(words::prose());
        if !text.is_empty() {
            text.push(' ');
        }
        let word = if begins { Case::Title.write(word) } else { word.to_owned() };
        begins = draw.below(9) == 0;
        text.push_str(&word);
        if begins {
            text.push('.');
        }
    }
    let mut text: String = text.chars().take(target.max(1)).collect::<String>().trim_end().to_owned();
    if !text.ends_with('.') {
        text.push('.');
    }
    case_or(case, text)
}

/// Random bytes, as many as there were, 64 at most.
fn binary(draw: &mut Draw, text: &str) -> String {
    let bytes = (text.len().saturating_sub(2) / 2).clamp(1, 64);
    let mut out = String::from("\\x");
    for _ in 0..bytes {
        out.push_str(&format!("{:02x}", draw.below(256)));
    }
    out
}

/// The name of a thing: about as many words as others have, one more where names run short.
fn label(draw: &mut Draw, wanted: &Wanted<'_>, like: &str, case: Case) -> String {
    let count = like.split_whitespace().count().clamp(1, 5) + wanted.attempt as usize / 4;
    for count in (1..=count).rev() {
        let text = case.write(&words::label(draw, count));
        if wanted.limit.is_none_or(|n| text.chars().count() <= n) {
            return text;
        }
    }
    let limit = wanted.limit.unwrap_or(8).max(1);
    case.write(&shape::any(draw, limit.min(8)))
}

/// Whether a fake of this kind is told from the originals word by word (else as a whole).
pub(super) fn is_worded(kind: Kind) -> bool {
    use Kind::*;
    matches!(kind, FirstName | LastName | FullName | UserName | Email | Street | City | Url | FreeText | Label)
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::super::patterns;
    use super::*;

    fn of(kind: Kind, original: &str, limit: Option<usize>) -> String {
        let domain = Key::of_call(&[5; 32], "r", 1).domain("d");
        fake(&domain, &Wanted { kind, original, formats: &[], attempt: 0, locale: Locale::English, limit, length: 60 })
    }

    #[test]
    fn fakes_look_like_what_they_stand_for() {
        assert!(patterns::is_email(&of(Kind::Email, "mary.smith@company.de", None)));
        assert!(patterns::is_first_name(&of(Kind::FirstName, "MARY", None)));
        let name = of(Kind::FullName, "MARY SMITH", None);
        assert!(name.contains(' ') && name == name.to_uppercase(), "{name}");
        assert!(of(Kind::FullName, "Smith, Mary", None).contains(", "));
        assert!(patterns::is_phone(&of(Kind::Phone, "+1 (204) 452-6452", None)));
        assert!(patterns::is_ip(&of(Kind::Ip, "8.8.4.4", None)));
        assert!(of(Kind::Ip, "8.8.0.0/16", None).ends_with(".0.0/16"));
        assert!(patterns::is_ip(&of(Kind::Ip, "2001:db8::1", None)));
        assert!(patterns::is_mac(&of(Kind::Mac, "00:1B:44:11:3A:B7", None)));
        assert!(patterns::is_url(&of(Kind::Url, "https://me.org/about", None)));
        assert!(patterns::is_coordinates(&of(Kind::Coordinates, "(52.5163,13.3777)", None)));
        assert!(patterns::is_street(&of(Kind::Street, "1913 Hanoi Way", None)));
        assert_eq!(of(Kind::PostalCode, "10115", None).len(), 5);
        assert!(of(Kind::Secret, "$2a$10$N9qo8uLOickgx2ZMRZoMye", None).starts_with("$2a$10$"));
        assert_eq!(of(Kind::Binary, "\\x0102ff", None).len(), 8);
    }

    #[test]
    fn limits_hold() {
        for limit in [1, 2, 5, 10, 13, 20] {
            for (kind, original) in [
                (Kind::FirstName, "Al"),
                (Kind::UserName, "mary"),
                (Kind::Label, "ACADEMY DINOSAUR"),
                (Kind::FreeText, "She called about the bill."),
                (Kind::Url, "https://a.de/x"),
            ] {
                let fake = of(kind, original, Some(limit));
                assert!(fake.chars().count() <= limit.max(2), "{kind:?} {fake:?} in {limit}");
            }
        }
        assert!(of(Kind::Email, "a@b.cd", Some(20)).len() <= 20);
    }
}
