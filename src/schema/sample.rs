//! The query that draws sample rows of a table: the same rows for the same seed and data, spread over the table.

use super::model::{Table, TableKind, quote_ident};

/// Rows that are looked at before the wanted number is drawn from them.
const LOOKED_AT: i64 = 20_000;

/// One JSON object a row. Large tables are sampled by blocks; then a keyed order decides.
pub(crate) fn sql(table: &Table, rows: i64, seed: i64) -> String {
    let columns = table.columns.iter().map(|c| format!("t.{}", quote_ident(&c.name))).collect::<Vec<_>>().join(", ");
    let samples = matches!(table.kind, TableKind::Table | TableKind::Partitioned | TableKind::MaterializedView);
    let wanted = (rows * 50).max(LOOKED_AT);
    let clause = if samples && table.rows > wanted as f64 * 1.5 {
        let percent = (wanted as f64 * 100.0 / table.rows).clamp(0.0001, 100.0);
        format!("TABLESAMPLE SYSTEM ({percent:.4}) REPEATABLE ({})", seed & 0xffff)
    } else {
        String::new()
    };
    format!(
        "SELECT to_jsonb(r)::text FROM (SELECT {columns} FROM {} t {clause} LIMIT {wanted}) r \
         ORDER BY md5(to_jsonb(r)::text || {seed}::text) LIMIT {rows}",
        table.qualified()
    )
}
