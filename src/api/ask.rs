//! `nlsql.ask`: a question of a user's own becomes gated SQL and its rows.

use crate::error::{Error, Result};
use crate::pg::ask::{self, Reply, Shown};
use crate::pg::error::report;
use crate::plan::{Options, Phase};
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use serde_json::Value;

/// Answers one question by a statement that the model writes and the gate lets through.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn ask(
    question: &str,
    options: default!(JsonB, "'{}'"),
) -> std::result::Result<
    TableIterator<'static, (name!(sql, Option<String>), name!(rows, Option<JsonB>), name!(checks, JsonB))>,
    ErrorReport,
> {
    let answer = || -> Result<Reply> {
        let (options, shown) = read(options.0)?;
        if question.trim().is_empty() || question.len() > 4000 {
            return Err(Error::invalid("a question has to be a text of at most 4000 bytes"));
        }
        ask::ask(question.trim(), &options, shown)
    };
    let reply = answer().map_err(report)?;
    Ok(TableIterator::once((reply.sql, reply.rows.map(JsonB), JsonB(reply.checks))))
}

/// The options of generate() that concern one question, and `rows`.
fn read(mut value: Value) -> Result<(Options, Shown)> {
    let shown = match value.as_object_mut().and_then(|map| map.remove("rows")) {
        None => Shown::Anonymised,
        Some(Value::String(word)) if word == "anonymised" => Shown::Anonymised,
        Some(Value::String(word)) if word == "real" => Shown::Real,
        Some(Value::String(word)) if word == "none" => Shown::None,
        Some(_) => {
            return Err(
                Error::invalid("option \"rows\" has an unknown value").hint("Possible are anonymised, real and none.")
            );
        }
    };
    let options = Options::parse(&value)?;
    options.fit(Phase::SingleTable)?;
    Ok((options, shown))
}
