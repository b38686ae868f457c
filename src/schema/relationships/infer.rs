//! From the catalog to candidates with their votes: for each column the parents that its name leads to.

use super::actors::Hubs;
use super::link::{self, Link, Reader};
use super::names::{Named, Namer};
use super::parents::{Index, holds_rows};
use super::score::{self, Votes};
use crate::schema::model::{Column, Schema, Table};
use std::collections::BTreeSet;

/// Tables that keep what others were.
const COPIES: &[&str] = &[
    "history", "audit", "auditor", "archive", "archived", "aged", "backup", "bak", "old", "tmp", "temporary",
    "staging", "stage", "log", "snapshot", "legacy", "deleted", "copy of", "arch", "hist",
];
/// Names of amounts: a whole number, and yet no key.
const AMOUNTS: &[&str] = &[
    "count", "percent", "percentage", "amount", "price", "cost", "total", "quantity", "length", "size", "rate",
    "score", "rank", "year", "month", "day", "hour", "minute", "second", "age", "weight", "height", "width", "depth",
    "quality", "order", "position", "proximity", "sum", "average", "maximum", "minimum", "duration", "distance",
    "limit", "max", "min", "priority", "version", "sequence", "port", "balance", "days", "ratio", "factor", "points",
    "level", "interval", "increment", "unit", "number",
];

/// One possible edge from a column to a single-column key.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub child: usize,
    pub column: usize,
    /// Number of the parent in the index.
    pub parent: usize,
    pub votes: Votes,
}

pub(super) struct Search<'a> {
    pub schema: &'a Schema,
    pub index: Index,
    hubs: Hubs,
    namer: Namer,
    several_schemas: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(schema: &'a Schema) -> Search<'a> {
        let mut namer = Namer::new(schema);
        let index = Index::new(schema, &mut namer);
        let hubs = Hubs::new(&index);
        let several_schemas = schema.tables.iter().any(|t| t.schema != schema.tables[0].schema);
        Search { schema, index, hubs, namer, several_schemas }
    }

    /// All candidates, by table and column; those of one column stand together.
    pub(super) fn candidates(&mut self) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (t, table) in self.schema.tables.iter().enumerate() {
            if !holds_rows(table) || table.partition_of.is_some() {
                continue;
            }
            let nouns = self.namer.table(table);
            let space = self.namer.canon(&table.schema);
            let prefix = self.namer.column_prefix(table);
            for (c, column) in table.columns.iter().enumerate() {
                if !may_refer(table, column) {
                    continue;
                }
                let (named, short) = self.namer.column(&column.name, prefix.as_deref());
                let own_key = table.primary_key.as_deref() == Some(std::slice::from_ref(&column.name));
                // what is called like its own table is its own key or code
                if named.nouns == nouns || own_key && (named.nouns.is_empty() || short.is_some()) {
                    continue;
                }
                let reader = Reader { named: &named, table: &nouns, space: &space, own: t };
                let short = short.as_ref().map(|named| Reader { named, ..reader });
                self.of_column(c, &reader, short.as_ref(), own_key, &mut found);
            }
        }
        found
    }

    fn of_column(&self, c: usize, full: &Reader, short: Option<&Reader>, own_key: bool, found: &mut Vec<Candidate>) {
        let t = full.own;
        let table = &self.schema.tables[t];
        let column = &table.columns[c];
        let mut parents = BTreeSet::new();
        self.index.find(&table.schema, &full.named.nouns, &mut parents);
        self.hubs.find(&self.index, &full.named.nouns, t, &mut parents);
        for number in parents {
            let parent = &self.index.parents[number];
            if parent.table == t && parent.column == c {
                continue;
            }
            let to = &self.schema.tables[parent.table];
            let Some((kind, weight)) = score::types(&column.base, &to.columns[parent.column].base) else { continue };
            let links = std::iter::once(full).chain(short).filter_map(|reader| self.link(reader, number));
            let Some(link) = links.max_by(|a, b| a.strength.total_cmp(&b.strength)) else { continue };
            let mut votes = Votes::new(link);
            votes.add("type", weight, kind);
            let (kind, weight) = score::key(parent.kind, to.primary_key.is_some());
            votes.add("parent_key", weight, kind);
            self.place_votes(table, to, number, &mut votes);
            column_votes(table, column, full.named, &parent.key, own_key, &mut votes);
            found.push(Candidate { child: t, column: c, parent: number, votes });
        }
    }

    fn link(&self, reader: &Reader, number: usize) -> Option<Link> {
        let parent = &self.index.parents[number];
        // a total_cost is no reference to another row of cost
        let fits = |l: &Link| parent.table != reader.own || (l.rule.starts_with("role") && reader.named.keyed);
        let by_name = link::link(reader, parent, self.index.namesakes(parent)).filter(fits);
        let by_part = self.hubs.link(&self.index, &reader.named.nouns, reader.own, number);
        by_name.into_iter().chain(by_part).max_by(|a, b| a.strength.total_cmp(&b.strength))
    }

    fn place_votes(&self, table: &Table, to: &Table, parent: usize, votes: &mut Votes) {
        if self.several_schemas {
            let same = table.schema == to.schema;
            votes.add("schema", if same { 0.5 } else { -0.1 }, if same { "same" } else { "other" });
        }
        if self.index.parents[parent].nouns.iter().any(|w| COPIES.contains(&w.as_str())) {
            votes.add("parent_is_copy", -3.0, true);
        }
        if to.is_child() {
            votes.add("parent_is_part", -0.8, "inheritance child");
        }
    }
}

/// What the child column itself says, whatever the parent.
fn column_votes(table: &Table, column: &Column, named: &Named, key: &Named, own_key: bool, votes: &mut Votes) {
    if named.keyed && named.loosely != key.loosely {
        votes.add("key_word", if named.loosely { -0.8 } else { 0.6 }, "other than the parent's");
    } else if named.keyed {
        votes.add("key_word", 0.8, true);
    } else if column.category == 'S' {
        votes.add("key_word", -0.9, false);
    }
    let amount = |w: Option<&String>| w.is_some_and(|w| AMOUNTS.contains(&w.as_str()));
    if !named.keyed && named.nouns.len() > 1 && (amount(named.nouns.first()) || amount(named.nouns.last())) {
        votes.add("amount", -3.5, true);
    } else if !named.keyed && amount(named.nouns.last()) {
        votes.add("amount", -1.2, true);
    }
    if table.indexed.contains(&column.name) {
        votes.add("index", 0.2, true);
    }
    if own_key {
        votes.add("own_primary_key", -0.8, true);
    } else if table.primary_key.as_ref().is_some_and(|k| k.contains(&column.name)) {
        votes.add("part_of_key", 0.3, true);
    } else if table.is_unique(std::slice::from_ref(&column.name)) {
        votes.add("own_unique_key", -0.4, true);
    }
}

/// Numbers drawn from a sequence, computed columns and flags point nowhere.
fn may_refer(table: &Table, column: &Column) -> bool {
    let drawn = column.identity.is_some() || column.default.as_deref().is_some_and(|d| d.starts_with("nextval("));
    let keyed = table.foreign_keys.iter().any(|k| k.columns.len() == 1 && k.columns[0] == column.name);
    !drawn && !keyed && !column.generated && score::types(&column.base, &column.base).is_some()
}
