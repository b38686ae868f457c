//! Normal forms under which two questions, or two statements, count as the same. Judged by eye alone: two texts
//! with one key say the same, two keys may still say the same.

use crate::schema::model::quote_ident;
use md5::{Digest, Md5};
use std::iter::Peekable;
use std::str::Chars;

/// What nlsql.item keeps of a question's normal form.
pub(crate) fn question_digest(text: &str) -> String {
    digest(&question_key(text))
}

/// What nlsql.item keeps of a statement's normal form.
pub(crate) fn sql_digest(text: &str) -> String {
    digest(&sql_key(text))
}

/// As the server's md5() has it.
fn digest(key: &str) -> String {
    let mut text = String::with_capacity(32);
    for byte in Md5::digest(key.as_bytes()) {
        for half in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(half), 16));
        }
    }
    text
}

/// Question without regard to case, spacing, punctuation and thousands separators. Signs that decide the meaning
/// (`<`, `%`, a minus, a decimal point) stay.
pub(crate) fn question_key(text: &str) -> String {
    let chars: Vec<char> = if text.is_ascii() {
        text.bytes().map(|b| char::from(b.to_ascii_lowercase())).collect()
    } else {
        text.chars().flat_map(char::to_lowercase).collect()
    };
    let mut key = String::with_capacity(text.len());
    let mut gap = false;
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| chars.get(j)).copied().unwrap_or(' ');
        let after = chars.get(i + 1).copied().unwrap_or(' ');
        let kept = match c {
            _ if c.is_alphanumeric() => Some(c),
            '.' if before.is_ascii_digit() && after.is_ascii_digit() => Some(c),
            ',' if before.is_ascii_digit() && three_digits(&chars[i + 1..]) => continue,
            '\'' | '\u{2019}' if before.is_alphanumeric() => continue,
            '-' | '\u{2212}' if after.is_ascii_digit() && !before.is_alphanumeric() => Some('-'),
            _ if c.is_whitespace() || is_punctuation(c) => None,
            _ => Some(c),
        };
        match kept {
            Some(c) => {
                if gap && !key.is_empty() {
                    key.push(' ');
                }
                key.push(c);
                gap = false;
            }
            None => gap = true,
        }
    }
    if key.is_empty() { text.trim().to_owned() } else { key }
}

fn three_digits(rest: &[char]) -> bool {
    rest.len() >= 3 && rest[..3].iter().all(char::is_ascii_digit) && rest.get(3).is_none_or(|c| !c.is_ascii_digit())
}

fn is_punctuation(c: char) -> bool {
    matches!(
        c,
        '.' | ','
            | ';'
            | ':'
            | '?'
            | '!'
            | '\''
            | '"'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '-'
            | '_'
            | '`'
            | '\u{00a0}'
            | '\u{00a1}'
            | '\u{00bf}'
            | '\u{00ab}'
            | '\u{00bb}'
            | '\u{2010}'..='\u{2027}' | '\u{2039}' | '\u{203a}'
    ) || c.is_control()
}

/// Statement without regard to spacing, comments, case outside quotes, a closing semicolon, and quotes that an
/// identifier does not need: its tokens in lower case with one blank between them.
pub(crate) fn sql_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for token in tokens(text) {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(&token);
    }
    while let Some(rest) = key.strip_suffix(';') {
        key.truncate(rest.trim_end().len());
    }
    key
}

/// Tokens by the lexical rules of PostgreSQL, words in lower case, strings and quoted identifiers as they are.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
        } else if c == '\'' {
            chars.next();
            tokens.push(quoted(&mut chars, '\'', false));
        } else if c == '"' {
            chars.next();
            tokens.push(identifier(&quoted(&mut chars, '"', false)));
        } else if c == '$' {
            tokens.push(dollar(&mut chars));
        } else if c.is_ascii_digit() || (c == '.' && second(&chars).is_some_and(|d| d.is_ascii_digit())) {
            tokens.push(number(&mut chars));
        } else if is_word(c) {
            let word = word(&mut chars);
            if word == "e" && chars.peek() == Some(&'\'') {
                chars.next();
                tokens.push(word + &quoted(&mut chars, '\'', true));
            } else {
                tokens.push(word);
            }
        } else if is_operator(c) {
            tokens.extend(operator(&mut chars));
        } else {
            chars.next();
            let doubled = c == ':' && chars.next_if(|n| matches!(n, ':' | '=')).is_some();
            tokens.push(if doubled { "::".to_owned() } else { c.to_string() });
        }
    }
    tokens
}

fn second(chars: &Peekable<Chars<'_>>) -> Option<char> {
    chars.clone().nth(1)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_operator(c: char) -> bool {
    "+-*/<>=~!@#%^&|`?".contains(c)
}

fn word(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::new();
    while let Some(c) = chars.next_if(|c| is_word(*c) || c.is_ascii_digit() || *c == '$') {
        word.push(c.to_ascii_lowercase());
    }
    word
}

fn number(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut number = String::new();
    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')) {
        number.push(c.to_ascii_lowercase());
        if number.ends_with('e')
            && !number.starts_with("0x")
            && let Some(sign) = chars.next_if(|c| matches!(c, '+' | '-'))
        {
            number.push(sign);
        }
    }
    number
}

/// What follows an opening quote, with both quotes; a doubled quote does not end it.
fn quoted(chars: &mut Peekable<Chars<'_>>, quote: char, escapes: bool) -> String {
    let mut token = String::from(quote);
    while let Some(c) = chars.next() {
        token.push(c);
        if escapes && c == '\\' {
            token.extend(chars.next());
        } else if c == quote {
            match chars.next_if_eq(&quote) {
                Some(c) => token.push(c),
                None => break,
            }
        }
    }
    token
}

/// `"film"` is `film`, `"Film"` and `"order"` are not.
fn identifier(token: &str) -> String {
    let name = token.trim_matches('"').replace("\"\"", "\"");
    if quote_ident(&name) == name { name } else { token.to_owned() }
}

/// `$1`, or a dollar-quoted string.
fn dollar(chars: &mut Peekable<Chars<'_>>) -> String {
    let rest: String = chars.clone().collect();
    let tag = rest.get(1..).and_then(|r| r.find('$')).map(|end| &rest[..end + 2]);
    let tag = tag.filter(|t| {
        let inner = &t[1..t.len() - 1];
        inner.chars().all(|c| is_word(c) || c.is_ascii_digit()) && !inner.starts_with(|c: char| c.is_ascii_digit())
    });
    let length = match tag {
        Some(tag) => rest[tag.len()..].find(tag).map_or(rest.len(), |end| end + 2 * tag.len()),
        None => 1 + rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1),
    };
    let token = &rest[..length];
    for _ in token.chars() {
        chars.next();
    }
    token.to_owned()
}

/// An operator, or nothing where a comment begins. `a=-1` is `=` and `-`; `!=` is `<>`.
fn operator(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut run = String::new();
    while let Some(&c) = chars.peek() {
        if !is_operator(c) {
            break;
        }
        match (c, second(chars)) {
            ('-', Some('-')) | ('/', Some('*')) => {
                if run.is_empty() {
                    comment(chars);
                    return None;
                }
                break;
            }
            _ => {}
        }
        if matches!(c, '+' | '-') && !run.is_empty() && !may_end_in_sign(chars, &run) {
            break;
        }
        run.push(c);
        chars.next();
    }
    Some(if run == "!=" { "<>".to_owned() } else { run })
}

/// A sign belongs to the operator if it is not its end, or if the operator has a character that allows it.
fn may_end_in_sign(chars: &Peekable<Chars<'_>>, run: &str) -> bool {
    let special = |c: char| "~!@#%^&|`?".contains(c);
    run.contains(special) || chars.clone().take_while(|c| is_operator(*c)).any(|c| !matches!(c, '+' | '-'))
}

fn comment(chars: &mut Peekable<Chars<'_>>) {
    if chars.next() == Some('-') {
        while chars.next_if(|c| *c != '\n').is_some() {}
        return;
    }
    chars.next();
    let mut depth = 1;
    while depth > 0 {
        match (chars.next(), chars.peek()) {
            (Some('*'), Some('/')) => {
                chars.next();
                depth -= 1;
            }
            (Some('/'), Some('*')) => {
                chars.next();
                depth += 1;
            }
            (None, _) => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_fold_case_space_and_punctuation() {
        for (a, b) in [
            ("How many films are there?", "how  many films\nare there"),
            ("Which PG-13 films cost over $1,000?", "which pg 13 films cost over $1000"),
            ("Each customer\u{2019}s name", "Each customer's name."),
            ("\u{201c}Action\u{201d} films", "Action films"),
            ("\u{c9}tudes", "\u{e9}tudes"),
        ] {
            assert_eq!(question_key(a), question_key(b), "{a} / {b}");
        }
    }

    #[test]
    fn digests_are_those_of_the_server() {
        // of RFC 1321; installations have keys that the server's md5() made
        assert_eq!(question_digest("ABC?"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(sql_digest("abc;"), "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn questions_keep_what_decides_the_meaning() {
        for (a, b) in [
            ("amount > 5", "amount < 5"),
            ("below 5.5", "below 55"),
            ("above -5", "above 5"),
            ("by 5%", "by 5"),
            ("ids 1,2", "ids 12"),
            ("in 2005", "in 2006"),
        ] {
            assert_ne!(question_key(a), question_key(b), "{a} / {b}");
        }
        assert_eq!(question_key(" ?! "), "?!");
        assert_eq!(question_key("Wie viele \u{1f600}?"), "wie viele \u{1f600}");
    }

    #[test]
    fn statements_fold_layout_comments_and_needless_quotes() {
        let key = sql_key("SELECT count(*) FROM film WHERE title = 'A  B' AND x <> -1");
        for same in [
            "select COUNT( * )\nfrom \"film\" -- all\nwhere title='A  B' and x!= -1;",
            "SELECT/* a /* nested */ b */count(*) FROM film WHERE title='A  B' AND x<>-1 ; ;",
        ] {
            assert_eq!(sql_key(same), key);
        }
        assert_eq!(sql_key("a.b::int"), sql_key("A . B :: INT"));
        assert_eq!(sql_key("x->>'k'"), "x ->> 'k'");
        assert_eq!(sql_key("a @- b"), "a @- b");
    }

    #[test]
    fn statements_keep_strings_and_needed_quotes() {
        for (a, b) in [
            ("SELECT 'a'", "SELECT 'A'"),
            ("SELECT 'a b'", "SELECT 'a  b'"),
            ("SELECT \"A\"", "SELECT a"),
            ("SELECT \"user\"", "SELECT user"),
            ("SELECT '--'", "SELECT ''"),
            ("SELECT $$A$$", "SELECT $$a$$"),
            ("SELECT E'\\'A'", "SELECT E'\\'a'"),
            ("SELECT 1.5", "SELECT 1, 5"),
        ] {
            assert_ne!(sql_key(a), sql_key(b), "{a} / {b}");
        }
    }

    #[test]
    fn odd_text_ends() {
        for text in ["'", "\"", "$", "$a$ x", "/* ", "--", "E'\\", "$1", "\u{1f600} $\u{e9}$x$\u{e9}$", ".5e-3", ""] {
            let key = sql_key(text);
            assert_eq!(sql_key(&key), key, "{text}");
        }
        assert_eq!(tokens("$1 + $tag$ it's $tag$"), ["$1", "+", "$tag$ it's $tag$"]);
        assert_eq!(tokens(".5e-3-1"), [".5e-3", "-", "1"]);
    }
}
