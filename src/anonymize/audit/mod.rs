//! The leak audit: everything that a run stored, as one text, and the search for protected values in it. What is found
//! is judged by where it stands: a value is no leak where the text can have it from a column that is open.

mod haystack;
mod judge;
mod open;

pub(crate) use haystack::{Haystack, Match};
pub(crate) use judge::{Judge, Origins, Protected};
pub(crate) use open::Open;
use std::collections::HashSet;
use std::rc::Rc;

/// Findings after which the search ends.
pub(crate) const MOST: usize = 1_000;

/// What a stored text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// Sentences: a word may stand in them by chance.
    Prose,
    /// SQL without its literals.
    Code,
    /// A literal, or a text out of a document.
    Value,
    /// A leaf of a row.
    Cell,
}

/// A text that a run stored, and where. Texts are many and names few: those are shared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub found_in: Rc<str>,
    pub id: i64,
    pub field: Rc<str>,
    pub form: Form,
    /// Relations that the record speaks of, `schema.table`.
    pub tables: Rc<[Rc<str>]>,
    /// Columns that its SQL reads, `schema.table.column`.
    pub columns: Rc<[Rc<str>]>,
    /// The one column that the text is of: a row's, or the one that a literal is compared with.
    pub place: Option<Rc<str>>,
    pub text: Box<str>,
}

/// Names, each held once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    names: HashSet<Rc<str>>,
    lists: HashSet<Rc<[Rc<str>]>>,
}

impl Names {
    pub(crate) fn name(&mut self, name: &str) -> Rc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Rc<str> = name.into();
        self.names.insert(name.clone());
        name
    }

    pub(crate) fn list(&mut self, names: &[String]) -> Rc<[Rc<str>]> {
        let list: Rc<[Rc<str>]> = names.iter().map(|name| self.name(name)).collect();
        if let Some(known) = self.lists.get(&list) {
            return known.clone();
        }
        self.lists.insert(list.clone());
        list
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

#[cfg(test)]
mod tests;
