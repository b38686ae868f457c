//! Sets of texts by their hashes: no text is kept.

use super::rule::Guard;
use crate::error::Result;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// No two texts have the same one but by a chance that nobody will see.
pub(super) type Mark = u128;
/// Half a mark, for sets that a text may stand in by mistake: all that comes of it is another fake.
pub(super) type Seal = u64;
pub(super) type MarkMap<T> = HashMap<Mark, T, BuildHasherDefault<Already>>;
pub(super) type SealSet = HashSet<Seal, BuildHasherDefault<Already>>;

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

    fn write_u128(&mut self, mark: u128) {
        self.0 = mark as u64;
    }

    fn write_u64(&mut self, seal: u64) {
        self.0 = seal;
    }
}

pub(super) fn mark(text: &str) -> Mark {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish128().as_u128()
}

pub(super) fn seal(text: &str) -> Seal {
    mark(text) as u64
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

/// Originals of a table's guarded columns.
#[derive(Default)]
pub(crate) struct OriginalSet(SealSet);

impl OriginalSet {
    /// Room for so many texts: to grow step by step takes longer than to fill it.
    pub(super) fn of_size(texts: usize) -> OriginalSet {
        OriginalSet(SealSet::with_capacity_and_hasher(texts, BuildHasherDefault::default()))
    }

    /// A text in lower case, trimmed.
    pub(super) fn add(&mut self, folded: &str) {
        self.0.insert(seal(folded));
    }

    pub(super) fn has(&self, folded: &str) -> bool {
        self.0.contains(&seal(folded))
    }
}
