//! What a preloaded nlsql does when the server starts, comes back from a crash, or is promoted: opens each of
//! nlsql.databases, starts what is unfinished there, and leaves. Nothing of it stays: no process, no connection.

use super::transaction::transaction;
use super::worker::{self, process};
use super::{gate, guc, launch, store};
use crate::error::Result;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::{CStr, CString, c_char};

/// The server counts a worker that returns as done for good, and does not start it again after a crash either. One
/// that exits with 1 is started after a crash at once, and else after this time: the longest there is.
const AGAIN_SECONDS: i32 = 86_400_000;

/// Looks for a free worker slot, one a second.
const LOOKS: u32 = 60;

/// In the postmaster, when nlsql is one of shared_preload_libraries; elsewhere nothing.
pub(crate) fn init() {
    // SAFETY: plain reads; the struct is complete. A server that pg_upgrade has started must be left alone.
    unsafe {
        if pg_sys::process_shared_preload_libraries_in_progress && !pg_sys::IsBinaryUpgrade {
            let mut w = launch::process("nlsql launcher", "nlsql_launcher_main", "", 0);
            launch::copy(&mut w.bgw_type, "nlsql launcher");
            w.bgw_restart_time = AGAIN_SECONDS;
            pg_sys::RegisterBackgroundWorker(&mut w);
        }
    }
}

/// Entry point of the launcher.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nlsql_launcher_main(_argument: pg_sys::Datum) {
    process::begin();
    // SAFETY: called once, at the beginning of the process: no database, so the server's own catalogs alone.
    unsafe { pg_sys::BackgroundWorkerInitializeConnection(std::ptr::null(), std::ptr::null(), 0) };
    process::pin_settings();
    if let Err(error) = open_all() {
        pgrx::log!("nlsql launcher: {}", error.message);
    }
    // SAFETY: the process ends here; why with 1 says AGAIN_SECONDS.
    unsafe { pg_sys::proc_exit(1) }
}

fn open_all() -> Result<()> {
    let existing = transaction(existing)?;
    for name in transaction(databases)? {
        match existing.iter().find(|d| d.name == name) {
            Some(database) if database.connectable => open(database)?,
            Some(_) => pgrx::log!("nlsql launcher: database \"{name}\" of nlsql.databases takes no connections"),
            None => pgrx::log!("nlsql launcher: database \"{name}\" of nlsql.databases does not exist"),
        }
    }
    Ok(())
}

/// The names in nlsql.databases: separated by commas, as they are, in double quotes where they need to be.
fn databases() -> Result<Vec<String>> {
    let mut list = std::ptr::null_mut();
    let text = CString::new(guc::databases()).unwrap_or_default();
    // SAFETY: the server splits a copy in place; the list's cells point into it, and both live until the transaction ends.
    unsafe {
        if !pg_sys::SplitGUCList(pg_sys::pstrdup(text.as_ptr()), b',' as c_char, &mut list) {
            pgrx::log!("nlsql launcher: nlsql.databases is no list of names separated by commas");
        }
        let names = gate::ffi::pointers::<c_char>(list);
        Ok(names.map(|name| CStr::from_ptr(name).to_string_lossy().into_owned()).collect())
    }
}

struct Listed {
    oid: pg_sys::Oid,
    name: String,
    connectable: bool,
}

/// All databases of the server, read row by row: no index can be opened and no query planned in a process that is
/// connected to none.
fn existing() -> Result<Vec<Listed>> {
    let mut found = Vec::new();
    // SAFETY: a scan of a shared catalog inside a transaction, with the server's own layout of its rows; all that is
    // kept is copied before the scan moves on.
    unsafe {
        let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let catalog = pg_sys::table_open(pg_sys::DatabaseRelationId, lock);
        let scan = pg_sys::table_beginscan_catalog(catalog, 0, std::ptr::null_mut());
        loop {
            let row = pg_sys::heap_getnext(scan, pg_sys::ScanDirection::ForwardScanDirection);
            if row.is_null() {
                break;
            }
            let row = &*pg_sys::GETSTRUCT(row).cast::<pg_sys::FormData_pg_database>();
            let name = CStr::from_ptr(row.datname.data.as_ptr()).to_string_lossy().into_owned();
            found.push(Listed { oid: row.oid, name, connectable: row.datallowconn });
        }
        pg_sys::heap_endscan(scan);
        pg_sys::table_close(catalog, lock);
    }
    Ok(found)
}

/// A process can be connected to one database only: another one looks into this, and is waited for, so that the
/// two take no more than two slots however many databases there are.
fn open(database: &Listed) -> Result<()> {
    let name = &database.name;
    let extra = database.oid.to_u32().to_string();
    let mut w = launch::process(&format!("nlsql launcher for {name}"), "nlsql_open_main", &extra, 0);
    for look in 0..LOOKS {
        let mut handle = std::ptr::null_mut();
        // SAFETY: the struct is complete; this process is the one to be told of the other's end.
        unsafe {
            w.bgw_notify_pid = pg_sys::MyProcPid;
            if pg_sys::RegisterDynamicBackgroundWorker(&mut w, &mut handle) {
                pg_sys::WaitForBackgroundWorkerShutdown(handle);
                return Ok(());
            }
        }
        if look == 0 {
            pgrx::log!("nlsql launcher: no free background worker slot yet to open database \"{name}\"");
        }
        worker::nap(1000)?;
    }
    pgrx::log!("nlsql launcher: no free background worker slot; database \"{name}\" was not opened");
    Ok(())
}

/// Entry point of the process that looks into one database, whose OID is bgw_extra, and starts workers there, each
/// as its run's role.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nlsql_open_main(_argument: pg_sys::Datum) {
    process::begin();
    let Some(database) = process::extra().parse::<u32>().ok().map(pg_sys::Oid::from) else { return };
    // as the superuser, for runs of every role are looked at; no text of theirs is executed here
    process::connect(database, pg_sys::InvalidOid);
    process::pin_settings();
    if let Err(error) = start_queued() {
        pgrx::log!("nlsql launcher: {}", worker::without_data(&error));
    }
}

fn start_queued() -> Result<()> {
    let queued = transaction(|| store::unregister(guc::db_sessions_max()))?;
    if !launch::start_all(&queued) {
        pgrx::log!("nlsql: no free background worker slot for each of {} queued runs", queued.len());
    }
    Ok(())
}
