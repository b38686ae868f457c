//! SPI in the one form that nlsql uses: fixed SQL, few parameters, one text (mostly JSON) a row.
//! An ERROR of the server unwinds through these functions; `transaction.rs` catches it in a worker.

use super::session;
use crate::error::{Error, Result};
use pgrx::PgOid;
use pgrx::datum::{DatumWithOid, FromDatum, JsonString};
use pgrx::pg_sys;
use pgrx::spi::{OwnedPreparedStatement, Spi, SpiClient, SpiError, SpiTupleTable};
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A parameter: text, JSON (which the server takes as it is), a number, or an array of oid by its text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arg<'a> {
    Text(&'a str),
    OptText(Option<&'a str>),
    Json(Option<&'a str>),
    Int(i64),
    Float(f64),
    Oids(Option<&'a [pg_sys::Oid]>),
}

impl From<SpiError> for Error {
    fn from(error: SpiError) -> Error {
        Error::internal(format!("SPI: {error}"))
    }
}

fn arguments<'a>(args: &[Arg<'a>]) -> Vec<DatumWithOid<'a>> {
    args.iter()
        .map(|arg| match *arg {
            Arg::Text(t) => DatumWithOid::from(t),
            Arg::OptText(t) => DatumWithOid::from(t),
            Arg::Json(t) => DatumWithOid::from(t.map(|t| JsonString(t.to_owned()))),
            Arg::Int(i) => DatumWithOid::from(i),
            Arg::Float(f) => DatumWithOid::from(f),
            Arg::Oids(o) => DatumWithOid::from(o.map(<[pg_sys::Oid]>::to_vec)),
        })
        .collect()
}

fn texts(table: SpiTupleTable<'_>) -> Result<Vec<Option<String>>> {
    let mut rows = Vec::with_capacity(table.len());
    for row in table {
        rows.push(row.get::<String>(1)?);
    }
    Ok(rows)
}

/// Runs a read-only query; first column of each row. Sees the active snapshot: not this statement's own writes.
pub(crate) fn select(sql: &str, args: &[Arg<'_>]) -> Result<Vec<Option<String>>> {
    Spi::connect(|client: &SpiClient<'_>| texts(client.select(sql, None, &arguments(args))?))
}

/// Rows that are fetched at once: few enough for their memory to be that of the rows before.
const FETCH: i64 = 500;

/// Runs a read-only query for many rows of texts, as many as `width` each, and shows them one after the other.
pub(crate) fn each_text(sql: &str, width: usize, mut see: impl FnMut(Option<&str>)) -> Result<()> {
    Spi::connect(|client: &SpiClient<'_>| {
        let mut cursor = client.open_cursor(sql, &[]);
        while !cursor.fetch(FETCH)?.is_empty() {
            session::check_for_interrupts();
            // SAFETY: what `fetch` has left there, which nothing refers to any more; it has the columns of the query.
            unsafe {
                let table = pg_sys::SPI_tuptable;
                let (mut values, mut nulls) = (vec![pg_sys::Datum::from(0); width], vec![false; width]);
                if (*(*table).tupdesc).natts as usize != width {
                    return Err(Error::internal("a query with other columns"));
                }
                for row in 0..(*table).numvals as usize {
                    let tuple = *(*table).vals.add(row);
                    pg_sys::heap_deform_tuple(tuple, (*table).tupdesc, values.as_mut_ptr(), nulls.as_mut_ptr());
                    for (value, null) in values.iter().zip(&nulls) {
                        see(<&str>::from_datum(*value, *null));
                    }
                }
                pg_sys::SPI_freetuptable(table);
            }
        }
        Ok(())
    })
}

/// As [`select`] for statements that write or must see what this transaction wrote.
pub(crate) fn update(sql: &str, args: &[Arg<'_>]) -> Result<Vec<Option<String>>> {
    session::writable()?;
    Spi::connect_mut(|client| texts(client.update(sql, None, &arguments(args))?))
}

thread_local! {
    /// Plans that the session keeps, by their text.
    static KEPT: RefCell<HashMap<&'static str, Rc<OwnedPreparedStatement>>> = RefCell::default();
}

/// The statement's plan, made once a session: for what a worker runs again and again.
fn kept(
    client: &SpiClient<'_>,
    sql: &'static str,
    args: &[DatumWithOid<'_>],
    writes: bool,
) -> Result<Rc<OwnedPreparedStatement>> {
    if let Some(plan) = KEPT.with_borrow(|plans| plans.get(sql).cloned()) {
        return Ok(plan);
    }
    let types: Vec<PgOid> = args.iter().map(|arg| PgOid::from(arg.oid())).collect();
    let plan = if writes { client.prepare_mut(sql, &types)? } else { client.prepare(sql, &types)? };
    let plan = Rc::new(plan.keep());
    // one more owner than there is: at the end of the process the server frees it, not Rust
    std::mem::forget(plan.clone());
    KEPT.with_borrow_mut(|plans| plans.insert(sql, plan.clone()));
    Ok(plan)
}

/// As [`select`], with a plan that is kept.
pub(crate) fn select_kept(sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<Option<String>>> {
    Spi::connect(|client| {
        let args = arguments(args);
        let plan = kept(client, sql, &args, false)?;
        texts(client.select(plan.as_ref(), None, &args)?)
    })
}

/// As [`update`], with a plan that is kept.
pub(crate) fn update_kept(sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<Option<String>>> {
    Spi::connect_mut(|client| {
        let args = arguments(args);
        let plan = kept(client, sql, &args, true)?;
        texts(client.update(plan.as_ref(), None, &args)?)
    })
}

/// Runs a statement that returns nothing; number of rows.
pub(crate) fn execute(sql: &str, args: &[Arg<'_>]) -> Result<u64> {
    session::writable()?;
    Spi::connect_mut(|client| Ok(client.update(sql, None, &arguments(args))?.len() as u64))
}

/// First column of the first row.
pub(crate) fn first(rows: Vec<Option<String>>) -> Option<String> {
    rows.into_iter().next().flatten()
}

/// Reads a row's JSON text.
pub(crate) fn json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::internal(format!("unexpected JSON: {e}")))
}
