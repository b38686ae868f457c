//! Endpoints, prices and the ledger of calls. All as the extension's owner: a run's role may name an endpoint, not
//! read where it is or where its key is.

use super::owner::as_owner;
use super::spi::{self, Arg};
use crate::error::{Code, Error, Result};
use crate::llm::endpoint::{self, Endpoint};
use crate::llm::price::{self, Price, Usd};
use crate::plan::Phase;
use serde::Deserialize;
use serde_json::Value;

/// The endpoint of that name: a row, or what is shipped.
pub(crate) fn endpoint(name: &str) -> Result<Endpoint> {
    let row = as_owner(|| {
        spi::update("SELECT pg_catalog.to_jsonb(e)::text FROM nlsql.endpoint e WHERE e.name = $1", &[Arg::Text(name)])
    })?;
    match spi::first(row) {
        Some(row) => Endpoint::from_json(&row),
        None if name == endpoint::shipped().name => Ok(endpoint::shipped()),
        None => Err(Error::new(Code::UndefinedObject, format!("endpoint \"{name}\" does not exist"))
            .hint("SELECT name FROM nlsql.endpoints shows them; a superuser adds one to nlsql.endpoint.")),
    }
}

#[derive(Deserialize)]
struct PriceRow {
    model: String,
    input: String,
    cached: Option<String>,
    output: String,
}

/// What the model costs, by nlsql.price and the shipped list; none = unknown.
pub(crate) fn price(model: &str) -> Result<Option<Price>> {
    let rows = as_owner(|| {
        spi::update(
            "SELECT jsonb_build_object('model', p.model, 'input', p.input_usd_per_mtok::text,
                    'cached', p.cached_usd_per_mtok::text, 'output', p.output_usd_per_mtok::text)::text FROM nlsql.price p",
            &[],
        )
    })?;
    let rows: Vec<PriceRow> = rows.into_iter().flatten().map(|t| spi::json(&t)).collect::<Result<_>>()?;
    let name = price::matching(model, rows.iter().map(|r| r.model.as_str()));
    match rows.iter().find(|r| Some(r.model.as_str()) == name) {
        Some(r) => Ok(Price::per_million(&r.input, r.cached.as_deref(), &r.output)),
        None => Ok(price::shipped_price(model)),
    }
}

/// A call to be made.
pub(crate) struct Call<'a> {
    pub run_id: i64,
    pub phase: Phase,
    pub task: i32,
    pub attempt: i32,
    pub endpoint: &'a str,
    pub model: &'a str,
    pub reserve: Option<Usd>,
    pub budget: Option<f64>,
}

/// Writes the call down before it is made; none = it would pass the budget.
pub(crate) fn begin(call: &Call<'_>) -> Result<Option<i64>> {
    let reserve = call.reserve.map(|r| r.to_string());
    let budget = call.budget.map(|b| b.to_string());
    let id = as_owner(|| {
        spi::update(
            "SELECT nlsql.call_begin_($1, $2, $3::int, $4::int, $5, $6, $7::numeric, $8::numeric)::text",
            &[
                Arg::Int(call.run_id),
                Arg::Text(call.phase.name()),
                Arg::Int(i64::from(call.task)),
                Arg::Int(i64::from(call.attempt)),
                Arg::Text(call.endpoint),
                Arg::Text(call.model),
                Arg::OptText(reserve.as_deref()),
                Arg::OptText(budget.as_deref()),
            ],
        )
    })?;
    Ok(spi::first(id).and_then(|t| t.parse().ok()))
}

/// Completes the call's row; `result` has the columns of nlsql.request that are known now.
pub(crate) fn end(id: i64, result: &Value) -> Result<()> {
    let text = result.to_string();
    as_owner(|| spi::execute("SELECT nlsql.call_end_($1, $2::jsonb)", &[Arg::Int(id), Arg::Text(&text)])).map(|_| ())
}

pub(crate) fn over_budget(run_id: i64, message: &str) -> Result<()> {
    as_owner(|| spi::execute("SELECT nlsql.over_budget_($1, $2)", &[Arg::Int(run_id), Arg::Text(message)])).map(|_| ())
}
