//! Starting workers, at COMMIT and not before. What is needed at that point is prepared earlier: a commit callback
//! must neither allocate with palloc nor raise an error.

use crate::error::{Code, Error};
use pgrx::{PgXactCallbackEvent, pg_sys, register_xact_callback};
use std::cell::RefCell;

thread_local! {
    /// Workers to be started when this transaction commits, one of a run.
    static PENDING: RefCell<Vec<(i64, pg_sys::BackgroundWorker)>> = const { RefCell::new(Vec::new()) };
}

fn copy(target: &mut [std::ffi::c_char], text: &str) {
    let room = target.len() - 1;
    for (to, from) in target[..room].iter_mut().zip(text.bytes()) {
        *to = from as std::ffi::c_char;
    }
}

/// A worker for one run, to connect to `database` as `role`.
fn worker(run_id: i64, database: pg_sys::Oid, role: pg_sys::Oid) -> pg_sys::BackgroundWorker {
    // SAFETY: an all-zero BackgroundWorker is valid: numbers, arrays of char and null pointers.
    let mut w: pg_sys::BackgroundWorker = unsafe { std::mem::zeroed() };
    copy(&mut w.bgw_name, &format!("nlsql worker for run {run_id}"));
    copy(&mut w.bgw_type, "nlsql worker");
    copy(&mut w.bgw_library_name, "nlsql");
    copy(&mut w.bgw_function_name, "nlsql_worker_main");
    copy(&mut w.bgw_extra, &format!("{} {}", database.to_u32(), role.to_u32()));
    w.bgw_flags = (pg_sys::BGWORKER_SHMEM_ACCESS | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION) as i32;
    w.bgw_start_time = pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished;
    w.bgw_restart_time = pg_sys::BGW_NEVER_RESTART;
    w.bgw_main_arg = pg_sys::Datum::from(run_id);
    w
}

/// Starts a worker now; false = no free slot. Only where no rollback can follow.
pub(crate) fn start_now(run_id: i64, role: pg_sys::Oid) -> bool {
    let mut w = worker(run_id, super::session::database_oid(), role);
    // SAFETY: the struct is complete; no handle is asked for.
    unsafe { pg_sys::RegisterDynamicBackgroundWorker(&mut w, std::ptr::null_mut()) }
}

/// Starts one worker for the run when the current transaction commits. Once a run and transaction.
pub(crate) fn start_at_commit(run_id: i64, role: pg_sys::Oid) {
    let first = PENDING.with_borrow_mut(|pending| {
        if pending.iter().any(|(id, _)| *id == run_id) {
            return false;
        }
        pending.push((run_id, worker(run_id, super::session::database_oid(), role)));
        pending.len() == 1
    });
    if !first {
        return;
    }
    register_xact_callback(PgXactCallbackEvent::Commit, || {
        let workers = PENDING.try_with(|p| p.try_borrow_mut().map(|mut p| std::mem::take(&mut *p)).unwrap_or_default());
        for (_, mut w) in workers.unwrap_or_default() {
            // SAFETY: as in start_now. Without a slot the run stays queued, and the next wait() or resume() starts it.
            unsafe { pg_sys::RegisterDynamicBackgroundWorker(&mut w, std::ptr::null_mut()) };
        }
    });
    register_xact_callback(PgXactCallbackEvent::Abort, || {
        let _ = PENDING.try_with(|p| p.try_borrow_mut().map(|mut p| p.clear()));
    });
    // the run would be invisible when a worker came up, and none would come at COMMIT PREPARED
    register_xact_callback(PgXactCallbackEvent::PrePrepare, || {
        let waiting = PENDING.try_with(|p| p.try_borrow().is_ok_and(|p| !p.is_empty())).unwrap_or(false);
        if waiting {
            let error =
                Error::new(Code::FeatureNotSupported, "cannot PREPARE a transaction that has called nlsql.generate()")
                    .hint("Commit it, or call generate() in a transaction of its own.");
            super::error::report(error).report(pgrx::PgLogLevel::ERROR);
        }
    });
}
