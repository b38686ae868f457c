//! Starting and poking workers, at COMMIT and not before. What is needed at that point is prepared earlier: a commit
//! callback must not raise an error.

use crate::error::{Code, Error};
use pgrx::{PgXactCallbackEvent, pg_sys, register_xact_callback};
use std::cell::RefCell;
use std::time::Duration;

/// What the current transaction brings about when it commits.
#[derive(Default)]
struct Pending {
    /// Workers to start, one of a run.
    workers: Vec<Start>,
    /// Processes of workers whose run changed.
    pokes: Vec<i32>,
}

struct Start {
    run_id: i64,
    worker: pg_sys::BackgroundWorker,
    /// Other workers are there, and the next of them that ends starts this one where there is no slot now.
    company: bool,
}

thread_local! {
    static PENDING: RefCell<Option<Pending>> = const { RefCell::new(None) };
}

pub(super) fn copy(target: &mut [std::ffi::c_char], text: &str) {
    let room = target.len() - 1;
    for (to, from) in target[..room].iter_mut().zip(text.bytes()) {
        *to = from as std::ffi::c_char;
    }
}

/// A background worker of this library that is not started again when it ends.
pub(super) fn process(name: &str, function: &str, extra: &str, argument: i64) -> pg_sys::BackgroundWorker {
    // SAFETY: an all-zero BackgroundWorker is valid: numbers, arrays of char and null pointers.
    let mut w: pg_sys::BackgroundWorker = unsafe { std::mem::zeroed() };
    copy(&mut w.bgw_name, name);
    copy(&mut w.bgw_type, "nlsql worker");
    copy(&mut w.bgw_library_name, "nlsql");
    copy(&mut w.bgw_function_name, function);
    copy(&mut w.bgw_extra, extra);
    w.bgw_flags = (pg_sys::BGWORKER_SHMEM_ACCESS | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION) as i32;
    w.bgw_start_time = pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished;
    w.bgw_restart_time = pg_sys::BGW_NEVER_RESTART;
    w.bgw_main_arg = pg_sys::Datum::from(argument);
    w
}

/// A worker for one run, to connect to this database as `role`.
fn worker(run_id: i64, role: pg_sys::Oid) -> pg_sys::BackgroundWorker {
    let extra = format!("{} {}", super::session::database_oid().to_u32(), role.to_u32());
    process(&format!("nlsql worker for run {run_id}"), "nlsql_worker_main", &extra, run_id)
}

/// Starts a worker now; false = no free slot. Only where no rollback can follow.
pub(crate) fn start_now(run_id: i64, role: pg_sys::Oid) -> bool {
    let mut w = worker(run_id, role);
    // SAFETY: the struct is complete; no handle is asked for.
    unsafe { pg_sys::RegisterDynamicBackgroundWorker(&mut w, std::ptr::null_mut()) }
}

/// Starts a worker for each, as far as there are slots; false = not for all of them.
pub(super) fn start_all(queued: &[super::store::Queued]) -> bool {
    queued.iter().all(|next| start_now(next.run_id, pg_sys::Oid::from(next.role)))
}

/// Starts one worker for the run when the current transaction commits. Once a run and transaction.
pub(crate) fn start_at_commit(run_id: i64, role: pg_sys::Oid, company: bool) {
    pending(|p| {
        if !p.workers.iter().any(|s| s.run_id == run_id) {
            p.workers.push(Start { run_id, worker: worker(run_id, role), company });
        }
    });
}

/// Makes workers look at their run again when the current transaction commits.
pub(crate) fn poke_at_commit(pids: &[i32]) {
    if !pids.is_empty() {
        pending(|p| p.pokes.extend_from_slice(pids));
    }
}

fn pending(add: impl FnOnce(&mut Pending)) {
    let first = PENDING.with_borrow_mut(|pending| {
        let first = pending.is_none();
        add(pending.get_or_insert_default());
        first
    });
    if first {
        register_xact_callback(PgXactCallbackEvent::Commit, at_commit);
        register_xact_callback(PgXactCallbackEvent::Abort, || drop(take()));
        register_xact_callback(PgXactCallbackEvent::PrePrepare, before_prepare);
    }
}

fn take() -> Option<Pending> {
    PENDING.try_with(|p| p.try_borrow_mut().ok().and_then(|mut p| p.take())).ok().flatten()
}

/// A worker that has looked for the last time what is queued holds its slot for some milliseconds more, while it ends:
/// nobody else would start what is committed in them.
const LEAVING: u32 = 6;
const LEAVING_PAUSE: Duration = Duration::from_millis(10);

fn started(worker: &mut pg_sys::BackgroundWorker) -> bool {
    (0..LEAVING).any(|look| {
        if look > 0 {
            std::thread::sleep(LEAVING_PAUSE);
        }
        // SAFETY: as in start_now.
        unsafe { pg_sys::RegisterDynamicBackgroundWorker(worker, std::ptr::null_mut()) }
    })
}

fn at_commit() {
    let Some(Pending { workers, pokes }) = take() else { return };
    for Start { run_id, mut worker, company } in workers {
        if !started(&mut worker) && !company {
            // a warning here only prints: interrupts are held, and its memory is set aside for such use
            pgrx::warning!(
                "nlsql: no free background worker slot: run {run_id} stays queued until nlsql.wait() or nlsql.resume() is called, or another run ends"
            );
        }
    }
    for pid in pokes {
        // SAFETY: takes a shared lock for a look; other processes than nlsql's workers ignore the signal.
        unsafe {
            if !pg_sys::BackendPidGetProc(pid).is_null() {
                libc::kill(pid, libc::SIGUSR2);
            }
        }
    }
}

/// The run would be invisible when a worker came up, and none would come at COMMIT PREPARED.
fn before_prepare() {
    let waiting = PENDING.try_with(|p| p.try_borrow().is_ok_and(|p| p.is_some())).unwrap_or(false);
    if waiting {
        let error = Error::new(
            Code::FeatureNotSupported,
            "cannot PREPARE a transaction that has started or stopped a run of nlsql",
        )
        .hint("Commit it, or call nlsql's functions in a transaction of their own.");
        super::error::report(error).report(pgrx::PgLogLevel::ERROR);
    }
}
