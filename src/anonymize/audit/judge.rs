//! Whether a protected value that stands in a text came from its column.

use super::haystack::Hit;
use super::open::shared;
use super::{Form, Haystack, Match, Open, Stored, fold};
use crate::error::Result;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;

/// A value that must not leave, as its column has it.
pub(crate) struct Protected<'a> {
    /// `schema.table`.
    pub table: &'a str,
    /// `schema.table.column`.
    pub place: &'a str,
    pub text: &'a str,
}

/// A value as it is looked for.
struct Sought<'a> {
    folded: String,
    /// Values that hold it, with the relations that show them: looked up once for all its hits, and only if it has one.
    covers: OnceCell<Vec<(&'a str, &'a [String])>>,
}

/// Asks the data where a text stands too.
pub(crate) trait Origins {
    /// Whether the column has the text, whatever its case.
    fn holds(&mut self, place: &str, text: &str) -> Result<bool>;

    /// Whether so many texts of the column have the word that it may be shown.
    fn shares(&mut self, place: &str, word: &str) -> Result<bool>;
}

pub(crate) struct Judge<'a> {
    pub haystack: &'a Haystack,
    pub open: &'a Open,
    /// Places of all columns whose values must not leave.
    pub protected: &'a HashSet<String>,
}

impl<'a> Judge<'a> {
    /// Texts that have the value from its column, by their number, each field of a record once.
    pub(crate) fn leaks(&self, value: &Protected<'_>, origins: &mut dyn Origins) -> Result<Vec<(usize, Match)>> {
        let mut leaks = Vec::new();
        // a literal stands in its statement too
        let mut seen = HashSet::new();
        let sought = Sought { folded: fold(value.text.trim()), covers: OnceCell::new() };
        for hit in self.haystack.hits(value.text) {
            let stored = self.haystack.stored(hit.at);
            let field = (&*stored.found_in, stored.id, &*stored.field);
            if !seen.contains(&field) && self.is_leak(value, &sought, hit, origins)? {
                seen.insert(field);
                leaks.push((hit.at, hit.how));
            }
        }
        Ok(leaks)
    }

    fn is_leak(&self, value: &Protected, sought: &Sought<'a>, hit: Hit, origins: &mut dyn Origins) -> Result<bool> {
        let stored = self.haystack.stored(hit.at);
        match stored.form {
            Form::Cell => self.cell(value, &sought.folded, stored, origins),
            Form::Value => self.literal(value, sought, hit, stored, origins),
            Form::Prose | Form::Code => self.prose(value, sought, hit, stored, origins),
        }
    }

    /// A leaf of a row: its own column's values must not stand in it, and others only where its column has them too.
    fn cell(&self, value: &Protected, folded: &str, stored: &Stored, origins: &mut dyn Origins) -> Result<bool> {
        let own = stored.tables.iter().any(|t| **t == *value.table);
        // fakes of one table may well be names that another one holds
        let telling =
            folded.len() >= 8 && folded.contains(|c: char| c.is_ascii_digit() || c == '@') || folded.len() >= 20;
        if stored.place.as_deref() == Some(value.place) {
            return Ok(true);
        }
        Ok((own || telling) && !self.is_of_open_column(stored, origins)?)
    }

    fn literal(
        &self,
        value: &Protected,
        sought: &Sought<'a>,
        hit: Hit,
        stored: &Stored,
        origins: &mut dyn Origins,
    ) -> Result<bool> {
        let reads = stored.place.as_deref() == Some(value.place) || stored.columns.iter().any(|c| **c == *value.place);
        // 'none' for a missing value, 'day' of a date: our own words
        let own_words = !reads && stored.place.is_none() && !stored.text.contains(char::is_uppercase);
        if own_words && self.open.is_language(&sought.folded) {
            return Ok(false);
        }
        let known = self.is_shown(sought, hit, stored)
            || self.is_of_open_column(stored, origins)?
            || is_shared_word(stored, origins)?;
        Ok(!known)
    }

    /// Part of a value that the relations show.
    fn is_shown(&self, sought: &Sought<'a>, hit: Hit, stored: &Stored) -> bool {
        let covers = sought.covers.get_or_init(|| self.open.covers(&sought.folded).collect());
        let here = covers.iter().filter(|(_, shown_by)| shared(shown_by, &stored.tables));
        here.into_iter().any(|(cover, _)| self.is_part(&sought.folded, hit, cover))
    }

    /// What stands at the place is a piece of `cover`.
    fn is_part(&self, folded: &str, hit: Hit, cover: &str) -> bool {
        let text = self.haystack.folded(hit.at);
        cover
            .match_indices(folded)
            .any(|(i, _)| hit.place.checked_sub(i).and_then(|p| text.get(p..)).is_some_and(|t| t.starts_with(cover)))
    }

    /// The text as a whole is a value of a column that it can be of and that is not protected.
    fn is_of_open_column(&self, stored: &Stored, origins: &mut dyn Origins) -> Result<bool> {
        let text = stored.text.trim();
        for place in places(stored).iter().filter(|p| !self.protected.contains(&***p)) {
            if self.open.shows(&fold(text), &stored.tables) || origins.holds(place, text)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn prose(
        &self,
        value: &Protected,
        sought: &Sought<'a>,
        hit: Hit,
        stored: &Stored,
        origins: &mut dyn Origins,
    ) -> Result<bool> {
        let folded = &sought.folded[..];
        let word = folded.chars().all(char::is_alphabetic);
        if word && self.open.is_word(folded) {
            return Ok(false);
        }
        if self.open.is_language(folded)
            && (is_weak(&stored.text, hit.place, folded.len()) || is_call(stored, hit, folded))
        {
            return Ok(false);
        }
        // literals are judged for themselves
        let said = self.haystack.literals(hit.at).any(|literal| self.is_part(folded, hit, literal));
        if said || self.is_shown(sought, hit, stored) {
            return Ok(false);
        }
        for place in stored.columns.iter().filter(|p| ***p != *value.place && !self.protected.contains(&***p)) {
            if origins.holds(place, value.text.trim())? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The columns that a text can be of.
fn places(stored: &Stored) -> &[Rc<str>] {
    stored.place.as_ref().map_or(&stored.columns[..], std::slice::from_ref)
}

/// A pattern's word, which many texts of its column have.
fn is_shared_word(stored: &Stored, origins: &mut dyn Origins) -> Result<bool> {
    let word = stored.text.strip_prefix('%').and_then(|t| t.strip_suffix('%'));
    let Some(word) = word.filter(|w| w.chars().all(char::is_alphanumeric)) else { return Ok(false) };
    for place in places(stored) {
        if origins.shares(place, word)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// In lower case, or at the head of a sentence: as any words of the language may stand.
fn is_weak(text: &str, at: usize, length: usize) -> bool {
    let (Some(before), Some(here)) = (text.get(..at), text.get(at..at + length)) else { return false };
    let mut letters = here.chars();
    let first = letters.next();
    if letters.any(char::is_uppercase) {
        return false;
    }
    let before = before.trim_end_matches([' ', '"', '\'', '(', '*', '-']);
    first.is_some_and(char::is_lowercase) || before.is_empty() || before.ends_with(['.', '?', '!', '\n', ':'])
}

/// The name of a function in SQL, whatever its case.
fn is_call(stored: &Stored, hit: Hit, folded: &str) -> bool {
    let after = stored.text.get(hit.place + folded.len()..).unwrap_or_default();
    stored.form == Form::Code && after.trim_start().starts_with('(')
}
