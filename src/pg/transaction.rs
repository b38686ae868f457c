//! A worker's transactions: begun here, committed on success, aborted on any error, which comes back as a value.

use super::error::from_caught;
use crate::error::{Error, Result};
use pgrx::PgTryBuilder;
use pgrx::pg_sys;
use std::panic::AssertUnwindSafe;

/// Runs `work` in a transaction of its own. Only for a background worker, outside any transaction.
pub(crate) fn transaction<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: reading and restoring the backend's own globals in its only thread; see PGRX.md P4.19 for why
    // the error context stack has to be put back by hand after an error was caught.
    let context_stack = unsafe { pg_sys::error_context_stack };
    let work = AssertUnwindSafe(work);
    let result = PgTryBuilder::new(AssertUnwindSafe(move || {
        let work = work;
        // SAFETY: no transaction is open (contract of this function).
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        let result = (work.0)();
        if result.is_ok() {
            // SAFETY: the transaction begun above is the current one.
            unsafe {
                if pg_sys::ActiveSnapshotSet() {
                    pg_sys::PopActiveSnapshot();
                }
                pg_sys::CommitTransactionCommand();
            }
        }
        result
    }))
    .catch_others(|caught| Err(from_caught(&caught)))
    .catch_rust_panic(|caught| Err(from_caught(&caught)))
    .execute();
    // SAFETY: as above; after an error the transaction is aborted as PostgreSQL's own main loop does it.
    unsafe {
        pg_sys::error_context_stack = context_stack;
        if result.is_err() {
            pg_sys::AbortCurrentTransaction();
        }
    }
    result
}

/// As [`transaction`], but a cancel that comes meanwhile is raised after it: for what has happened outside the server and
/// would be forgotten otherwise. A worker that is to end (SIGTERM) ends all the same.
pub(crate) fn transaction_to_the_end<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: the backend's own counter in its only thread. An error sets it to zero, so it is put back and not counted
    // down.
    unsafe {
        let held = pg_sys::QueryCancelHoldoffCount;
        pg_sys::QueryCancelHoldoffCount = held + 1;
        let result = transaction(work);
        pg_sys::QueryCancelHoldoffCount = held;
        result
    }
}

/// Whether an error means that the extension's objects are gone (DROP EXTENSION, DROP SCHEMA).
pub(crate) fn objects_gone(error: &Error) -> bool {
    matches!(error.code.sqlstate().as_str(), "3F000" | "42P01" | "42883")
}

/// Runs `work`, which only reads, in a subtransaction that is rolled back in any case: an error of the server comes
/// back as a value, and the caller's transaction goes on.
pub(crate) fn attempt<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: the backend's own globals, read here and put back below in the same thread.
    let saved = unsafe {
        let saved = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner, pg_sys::error_context_stack);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        saved
    };
    let result = PgTryBuilder::new(AssertUnwindSafe(work)).catch_others(|caught| Err(from_caught(&caught))).execute();
    // SAFETY: as above. The order is that of PL/pgSQL's exception block.
    unsafe {
        pg_sys::error_context_stack = saved.2;
        pg_sys::CurrentMemoryContext = saved.0;
        pg_sys::RollbackAndReleaseCurrentSubTransaction();
        pg_sys::CurrentMemoryContext = saved.0;
        pg_sys::CurrentResourceOwner = saved.1;
    }
    result
}
