//! What code ships, for the views that merge it with the overrides.

use crate::pg::error::report;
use crate::plan::phase::SHIPPED;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{AnyNumeric, JsonB};

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

/// The model server that is known from the start; further ones are rows of nlsql.endpoint.
#[pg_extern(schema = "nlsql", immutable, parallel_safe)]
fn shipped_endpoints() -> SetOfIterator<'static, JsonB> {
    SetOfIterator::once(JsonB(serde_json::json!(crate::llm::endpoint::shipped())))
}

/// Prices in USD a million tokens; nlsql.prices shows them under the overrides.
#[pg_extern(schema = "nlsql", immutable, parallel_safe)]
fn shipped_prices() -> TableIterator<
    'static,
    (
        name!(model, String),
        name!(input_usd_per_mtok, Option<AnyNumeric>),
        name!(cached_usd_per_mtok, Option<AnyNumeric>),
        name!(output_usd_per_mtok, Option<AnyNumeric>),
        name!(as_of, String),
    ),
> {
    let number = |text: &str| AnyNumeric::try_from(text).ok();
    TableIterator::new(crate::llm::price::shipped().map(move |l| {
        (l.model.to_owned(), number(l.input), l.cached.and_then(number), number(l.output), l.as_of.to_owned())
    }))
}

/// Refuses an endpoint that could not be called: address, headers, key reference.
#[pg_extern(schema = "nlsql", immutable, parallel_safe)]
fn check_endpoint_(endpoint: JsonB) -> std::result::Result<bool, ErrorReport> {
    crate::llm::endpoint::Endpoint::from_json(&endpoint.0.to_string()).map(|_| true).map_err(report)
}

/// Prompt templates; nlsql.templates shows them under the overrides.
#[pg_extern(schema = "nlsql", immutable, parallel_safe)]
fn shipped_templates() -> TableIterator<'static, (name!(name, String), name!(body, String))> {
    let owned = |(name, body): &(&str, &str)| ((*name).to_owned(), (*body).to_owned());
    TableIterator::new(crate::prompt::templates::shipped().iter().map(owned))
}

/// Refuses a template that could not be used, with line and column.
#[pg_extern(schema = "nlsql", immutable, parallel_safe)]
fn check_template_(name: &str, body: &str) -> std::result::Result<bool, ErrorReport> {
    crate::prompt::templates::check(name, body).map(|()| true).map_err(report)
}
