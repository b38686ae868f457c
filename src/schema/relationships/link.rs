//! How a column's name leads to a table: by its whole name, its end, its beginning, its initials, or a role.

use super::names::{Named, abbreviates, inflects, initials, unnumbered};
use super::parents::{Namesakes, Parent};

/// Why the name of a column speaks for a parent, and how strongly (0 to 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Link {
    pub rule: &'static str,
    pub strength: f64,
}

/// The side of a child column that names are compared with.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub named: &'a Named,
    /// Nouns of the column's own table, and of its schema.
    pub table: &'a [String],
    pub space: &'a [String],
    pub own: usize,
    /// An owner beside a column that names a place in the organisation.
    pub placed: bool,
}

/// Words that a table's name may have beyond what its rows are called: `record_entry` is "the record".
const FILLERS: &[&str] = &[
    "entry", "record", "definition", "tree", "list", "master", "data", "information", "header", "table", "catalog",
    "item", "detail", "request", "unit", "profile", "account", "file", "dimension",
];
/// Words for a table of its own beside the one that they are said with.
const KINDS: &[&str] = &["type", "kind", "class", "category", "group", "status", "state", "level", "stage", "role"];
/// Two letters that are words of their own and no initials.
const SMALL: &[&str] = &["at", "as", "by", "in", "is", "it", "no", "of", "on", "or", "out", "to", "up", "us", "per"];

/// How two words are compared.
type Same = fn(&str, &str) -> bool;

/// The strongest way from the column to the parent; short forms count less than whole words.
pub(super) fn link(reader: &Reader, parent: &Parent, many: Namesakes) -> Option<Link> {
    let whole = |a: &str, b: &str| a == b;
    let short = |a: &str, b: &str| a == b || abbreviates(a, b) || abbreviates(b, a) || inflects(a, b);
    let exact = strongest([
        same_key(reader, parent, many),
        by_noun(reader, parent, many, whole),
        by_initials(reader, parent, many),
    ]);
    let loose = by_noun(reader, parent, many, short).map(|l| Link { strength: l.strength * 0.88, ..l });
    let parts = [by_compound(reader, parent), by_words(reader, parent), by_letter(reader, parent)];
    strongest([exact, loose, strongest(parts)])
}

fn strongest(links: [Option<Link>; 3]) -> Option<Link> {
    links.into_iter().flatten().max_by(|a, b| a.strength.total_cmp(&b.strength))
}

fn of(rule: &'static str, strength: f64) -> Option<Link> {
    Some(Link { rule, strength })
}

/// The column has the very name of the parent's key, and that name says more than "id".
fn same_key(reader: &Reader, parent: &Parent, many: Namesakes) -> Option<Link> {
    let (column, key) = (&reader.named.nouns[..], &parent.key.nouns[..]);
    if key.is_empty() || column.is_empty() || reader.own == parent.table {
        return None;
    }
    // `name`, `value`, `type` say as little as `id`
    if key.len() == 1 && !parent.key.keyed && !parent.nouns.contains(&key[0]) {
        return None;
    }
    let telling = key.iter().any(|w| parent.nouns.iter().any(|p| w == p || (w.len() > 1 && p.starts_with(w.as_str()))));
    let bare = unnumbered(column);
    if column == key || bare == key {
        let whole = parent.nouns == key || unnumbered(&parent.nouns) == unnumbered(key);
        return of(
            "same_key",
            if whole {
                1.0
            } else if telling && parent.key.keyed {
                0.88
            } else if many.keys == 1 && (reader.named.keyed || !parent.key.keyed) {
                0.66
            } else {
                0.3
            },
        );
    }
    let same: Same = |a, b| a == b;
    if ends_with(column, key, same) || ends_with(bare, key, same) {
        return of("role_and_key", if telling && parent.key.keyed { 0.84 } else { 0.45 });
    }
    None
}

fn by_noun(reader: &Reader, parent: &Parent, many: Namesakes, same: Same) -> Option<Link> {
    let said = &reader.named.nouns[..];
    let short = unnumbered(said);
    let noun = &parent.nouns[..];
    if said.is_empty() || noun.is_empty() {
        return None;
    }
    if equal(said, noun, same) {
        return of("table_name", 1.0);
    }
    if equal(short, noun, same) {
        return of("table_name_and_number", 0.95);
    }
    if ends_with(short, noun, same) {
        let roles = &short[..short.len() - noun.len()];
        let placed = parent.space.len() <= roles.len() && ends_or_is(roles, &parent.space, same);
        return of("role_and_table_name", if placed { 1.0 } else { 0.8 + 0.04 * (noun.len().min(4) as f64) });
    }
    // what the table is called beyond the words of the column must be said by the place that the column stands in
    (0..short.len()).find_map(|roles| partial(reader, &short[roles..], roles, noun, many, same))
}

/// `said` is the end or the beginning of the table's name; `roles` words stand before it.
fn partial(
    reader: &Reader,
    said: &[String],
    roles: usize,
    noun: &[String],
    many: Namesakes,
    same: Same,
) -> Option<Link> {
    if said.len() >= noun.len() {
        return None;
    }
    let role = if roles == 0 { 1.0 } else { 0.8 };
    let covered = |words: &[String], place: &[String]| words.iter().all(|w| place.iter().any(|p| same(w, p)));
    if ends_with(noun, said, same) {
        let missing = &noun[..noun.len() - said.len()];
        let strength = match (covered(missing, reader.table), covered(missing, reader.space)) {
            // the more of it, the better
            (true, _) => (0.92 + 0.01 * missing.len().min(4) as f64) * role,
            (_, true) => 0.86 * role,
            // one word of several, and nothing near that tells the others
            _ if roles == 0 && (many.tables == 1 || said.len() > 1) => 0.64,
            _ if roles == 0 && many.tables == 2 => 0.54,
            _ if many.tables == 1 && !is_kind(&noun[noun.len() - 1]) => 0.54,
            _ => {
                if said.len() > 1 {
                    0.5
                } else {
                    0.35
                }
            }
        };
        return of("end_of_table_name", strength);
    }
    if starts_with(noun, said, same) {
        let missing = &noun[said.len()..];
        let filled = missing.iter().all(|w| FILLERS.contains(&w.as_str()));
        let strength = match (filled, covered(missing, reader.table)) {
            (true, _) => 0.82 * role,
            (_, true) => 0.74 * role,
            // the source need not be that of the source's credentials: only a key says so
            _ if roles == 0 && missing.len() == 1 && reader.named.keyed && !reader.named.loosely => 0.54,
            _ => 0.35 * role,
        };
        return of("beginning_of_table_name", strength);
    }
    // all words of the table, some in the column and some in the place
    let last = &noun[noun.len() - 1];
    let rest: Vec<String> = noun.iter().filter(|w| !said.iter().any(|s| same(s, w))).cloned().collect();
    if rest.len() + said.len() == noun.len() && covered(&rest, reader.table) && said.iter().any(|s| same(s, last)) {
        return of("table_name_with_place", 0.7 * role);
    }
    None
}

fn by_initials(reader: &Reader, parent: &Parent, many: Namesakes) -> Option<Link> {
    let last = unnumbered(&reader.named.nouns).last()?;
    if parent.nouns.len() < 2 || many.detail || SMALL.contains(&last.as_str()) || *last != initials(&parent.nouns) {
        return None;
    }
    of("initials", if reader.named.nouns.len() == 1 { 0.74 } else { 0.7 })
}

/// The word ends in the table's, as in `ladeort` and `subcategory`, or the table's name has a role after it.
fn by_compound(reader: &Reader, parent: &Parent) -> Option<Link> {
    let (said, noun) = (unnumbered(&reader.named.nouns), &parent.nouns[..]);
    if !reader.named.keyed || reader.named.loosely || reader.own == parent.table {
        return None;
    }
    // a customer's type is no customer
    let kind = said.last().is_some_and(|w| is_kind(w));
    if said.len() == noun.len() + 1 && !kind && starts_with(said, noun, |a, b| a == b) {
        return of("table_name_and_role", 0.58);
    }
    match (said.last(), noun) {
        (Some(last), [one]) if one.len() >= 3 && last.len() >= one.len() + 3 && last.ends_with(one.as_str()) => {
            of("compound", 0.6)
        }
        _ => None,
    }
}

/// The words of the table in another order: `max_fine_rule` of `rule_max_fine`; one more must be said by the place.
fn by_words(reader: &Reader, parent: &Parent) -> Option<Link> {
    let (said, noun) = (unnumbered(&reader.named.nouns), &parent.nouns[..]);
    if said.len() < 2 || noun.len() < 2 || !said.iter().all(|w| noun.contains(w)) {
        return None;
    }
    let mut missing = noun.iter().filter(|w| !said.contains(w)).peekable();
    if missing.peek().is_none() {
        return of("words_of_table_name", 0.92);
    }
    missing.all(|w| reader.table.contains(w)).then_some(Link { rule: "words_of_table_name", strength: 0.74 })
}

/// A letter stands for the words that the place has said: the `btype` of a bucket is its bucket_type.
fn by_letter(reader: &Reader, parent: &Parent) -> Option<Link> {
    let (letter, kind) = lettered(reader.named.nouns.last()?)?;
    let (last, rest) = parent.nouns.split_last()?;
    let said =
        last == kind && rest.iter().any(|w| w.starts_with(letter)) && rest.iter().all(|w| reader.table.contains(w));
    said.then_some(Link { rule: "letter_and_kind", strength: 0.84 })
}

/// `btype` is a letter and a word for a kind.
pub(super) fn lettered(word: &str) -> Option<(char, &str)> {
    let letter = word.chars().next()?;
    Some((letter, &word[letter.len_utf8()..])).filter(|(_, kind)| is_kind(kind))
}

fn is_kind(word: &str) -> bool {
    KINDS.contains(&word)
}

fn ends_or_is(long: &[String], end: &[String], same: Same) -> bool {
    !end.is_empty() && (equal(long, end, same) || ends_with(long, end, same))
}

fn equal(a: &[String], b: &[String], same: Same) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn ends_with(long: &[String], end: &[String], same: Same) -> bool {
    long.len() > end.len() && !end.is_empty() && equal(&long[long.len() - end.len()..], end, same)
}

fn starts_with(long: &[String], start: &[String], same: Same) -> bool {
    long.len() > start.len() && !start.is_empty() && equal(&long[..start.len()], start, same)
}
