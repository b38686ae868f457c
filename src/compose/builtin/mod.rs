//! The phase `builtins`: which functions can be shown, on which columns each is the natural tool, and what it is
//! called in a question.

mod aggregates;
mod classes;
mod numbers;
mod rows;
mod shapes;
mod structures;
mod suits;
mod term;
mod texts;
mod times;
mod uses;
mod windows;

pub(super) use rows::condition;
pub(super) use shapes::{draw, figure, tool, windowed};
pub(super) use uses::{Plan, Tool, Tools, Use, searched, tools};

use crate::error::{Error, Result};
use crate::plan::options::nearest;
use crate::plan::phase::BUILTINS;

/// What a function is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// Text that names; that names and is looked up by its first letter; first and last name of a person.
    Named,
    Index,
    Person,
    /// First and last name in one column; names written in capitals.
    FullName,
    Capital,
    /// Contact data; phone numbers that begin with an area code; numbers of cards and accounts.
    Email,
    Phone,
    Dialled,
    Card,
    Postal,
    /// An address that begins with a house number; an address and its city.
    Street,
    Place,
    /// Text that encodes.
    Coded,
    /// Titles for addresses of pages; text padded with blanks; kinds that differ in case or blanks alone; what has to fit on labels.
    Slug,
    Padded,
    Mixed,
    Blanked,
    Fitted,
    Bytes,
    /// Text whose values mostly hold a blank.
    Spaced,
    /// Text of few values that may be spoken of: `{value}` is one of them.
    Value,
    /// Text with words that many rows share: `{word}` is one of them; such text that is read.
    Word,
    Found,
    /// Text that is missing in some rows; it and another one; a number.
    Gappy,
    Gaps,
    GappyNumber,
    GappyAmount,
    Number,
    Whole,
    /// The number of a row.
    Id,
    /// A price or a length, which is looked for about a value.
    Near,
    /// A number that is 0 in some rows; that falls into a few tens; of many values.
    Zeroed,
    Tens,
    Spread,
    /// A number that can be summed; money that can, money that cannot, either; one that counts things.
    Amount,
    Revenue,
    Price,
    /// A price that is charged, and may be cut.
    Charged,
    Quantity,
    Stock,
    Minutes,
    Millis,
    /// A latitude and a longitude.
    Located,
    Thousands,
    /// Two numbers of a row that are told in the same unit: `{}` and `{2}`.
    Numbers,
    Year,
    Time,
    /// With a time of the day.
    Stamp,
    /// A beginning and an end of the same row: `{}` and `{2}`.
    Dates,
    Flag,
    Array,
    Range,
    /// A json object: `{key}` is one of its keys.
    Json,
    Search,
    /// A row by its name: `{}` is the name, `{2}` another field.
    Row,
    /// Any field that groups rows.
    Group,
}

/// What comes out, which decides what can be asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Yields {
    /// Shown beside the row.
    Value,
    /// Shown, and few enough different ones to group by.
    Class,
    /// Shown, averaged, ranked by.
    Figure,
    /// How far off a value is: the least of them are shown.
    Nearest,
    /// Decides on rows; the noun is a verb phrase after the field's noun.
    Test,
    /// Of many rows.
    Aggregate,
    /// Over a window of groups.
    Window,
    /// Several rows out of one.
    Rows,
    /// A row for each span of time.
    Calendar,
}

/// One way to show a function. In `sql` and `noun`, `{}` is the field, `{2}` the second, `{n}` a number of `numbers`
/// (`{nth}` and `{N}` are its words), `{value}`, `{word}`, `{key}` something from the data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub name: &'static str,
    pub on: On,
    pub sql: &'static str,
    pub noun: &'static str,
    pub yields: Yields,
    pub numbers: &'static [i64],
    /// What the value is wanted for, where a reader would ask.
    pub aim: &'static str,
    /// First server version that has it.
    pub since: i32,
    /// Shows the function rather than asks for anything: drawn where the function has little else to be shown by.
    pub odd: bool,
}

impl Entry {
    const fn new(name: &'static str, on: On, yields: Yields, sql: &'static str, noun: &'static str) -> Entry {
        Entry { name, on, sql, noun, yields, numbers: &[], aim: "", since: 0, odd: false }
    }

    const fn aim(self, aim: &'static str) -> Entry {
        Entry { aim, ..self }
    }

    const fn with(self, numbers: &'static [i64]) -> Entry {
        Entry { numbers, ..self }
    }

    const fn odd(self) -> Entry {
        Entry { odd: true, ..self }
    }

    const fn since(self, version: i32) -> Entry {
        Entry { since: version, ..self }
    }
}

/// Every way to show every function, in a fixed order.
pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    [texts::ENTRIES, numbers::ENTRIES, times::ENTRIES, structures::ENTRIES, aggregates::ENTRIES, windows::ENTRIES]
        .into_iter()
        .flatten()
}

/// Whether it is said what something is wanted for.
pub(super) fn aimed(said: &str) -> bool {
    entries().any(|e| !e.aim.is_empty() && said.contains(e.aim))
}

/// The functions asked for: the default ones, `["all"]`, or a list of names; an unknown one is the caller's mistake.
pub(crate) fn wanted(functions: Option<&[String]>) -> Result<Vec<&'static str>> {
    let mut all: Vec<&'static str> = Vec::new();
    for entry in entries() {
        if !all.contains(&entry.name) {
            all.push(entry.name);
        }
    }
    let names: Vec<&str> = match functions {
        None | Some([]) => BUILTINS.to_vec(),
        Some([one]) if one == "all" => return Ok(all),
        Some(list) => list.iter().map(String::as_str).collect(),
    };
    names
        .into_iter()
        .map(|name| {
            all.iter().copied().find(|known| *known == name).ok_or_else(|| {
                let error =
                    Error::invalid(format!("engine \"offline\" has no question that shows function \"{name}\""));
                match nearest(name, all.iter().copied()) {
                    Some(near) => error.hint(format!("Did you mean \"{near}\"? [\"all\"] stands for every function.")),
                    None => error.hint("[\"all\"] stands for every function that it has questions for."),
                }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_function_can_be_shown_and_there_are_many() {
        assert_eq!(wanted(None).unwrap().len(), BUILTINS.len());
        let all = wanted(Some(&["all".to_owned()])).unwrap();
        assert!(all.len() >= 150, "{}", all.len());
        let error = wanted(Some(&["uper".to_owned()])).unwrap_err();
        assert!(error.hint.unwrap().contains("\"upper\""));
    }
}
