//! `nlsql.check_sql`: the gate on its own, for a plain query over thousands of texts.

use crate::api::object;
use crate::candidate::Verdict;
use crate::error::{Code, Error, Result};
use crate::pg::error::report;
use crate::pg::gate::bound::excess;
use crate::pg::gate::{Gate, Limits, Mode, Options};
use crate::pg::guc;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use serde_json::{Value, json};
use std::cell::RefCell;

/// The gate of the last call, kept for the next one.
struct Kept {
    gate: Gate,
    role: pg_sys::Oid,
    options: Value,
    defaults: Options,
    /// Transaction and command that it was last looked after in.
    moment: (u32, u32),
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

type Row = (
    bool,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Vec<String>,
    Vec<String>,
    Vec<String>,
    Vec<String>,
    Option<String>,
    Option<String>,
    Option<i32>,
    Option<pgrx::JsonB>,
    Option<pgrx::JsonB>,
);

#[allow(clippy::type_complexity)]
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn check_sql(
    sql: Option<&str>,
    options: default!(Option<pgrx::JsonB>, "'{}'"),
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(ok, bool),
            name!(stage, String),
            name!(sqlstate, Option<String>),
            name!(message, Option<String>),
            name!(hint, Option<String>),
            name!(rows, Option<i64>),
            name!(tables, Vec<String>),
            name!(columns, Vec<String>),
            name!(functions, Vec<String>),
            name!(features, Vec<String>),
            name!(difficulty, Option<String>),
            name!(skeleton, Option<String>),
            name!(position, Option<i32>),
            name!(mutation, Option<pgrx::JsonB>),
            name!(details, Option<pgrx::JsonB>),
        ),
    >,
    ErrorReport,
> {
    let options = object(options);
    let detailed = options.get("details") == Some(&Value::Bool(true));
    let verdict = check(sql.unwrap_or_default(), options).map_err(report)?;
    Ok(TableIterator::once(row(verdict, detailed)))
}

/// A computed argument, unchanged unless it is more than `bound` allows: see the gate's `bound`.
#[pg_extern(schema = "nlsql", immutable, strict, parallel_safe)]
fn bounded_(value: pgrx::AnyElement, bound: i32) -> std::result::Result<pgrx::AnyElement, ErrorReport> {
    pgrx::check_for_interrupts!();
    // SAFETY: the value is of the type that it came with.
    let (bytes, amount) = unsafe {
        match value.oid() {
            pg_sys::INT4OID => (None, i32::from_datum(value.datum(), false).map(i64::from)),
            pg_sys::INT4ARRAYOID => (Some(pg_sys::toast_raw_datum_size(value.datum())), product(value.datum())),
            other if pg_sys::get_typlen(other) == -1 => (Some(pg_sys::toast_raw_datum_size(value.datum())), None),
            _ => (None, None),
        }
    };
    match excess(bound, bytes, amount) {
        None => Ok(value),
        Some(message) => Err(report(
            Error::new(Code::Server(*b"54000"), message).hint("Work with shorter values, or on fewer rows."),
        )),
    }
}

/// The elements of an array of numbers, multiplied.
///
/// # Safety
/// `datum` is an array of int4.
unsafe fn product(datum: pg_sys::Datum) -> Option<i64> {
    // SAFETY: contract of this function.
    let numbers = unsafe { pgrx::Array::<i32>::from_datum(datum, false)? };
    Some(numbers.iter().take(6).flatten().fold(1, |product: i64, n| product.saturating_mul(i64::from(n))))
}

fn check(sql: &str, options: Value) -> Result<Verdict> {
    // SAFETY: plain read.
    let role = unsafe { pg_sys::GetUserId() };
    let defaults = Options { limits: Limits::of(&guc::settings()), ..Options::default() };
    // taken out while it works: a function that the statement calls may come back here
    let kept = KEPT.with_borrow_mut(Option::take);
    let mut kept = match kept {
        Some(mut kept) if kept.role == role && kept.options == options && kept.defaults == defaults => {
            let now = moment();
            if kept.moment != now {
                kept.moment = now;
                kept.gate.refresh()?;
            }
            kept
        }
        _ => {
            let read = read_options(&options, defaults.clone())?;
            Kept { gate: Gate::new(role, read)?, role, options, defaults, moment: moment() }
        }
    };
    let mode = match kept.options.get("schema_only") {
        Some(Value::Bool(true)) => Mode::SchemaOnly,
        _ => Mode::Executed,
    };
    let verdict = kept.gate.check(sql, mode);
    KEPT.set(Some(kept));
    verdict
}

/// Local transaction number and command: within one statement nothing that the gate keeps can have changed unseen.
fn moment() -> (u32, u32) {
    // SAFETY: the backend's own state.
    unsafe { (lxid(), pg_sys::GetCurrentCommandId(false)) }
}

#[cfg(any(feature = "pg15", feature = "pg16"))]
unsafe fn lxid() -> u32 {
    // SAFETY: a backend has its entry for life.
    unsafe { (*pg_sys::MyProc).lxid }
}

#[cfg(any(feature = "pg17", feature = "pg18"))]
unsafe fn lxid() -> u32 {
    // SAFETY: a backend has its entry for life.
    unsafe { (*pg_sys::MyProc).vxid.lxid }
}

const KEYS: [&str; 12] = [
    "bytes", "catalogs", "cost", "details", "foreign_tables", "memory_mb", "proof", "rows", "schema_only", "subjects",
    "timeout_ms", "refuse",
];

fn read_options(value: &Value, mut options: Options) -> Result<Options> {
    let Value::Object(map) = value else {
        return Err(Error::invalid("options must be a JSON object"));
    };
    for (key, value) in map {
        let wrong = |kind: &str| Error::invalid(format!("option {key} must be {kind}"));
        let number = || value.as_i64().filter(|n| *n > 0).ok_or_else(|| wrong("a positive whole number"));
        let flag = || value.as_bool().ok_or_else(|| wrong("true or false"));
        match key.as_str() {
            "schema_only" | "details" => drop(flag()?),
            "catalogs" => options.catalogs = flag()?,
            "proof" => options.proof = flag()?,
            "foreign_tables" => {
                options.foreign_tables = flag()?;
                options.limits.foreign_tables = options.foreign_tables;
            }
            // a caller may only tighten what the settings allow
            "timeout_ms" => {
                let asked = i32::try_from(number()?).unwrap_or(i32::MAX);
                options.limits.timeout_ms = options.limits.timeout_ms.min(asked);
            }
            "memory_mb" => {
                let asked = u64::try_from(number()?).unwrap_or(u64::MAX).saturating_mul(1 << 20);
                options.limits.memory_bytes = options.limits.memory_bytes.min(asked);
            }
            "rows" => options.limits.rows = u64::try_from(number()?).unwrap_or(u64::MAX).min(1_000_000),
            "bytes" => options.limits.bytes = usize::try_from(number()?).unwrap_or(usize::MAX).min(64 << 20),
            "cost" => options.limits.cost = Some(value.as_f64().ok_or_else(|| wrong("a number"))?),
            "subjects" => options.subjects = Some(subjects(value, key)?),
            "refuse" => refusals(value, &mut options)?,
            _ => {
                return Err(Error::invalid(format!("unknown option \"{key}\""))
                    .hint(format!("Options of check_sql are {}.", KEYS.join(", "))));
            }
        }
    }
    Ok(options)
}

fn refusals(value: &Value, options: &mut Options) -> Result<()> {
    let names = value.as_array().ok_or_else(|| Error::invalid("option refuse must be an array of names"))?;
    for name in names {
        match name.as_str() {
            Some("constant") => options.refuse_constant = true,
            Some("duplicates") => options.refuse_duplicates = true,
            Some("whole_table") => options.refuse_whole_table = true,
            Some("fan_out") => options.refuse_fan_out = true,
            _ => {
                return Err(Error::invalid(format!("option refuse does not know {name}"))
                    .hint("It knows constant, duplicates, whole_table, fan_out."));
            }
        }
    }
    Ok(())
}

/// Relations by name, as `regclass` reads them.
fn subjects(value: &Value, key: &str) -> Result<std::collections::BTreeSet<u32>> {
    let names = value.as_array().ok_or_else(|| Error::invalid(format!("option {key} must be an array of names")))?;
    let mut oids = std::collections::BTreeSet::new();
    for name in names {
        let name = name.as_str().ok_or_else(|| Error::invalid(format!("option {key} must be an array of names")))?;
        let quoted = crate::schema::model::quote_literal(name);
        let query = format!("SELECT {quoted}::pg_catalog.regclass::pg_catalog.oid");
        let oid = Spi::connect(|client| client.select(query.as_str(), Some(1), &[])?.first().get_one::<pg_sys::Oid>())
            .map_err(|error| Error::internal(format!("SPI: {error}")))?;
        oids.extend(oid.map(|oid| oid.to_u32()));
    }
    Ok(oids)
}

/// What of the analysis, the plan and the result has no column of its own.
fn details(verdict: &Verdict) -> Value {
    let facts = verdict.facts.as_ref();
    json!({
        "behind": facts.map(|f| &f.behind),
        "template": facts.map(|f| &f.template),
        "literals": facts.map(|f| &f.literals),
        "joins": facts.map(|f| f.joins),
        "depth": facts.map(|f| f.depth),
        "hardness": facts.map(|f| f.hardness),
        "plan": verdict.plan,
        "result": verdict.result,
    })
}

fn row(verdict: Verdict, detailed: bool) -> Row {
    let details = detailed.then(|| pgrx::JsonB(details(&verdict)));
    let stage = verdict.refusal.as_ref().map_or(crate::candidate::Stage::Accepted, |refusal| refusal.stage);
    let facts = verdict.facts.unwrap_or_default();
    let known = !facts.skeleton.is_empty();
    let rows = verdict.result.and_then(|result| i64::try_from(result.rows).ok());
    let (sqlstate, message, hint, position) = match verdict.refusal {
        Some(r) => (Some(r.sqlstate), Some(r.message), r.hint, r.position.and_then(|p| i32::try_from(p).ok())),
        None => (None, None, None, None),
    };
    (
        stage == crate::candidate::Stage::Accepted,
        stage.name().to_owned(),
        sqlstate,
        message,
        hint,
        rows,
        facts.tables,
        facts.columns,
        facts.functions,
        facts.features,
        known.then(|| facts.hardness.difficulty().to_owned()),
        known.then_some(facts.skeleton),
        position,
        verdict.mutation.and_then(|proof| serde_json::to_value(proof).ok()).map(pgrx::JsonB),
        details,
    )
}
