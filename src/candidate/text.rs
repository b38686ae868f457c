//! Normal forms of a statement's text: `template` masks the literals, `skeleton` is a hash with the names masked too.
//! Both go by tokens, so they are the same on every server and for every catalog.

use sha2::{Digest, Sha256};
use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// Keyword, name or function, as written.
    Word(&'a str),
    /// A name in double quotes.
    Quoted(&'a str),
    Literal,
    /// Operator or punctuation.
    Symbol(&'a str),
}

/// Words that give a statement its shape; every other word is a name.
const SHAPE: [&str; 109] = [
    "all", "and", "any", "array", "as", "asc", "at", "between", "both", "by", "case", "cast", "collate", "cross",
    "cube", "current", "current_date", "current_time", "current_timestamp", "day", "desc", "distinct", "else", "end",
    "epoch", "escape", "except", "exclude", "exists", "extract", "false", "fetch", "filter", "first", "following",
    "for", "from", "full", "group", "grouping", "groups", "having", "hour", "ilike", "in", "inner", "intersect",
    "interval", "into", "is", "isnull", "join", "last", "lateral", "leading", "left", "like", "limit", "localtime",
    "localtimestamp", "materialized", "minute", "month", "natural", "next", "not", "notnull", "null", "nulls",
    "offset", "on", "only", "or", "order", "ordinality", "others", "outer", "over", "overlaps", "partition",
    "position", "preceding", "range", "recursive", "right", "rollup", "row", "rows", "second", "select", "sets",
    "similar", "some", "symmetric", "tablesample", "then", "ties", "to", "trailing", "true", "unbounded", "union",
    "using", "values", "when", "where", "window", "with", "within",
];

/// Splits by PostgreSQL's lexical rules with standard_conforming_strings on; comments and spaces are left out.
fn tokens(sql: &str) -> Vec<Token<'_>> {
    let bytes = sql.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at = match byte {
            _ if byte.is_ascii_whitespace() => at + 1,
            b'-' if bytes.get(at + 1) == Some(&b'-') => end_of_line(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => end_of_comment(bytes, at),
            b'\'' => end_of_quoted(bytes, at, b'\''),
            b'"' => end_of_quoted(bytes, at, b'"'),
            b'$' if dollar_tag(bytes, at).is_some() => end_of_dollar(bytes, at),
            _ if byte.is_ascii_digit() || (byte == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)) => {
                end_of_number(bytes, at)
            }
            _ if is_word(byte) => end_of_word(bytes, at),
            _ => end_of_symbol(bytes, at),
        };
        let text = sql.get(start..at).unwrap_or_default();
        match byte {
            _ if byte.is_ascii_whitespace() || text.starts_with("--") || text.starts_with("/*") => {}
            b'"' => found.push(Token::Quoted(text)),
            b'\'' | b'$' => literal(&mut found),
            _ if byte.is_ascii_digit() || (byte == b'.' && text.len() > 1) => found.push(Token::Literal),
            _ if is_word(byte) => found.push(Token::Word(text)),
            _ => found.push(Token::Symbol(text)),
        }
    }
    found
}

/// A string swallows the prefix that stood before it (`E'..'`, `B'..'`, `X'..'`) and a string before it.
fn literal(found: &mut Vec<Token<'_>>) {
    if let Some(Token::Word(word)) = found.last()
        && matches!(word.to_ascii_lowercase().as_str(), "e" | "b" | "x" | "n")
    {
        found.pop();
    }
    if found.last() != Some(&Token::Literal) {
        found.push(Token::Literal);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn end_of_word(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_word(*byte) || *byte == b'$') {
        at += 1;
    }
    at
}

fn end_of_line(bytes: &[u8], at: usize) -> usize {
    bytes.iter().skip(at).position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length + 1)
}

/// Comments nest.
fn end_of_comment(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0u32;
    while at < bytes.len() {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'/'), Some(b'*')) => (depth, at) = (depth + 1, at + 2),
            (Some(b'*'), Some(b'/')) => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(bytes.len())
}

/// Just behind the closing quote; a doubled one is part of the text.
fn end_of_quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let escapes = quote == b'\''
        && start > 0
        && matches!(bytes.get(start - 1), Some(b'e' | b'E'))
        && (start < 2 || bytes.get(start - 2).is_none_or(|byte| !is_word(*byte)));
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        if escapes && byte == b'\\' {
            at += 2;
        } else if byte != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    bytes.len()
}

/// Length of `$tag$` at this place.
fn dollar_tag(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at + 1..)?;
    let length = rest.iter().position(|byte| *byte == b'$')?;
    let tag = rest.get(..length)?;
    let well_formed = tag.iter().all(|byte| is_word(*byte)) && !tag.first().is_some_and(u8::is_ascii_digit);
    well_formed.then_some(length + 2)
}

fn end_of_dollar(bytes: &[u8], at: usize) -> usize {
    let Some(length) = dollar_tag(bytes, at) else { return at + 1 };
    let tag = bytes.get(at..at + length).unwrap_or_default();
    let body = at + length;
    let rest = bytes.get(body..).unwrap_or_default();
    rest.windows(length).position(|window| window == tag).map_or(bytes.len(), |found| body + found + length)
}

fn end_of_number(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        let sign_of_exponent =
            matches!(byte, b'+' | b'-') && matches!(bytes.get(at.wrapping_sub(1)), Some(b'e' | b'E'));
        // `1..2` does not occur in SQL, but `1.` before a name must not swallow it
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || sign_of_exponent {
            at += 1;
        } else {
            break;
        }
    }
    at
}

fn end_of_symbol(bytes: &[u8], at: usize) -> usize {
    const OPERATOR: &[u8] = b"+-*/<>=~!@#%^&|`?:";
    let Some(first) = bytes.get(at) else { return at };
    if !OPERATOR.contains(first) {
        return at + 1;
    }
    let mut end = at + 1;
    while bytes.get(end).is_some_and(|byte| OPERATOR.contains(byte)) {
        let comment =
            matches!((bytes.get(end), bytes.get(end + 1)), (Some(b'-'), Some(b'-')) | (Some(b'/'), Some(b'*')));
        if comment {
            break;
        }
        end += 1;
    }
    end
}

/// The statement with each literal as `?`, one space between tokens, keywords in capitals.
pub(crate) fn template(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut before: Option<Token<'_>> = None;
    for token in tokens(sql) {
        if before.is_some_and(|before| spaced(before, token)) {
            text.push(' ');
        }
        match token {
            Token::Literal => text.push('?'),
            Token::Word(word) if is_shape(word) => text.extend(word.chars().map(|c| c.to_ascii_uppercase())),
            Token::Word(word) => text.push_str(&lowercase(word)),
            Token::Quoted(name) => text.push_str(name),
            Token::Symbol(symbol) => text.push_str(symbol),
        }
        before = Some(token);
    }
    text
}

fn spaced(before: Token<'_>, token: Token<'_>) -> bool {
    let tight_after = matches!(before, Token::Symbol("(" | "." | "::" | "["));
    let tight_before = matches!(token, Token::Symbol(")" | "," | "." | "::" | "[" | "]" | ";"));
    let call = matches!((before, token), (Token::Word(word), Token::Symbol("(")) if !is_shape(word));
    !tight_after && !tight_before && !call
}

fn is_shape(word: &str) -> bool {
    SHAPE.binary_search_by(|shape| shape.bytes().cmp(word.bytes().map(|b| b.to_ascii_lowercase()))).is_ok()
}

fn lowercase(word: &str) -> Cow<'_, str> {
    let lower = word.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if lower { Cow::Borrowed(word) } else { Cow::Owned(word.to_lowercase()) }
}

/// A hash of the statement's shape: names of tables, columns and aliases and all literals are left out.
pub(crate) fn skeleton(sql: &str) -> String {
    let digest = Sha256::digest(shape(sql).as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The statement's shape with equal neighbours of a list as one: a further plain column makes no new shape.
pub(crate) fn collapsed(sql: &str) -> String {
    let mut parts = shape_parts(sql);
    let mut at = 0;
    while at < parts.len() {
        if parts[at] == "," {
            let (start, end) = (item_start(&parts, at), item_end(&parts, at + 1));
            if parts[start..at] == parts[at + 1..end] {
                parts.drain(at..end);
                continue;
            }
        }
        at += 1;
    }
    parts.join(" ")
}

/// Words at which a list begins, and before which one ends.
const LIST_BEGINS: [&str; 8] = ["select", "distinct", "by", "from", "with", "values", "recursive", "window"];
const LIST_ENDS: [&str; 18] = [
    "from", "where", "group", "having", "order", "limit", "offset", "fetch", "union", "intersect", "except", "window",
    "for", "rows", "range", "groups", "filter", "select",
];

/// Where the item before the comma at `comma` begins.
fn item_start(parts: &[Cow<'_, str>], comma: usize) -> usize {
    let mut depth = 0;
    for at in (0..comma).rev() {
        match parts[at].as_ref() {
            ")" | "]" => depth += 1,
            "(" | "[" if depth == 0 => return at + 1,
            "(" | "[" => depth -= 1,
            part if depth == 0 && (part == "," || LIST_BEGINS.contains(&part)) => return at + 1,
            _ => {}
        }
    }
    0
}

/// Where the item that begins at `start` ends.
fn item_end(parts: &[Cow<'_, str>], start: usize) -> usize {
    let mut depth = 0;
    for (at, part) in parts.iter().enumerate().skip(start) {
        match part.as_ref() {
            "(" | "[" => depth += 1,
            ")" | "]" if depth == 0 => return at,
            ")" | "]" => depth -= 1,
            part if depth == 0 && (part == "," || LIST_ENDS.contains(&part)) => return at,
            _ => {}
        }
    }
    parts.len()
}

/// What the skeleton hashes.
fn shape(sql: &str) -> String {
    shape_parts(sql).join(" ")
}

fn shape_parts(sql: &str) -> Vec<Cow<'_, str>> {
    let tokens = tokens(sql);
    let mut parts = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let part = match token {
            Token::Literal => Cow::Borrowed("?"),
            Token::Symbol(symbol) => Cow::Borrowed(*symbol),
            Token::Word(word) if is_shape(word) => lowercase(word),
            Token::Word(word) if next == Some(&Token::Symbol("(")) || before == Some(&Token::Symbol("::")) => {
                lowercase(word)
            }
            Token::Word(_) | Token::Quoted(_) => Cow::Borrowed("_"),
        };
        push_part(&mut parts, part);
    }
    parts
}

/// Folds what is only naming: `a.b` to one name, `x AS y` and `x y` to `x`, a list of literals to one.
fn push_part<'a>(parts: &mut Vec<Cow<'a, str>>, part: Cow<'a, str>) {
    let last = |back: usize| parts.len().checked_sub(back).and_then(|at| parts.get(at)).map(AsRef::as_ref);
    match part.as_ref() {
        "_" | "*" if last(1) == Some(".") && last(2) == Some("_") => {
            parts.truncate(parts.len() - 2);
            parts.push(part);
        }
        "_" if last(1) == Some("as") => {
            parts.pop();
        }
        "_" if matches!(last(1), Some("_" | ")")) => {}
        "?" if last(1) == Some(",") && last(2) == Some("?") => {
            parts.pop();
        }
        ";" => {}
        _ => parts.push(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_words_are_sorted() {
        assert!(SHAPE.is_sorted());
    }

    #[test]
    fn masks_literals() {
        let sql =
            "select a.\"B c\", count( * )  from t -- x\n where d = 'it''s' and e >= -1.5e-3 and f in (1,2) /* y */";
        assert_eq!(template(sql), "SELECT a.\"B c\", count(*) FROM t WHERE d = ? AND e >= - ? AND f IN (?, ?)");
        assert_eq!(template("SELECT E'a\\'b', $x$ it's $x$, 'a' 'b', x::int[]"), "SELECT ?, ?, ?, x::int[]");
    }

    #[test]
    fn same_shape_same_skeleton() {
        let one = skeleton(
            "SELECT c.name, sum(p.amount) AS total FROM customer c JOIN payment AS p ON p.cid = c.id WHERE c.city IN ('a', 'b')",
        );
        let two = skeleton("select x, sum(y) from big.\"T\" join u on x = z where x in ('q')");
        assert_eq!(one, two);
        assert_ne!(one, skeleton("select x, avg(y) from t join u on x = z where x in ('q')"));
        assert_ne!(one, skeleton("select x, sum(y) from t left join u on x = z where x in ('q')"));
        assert_eq!(one.len(), 16);
    }

    #[test]
    fn lists_of_equal_items_collapse() {
        for (one, two) in [
            ("SELECT a, b, c FROM t", "SELECT a FROM t"),
            ("SELECT a, sum(b) AS x, sum(c) AS y FROM t GROUP BY a, d", "SELECT a, sum(b) FROM t GROUP BY a"),
            (
                "SELECT rank() OVER (PARTITION BY a, b ORDER BY c DESC, d DESC)",
                "SELECT rank() OVER (PARTITION BY a ORDER BY c DESC)",
            ),
            (
                "SELECT a FROM (SELECT b, c FROM t) x WHERE d IN (1, 2)",
                "SELECT a FROM (SELECT b FROM t) x WHERE d IN (1)",
            ),
        ] {
            assert_eq!(collapsed(one), collapsed(two), "{one}");
        }
        for (one, two) in [
            ("SELECT a, sum(b) FROM t", "SELECT a, avg(b) FROM t"),
            ("SELECT sum(a), b, sum(c) FROM t", "SELECT sum(a), b FROM t"),
            ("SELECT a FROM t ORDER BY b, c DESC", "SELECT a FROM t ORDER BY b"),
        ] {
            assert_ne!(collapsed(one), collapsed(two), "{one}");
        }
    }

    #[test]
    fn broken_text_ends() {
        for sql in ["'", "\"", "$a$", "/*", "--", "E'\\", "$", "1e", "ä'"] {
            let _ = (template(sql), skeleton(sql), collapsed(sql));
        }
    }
}
