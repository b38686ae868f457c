//! Reads the catalog as the current role, and a look at its rows.

use super::owner::with_catalog_path;
use super::spi::{self, Arg};
use super::transaction::attempt;
use crate::error::{Code, Error, Result};
use crate::schema::ddl;
use crate::schema::model::{RowSecurity, Schema};
use pgrx::pg_sys;
use sha2::{Digest, Sha256};

const QUERY: &str = include_str!("../../sql/introspect.sql");
const DEFINITIONS: &str = include_str!("../../sql/ddl.sql");

/// The catalog as the current role may see it; `None` = all relations.
pub(crate) fn catalog(relations: Option<&[pg_sys::Oid]>) -> Result<Schema> {
    steady(|| spi::json(&read(relations)?))
}

/// The catalog's text itself, for `nlsql.schema_json`.
pub(crate) fn catalog_json(relations: Option<&[pg_sys::Oid]>) -> Result<String> {
    steady(|| read(relations))
}

/// More changes of the catalog than this, one in each reading, are no accident.
const READINGS: u32 = 8;

/// Reads the catalog again where it changed meanwhile: the query sees the rows of its snapshot, and the server's own
/// functions that describe them see what is there now, so that one which was just dropped is an error to them or NULL.
fn steady<T>(mut read: impl FnMut() -> Result<T>) -> Result<T> {
    let mut reading = 1;
    loop {
        let result = attempt(|| {
            // SAFETY: inside a transaction; the subtransaction's rollback takes it off.
            unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
            read()
        });
        match result {
            Err(error) if reading < READINGS && is_gone(&error) => {
                reading += 1;
                super::session::check_for_interrupts();
            }
            done => return done,
        }
    }
}

/// Something that was there is not found: internal to the server (cache lookup failed), and to us where a text is NULL.
fn is_gone(error: &Error) -> bool {
    matches!(error.code.sqlstate().as_str(), "XX000" | "42P01" | "42703" | "42704" | "3F000")
}

/// Definitions of a relation cannot be read while somebody rebuilds it: that is an error (55P03) and no long wait,
/// unless the caller set another limit.
fn bound_lock_wait() {
    if super::session::setting(c"lock_timeout").as_deref() == Some("0") {
        super::owner::set_local(c"lock_timeout", c"2s");
    }
}

fn read(relations: Option<&[pg_sys::Oid]>) -> Result<String> {
    with_catalog_path(|| {
        bound_lock_wait();
        if relations.is_none() {
            // the planner expects one relation where there may be thousands, and would look all of them up singly, or
            // sort all columns for each of the joins
            super::owner::set_local(c"enable_nestloop", c"off");
            super::owner::set_local(c"enable_mergejoin", c"off");
            // what is said of ten thousand tables is put in order without a file
            super::owner::set_local(c"work_mem", c"64MB");
        }
        spi::first(spi::select(QUERY, &[Arg::Oids(relations)])?)
            .ok_or_else(|| Error::internal("introspection returned nothing"))
    })
}

/// The statements that make a relation and what it needs; `None` = all relations that the role may read.
pub(crate) fn ddl(relation: Option<pg_sys::Oid>) -> Result<String> {
    let named = relation.map(|oid| [oid]);
    let catalog: ddl::Catalog = steady(|| {
        with_catalog_path(|| {
            let query = format!("SELECT ({DEFINITIONS})::text");
            let text = spi::first(spi::select(&query, &[Arg::Oids(named.as_ref().map(<[_; 1]>::as_slice))])?)
                .ok_or_else(|| Error::internal("introspection returned nothing"))?;
            spi::json(&text)
        })
    })?;
    match relation {
        Some(oid) if catalog.relations.is_empty() => Err(not_described(oid)?),
        _ => Ok(ddl::text(&catalog)),
    }
}

/// Why a relation has no definition for this role.
fn not_described(oid: pg_sys::Oid) -> Result<Error> {
    let found = spi::select(
        "SELECT pg_catalog.jsonb_build_object('name', c.oid::pg_catalog.regclass, 'kind', c.relkind,
                  'readable', pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
                              AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))::pg_catalog.text
           FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1)",
        &[Arg::Oids(Some(&[oid]))],
    )?;
    #[derive(serde::Deserialize)]
    struct Found {
        name: String,
        kind: char,
        readable: bool,
    }
    let Some(found) = spi::first(found) else {
        return Ok(Error::new(Code::UndefinedTable, format!("there is no relation with oid {}", oid.to_u32())));
    };
    let Found { name, kind, readable } = spi::json(&found)?;
    Ok(if !matches!(kind, 'r' | 'p' | 'v' | 'm' | 'f') {
        Error::new(
            Code::WrongObjectType,
            format!("\"{name}\" is not a table, view, materialized view or foreign table"),
        )
        .hint("Sequences, indexes and types are written with the table that needs them.")
    } else if !readable {
        Error::new(Code::InsufficientPrivilege, format!("permission denied for relation {name}"))
            .hint("Grant SELECT on it, or on some of its columns, and USAGE on its schema.")
    } else {
        Error::new(
            Code::FeatureNotSupported,
            format!("\"{name}\" belongs to the system or to an extension, or is temporary"),
        )
        .hint("nlsql describes the relations that users of the database made.")
    })
}

/// Leaves out what cannot be a subject of a run; the names that row security put out.
pub(crate) fn keep_subjects(schema: &mut Schema) -> Vec<String> {
    let bypassed: Vec<String> =
        schema.tables.iter().filter(|t| t.row_security == RowSecurity::Bypassed).map(|t| t.qualified()).collect();
    schema.tables.retain(|t| t.row_security != RowSecurity::Bypassed && !t.columns.is_empty());
    // keys that lead out of what is left lead nowhere
    let names: std::collections::BTreeSet<(String, String)> =
        schema.tables.iter().map(|t| (t.schema.clone(), t.name.clone())).collect();
    for table in &mut schema.tables {
        table.foreign_keys.retain(|f| names.contains(&(f.ref_schema.clone(), f.ref_table.clone())));
    }
    bypassed
}

/// The error where the role can read nothing.
pub(crate) fn nothing_to_read(role: &str, bypassed: &[String]) -> Error {
    let error = Error::new(
        Code::ObjectNotInPrerequisiteState,
        format!("there is no table with columns that role \"{role}\" may read"),
    );
    if bypassed.is_empty() {
        error.hint("Grant SELECT on the tables to be used, and USAGE on their schemas.")
    } else {
        error.hint(format!(
            "Row security that this role bypasses leaves out {}: run as a role that it applies to.",
            bypassed.join(", ")
        ))
    }
}

/// Looks at one table's rows; the caller has a transaction of its own for it, since any error may come of a view.
pub(crate) fn profile(query: &str) -> Result<Option<String>> {
    with_catalog_path(|| {
        // a scan that starts where another one is would see other rows
        super::owner::set_local(c"synchronize_seqscans", c"off");
        super::owner::set_local(c"datestyle", c"ISO, YMD");
        super::owner::set_local(c"timezone", c"UTC");
        super::owner::set_local(c"intervalstyle", c"postgres");
        Ok(spi::first(spi::select(query, &[])?))
    })
}

/// What the planner thinks that it costs to read all of a relation.
pub(crate) fn cost(relation: &str) -> Result<Option<f64>> {
    let plan = with_catalog_path(|| spi::update(&format!("EXPLAIN SELECT * FROM {relation}"), &[]))?;
    let top = plan.into_iter().next().flatten().unwrap_or_default();
    let cost = top.split_once("..").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    Ok(cost)
}

/// 16 hexadecimal digits over names, types, keys and comments; estimates and statistics are no part of it.
pub(crate) fn hash(schema: &Schema) -> String {
    let mut bare = schema.clone();
    bare.server_version = 0;
    for table in &mut bare.tables {
        table.rows = 0.0;
        table.pages = 0;
        for column in &mut table.columns {
            column.stats = None;
            column.profile = None;
        }
    }
    let text = serde_json::to_string(&bare.tables).unwrap_or_default();
    Sha256::digest(text.as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect()
}
