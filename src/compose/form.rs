//! What the values of a text look like, as far as a question may lean on it.

use crate::schema::model::Profile;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// Words written in capitals throughout.
    pub capitals: bool,
    /// A letter comes first, or a digit, in all of them.
    pub letter_first: bool,
    pub digit_first: bool,
    /// Three digits come first in all of them.
    pub three_digits: bool,
    /// Some differ in case alone; some have blanks at their ends.
    pub mixed: bool,
    pub blanked: bool,
    /// Some hold nothing but blanks: no word for what they stand for.
    pub empty: bool,
}

impl Form {
    pub(super) fn of(profile: &Profile) -> Form {
        let values = || profile.common.iter().map(|(v, _)| v.as_str()).filter(|v| !v.trim().is_empty());
        let empty = values().count() < profile.common.len();
        if values().count() < 3 {
            return Form { empty, ..Form::default() };
        }
        let all = |test: &dyn Fn(&str) -> bool| values().all(test);
        let word = |v: &str| v.chars().filter(|c| c.is_alphabetic()).count() > 2;
        let first = |v: &str, test: fn(&char) -> bool| v.chars().next().is_some_and(|c| test(&c));
        let small: BTreeSet<String> = values().map(str::to_lowercase).collect();
        Form {
            empty,
            mixed: small.len() < values().count(),
            blanked: values().any(|v| v.trim() != v),
            capitals: all(&|v| !v.chars().any(char::is_lowercase)) && values().filter(|v| word(v)).count() > 2,
            letter_first: all(&|v| first(v, char::is_ascii_alphabetic)),
            digit_first: all(&|v| first(v, char::is_ascii_digit)),
            three_digits: all(&|v| v.len() >= 3 && v.chars().take(3).all(|c| c.is_ascii_digit())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_that_of_all_values() {
        let of = |values: &[&str]| {
            let common = values.iter().map(|v| ((*v).to_owned(), 1)).collect();
            Form::of(&Profile { common, ..Profile::default() })
        };
        assert!(of(&["MARY", "LINDA", "ANN"]).capitals);
        assert!(!of(&["MARY", "Linda", "ANN"]).capitals);
        // codes are no words
        assert!(!of(&["PG", "R", "G"]).capitals);
        let streets = of(&["47 Lake Drive", "28 Main Street", "9 High Street"]);
        assert!(streets.digit_first && !streets.three_digits && !streets.letter_first);
        assert!(of(&["", "b"]).empty && !of(&["a", "b"]).empty);
        assert!(of(&["Berlin", "BERLIN", "Ulm"]).mixed && of(&["a ", "b", "c"]).blanked);
        assert!(of(&["415-555", "2065550", "(206) 1"][..2]) == Form::default());
    }
}
