//! What a run's role can read: catalog and, for the phases that need them, profiles, read once a worker.

use super::super::transaction::transaction;
use super::super::{introspect, owner, relationships, session};
use super::interrupts;
use crate::error::Result;
use crate::schema::model::{Schema, TableKind, quote_ident};
use crate::schema::profile;
use crate::schema::relationships::Relationship;
use pgrx::pg_sys;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) struct Subjects {
    pub schema: Schema,
    /// Declared and inferred.
    pub relationships: Vec<Relationship>,
    /// The tables' rows were looked at.
    pub profiled: bool,
    /// Of the catalog alone: the same for every worker, whatever the data.
    pub hash: String,
}

impl Subjects {
    /// The named tables alone. A worker serves one run, so what it leaks here it needs to its end.
    pub fn only(&self, names: &[String]) -> &'static Subjects {
        let mut schema = self.schema.clone();
        schema.tables.retain(|t| names.contains(&t.qualified()));
        let kept = |t: &(String, String)| schema.table(&t.0, &t.1).is_some();
        let relationships = self.relationships.iter().filter(|r| kept(&r.child) && kept(&r.parent)).cloned().collect();
        for table in &mut schema.tables {
            table.foreign_keys.retain(|f| names.contains(&qualified(&f.ref_schema, &f.ref_table)));
        }
        Box::leak(Box::new(Subjects { schema, relationships, profiled: self.profiled, hash: self.hash.clone() }))
    }
}

fn qualified(schema: &str, table: &str) -> String {
    format!("{}.{}", quote_ident(schema), quote_ident(table))
}

/// Set by the server's invalidation messages: some relation, schema or membership is not what it was.
static CHANGED: AtomicBool = AtomicBool::new(false);

unsafe extern "C-unwind" fn relation_changed(_: pg_sys::Datum, _: pg_sys::Oid) {
    CHANGED.store(true, Ordering::Relaxed);
}

unsafe extern "C-unwind" fn cache_changed(_: pg_sys::Datum, _: std::ffi::c_int, _: u32) {
    CHANGED.store(true, Ordering::Relaxed);
}

/// Whether the catalog may have changed since the last call.
pub(super) fn catalog_changed() -> bool {
    CHANGED.swap(false, Ordering::Relaxed)
}

/// From here on `catalog_changed` tells. Once a process.
fn watch_catalog() {
    static WATCHING: AtomicBool = AtomicBool::new(false);
    if WATCHING.swap(true, Ordering::Relaxed) {
        return;
    }
    let none = pg_sys::Datum::from(0);
    // SAFETY: the callbacks only set a flag, and live as long as the process.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(relation_changed), none);
        for cache in [pg_sys::SysCacheIdentifier::NAMESPACEOID, pg_sys::SysCacheIdentifier::AUTHMEMMEMROLE] {
            pg_sys::CacheRegisterSyscacheCallback(cache as i32, Some(cache_changed), none);
        }
    }
}

fn catalog() -> Result<Schema> {
    let mut schema = transaction(|| introspect::catalog(None))?;
    let bypassed = introspect::keep_subjects(&mut schema);
    if schema.tables.is_empty() {
        return Err(introspect::nothing_to_read(&transaction(session::role)?, &bypassed));
    }
    Ok(schema)
}

/// Hash of the catalog as it is now.
pub(super) fn hash_now() -> Result<String> {
    Ok(introspect::hash(&catalog()?))
}

/// Reads the catalog and, where `profiled`, looks at each table's rows.
pub(super) fn read(run_id: i64, profiled: bool) -> Result<&'static Subjects> {
    watch_catalog();
    let mut schema = catalog()?;
    let hash = introspect::hash(&schema);
    let relationships = relationships(run_id, &schema, &hash)?;
    if profiled {
        profile_all(&mut schema)?;
    }
    Ok(Box::leak(Box::new(Subjects { schema, relationships, profiled, hash })))
}

/// One transaction a table: a view may fail in any way.
fn profile_all(schema: &mut Schema) -> Result<()> {
    for table in &mut schema.tables {
        interrupts()?;
        let Some(query) = profile::sql(table) else { continue };
        let (view, name) = (table.kind == TableKind::View, table.qualified());
        let profile = || {
            // a table that somebody else has locked goes without its profile
            owner::set_local(c"lock_timeout", c"2s");
            Ok((introspect::profile(&query)?, if view { introspect::cost(&name)? } else { None }))
        };
        match transaction(profile) {
            Ok((Some(answer), cost)) => {
                table.cost = cost;
                if let Err(error) = profile::apply(table, &answer) {
                    pgrx::debug1!("nlsql: profile of {}: {error}", table.qualified());
                }
            }
            Ok((None, _)) => {}
            Err(error) if error.code.sqlstate() == "57014" => return Err(error),
            Err(error) => pgrx::debug1!("nlsql: cannot look at {}: {}", table.qualified(), error.message),
        }
    }
    Ok(())
}

/// The run's edges: the first worker of the run looks for them, one transaction a table, and the others take what it
/// found, so that all join alike whatever happens to the rows meanwhile.
fn relationships(run_id: i64, schema: &Schema, hash: &str) -> Result<Vec<Relationship>> {
    let found = match transaction(|| relationships::stored(run_id, hash))? {
        Some(found) => found,
        None => {
            let (whole, joins) = transaction(relationships::whole)?;
            let found = relationships::inferred(&whole, &joins, &mut |query| {
                interrupts()?;
                transaction(|| relationships::sets(query))
            })?;
            transaction(|| relationships::store(run_id, hash, &found))?
        }
    };
    Ok(relationships::of_schema(schema, found))
}
