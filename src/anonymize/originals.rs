//! Sets of texts by their hashes: no text is kept.

use super::rule::Guard;
use crate::error::Result;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// No two texts have the same one but by a chance that nobody will see. 96 bits: with a number it fills two words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark([u32; 3]);
/// Part of a mark, for sets that a text may stand in by mistake: all that comes of it is another fake.
pub(super) type Seal = u64;
pub(super) type MarkMap<T> = HashMap<Mark, T, BuildHasherDefault<Already>>;
pub(super) type SealSet = HashSet<Seal, BuildHasherDefault<Already>>;

impl Hash for Mark {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.0[0]) | u64::from(self.0[1]) << 32);
    }
}

/// Marks and seals are hashes already.
#[derive(Default)]
pub(super) struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.0 = self.0.rotate_left(8) ^ u64::from(*b));
    }

    fn write_u64(&mut self, seal: u64) {
        self.0 = seal;
    }

    /// Spread, since a set looks at the first bits too.
    fn write_u32(&mut self, half: u32) {
        self.0 = u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

pub(super) fn mark(text: &str) -> Mark {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    let hash = hasher.finish128();
    Mark([hash.h1 as u32, (hash.h1 >> 32) as u32, hash.h2 as u32])
}

pub(super) fn seal(text: &str) -> Seal {
    let mut hasher = siphasher::sip::SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// Adds the text as it is compared: in lower case, without blanks around it.
pub(super) fn fold_into(out: &mut String, text: &str) {
    let text = text.trim();
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
    } else {
        out.push_str(&text.to_lowercase());
    }
}

/// Shorter parts of words say nothing.
pub(super) const PART: usize = 5;

/// Whether `folded` is what [`fold_into`] makes of the text.
pub(super) fn folds_to(text: &str, folded: &str) -> bool {
    let text = text.trim();
    if text.is_ascii() { text.eq_ignore_ascii_case(folded) } else { text.to_lowercase() == folded }
}

/// A word and each part of it that is long enough to tell.
pub(super) fn stretches(word: &str) -> Vec<String> {
    let ends: Vec<usize> = word.char_indices().map(|(i, _)| i).chain([word.len()]).collect();
    let mut out = Vec::new();
    for start in 0..ends.len() {
        for end in start + PART..ends.len() {
            out.push(word[ends[start]..ends[end]].to_owned());
        }
    }
    out
}

/// Finds those of the texts (lower case, trimmed) that `read` shows.
pub(crate) fn among(texts: &[String], read: impl FnOnce(&mut dyn FnMut(&str)) -> Result<()>) -> Result<Vec<String>> {
    let wanted: HashSet<&str> = texts.iter().map(String::as_str).collect();
    // a letter of three bytes may have one in lower case
    let longest = 3 * texts.iter().map(String::len).max().unwrap_or(0);
    let mut found: HashSet<&str> = HashSet::new();
    let mut folded = String::new();
    read(&mut |value| {
        let value = value.trim();
        if value.len() <= longest {
            folded.clear();
            fold_into(&mut folded, value);
            found.extend(wanted.get(folded.as_str()));
        }
    })?;
    Ok(found.into_iter().map(str::to_owned).collect())
}

/// Looks for texts among the originals; `pg/anonymize.rs` asks the server.
pub(crate) trait Originals {
    /// Those of the texts (lower case, trimmed) that are values of the guarded columns.
    fn among(&mut self, guard: &Guard, texts: &[String]) -> Result<Vec<String>>;

    /// All of them, where they are at hand.
    fn held(&self, _: &Guard) -> Option<&OriginalSet> {
        None
    }
}

/// Originals of a table's guarded columns, each by half a seal: there may be millions, and the smaller the set the
/// sooner is a place in it at hand.
#[derive(Default)]
pub(crate) struct OriginalSet(HashSet<u32, BuildHasherDefault<Already>>);

impl OriginalSet {
    /// Room for so many texts: to grow step by step takes longer than to fill it.
    pub(super) fn of_size(texts: usize) -> OriginalSet {
        OriginalSet(HashSet::with_capacity_and_hasher(texts, BuildHasherDefault::default()))
    }

    /// Texts in lower case, trimmed, by [`half`]. Many at once: while one waits for its place in memory, the next are
    /// on their way.
    pub(super) fn add(&mut self, halves: Vec<u32>) {
        self.0.extend(halves);
    }

    pub(super) fn has(&self, folded: &str) -> bool {
        self.0.contains(&half(folded))
    }
}

/// What an [`OriginalSet`] keeps of a text in lower case, trimmed.
pub(super) fn half(folded: &str) -> u32 {
    seal(folded) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn originals_are_found_whatever_their_case_and_blanks() {
        let texts =
            ["mary".to_owned(), "zoë".to_owned(), "straße 1".to_owned(), "kelvin".to_owned(), "nobody".to_owned()];
        let values = [" MARY ", "ZOË", "zoe", "Stra\u{df}e 1", "\u{212a}elvin", "marys"];
        let mut found = among(&texts, |see| {
            values.iter().for_each(|value| see(value));
            Ok(())
        })
        .unwrap();
        found.sort();
        assert_eq!(found, ["kelvin", "mary", "straße 1", "zoë"]);
    }

    #[test]
    fn a_set_of_originals_has_them_and_hardly_any_other() {
        let mut set = OriginalSet::of_size(10);
        set.add((0..20_000).map(|i| half(&format!("o{i}"))).collect());
        assert!((0..20_000).all(|i| set.has(&format!("o{i}"))));
        assert!((0..20_000).filter(|i| set.has(&format!("n{i}"))).count() < 5);
    }
}
