//! The leak audit: everything that a run stored, as one text, and the search for protected values in it.

use std::collections::{HashMap, HashSet};

/// Shorter values are only looked for as a whole, and shorter ones than `LEAST` say nothing at all.
const PART: usize = 5;
const LEAST: usize = 3;
/// So many records that have a word in lower case have it as a word of the language, not as somebody's name.
const COMMON: usize = 3;
/// Findings after which the search ends.
pub(crate) const MOST: usize = 1_000;

/// What a stored text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// Sentences: a word may stand in them by chance.
    Prose,
    /// A value: a literal, or a leaf of a row.
    Value,
}

/// A text that a run stored, and where.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub(crate) struct Stored {
    pub found_in: String,
    pub id: i64,
    pub field: String,
    pub form: Form,
    /// Of an anonymised row: its table, `schema.table`.
    pub table: Option<String>,
    pub text: String,
}

/// A value that must not leave, as its table has it.
pub(crate) struct Protected<'a> {
    pub table: &'a str,
    pub text: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    Exact,
    Folded,
    Part,
}

impl Match {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Match::Exact => "exact",
            Match::Folded => "folded",
            Match::Part => "part",
        }
    }
}

/// All texts of a run, searchable.
pub(crate) struct Haystack {
    stored: Vec<Stored>,
    /// Folded texts, each followed by a zero.
    all: String,
    /// Where each text begins in `all`.
    starts: Vec<usize>,
    /// Texts by their folded whole.
    whole: HashMap<String, Vec<usize>>,
    grams: Grams,
    open: Open,
}

/// What everybody may see, folded, wherever else it stands: no leak, though it may be somebody's name too.
#[derive(Default)]
pub(crate) struct Open {
    /// Words of the catalog, of dates, and of values that many rows share.
    pub words: HashSet<String>,
    /// Values of columns that are not protected.
    pub values: HashSet<String>,
}

impl Open {
    pub(crate) fn add_value(&mut self, value: &str) {
        self.values.insert(fold(value.trim()));
    }
}

/// Which windows of five bytes occur at all: a value with one that does not need no search.
struct Grams(Vec<u64>);

impl Grams {
    const BITS: usize = 24;

    fn of(text: &str) -> Grams {
        let mut grams = Grams(vec![0; 1 << (Grams::BITS - 6)]);
        for window in text.as_bytes().windows(PART) {
            let at = Grams::at(window);
            grams.0[at / 64] |= 1 << (at % 64);
        }
        grams
    }

    fn at(window: &[u8]) -> usize {
        let n = window.iter().fold(0u64, |n, b| (n << 8) | u64::from(*b));
        (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - Grams::BITS)) as usize
    }

    fn may_hold(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        bytes.len() >= PART
            && bytes.windows(PART).all(|w| {
                let at = Grams::at(w);
                self.0[at / 64] >> (at % 64) & 1 == 1
            })
    }
}

/// Lower case letter by letter, where that keeps the length, so that places in both texts are the same.
fn fold(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(l), None) if l.len_utf8() == c.len_utf8() => l,
                _ => c,
            }
        })
        .collect()
}

/// Words of letters in a text, folded.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    fold(text)
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

impl Haystack {
    pub(crate) fn new(stored: Vec<Stored>, open: Open) -> Haystack {
        let mut all = String::new();
        let mut starts = Vec::with_capacity(stored.len());
        let mut whole: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, one) in stored.iter().enumerate() {
            starts.push(all.len());
            let folded = fold(&one.text);
            all.push_str(&folded);
            all.push('\0');
            if one.form == Form::Value {
                whole.entry(folded.trim().to_owned()).or_default().push(i);
            }
        }
        let grams = Grams::of(&all);
        Haystack { stored, all, starts, whole, grams, open }
    }

    pub(crate) fn stored(&self, at: usize) -> &Stored {
        &self.stored[at]
    }

    /// Where the value stands, by the place of the text in the list, each text once.
    pub(crate) fn search(&self, value: &Protected<'_>) -> Vec<(usize, Match)> {
        let text = value.text.trim();
        let folded = fold(text);
        let chars = folded.chars().count();
        if chars < LEAST {
            return Vec::new();
        }
        let word = folded.chars().all(char::is_alphabetic);
        if word && self.open.words.contains(&folded) {
            return Vec::new();
        }
        let mut found: Vec<(usize, Match)> = Vec::new();
        for at in self.whole.get(&folded).into_iter().flatten() {
            if self.tells(value, &folded, *at, chars >= PART) {
                let exact = self.stored[*at].text.trim() == text;
                found.push((*at, if exact { Match::Exact } else { Match::Folded }));
            }
        }
        if chars >= PART && self.grams.may_hold(&folded) {
            self.parts(value, &folded, word, &mut found);
        }
        // a literal stands in its statement too
        let mut seen = HashSet::new();
        found.retain(|(at, _)| {
            let s = &self.stored[*at];
            seen.insert((s.found_in.as_str(), s.id, s.field.as_str()))
        });
        found
    }

    /// Whether a match in a value says anything: fakes of one table may well be names that another one holds.
    fn tells(&self, value: &Protected<'_>, folded: &str, at: usize, long: bool) -> bool {
        match &self.stored[at].table {
            Some(table) if table == value.table => true,
            None if self.stored[at].form == Form::Value && self.is_open(at) => false,
            Some(_) => long && folded.chars().count() >= 8 && folded.chars().any(|c| !c.is_alphabetic()),
            None => true,
        }
    }

    /// The text is, as a whole, a value that may be shown.
    fn is_open(&self, at: usize) -> bool {
        self.open.values.contains(&fold(self.stored[at].text.trim()))
    }

    /// Values that may be shown and that hold this one.
    fn covers(&self, folded: &str) -> Vec<&str> {
        self.open.values.iter().map(String::as_str).filter(|v| v.contains(folded)).collect()
    }

    /// Whether what stands at the place is a piece of one of the values that may be shown.
    fn is_covered(&self, covers: &[&str], folded: &str, place: usize) -> bool {
        covers.iter().any(|cover| {
            cover.match_indices(folded).any(|(i, _)| {
                place.checked_sub(i).and_then(|p| self.all.get(p..)).is_some_and(|t| t.starts_with(cover))
            })
        })
    }

    fn parts(&self, value: &Protected<'_>, folded: &str, word: bool, found: &mut Vec<(usize, Match)>) {
        let mut weak: Vec<usize> = Vec::new();
        let mut covers: Option<Vec<&str>> = None;
        for (place, _) in self.all.match_indices(folded) {
            let at = self.starts.partition_point(|s| *s <= place) - 1;
            if found.iter().any(|(f, _)| *f == at) || !self.stands_alone(folded, word, place) {
                continue;
            }
            let one = &self.stored[at];
            if !self.tells(value, folded, at, true) {
                continue;
            }
            if one.table.is_none() && self.is_covered(covers.get_or_insert_with(|| self.covers(folded)), folded, place)
            {
                continue;
            }
            let within = place - self.starts[at];
            if word && one.form == Form::Prose && is_weak(&one.text, within) {
                if weak.last() != Some(&at) {
                    weak.push(at);
                }
                continue;
            }
            found.push((at, Match::Part));
            if found.len() >= MOST {
                return;
            }
        }
        if weak.len() < COMMON {
            found.extend(
                weak.into_iter()
                    .filter(|at| !found.iter().any(|(f, _)| f == at))
                    .map(|at| (at, Match::Part))
                    .collect::<Vec<_>>(),
            );
        }
    }

    /// Words must not be pieces of longer words; a long value with digits or an @ in it may stand anywhere.
    fn stands_alone(&self, folded: &str, word: bool, place: usize) -> bool {
        let signed = folded.contains(|c: char| c.is_ascii_digit() || c == '@');
        if !word && signed && folded.len() >= 8 && !folded.bytes().all(|b| b.is_ascii_digit()) {
            return true;
        }
        let before = self.all[..place].chars().next_back();
        let after = self.all[place + folded.len()..].chars().next();
        let joins = |edge: Option<char>, inner: Option<char>| {
            edge.is_some_and(char::is_alphanumeric) && inner.is_some_and(char::is_alphanumeric)
        };
        !joins(before, folded.chars().next()) && !joins(after, folded.chars().next_back())
    }
}

/// In lower case, or at the head of a sentence: as any word of the language may stand.
fn is_weak(text: &str, at: usize) -> bool {
    let (Some(before), Some(here)) = (text.get(..at), text.get(at..)) else { return false };
    let mut letters = here.chars();
    let (first, second) = (letters.next(), letters.next());
    let lower = first.is_some_and(char::is_lowercase);
    let shouted = second.is_some_and(char::is_uppercase);
    let before = before.trim_end_matches([' ', '"', '\'']);
    let heads = before.is_empty() || before.ends_with(['.', '?', '!', '\n', ':']);
    lower || (heads && !shouted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(field: &str, form: Form, table: Option<&str>, text: &str) -> Stored {
        Stored {
            found_in: "dataset".into(),
            id: 1,
            field: field.into(),
            form,
            table: table.map(str::to_owned),
            text: text.into(),
        }
    }

    fn open() -> Open {
        let mut open = Open::default();
        open.words.extend(["price".to_owned(), "virginia".to_owned()]);
        open.add_value("Boston Crab Meat");
        open
    }

    fn haystack(texts: &[(&str, Form, Option<&str>)]) -> Haystack {
        let list = texts.iter().enumerate();
        let list = list.map(|(i, (t, f, table))| Stored { id: i as i64, ..stored("x", *f, *table, t) }).collect();
        Haystack::new(list, open())
    }

    fn hits(haystack: &Haystack, table: &str, text: &str) -> Vec<(usize, Match)> {
        haystack.search(&Protected { table, text })
    }

    #[test]
    fn values_are_found_whole_folded_and_as_parts() {
        let h = haystack(&[
            ("How many orders has Wilhelmina Harker?", Form::Prose, None),
            ("mary.smith@mail.test", Form::Value, None),
            ("see MARY.SMITH@MAIL.TEST, urgent", Form::Value, Some("s.t")),
            ("Ann", Form::Value, None),
        ]);
        assert_eq!(hits(&h, "s.c", "Wilhelmina Harker"), [(0, Match::Part)]);
        assert_eq!(hits(&h, "s.c", "wilhelmina"), [(0, Match::Part)]);
        assert_eq!(hits(&h, "s.c", "MARY.SMITH@mail.test"), [(1, Match::Folded), (2, Match::Part)]);
        assert_eq!(hits(&h, "s.c", "mary.smith@mail.test")[0], (1, Match::Exact));
        assert_eq!(hits(&h, "s.c", "Ann"), [(3, Match::Exact)]);
        assert_eq!(hits(&h, "s.c", "An"), []);
        assert_eq!(hits(&h, "s.c", "Mina Harker"), []);
        assert_eq!(hits(&h, "s.c", "Helmina"), []);
    }

    #[test]
    fn words_of_the_language_and_of_the_catalog_are_nobodys_name() {
        let h = haystack(&[
            ("What is the total price of young customers?", Form::Prose, None),
            ("Young members by month", Form::Prose, None),
            ("Show the young ones.", Form::Prose, None),
            ("Virginia", Form::Value, None),
            ("Who are they? brown", Form::Prose, None),
            ("Orders of Miss Young", Form::Prose, None),
        ]);
        assert_eq!(hits(&h, "s.c", "Price"), []);
        assert_eq!(hits(&h, "s.c", "VIRGINIA"), []);
        assert_eq!(hits(&h, "s.c", "Young"), [(5, Match::Part)]);
        assert_eq!(hits(&h, "s.c", "Brown"), [(4, Match::Part)]);
    }

    #[test]
    fn a_value_that_may_be_shown_is_no_leak_of_what_it_holds() {
        let h = haystack(&[
            ("Boston Crab Meat", Form::Value, None),
            ("Prices of Boston Crab Meat", Form::Prose, None),
            ("People of old Boston", Form::Prose, None),
            ("Boston Crab Meat", Form::Value, Some("s.c")),
        ]);
        assert_eq!(hits(&h, "s.c", "Boston"), [(2, Match::Part), (3, Match::Part)]);
    }

    #[test]
    fn a_fake_may_be_another_tables_name_but_not_its_own() {
        let h = haystack(&[("Harker", Form::Value, Some("s.a")), ("a@b.test x", Form::Value, Some("s.a"))]);
        assert_eq!(hits(&h, "s.a", "Harker"), [(0, Match::Exact)]);
        assert_eq!(hits(&h, "s.b", "Harker"), []);
        assert_eq!(hits(&h, "s.b", "a@b.test"), [(1, Match::Part)]);
    }
}
