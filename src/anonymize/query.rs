//! The SQL that reads a table for the anonymiser: rows to fake, and whether texts are among the originals.

use super::group::Place;
use super::rule::{Form, Method, Plan, Rule};
use crate::schema::model::{Column, Table, TableKind, quote_ident};

/// Rows that are looked at before the wanted number is drawn from them.
const LOOKED_AT: i64 = 20_000;

/// Rows as texts: in the order of the rules, and before them the number by which the rows are in order.
pub(crate) struct Rows {
    pub sql: String,
    /// Whether they come in that order.
    pub ordered: bool,
}

/// The same rows for the same seed and data, spread over the table. Large tables are sampled by blocks; then a keyed
/// order decides. Where all rows are asked for, their order is left to the reader, who has them in memory anyway.
pub(crate) fn rows(table: &Table, plan: &Plan, count: i64, seed: i64) -> Rows {
    let named = |(i, rule)| format!("({})::pg_catalog.text AS c{i}", expression(rule));
    let list: Vec<String> = plan.rules.iter().enumerate().map(named).collect();
    let wanted = wanted(count);
    let clause = if is_sampled(table, count) {
        let percent = (wanted as f64 * 100.0 / table.rows).clamp(0.0001, 100.0);
        format!("TABLESAMPLE SYSTEM ({percent:.4}) REPEATABLE ({})", seed & 0xffff)
    } else {
        String::new()
    };
    let place = format!("pg_catalog.hash_record_extended(r, {seed})");
    let ordered = !(0.0..=count as f64).contains(&table.rows);
    let order = if ordered { format!("ORDER BY {place} LIMIT {count}") } else { String::new() };
    let sql = format!(
        "SELECT {place}::pg_catalog.text, r.* FROM (SELECT {} FROM {} t {clause} LIMIT {wanted}) r {order}",
        list.join(", "),
        table.qualified()
    );
    Rows { sql, ordered }
}

fn wanted(count: i64) -> i64 {
    count.saturating_mul(50).max(LOOKED_AT)
}

/// Whether the rows come from some blocks of the table only.
pub(crate) fn is_sampled(table: &Table, count: i64) -> bool {
    let stored = matches!(table.kind, TableKind::Table | TableKind::Partitioned | TableKind::MaterializedView);
    stored && table.rows > wanted(count) as f64 * 1.5
}

/// What of a value the anonymiser needs, as text; no more than that is read.
fn expression(rule: &Rule) -> String {
    let column = format!("t.{}", quote_ident(&rule.name));
    match (&rule.method, rule.form) {
        (Method::Drop | Method::Mask(_), _) => {
            format!("CASE WHEN {column} IS NOT NULL THEN '' END")
        }
        (Method::Text(super::Kind::Binary), _) => format!(
            "'\\x' || pg_catalog.left(pg_catalog.repeat(pg_catalog.md5({column}::pg_catalog.text), 4), 2 * pg_catalog.octet_length({column}))"
        ),
        (_, Form::Json | Form::Hstore) => format!("pg_catalog.to_jsonb({column})::pg_catalog.text"),
        _ => format!("{column}::pg_catalog.text"),
    }
}

/// A query for values as texts, and how many a row has.
pub(crate) struct Source {
    pub sql: String,
    pub width: usize,
}

/// All values of the table's protected columns.
pub(crate) fn guarded(table: &Table, plan: &Plan) -> Vec<Source> {
    let from = table.qualified();
    let mut sources: Vec<Source> = Vec::new();
    let mut plain: Vec<String> = Vec::new();
    for rule in plan.rules.iter().filter(|r| is_guarded(r)) {
        let column = format!("t.{}", quote_ident(&rule.name));
        match (&rule.method, rule.form) {
            (Method::Document { .. } | Method::Elements(_), _) => sources.push(Source {
                sql: format!(
                    "SELECT l.v #>> '{{}}' FROM {from} t, pg_catalog.jsonb_path_query(pg_catalog.to_jsonb({column}), 'strict $.**') l(v) \
                     WHERE pg_catalog.jsonb_typeof(l.v) = 'string'"
                ),
                width: 1,
            }),
            (Method::Text(super::Kind::Binary), _) => {}
            _ => plain.push(format!("{column}::pg_catalog.text")),
        }
    }
    if !plain.is_empty() {
        sources.push(Source { sql: format!("SELECT {} FROM {from} t", plain.join(", ")), width: plain.len() });
    }
    sources
}

/// All values of one column, such as the root of a group.
pub(crate) fn column(root: &Place) -> Source {
    let sql = format!(
        "SELECT t.{}::pg_catalog.text FROM {}.{} t",
        quote_ident(&root.2),
        quote_ident(&root.0),
        quote_ident(&root.1)
    );
    Source { sql, width: 1 }
}

/// How many texts of the column have the word $1, in lower case, counted to the number that matters.
pub(crate) fn texts_with_word(table: &Table, column: &str, most: u32) -> String {
    format!(
        "SELECT pg_catalog.count(*)::pg_catalog.text FROM (SELECT FROM {} t WHERE pg_catalog.lower(t.{}::pg_catalog.text) \
         OPERATOR(pg_catalog.~) ('\\m' OPERATOR(pg_catalog.||) $1 OPERATOR(pg_catalog.||) '\\M') LIMIT {most}) w",
        table.qualified(),
        quote_ident(column)
    )
}

/// Least and greatest key of a root, as a JSON array of texts.
pub(crate) fn span(root: &Place) -> String {
    let column = format!("t.{}", quote_ident(&root.2));
    format!(
        "SELECT pg_catalog.to_json(ARRAY[pg_catalog.min({column})::pg_catalog.text, pg_catalog.max({column})::pg_catalog.text])::pg_catalog.text \
         FROM {}.{} t",
        quote_ident(&root.0),
        quote_ident(&root.1)
    )
}

/// Whether originals of the column are looked up before a fake may stand.
pub(crate) fn is_guarded(rule: &Rule) -> bool {
    matches!(
        rule.method,
        Method::Shape | Method::Text(_) | Method::BirthDate(_) | Method::Document { .. } | Method::Elements(_)
    )
}

/// The different values of a column as texts, for the audit: leaves of documents, elements of arrays. None for types
/// whose values stand in texts by chance, as dates and short numbers do.
pub(crate) fn values(table: &Table, column: &Column) -> Option<String> {
    let from = table.qualified();
    let name = format!("t.{}", quote_ident(&column.name));
    match (column.base.as_str(), column.category) {
        ("json" | "jsonb" | "hstore", _) | (_, 'A') => Some(format!(
            "SELECT DISTINCT l.v #>> '{{}}' FROM {from} t, pg_catalog.jsonb_path_query(pg_catalog.to_jsonb({name}), 'strict $.**') l(v) \
             WHERE pg_catalog.jsonb_typeof(l.v) = 'string'"
        )),
        ("inet" | "cidr", _) => {
            Some(format!("SELECT DISTINCT pg_catalog.host({name}) FROM {from} t WHERE {name} IS NOT NULL"))
        }
        ("uuid" | "macaddr" | "macaddr8" | "xml", _) | (_, 'S') => {
            Some(format!("SELECT DISTINCT {name}::pg_catalog.text FROM {from} t WHERE {name} IS NOT NULL"))
        }
        // a phone or tax number kept as a number
        ("int8" | "numeric", _) => Some(format!(
            "SELECT DISTINCT {name}::pg_catalog.text FROM {from} t WHERE pg_catalog.abs({name}) >= 1000000"
        )),
        _ => None,
    }
}
