//! What code ships, for the views that merge it with the overrides.

use crate::plan::phase::SHIPPED;
use pgrx::prelude::*;

/// Shipped settings of the phases; nlsql.phases shows them under the overrides.
#[pg_extern(schema = "nlsql", immutable, parallel_safe)]
fn shipped_phases() -> TableIterator<
    'static,
    (
        name!(name, String),
        name!(enabled, bool),
        name!(count, Option<i64>),
        name!(api_answer_count, i32),
        name!(min_joins, i32),
        name!(n_rows, i32),
    ),
> {
    TableIterator::new(
        SHIPPED
            .iter()
            .map(|s| (s.phase.name().to_owned(), s.enabled, s.count, s.api_answer_count, s.min_joins, s.n_rows)),
    )
}
