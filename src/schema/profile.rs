//! The data's own statistics. `pg_stats` may be missing, stale or hidden by row security, and moves with every
//! ANALYZE; a look at the rows as the run's role is exact on small tables and repeatable on large ones.
//! This file writes the query of one table and reads its answer; `pg/` runs it.

use super::model::{Column, Profile, RowSecurity, Sampled, Table, TableKind, quote_ident};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Rows looked at in one table at most.
pub(crate) const SAMPLE_ROWS: u32 = 20_000;
/// Values kept of a column.
const COMMON: u32 = 60;
/// Longer texts are not kept as values.
const VALUE_CHARS: u32 = 60;

#[derive(Deserialize)]
struct Answer {
    rows: u64,
    columns: BTreeMap<String, Profile>,
}

/// Whether a column's values can be compared and counted.
fn comparable(column: &Column) -> bool {
    !matches!(column.base.as_str(), "json" | "xml" | "point" | "box" | "line" | "lseg" | "path" | "polygon" | "circle")
        && !matches!(column.category, 'P' | 'X')
}

fn ordered(column: &Column) -> bool {
    matches!(column.category, 'N' | 'D' | 'T') && !column.base.starts_with("reg")
}

/// The query that profiles a table: one row, one jsonb column. `None` where there is nothing to look at.
pub(crate) fn sql(table: &Table) -> Option<String> {
    query(table, true)
}

/// The same without the words of texts, which take most of its time and which only questions are made of.
pub(crate) fn sql_without_words(table: &Table) -> Option<String> {
    query(table, false)
}

fn query(table: &Table, words: bool) -> Option<String> {
    if table.columns.is_empty() || table.row_security == RowSecurity::Bypassed || table.columns.len() > 300 {
        return None;
    }
    let parts: Vec<String> = table.columns.iter().enumerate().map(|(i, c)| column_sql(i, c, words)).collect();
    // jsonb_build_object takes 100 arguments: concatenate pieces instead
    let columns = parts.join(" || ");
    let list = table
        .columns
        .iter()
        .enumerate()
        .map(|(i, c)| format!("t.{} AS c{i}", quote_ident(&c.name)))
        .collect::<Vec<_>>()
        .join(", ");
    Some(format!(
        "WITH s AS MATERIALIZED (SELECT {list} FROM {} t {} LIMIT {SAMPLE_ROWS}) \
         SELECT jsonb_build_object('rows', (SELECT count(*) FROM s), 'columns', {columns})::text",
        table.qualified(),
        sample_clause(table)
    ))
}

/// Large tables are sampled by blocks, with a fixed seed, so that the same data give the same sample.
fn sample_clause(table: &Table) -> String {
    let samples = matches!(table.kind, TableKind::Table | TableKind::Partitioned | TableKind::MaterializedView);
    if samples && table.rows > f64::from(SAMPLE_ROWS) * 1.5 {
        let percent = (f64::from(SAMPLE_ROWS) * 120.0 / table.rows).clamp(0.0001, 100.0);
        format!("TABLESAMPLE SYSTEM ({percent:.4}) REPEATABLE (42)")
    } else {
        String::new()
    }
}

fn column_sql(i: usize, column: &Column, words: bool) -> String {
    let mut fields = vec![format!("'nulls', count(*) - count(c{i})")];
    let c = format!("c{i}");
    if comparable(column) {
        fields.push(format!("'distinct', count(DISTINCT {c})"));
    }
    fields.push(format!("'length', coalesce(round(avg(length({c}::text)), 1), 0)"));
    if column.category == 'S' {
        fields.push(format!("'spaced', coalesce(round(avg((position(' ' IN {c}::text) > 0)::int), 3), 0)"));
        fields.push(format!("'digits', coalesce(round(avg(({c}::text ~ '[0-9]')::int), 3), 0)"));
    }
    if ordered(column) {
        let finite = if column.category == 'D' { format!(" FILTER (WHERE isfinite({c}))") } else { String::new() };
        let finite = if column.base == "time" || column.base == "timetz" { String::new() } else { finite };
        fields.push(format!(
            "'quantiles', coalesce(to_jsonb(percentile_disc(ARRAY[0,.05,.1,.2,.3,.4,.5,.6,.7,.8,.9,.95,1]) \
             WITHIN GROUP (ORDER BY {c}){finite}::text[]), '[]')"
        ));
    }
    let mut text = format!("(SELECT jsonb_build_object({}) FROM s)", fields.join(", "));
    // of values that are all different some are taken from everywhere, and not the first of the alphabet
    if comparable(column)
        && !matches!(column.category, 'A' | 'R')
        && column.base != "tsvector"
        && column.base != "jsonb"
        && column.base != "bytea"
    {
        text = format!(
            "{text} || jsonb_build_object('common', (SELECT coalesce(jsonb_agg(jsonb_build_array(v, n) ORDER BY n DESC, v \
             COLLATE \"C\"), '[]') FROM (SELECT {c}::text AS v, count(*) AS n FROM s WHERE {c} IS NOT NULL \
             AND length({c}::text) <= {VALUE_CHARS} GROUP BY {c} ORDER BY count(*) DESC, sha256(convert_to({c}::text, 'UTF8')) LIMIT {COMMON}) q))"
        );
    }
    if column.category == 'A' && matches!(column.element_category, Some('S' | 'E' | 'N')) {
        text = format!(
            "{text} || jsonb_build_object('elements', (SELECT coalesce(jsonb_agg(jsonb_build_array(v, n) ORDER BY n DESC, v \
             COLLATE \"C\"), '[]') FROM (SELECT v::text AS v, count(*) AS n FROM s, unnest({c}) v WHERE v IS NOT NULL \
             AND length(v::text) <= {VALUE_CHARS} GROUP BY v ORDER BY count(*) DESC, v::text COLLATE \"C\" LIMIT {COMMON}) q))"
        );
    }
    if words && column.category == 'S' && !matches!(column.base.as_str(), "char" | "name") {
        // to see that there is no word takes a tenth of the time that taking a text apart does
        text = format!(
            "{text} || jsonb_build_object('elements', (SELECT coalesce(jsonb_agg(jsonb_build_array(v, n) ORDER BY n DESC, v \
             COLLATE \"C\"), '[]') FROM (SELECT w.v, count(*) AS n FROM s, LATERAL (SELECT DISTINCT v \
             FROM regexp_split_to_table(left({c}::text, 200), '[^[:alpha:]]+') v WHERE length(v) BETWEEN 4 AND 20) w \
             WHERE {c}::text ~ '[[:alpha:]]{{4}}' GROUP BY w.v HAVING count(*) > 1 ORDER BY count(*) DESC, w.v COLLATE \"C\" LIMIT 20) q))"
        );
    }
    if column.base == "tsvector" {
        text = format!(
            "{text} || jsonb_build_object('elements', (SELECT coalesce(jsonb_agg(jsonb_build_array(v, n) ORDER BY n DESC, v \
             COLLATE \"C\"), '[]') FROM (SELECT w.lexeme AS v, count(*) AS n FROM s, unnest({c}) w \
             WHERE length(w.lexeme) BETWEEN 4 AND 20 GROUP BY w.lexeme HAVING count(*) > 1 \
             ORDER BY count(*) DESC, w.lexeme COLLATE \"C\" LIMIT 20) q))"
        );
    }
    if matches!(column.base.as_str(), "json" | "jsonb") {
        let prefix = &column.base;
        text = format!(
            "{text} || jsonb_build_object('keys', (SELECT coalesce(jsonb_agg(jsonb_build_array(k, t, n) ORDER BY n DESC, k \
             COLLATE \"C\"), '[]') FROM (SELECT e.key AS k, min({prefix}_typeof(e.value)) AS t, count(*) AS n FROM s, \
             {prefix}_each(CASE WHEN {prefix}_typeof({c}) = 'object' THEN {c} ELSE '{{}}' END) e \
             GROUP BY e.key ORDER BY count(*) DESC, e.key COLLATE \"C\" LIMIT {COMMON}) q))"
        );
    }
    format!("jsonb_build_object({}, {text})", super::model::quote_literal(&format!("c{i}")))
}

/// Puts the answer of [`sql`] into the table.
pub(crate) fn apply(table: &mut Table, answer: &str) -> Result<(), serde_json::Error> {
    let mut answer: Answer = serde_json::from_str(answer)?;
    for (i, column) in table.columns.iter_mut().enumerate() {
        column.profile = answer.columns.remove(&format!("c{i}"));
    }
    let whole = sample_clause(table).is_empty() && answer.rows < u64::from(SAMPLE_ROWS);
    table.sampled = Some(Sampled { rows: answer.rows, whole });
    Ok(())
}
