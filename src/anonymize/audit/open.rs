//! What everybody may see, though it may be somebody's name too.

use super::fold;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::LazyLock;

/// Words of English, those of our own wordings and those that are family names too among them: in lower case, or at
/// the head of a sentence, they are nobody's name.
static ORDINARY: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("ordinary.txt").split_whitespace().collect());

/// Names of people too, but mostly dates as people say them.
const CALENDAR: &str = "january february march april may june july august september october november december monday \
    tuesday wednesday thursday friday saturday sunday";

#[derive(Debug)]
pub(crate) struct Open {
    /// Words of the catalog and of dates, folded.
    words: HashSet<String>,
    /// Values of columns that are not protected, folded, each with the relations that show it.
    values: HashMap<String, Vec<String>>,
}

impl Default for Open {
    fn default() -> Open {
        Open { words: CALENDAR.split_whitespace().map(str::to_owned).collect(), values: HashMap::new() }
    }
}

impl Open {
    pub(crate) fn add_words(&mut self, text: &str) {
        self.words.extend(words(text));
    }

    pub(crate) fn add_value(&mut self, table: &str, value: &str) {
        let tables = self.values.entry(fold(value.trim())).or_default();
        if tables.last().is_none_or(|t| t != table) {
            tables.push(table.to_owned());
        }
    }

    /// A word of the catalog.
    pub(super) fn is_word(&self, folded: &str) -> bool {
        self.words.contains(folded)
    }

    /// All its words are words of the catalog or of the language.
    pub(super) fn is_language(&self, folded: &str) -> bool {
        let mut parts = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
        parts.all(|w| w.len() < 3 || ORDINARY.contains(w) || self.words.contains(w))
    }

    /// Whether one of the relations shows the value; without a list, any.
    pub(super) fn shows(&self, folded: &str, tables: &[Rc<str>]) -> bool {
        self.values.get(folded).is_some_and(|in_tables| shared(in_tables, tables))
    }

    /// Values that hold this one, with the relations that show them.
    pub(super) fn covers(&self, folded: &str) -> impl Iterator<Item = (&str, &[String])> {
        self.values.iter().filter(move |(v, _)| v.contains(folded)).map(|(v, t)| (v.as_str(), &t[..]))
    }
}

pub(super) fn shared(shown_by: &[String], tables: &[Rc<str>]) -> bool {
    tables.is_empty() || tables.iter().any(|t| shown_by.iter().any(|by| **by == **t))
}

/// Words of letters in a text, folded.
fn words(text: &str) -> impl Iterator<Item = String> {
    let folded = fold(text);
    let words: Vec<String> =
        folded.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).map(str::to_owned).collect();
    words.into_iter()
}
