//! Sets of texts by marks of 128 bits: no text is kept, and no two have the same mark but by a chance that nobody will see.

use super::rule::Guard;
use crate::error::Result;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

pub(super) type Mark = u128;
pub(super) type MarkMap<T> = HashMap<Mark, T, BuildHasherDefault<Already>>;
pub(super) type MarkSet = HashSet<Mark, BuildHasherDefault<Already>>;

/// Marks are hashes already.
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
}

pub(super) fn mark(text: &str) -> Mark {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish128().as_u128()
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
pub(crate) struct OriginalSet(MarkSet);

impl OriginalSet {
    /// A text in lower case, trimmed.
    pub(super) fn add(&mut self, folded: &str) {
        self.0.insert(mark(folded));
    }

    pub(super) fn has(&self, folded: &str) -> bool {
        self.0.contains(&mark(folded))
    }
}
