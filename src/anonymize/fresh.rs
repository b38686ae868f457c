//! Fakes of a batch until they are known to meet no original.

use super::texts::Texts;

/// Fakes that may yet turn out to be somebody's originals.
#[derive(Default)]
pub(super) struct Fresh {
    list: Vec<Made>,
    /// Of each one the original, and after it the fake as [`super::originals::fold_into`] has it.
    texts: Texts,
}

pub(super) struct Made {
    /// The fake's number.
    pub at: u32,
    pub attempt: u32,
}

impl Fresh {
    /// The fakes with their originals and as [`super::originals::fold_into`] has them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Made, &str, &str)> {
        let text = |number: usize| self.texts.get(number).unwrap_or("");
        self.list.iter().enumerate().map(move |(i, made)| (made, text(2 * i), text(2 * i + 1)))
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.texts.clear();
    }

    pub(super) fn push(&mut self, made: Made, original: &str, folded: &str) {
        self.list.push(made);
        self.texts.push(Some(original));
        self.texts.push(Some(folded));
    }
}
