//! Who is asking, and where: facts of the backend.

use crate::error::{Code, Error, Result};
use pgrx::pg_sys;
use std::ffi::CStr;

/// Name of the current user.
pub(crate) fn role() -> Result<String> {
    // SAFETY: GetUserNameFromId returns a palloc'd text or NULL for a role that was dropped.
    unsafe {
        let name = pg_sys::GetUserNameFromId(pg_sys::GetUserId(), true);
        if name.is_null() {
            return Err(Error::new(Code::UndefinedObject, "the current role does not exist any more"));
        }
        Ok(CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

pub(crate) fn role_oid() -> pg_sys::Oid {
    // SAFETY: plain read.
    unsafe { pg_sys::GetUserId() }
}

pub(crate) fn database_oid() -> pg_sys::Oid {
    // SAFETY: set once at connection.
    unsafe { pg_sys::MyDatabaseId }
}

pub(crate) fn in_recovery() -> bool {
    // SAFETY: plain read of shared state.
    unsafe { pg_sys::RecoveryInProgress() }
}

/// Refuses on a standby, before SPI asks for a transaction id, which is an internal error there.
pub(crate) fn writable() -> Result<()> {
    if in_recovery() {
        return Err(Error::new(Code::ReadOnlySqlTransaction, "nlsql cannot write on a standby server")
            .hint("Connect to the primary; its runs show here as they are replicated."));
    }
    Ok(())
}

/// Whether the transaction may write nothing.
pub(crate) fn read_only() -> bool {
    in_recovery() || setting(c"transaction_read_only").as_deref() == Some("on")
}

/// Reads a setting by name, as SHOW does.
pub(crate) fn setting(name: &CStr) -> Option<String> {
    // SAFETY: missing_ok; the returned text is static or palloc'd.
    unsafe {
        let value = pg_sys::GetConfigOption(name.as_ptr(), true, false);
        (!value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned())
    }
}

pub(crate) fn check_for_interrupts() {
    pgrx::check_for_interrupts!();
}

pub(crate) fn pid() -> i32 {
    // SAFETY: set at process start.
    unsafe { pg_sys::MyProcPid }
}

/// Whether a setting was given by anyone: file, role, database or session.
pub(crate) fn setting_is_set(name: &str) -> bool {
    super::owner::with_catalog_path(|| {
        super::spi::select(
            "SELECT (s.source <> 'default')::pg_catalog.text FROM pg_catalog.pg_settings s WHERE s.name = $1",
            &[super::spi::Arg::Text(name)],
        )
    })
    .ok()
    .and_then(super::spi::first)
    .is_some_and(|t| t == "true")
}

/// The relation of that name, by the caller's search_path where it is not qualified.
pub(crate) fn relation(name: &str) -> Result<pg_sys::Oid> {
    let oid = super::spi::first(super::spi::select(
        "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid::pg_catalog.text",
        &[super::spi::Arg::Text(name)],
    )?);
    oid.and_then(|t| t.parse::<u32>().ok()).map(pg_sys::Oid::from).ok_or_else(|| {
        Error::new(Code::UndefinedTable, format!("relation \"{name}\" does not exist"))
            .hint("Name it as schema.table, or set search_path.")
    })
}
