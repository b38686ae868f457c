//! The leak audit: everything that a run stored, as one text, and the search for protected values in it. What is found
//! is judged by where it stands: a value is no leak where the text can have it from a column that is open.

mod haystack;
mod judge;
mod open;

pub(crate) use haystack::{Haystack, Match};
pub(crate) use judge::{Judge, Origins, Protected};
pub(crate) use open::Open;

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

/// A text that a run stored, and where.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub(crate) struct Stored {
    pub found_in: String,
    pub id: i64,
    pub field: String,
    pub form: Form,
    /// Relations that the record speaks of, `schema.table`.
    #[serde(default)]
    pub tables: Vec<String>,
    /// Columns that its SQL reads, `schema.table.column`.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The one column that the text is of: a row's, or the one that a literal is compared with.
    #[serde(default)]
    pub place: Option<String>,
    pub text: String,
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
