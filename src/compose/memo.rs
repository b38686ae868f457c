//! What is asked of a world again and again, worked out once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Memo {
    nouns: OnceCell<Vec<String>>,
    ways: RefCell<HashMap<(usize, usize, usize), usize>>,
}

impl Clone for Memo {
    /// A copy of a world may be changed.
    fn clone(&self) -> Memo {
        Memo::default()
    }
}

impl Memo {
    /// What the parents of all references are called; `each` says it of one of `edges`.
    pub(super) fn nouns(&self, edges: usize, each: impl Fn(usize) -> String) -> &[String] {
        self.nouns.get_or_init(|| (0..edges).map(each).collect())
    }

    /// How many ways of so many steps lead from one entity to another.
    pub(super) fn ways(&self, way: (usize, usize, usize), count: impl FnOnce() -> usize) -> usize {
        if let Some(known) = self.ways.borrow().get(&way) {
            return *known;
        }
        let found = count();
        self.ways.borrow_mut().insert(way, found);
        found
    }
}
