//! What the rows say of possible edges: whether the values of a column are among those of a key. Each column is read
//! once, as hashes of its different values; of a large table only hashes of one residue, so that both sides of an edge
//! keep the same values. This file writes the queries and compares; `pg/` runs them.

use crate::schema::model::{Column, RowSecurity, Schema, Table, TableKind, quote_ident};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Rows of which all values are kept.
const WHOLE: f64 = 16_384.0;
/// Larger tables say nothing: a look at them would take too long.
const MOST: f64 = 3_000_000.0;
/// So many values are read in all.
const ALL: f64 = 12_000_000.0;
/// Fewer values than this may be among those of any key.
const TELLING: usize = 3;

/// Hashes of the different values of a column that leave no rest by `step`, a power of two.
#[derive(Debug, Clone, Default, PartialEq)]
struct Set {
    step: i64,
    hashes: HashSet<i64>,
}

/// The sets of the columns that were read: by the numbers of table and column.
#[derive(Debug, Default)]
pub(crate) struct Values(HashMap<(usize, usize), Set>);

/// How much of a child's values a parent has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Inclusion {
    /// Different values that were compared.
    pub of: usize,
    pub share: f64,
    /// Share of the parent's values that the child has.
    pub used: f64,
}

/// Tables with the columns to read, small ones first, until so many values are read as can be in a few seconds. By
/// estimates and not by the clock, so that the same tables are read each time.
pub(crate) fn order(schema: &Schema, columns: BTreeMap<usize, BTreeSet<usize>>) -> Vec<(usize, Vec<usize>)> {
    let cost = |table: usize, columns: &BTreeSet<usize>| schema.tables[table].rows.max(1.0) * columns.len() as f64;
    let mut tables: Vec<(f64, usize, Vec<usize>)> = columns
        .into_iter()
        .map(|(table, columns)| (cost(table, &columns), table, columns.into_iter().collect()))
        .collect();
    tables.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut left = ALL;
    let within = |(cost, table, columns): (f64, usize, Vec<usize>)| {
        left -= cost;
        (left >= 0.0).then_some((table, columns))
    };
    tables.into_iter().map_while(within).collect()
}

/// The query that reads the columns: one JSON array of arrays of numbers. None where it would take too long,
/// is another server's, or would pass by row security.
pub(crate) fn sql(table: &Table, columns: &[usize]) -> Option<String> {
    let shown = table.row_security != RowSecurity::Bypassed && table.kind != TableKind::ForeignTable;
    if table.rows > MOST || columns.is_empty() || !shown {
        return None;
    }
    let step = step(table);
    let hash = |c: &Column| {
        let name = format!("t.{}", quote_ident(&c.name));
        let text = if c.base == "numeric" { format!("pg_catalog.trim_scale({name})") } else { name };
        format!("pg_catalog.hashtextextended({text}::pg_catalog.text, 0)")
    };
    let list: Vec<String> =
        columns.iter().enumerate().map(|(i, c)| format!("{} AS h{i}", hash(&table.columns[*c]))).collect();
    let set =
        |i: usize| format!("(SELECT pg_catalog.json_agg(DISTINCT s.h{i}) FROM s WHERE s.h{i} & {} = 0)", step - 1);
    let sets: Vec<String> = (0..columns.len()).map(set).collect();
    Some(format!(
        "WITH s AS MATERIALIZED (SELECT {} FROM {} t) SELECT pg_catalog.json_build_array({})::pg_catalog.text",
        list.join(", "),
        table.qualified(),
        sets.join(", ")
    ))
}

fn step(table: &Table) -> i64 {
    (table.rows.max(1.0) / WHOLE).ceil().max(1.0).log2().ceil().exp2() as i64
}

impl Values {
    /// Puts in the answer of [`sql`] for the table of this number.
    pub(crate) fn add(&mut self, number: usize, table: &Table, columns: &[usize], sets: Vec<Option<Vec<i64>>>) {
        for (column, hashes) in columns.iter().zip(sets) {
            let hashes = hashes.unwrap_or_default().into_iter().collect();
            self.0.insert((number, *column), Set { step: step(table), hashes });
        }
    }

    /// None where one of them was not read, or the child has no value.
    pub(super) fn inclusion(&self, child: (usize, usize), parent: (usize, usize)) -> Option<Inclusion> {
        let (child, parent) = (self.0.get(&child)?, self.0.get(&parent)?);
        let step = child.step.max(parent.step);
        let compared = || child.hashes.iter().filter(|h| **h & (step - 1) == 0);
        let of = compared().count();
        let found = compared().filter(|h| parent.hashes.contains(h)).count();
        let all = parent.hashes.iter().filter(|h| **h & (step - 1) == 0).count();
        let of_all = |n: usize, all: usize| n as f64 / all.max(1) as f64;
        (of > 0).then(|| Inclusion { of, share: of_all(found, of), used: of_all(found, all) })
    }
}

impl Inclusion {
    /// All values are the parent's, and they are enough to say something.
    pub(super) fn is_whole(self) -> bool {
        self.of >= TELLING && self.share >= 1.0
    }

    /// Keys of texts and uuids hold no value by chance; whole numbers begin at 1 in many tables.
    pub(super) fn weight(self, opaque: bool) -> f64 {
        match self.share {
            s if s >= 1.0 && self.of < TELLING => 0.2,
            s if s >= 1.0 && opaque => 2.2,
            s if s >= 1.0 => 0.9,
            s if s >= 0.97 => 0.2,
            s if s >= 0.9 => -0.6,
            s if s >= 0.5 => -2.5,
            s if s > 0.0 || self.of < TELLING => -4.5,
            _ => -8.0,
        }
    }

    pub(super) fn evidence(self) -> Value {
        json!({ "of": self.of, "found": (self.share * 1000.0).round() / 1000.0 })
    }
}
