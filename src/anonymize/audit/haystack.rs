//! All texts of a run, searchable for one value after another.

use super::{Form, Stored, fold};
use std::collections::HashMap;
use std::rc::Rc;

/// Shorter values are only looked for as a whole, and shorter ones than `LEAST` say nothing at all.
const PART: usize = 5;
const LEAST: usize = 3;

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

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    /// Number of the text.
    pub at: usize,
    /// Byte in it where the value begins.
    pub place: usize,
    pub how: Match,
}

pub(crate) struct Haystack {
    stored: Vec<Stored>,
    /// Folded texts, each followed by a zero.
    all: String,
    /// Where each text begins in `all`.
    starts: Vec<usize>,
    /// Values by their folded whole.
    whole: HashMap<String, Vec<usize>>,
    /// Values of a record: `(found_in, id)`.
    values: HashMap<(Rc<str>, i64), Vec<usize>>,
    grams: Grams,
}

/// Which windows of five bytes occur at all: a value with one that does not needs no search.
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

impl Haystack {
    pub(crate) fn new(stored: Vec<Stored>) -> Haystack {
        let mut all = String::new();
        let mut starts = Vec::with_capacity(stored.len());
        let mut whole: HashMap<String, Vec<usize>> = HashMap::new();
        let mut values: HashMap<(Rc<str>, i64), Vec<usize>> = HashMap::new();
        for (i, one) in stored.iter().enumerate() {
            starts.push(all.len());
            let folded = fold(&one.text);
            all.push_str(&folded);
            all.push('\0');
            if matches!(one.form, Form::Value | Form::Cell) {
                whole.entry(folded.trim().to_owned()).or_default().push(i);
            }
            if one.form == Form::Value {
                values.entry((one.found_in.clone(), one.id)).or_default().push(i);
            }
        }
        let grams = Grams::of(&all);
        Haystack { stored, all, starts, whole, values, grams }
    }

    pub(crate) fn stored(&self, at: usize) -> &Stored {
        &self.stored[at]
    }

    pub(super) fn folded(&self, at: usize) -> &str {
        let end = self.starts.get(at + 1).map_or(self.all.len(), |next| *next);
        self.all[self.starts[at]..end].trim_end_matches('\0')
    }

    /// The literals of the record that the text is part of, folded, and of patterns what a question says.
    pub(super) fn literals(&self, at: usize) -> impl Iterator<Item = &str> {
        let one = &self.stored[at];
        let values = self.values.get(&(one.found_in.clone(), one.id));
        values.into_iter().flatten().map(|v| self.folded(*v).trim_matches('%'))
    }

    /// Every place where the value stands.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let text = text.trim();
        let folded = fold(text);
        let chars = folded.chars().count();
        let mut hits = Vec::new();
        if chars < LEAST {
            return hits;
        }
        for at in self.whole.get(&folded).into_iter().flatten() {
            let exact = self.stored[*at].text.trim() == text;
            hits.push(Hit { at: *at, place: 0, how: if exact { Match::Exact } else { Match::Folded } });
        }
        if chars >= PART && self.grams.may_hold(&folded) {
            for (place, _) in self.all.match_indices(&folded) {
                let at = self.starts.partition_point(|s| *s <= place) - 1;
                let whole = matches!(self.stored[at].form, Form::Value | Form::Cell)
                    && self.folded(at).trim().len() == folded.len();
                if !whole && self.stands_alone(&folded, place) {
                    hits.push(Hit { at, place: place - self.starts[at], how: Match::Part });
                }
            }
        }
        hits
    }

    /// Words must not be pieces of longer words; a long value with digits or an @ in it may stand anywhere.
    fn stands_alone(&self, folded: &str, place: usize) -> bool {
        let signed = folded.contains(|c: char| c.is_ascii_digit() || c == '@');
        if signed && folded.len() >= 8 && !folded.bytes().all(|b| b.is_ascii_digit()) {
            return true;
        }
        let before = self.all[..place].chars().next_back();
        let after = self.all[place + folded.len()..].chars().next();
        let inner = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let joins = |edge: Option<char>, own: Option<char>| inner(edge) && inner(own);
        !joins(before, folded.chars().next()) && !joins(after, folded.chars().next_back())
    }
}
