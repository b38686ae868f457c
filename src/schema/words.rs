//! Names to words that a person uses: `ship_addr_postal_cd` -> "ship address postal code", `PATIENTID` -> "patient ID".
//! Comments come first where they are short noun phrases.

use super::comments::{comment_noun, explains};
use super::happened::{moment, paid};
use super::model::{Column, Schema, Table};
use super::units::{measure_unit, measured_in, of_name};
use super::vocabulary::{ACRONYMS, COMMON, JOINED, SAID_SMALL, SHORT, SMALL, TABLE_PREFIXES};
use super::{grammar, units};
use std::collections::BTreeSet;

/// The words of one schema: what splits its names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    known: BTreeSet<String>,
    /// Tables that are called by one word.
    tables: BTreeSet<String>,
}

impl Words {
    pub(crate) fn new(schema: &Schema) -> Words {
        let mut known: BTreeSet<String> = COMMON.iter().chain(ACRONYMS).map(|w| (*w).to_owned()).collect();
        for table in &schema.tables {
            for token in tokens(&table.name) {
                if (3..=12).contains(&token.len()) {
                    known.insert(grammar::singular(&token));
                    known.insert(token);
                }
            }
        }
        let tables = schema.tables.iter().map(|t| t.name.to_lowercase()).collect();
        Words { known, tables }
    }

    /// The words of a name, lower case but for acronyms, short forms written out.
    pub(crate) fn of(&self, name: &str) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for token in tokens(name) {
            for piece in self.unglue(&token) {
                let word = spell(&piece);
                // "opt in" is one word
                if let Some(last) = words.last_mut().filter(|last| JOINED.contains(&(last.as_str(), word.as_str()))) {
                    *last = format!("{last}-{word}");
                    continue;
                }
                // "zip code" is spelled "ZIP code" by its first word
                if !words.last().is_some_and(|w: &String| w.ends_with(&format!(" {word}"))) {
                    words.push(word);
                }
            }
        }
        // "member_no", but not "no_show"
        if words.len() > 1 && words.last().is_some_and(|w| w == "no") {
            words.pop();
            words.push("number".to_owned());
        }
        words
    }

    /// Cuts a long token that no list knows into known words, as few as possible.
    fn unglue(&self, token: &str) -> Vec<String> {
        let whole = || vec![token.to_owned()];
        if token.len() < 6 || !token.is_ascii() || self.known.contains(token) || short(token).is_some() {
            return whole();
        }
        // best[i] = pieces that cover the first i letters
        let mut best: Vec<Option<Vec<String>>> = vec![None; token.len() + 1];
        best[0] = Some(Vec::new());
        for end in 1..=token.len() {
            for start in 0..end {
                let piece = &token[start..end];
                let digits = piece.chars().all(|c| c.is_ascii_digit());
                if !(digits || (piece.len() >= 2 && self.known.contains(piece))) {
                    continue;
                }
                let Some(front) = &best[start] else { continue };
                let better = best[end].as_ref().is_none_or(|old| front.len() + 1 < old.len());
                if better {
                    let mut pieces = front.clone();
                    pieces.push(piece.to_owned());
                    best[end] = Some(pieces);
                }
            }
        }
        match best.pop().flatten() {
            Some(pieces) if pieces.len() > 1 && pieces.len() <= 5 => pieces,
            _ => whole(),
        }
    }

    /// Whether a name holds letters that no word explains, such as the last one of `statusp`.
    pub(crate) fn is_raw(&self, name: &str) -> bool {
        let raw = |piece: &String| {
            let inside = |text: &str| self.known.iter().any(|k| k.len() >= 4 && text.contains(k.as_str()));
            let trailing = |k: &str| {
                piece.strip_prefix(k).is_some_and(|end| match end.len() {
                    0 => false,
                    1 => k.len() >= 5 && !matches!(end, "s" | "d" | "r" | "y" | "n" | "e" | "l"),
                    _ => piece.len() >= 12 && k.len() >= 4 && inside(end),
                })
            };
            !self.known.contains(piece) && self.known.iter().any(|k| trailing(k))
        };
        tokens(name).iter().flat_map(|token| self.unglue(token)).any(|piece| raw(&piece))
    }

    /// What one row of a table is called, and many.
    pub(crate) fn table_noun(&self, table: &Table) -> (String, String) {
        let mut words = self.of(&table.name);
        let noun = table.comment.as_deref().and_then(|c| comment_noun(c, 3));
        if let Some(noun) = noun.filter(|noun| !explains(noun, &words) || !names_something(&tokens(&table.name))) {
            // "User objects" are users
            let ends = [" objects", " object", " records", " table"];
            let thing = ends.iter().find_map(|end| noun.strip_suffix(end)).unwrap_or(&noun);
            // "Circulation Duration rules" has capitals that its words have not
            let plain = |w: &str| if words.contains(&w.to_lowercase()) { w.to_lowercase() } else { w.to_owned() };
            return grammar::countable(&thing.split(' ').map(plain).collect::<Vec<_>>().join(" "));
        }
        while words.len() > 1 && TABLE_PREFIXES.contains(&words[0].as_str())
            || words.len() > 1 && words[0] == "dimension"
        {
            words.remove(0);
        }
        // "claims transactions" are of claims: each of them of one claim
        for at in 0..words.len().saturating_sub(1) {
            if self.tables.contains(&words[at]) {
                words[at] = grammar::singular(&words[at]);
            }
        }
        // "sales by store", "film list", "actor info": a row of such a view tells of a store, a film, an actor
        if let Some(at) = words.iter().position(|w| w == "by" || w == "per")
            && at > 0
        {
            words.drain(..=at);
        } else if let [.., thing, kind] = words.as_slice()
            && (kind == "list" || kind == "information" && grammar::is_person(thing))
        {
            let thing = thing.clone();
            words = vec![thing];
        } else if let [_, .., kind] = words.as_slice()
            && matches!(kind.as_str(), "information" | "summary" | "report" | "overview")
        {
            return grammar::countable(&format!("{} entry", words.join(" ").replace(" information", " info")));
        }
        // what a map of codes to concepts holds are mappings
        if let [.., link, _, end] = words.as_mut_slice()
            && link == "to"
            && end == "map"
        {
            *end = "mapping".to_owned();
        }
        // a visit occurrence is a visit, and what a map maps is meant rather than the map
        if let [thing @ .., end] = words.as_slice()
            && (!thing.is_empty() && end == "occurrence" || thing.len() > 1 && end == "map")
            && !self.tables.contains(&thing.join("_"))
        {
            words.pop();
        }
        // the rows of a tree of groups are groups
        let tree = |w: &String| w == "tree" && table.foreign_keys.iter().any(|key| key.ref_table == table.name);
        if words.len() > 1 && words.last().is_some_and(tree) {
            words.pop();
        }
        grammar::countable(&words.join(" "))
    }

    /// What a column's value is called. A comment explains more often than it names: it gives the noun where it is short,
    /// or where the name gives none.
    pub(crate) fn column_noun(&self, table: &Table, column: &Column) -> String {
        let comment = column.comment.as_deref().and_then(|c| comment_noun(c, 7));
        let most = if !names_something(&tokens(&column.name)) {
            7
        } else if column.category == 'D' {
            4
        } else {
            3
        };
        match comment {
            // "EUR" says what the numbers count, not what they are
            Some(noun)
                if noun.split(' ').count() <= most
                    && measure_unit(&noun).is_none()
                    && !(most == 3 && explains(&noun, &self.of(&column.name))) =>
            {
                noun
            }
            _ => self.name_noun(table, column),
        }
    }

    /// The unit of a column's numbers: what the comment states, or what the name ends in.
    pub(crate) fn unit(&self, table: &Table, column: &Column) -> Option<String> {
        if column.category != 'N' {
            return None;
        }
        units::stated(column.comment.as_deref().unwrap_or(""))
            .or_else(|| self.named_unit(table, column))
            .or_else(|| self.bare_unit(table, column).map(|(_, unit)| unit))
            .or_else(|| units::usual(table, &self.of(&column.name), column))
            .map(str::to_owned)
    }

    /// The unit at the end of a name, where it does not tell the column from another one of its table.
    fn named_unit(&self, table: &Table, column: &Column) -> Option<&'static str> {
        let words = self.of(&column.name);
        let unit = of_name(&words).filter(|_| column.category == 'N')?;
        let stem = &words[..words.len() - 1];
        let alone = table.columns.iter().filter(|c| self.of(&c.name).starts_with(stem)).count() == 1;
        alone.then_some(unit)
    }

    /// The noun and the unit of a column that is called by its unit alone.
    fn bare_unit(&self, table: &Table, column: &Column) -> Option<(&'static str, &'static str)> {
        let words = self.of(&column.name);
        let [only] = words.as_slice() else { return None };
        let (noun, unit) = measured_in(only).filter(|_| column.category == 'N')?;
        let taken = table.columns.iter().any(|c| self.of(&c.name).iter().any(|w| w == noun));
        (!taken).then_some((noun, unit))
    }

    fn name_noun(&self, table: &Table, column: &Column) -> String {
        let mut words = self.of(&column.name);
        if words.is_empty() {
            return column.name.clone();
        }
        // hungarian table prefix, as in "cust_name" of customers, is kept: it tells names apart when tables meet
        if words.len() > 1 && matches!(words[0].as_str(), "fk" | "pk" | "is") {
            words.remove(0);
        }
        if let Some((noun, _)) = self.bare_unit(table, column) {
            return noun.to_owned();
        }
        if self.named_unit(table, column).is_some() {
            words.pop();
        }
        // of a time it is one; elsewhere it may stand for anything
        if let Some(ts) = words.last_mut().filter(|w| *w == "ts" && column.category == 'D') {
            *ts = "time".to_owned();
        }
        let last = words[words.len() - 1].clone();
        // what a code says is called as the code is
        let coded = |stem: &str| table.columns.iter().any(|c| c.name.to_lowercase() == format!("{stem}code"));
        let stem = column.name.to_lowercase();
        if words.len() > 1 && stem.strip_suffix("description").is_some_and(coded) {
            words.pop();
            return words.join(" ");
        }
        // "FROMDATE", "shipped_date"
        if let [first, last] = words.as_slice()
            && column.category == 'D'
            && matches!(last.as_str(), "date" | "time")
        {
            let has = |first: &str| table.columns.iter().any(|c| c.name.to_lowercase().starts_with(first));
            return match first.as_str() {
                "from" if !has("start") => format!("start {last}"),
                "to" | "thru" | "through" if !has("end") => format!("end {last}"),
                done => format!("{} {last}", moment(done)),
            };
        }
        if let [done, year] = words.as_slice()
            && year == "year"
        {
            return format!("{} year", moment(done));
        }
        if words.len() > 1 && column.category == 'R' && matches!(last.as_str(), "during" | "at" | "on") {
            words.pop();
            return format!("{} period", words.join(" "));
        }
        let date = column.category == 'D';
        let plain_date = column.base == "date";
        if words.len() > 1 && date && matches!(last.as_str(), "at" | "on") {
            words.pop();
            let happened = words.pop().unwrap_or_default();
            let noun = moment(&happened);
            // "last updated": the last update
            if words.last().is_some_and(|w| w == "last") && noun.starts_with("last ") {
                words.pop();
            }
            words.push(noun);
            return format!("{} {}", words.join(" "), if plain_date { "date" } else { "time" });
        }
        // "curfew_from", "curfew_to"
        let end = match last.as_str() {
            "from" => Some("start"),
            "to" | "until" | "till" | "thru" => Some("end"),
            _ => None,
        };
        if let Some(end) = end.filter(|_| date && words.len() > 1) {
            words.pop();
            return format!("{} {end} {}", words.join(" "), if plain_date { "date" } else { "time" });
        }
        // "STATE_HEADQUARTERED"
        if words.len() == 2 && last == "headquartered" {
            return format!("headquarters {}", words[0]);
        }
        // "FIRST", "LAST", "MARITAL": the rest goes without saying
        if words.len() == 1 && column.category == 'S' {
            match last.as_str() {
                "first" | "last" | "middle" | "maiden" => return format!("{last} name"),
                "marital" => return "marital status".to_owned(),
                "drivers" => return "driver's license".to_owned(),
                _ => {}
            }
        }
        if let Some(sum) = paid(&words).filter(|_| column.category == 'N') {
            return sum;
        }
        let text = if date && words.len() == 1 { moment(&last) } else { words.join(" ") };
        if date && !has_time_word(&text) {
            return format!(
                "{text} {}",
                if plain_date || column.base.starts_with("timestamp") { "date" } else { "time" }
            );
        }
        if words.len() == 1 && text == "number" && column.category == 'S' {
            return format!("{} number", self.table_noun(table).0);
        }
        text
    }
}

/// Whether a name can stand as a noun: it does not end in a link ("works since"), and no part of it is a contraction
/// that only its makers know ("hq").
fn names_something(name: &[String]) -> bool {
    let link = |w: &str| matches!(w, "since" | "until" | "by" | "to" | "from" | "for" | "via" | "during" | "with");
    let opaque = |w: &String| {
        w.chars().count() <= 4
            && w.is_ascii()
            && !w.contains(['a', 'e', 'i', 'o', 'u', 'y'])
            && !w.chars().any(|c| c.is_ascii_digit())
            && short(w).is_none()
            && !is_acronym(w)
    };
    name.last().is_some_and(|w| !link(w)) && !name.iter().any(opaque)
}

fn has_time_word(text: &str) -> bool {
    const TIMES: [&str; 12] = [
        "date", "datetime", "time", "day", "month", "year", "timestamp", "update", "deadline", "birthday", "since",
        "until",
    ];
    text.split(' ').any(|w| TIMES.contains(&w))
}

/// Lower-case tokens of a name: cut at marks, at changes of case and before a trailing number.
pub(crate) fn tokens(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut current = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            push(&mut found, &mut current);
            continue;
        }
        let before = if i > 0 { chars[i - 1] } else { ' ' };
        let after = chars.get(i + 1).copied().unwrap_or(' ');
        let hump = c.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && after.is_lowercase()));
        let number = c.is_ascii_digit() && before.is_alphabetic() && current.chars().count() >= 4;
        if hump || number {
            push(&mut found, &mut current);
        }
        current.extend(c.to_lowercase());
    }
    push(&mut found, &mut current);
    found
}

fn push(found: &mut Vec<String>, current: &mut String) {
    if !current.is_empty() {
        found.push(std::mem::take(current));
    }
}

fn short(token: &str) -> Option<&'static str> {
    SHORT.iter().find(|(from, _)| *from == token).map(|(_, to)| *to)
}

/// Letters that everybody knows.
pub(crate) fn is_acronym(word: &str) -> bool {
    ACRONYMS.contains(&word.to_lowercase().as_str())
}

fn spell(token: &str) -> String {
    if let Some(long) = short(token) {
        return long.to_owned();
    }
    // nobody can say "drg": its letters are said one by one
    let letters = (2..=4).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_lowercase());
    if letters && !token.contains(['a', 'e', 'i', 'o', 'u', 'y']) && !SAID_SMALL.contains(&token) {
        return token.to_uppercase();
    }
    if ACRONYMS.contains(&token) && !SMALL.contains(&token) { token.to_uppercase() } else { token.to_owned() }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
