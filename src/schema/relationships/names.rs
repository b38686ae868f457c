//! Names as lists of nouns: what a column says it refers to, what a table is called, and how near the two are.

use crate::schema::grammar;
use crate::schema::model::{Schema, Table};
use crate::schema::vocabulary::TABLE_PREFIXES;
use crate::schema::words::Words;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Ends of a column's name that say "key" and nothing of what is meant.
const KEY_ENDS: &[&str] =
    &["id", "ids", "key", "code", "number", "uuid", "guid", "fk", "pk", "sk", "reference", "identifier", "oid", "rid"];
/// Of these, the ones that are no proof.
const LOOSE: &[&str] = &["key", "code", "number", "reference", "identifier"];
/// Beginnings of the same kind.
const KEY_STARTS: &[&str] = &["fk", "id", "pk", "ref", "reference", "idx", "rid"];

/// A column's name, taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Named {
    /// What it names, without key words: `billing_address_id` -> billing, address.
    pub nouns: Vec<String>,
    /// It says that it is a key.
    pub keyed: bool,
    /// In words that other numbers and texts have too, such as `code` and `number`.
    pub loosely: bool,
    /// The key word is `number`, as of what is counted.
    pub numbered: bool,
}

/// Takes names apart, each only once.
pub(super) struct Namer {
    words: Words,
    seen: HashMap<String, Vec<String>>,
    /// First words that most tables of a schema share: `crm` of crm_account, crm_contact.
    common: BTreeMap<String, String>,
    /// Tables that are called by a key word, such as `call_number`: there it is a noun.
    titled: HashSet<Vec<String>>,
}

impl Namer {
    pub(super) fn new(schema: &Schema) -> Namer {
        let mut namer =
            Namer { words: Words::new(schema), seen: HashMap::new(), common: BTreeMap::new(), titled: HashSet::new() };
        let mut firsts: BTreeMap<&str, (usize, BTreeMap<String, usize>)> = BTreeMap::new();
        for table in &schema.tables {
            let words = namer.canon(&table.name);
            let entry = firsts.entry(&table.schema).or_default();
            entry.0 += 1;
            if words.len() > 1 {
                *entry.1.entry(words[0].clone()).or_default() += 1;
            }
        }
        for (space, (tables, firsts)) in firsts {
            if let Some((word, _)) = firsts.into_iter().find(|(_, n)| tables >= 4 && n * 10 >= tables * 7) {
                namer.common.insert(space.to_owned(), word);
            }
        }
        for table in &schema.tables {
            let nouns = namer.table(table);
            if nouns.len() > 1 && nouns.last().is_some_and(|w| is_key(w)) {
                namer.titled.insert(nouns);
            }
        }
        namer
    }

    /// Lower-case words, short forms written out, singular.
    pub(super) fn canon(&mut self, name: &str) -> Vec<String> {
        if let Some(words) = self.seen.get(name) {
            return words.clone();
        }
        let mut words: Vec<String> = Vec::new();
        for word in self.words.of(name).iter().flat_map(|w| w.split(' ')) {
            let word = word.to_lowercase();
            match counted_key(&word) {
                Some((key, number)) => words.extend([key.to_owned(), number.to_owned()]),
                None => words.push(grammar::singular(&word)),
            }
        }
        self.seen.insert(name.to_owned(), words.clone());
        words
    }

    /// The nouns of a table, without what all tables of its schema begin with and marks such as `tbl` or `t001`.
    pub(super) fn table(&mut self, table: &Table) -> Vec<String> {
        let mut words = self.canon(&table.name);
        let common = self.common.get(&table.schema).cloned();
        while words.len() > 1
            && (TABLE_PREFIXES.contains(&words[0].as_str())
                || words[0] == "dimension"
                || is_mark(&words[0])
                || common.as_ref() == Some(&words[0]))
        {
            words.remove(0);
        }
        if words.len() > 1 && matches!(words[words.len() - 1].as_str(), "table" | "tbl" | "dimension" | "dim" | "tab") {
            words.pop();
        }
        words
    }

    /// The prefix that most columns of a table share, such as `cust` or `t001`.
    pub(super) fn column_prefix(&mut self, table: &Table) -> Option<String> {
        let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
        for column in &table.columns {
            let words = self.canon(&column.name);
            if words.len() > 1 {
                *firsts.entry(words[0].clone()).or_default() += 1;
            }
        }
        let enough = |n: usize| table.columns.len() >= 3 && n * 10 >= table.columns.len() * 7;
        firsts.into_iter().find(|(_, n)| enough(*n)).map(|(word, _)| word)
    }

    /// The second form is without the prefix that the columns of its table share.
    pub(super) fn column(&mut self, name: &str, prefix: Option<&str>) -> (Named, Option<Named>) {
        let mut words = self.canon(name);
        if words.len() > 1 && is_mark(&words[0]) {
            words.remove(0);
        }
        let short = (words.len() > 1 && prefix == Some(words[0].as_str())).then(|| self.named(words[1..].to_vec()));
        (self.named(words), short)
    }

    fn named(&self, nouns: Vec<String>) -> Named {
        let bare = unnumbered(&nouns);
        if (0..bare.len()).any(|from| self.titled.contains(&bare[from..])) {
            return Named { nouns: bare.to_vec(), ..Named::default() };
        }
        named(nouns)
    }
}

fn named(mut nouns: Vec<String>) -> Named {
    let (mut keyed, mut loosely, mut numbered) = (false, false, false);
    // a number or a letter after the key word counts the columns: team_id_1, node_id_a
    while nouns.len() > 1 && is_ordinal(&nouns[nouns.len() - 1]) && is_key(&nouns[nouns.len() - 2]) {
        nouns.pop();
    }
    while nouns.last().is_some_and(|w| is_key(w)) {
        loosely = !keyed && nouns.last().is_some_and(|w| LOOSE.contains(&w.as_str()));
        numbered = loosely && nouns.last().is_some_and(|w| w == "number");
        nouns.pop();
        keyed = true;
    }
    while nouns.len() > 1 && KEY_STARTS.contains(&nouns[0].as_str()) {
        nouns.remove(0);
        keyed = true;
    }
    Named { nouns, keyed, loosely, numbered }
}

/// `id1` is a key and its number.
fn counted_key(word: &str) -> Option<(&str, &str)> {
    let key = word.trim_end_matches(|c: char| c.is_ascii_digit());
    (key.len() < word.len() && is_key(key)).then(|| word.split_at(key.len()))
}

fn is_key(word: &str) -> bool {
    KEY_ENDS.contains(&word)
}

pub(super) fn is_ordinal(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit()) || word.len() == 1
}

/// `t001`, `a7`: a number in the maker's list, no noun.
fn is_mark(word: &str) -> bool {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = word.len() - digits.len();
    (1..=3).contains(&letters) && digits.len() >= 2 && digits.chars().all(|c| c.is_ascii_digit())
}

/// The list without ordinals at its end.
pub(super) fn unnumbered(nouns: &[String]) -> &[String] {
    let mut nouns = nouns;
    while nouns.len() > 1 && nouns.last().is_some_and(|w| is_ordinal(w)) {
        nouns = &nouns[..nouns.len() - 1];
    }
    nouns
}

/// Initials: organization, unit -> "ou".
pub(super) fn initials(nouns: &[String]) -> String {
    nouns.iter().filter_map(|w| w.chars().next()).collect()
}

/// Whether `short` is an abbreviation of `long`: its letters in order, from the same first letter, and either a
/// prefix or without most vowels.
pub(super) fn abbreviates(short: &str, long: &str) -> bool {
    if short.len() < 3 || long.len() < short.len() + 2 || !short.is_ascii() || !long.is_ascii() {
        return false;
    }
    if long.starts_with(short) {
        // "form" and "format", "field" and "fieldset" are words of their own
        return short.len() > 3 && long.len() > short.len() + 3;
    }
    let mut rest = long.chars();
    let subsequence = short.chars().all(|c| rest.any(|l| l == c));
    let vowels = short.chars().skip(1).filter(|c| "aeiou".contains(*c)).count();
    short.as_bytes()[0] == long.as_bytes()[0] && subsequence && vowels == 0
}

/// The same word in the singular and in a plural that English does not know: ciudad, ciudades; kunde, kunden.
pub(super) fn inflects(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.len() >= 4 && long.strip_prefix(short).is_some_and(|end| matches!(end, "e" | "es" | "en" | "er" | "n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namer(tables: &[&str]) -> (Namer, Schema) {
        let table = |name: &&str| format!(r#"{{"schema":"s","name":"{name}","kind":"table","columns":[]}}"#);
        let tables: Vec<String> = tables.iter().map(table).collect();
        let text = format!(r#"{{"database":"d","server_version":150000,"tables":[{}]}}"#, tables.join(","));
        let schema = Schema::from_json(&text).unwrap();
        (Namer::new(&schema), schema)
    }

    #[test]
    fn a_column_says_what_it_refers_to() {
        let (mut namer, _) = namer(&["patients", "orders"]);
        for (name, prefix, nouns, keyed) in [
            ("customer_name", Some("customer"), "name", false),
            ("billing_address_id", None, "billing address", true),
            ("PATIENTID", None, "patient", true),
            ("fk_order", None, "order", true),
            ("teamId1", None, "team", true),
            ("node_id_b", None, "node", true),
            ("ord_cust_id", Some("ord"), "customer", true),
            ("t001_vendor", None, "vendor", false),
            ("reports_to", None, "report to", false),
            ("id", None, "", true),
        ] {
            let (named, short) = namer.column(name, prefix);
            let named = short.unwrap_or(named);
            assert_eq!((named.nouns.join(" ").as_str(), named.keyed), (nouns, keyed), "{name}");
        }
    }

    #[test]
    fn a_table_is_called_without_the_marks_of_its_maker() {
        for (tables, nouns) in [
            (["tbl_customers", "x", "y", "z"], "customer"),
            (["crm_accounts", "crm_contact", "crm_call", "crm_note"], "account"),
            (["t001_vendor", "x", "y", "z"], "vendor"),
            (["dim_date", "x", "y", "z"], "date"),
        ] {
            let (mut namer, schema) = namer(&tables);
            assert_eq!(namer.table(&schema.tables[0]).join(" "), nouns);
        }
    }

    #[test]
    fn short_forms_are_told_from_other_words() {
        for (short, long, is) in [
            ("mgr", "manager", true),
            ("dept", "department", false),
            ("depart", "department", true),
            ("whs", "warehouse", true),
            ("car", "cart", false),
            ("field", "fieldset", false),
            ("cat", "contract", false),
        ] {
            assert_eq!(abbreviates(short, long), is, "{short} {long}");
        }
    }
}
