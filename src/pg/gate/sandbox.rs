//! The frame around a check: a subtransaction that is always rolled back, the run's role under a restricted security
//! context, READ ONLY, pinned settings, own timer, memory limit. Nothing of a check outlives it.

use super::{Limits, bound, ffi, locks, memory, net};
use crate::candidate::{Refusal, Stage};
use crate::error::{Code, Error};
use crate::pg::error::from_caught;
use pgrx::{PgTryBuilder, pg_sys};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_int, c_void};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION: no SET ROLE, no temporary objects, no deferred work.
const RESTRICTED: c_int = 1 | 2;

/// Settings in force during a check, beside the read-only mode, the search path and the lock timeout.
/// The planner's are PostgreSQL's defaults, pinned since others open the way to a plan that eats all memory.
/// The quiet ones keep a check out of the client, the log and pg_stat_statements; with `log_min_messages` they also
/// see to it that only an ERROR reaches [`note_error`].
const PINNED: [(&CStr, &CStr); 25] = [
    (c"transaction_read_only", c"on"),
    (c"row_security", c"on"),
    (c"exit_on_error", c"off"),
    (c"client_min_messages", c"error"),
    (c"log_min_messages", c"error"),
    (c"debug_print_parse", c"off"),
    (c"debug_print_rewritten", c"off"),
    (c"debug_print_plan", c"off"),
    (c"log_planner_stats", c"off"),
    (c"log_temp_files", c"-1"),
    (c"log_lock_waits", c"off"),
    (c"compute_query_id", c"off"),
    (c"standard_conforming_strings", c"on"),
    (c"escape_string_warning", c"off"),
    (c"transform_null_equals", c"off"),
    (c"geqo", c"on"),
    (c"geqo_threshold", c"12"),
    (c"from_collapse_limit", c"8"),
    (c"join_collapse_limit", c"8"),
    (c"jit", c"off"),
    (c"work_mem", c"16MB"),
    (c"hash_mem_multiplier", c"2"),
    (c"max_parallel_workers_per_gather", c"0"),
    (c"temp_file_limit", c"100MB"),
    (c"constraint_exclusion", c"partition"),
];

static TIMER: AtomicI32 = AtomicI32::new(-1);
static FIRED: AtomicBool = AtomicBool::new(false);

/// Runs in a signal handler: only sets flags. The server's own handler around it wakes the process.
unsafe extern "C-unwind" fn on_timer() {
    FIRED.store(true, Ordering::SeqCst);
    cancel();
}

fn cancel() {
    // SAFETY: plain stores to volatile flags, allowed in a signal handler.
    unsafe {
        pg_sys::QueryCancelPending = 1;
        pg_sys::InterruptPending = 1;
    }
}

pub(super) fn set(name: &CStr, value: &CStr) {
    // SAFETY: both texts are NUL-terminated; the value is undone with the subtransaction.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

/// Where the last error pointed to: pgrx drops it.
struct ErrorNote {
    position: c_int,
}

/// Called by the server for every ERROR under the frame, before it is thrown. The memory limit widens first: copying
/// the error must not run into it. What is only logged (as auto_explain does) has an SQLSTATE of class 00 or 01.
unsafe extern "C-unwind" fn note_error(argument: *mut c_void) {
    // SAFETY: the argument is the note that `enter` lives with; an error is being reported, so its fields can be read.
    unsafe {
        let class = pg_sys::geterrcode() & 0xfff;
        if class == 0 || class == 1 << 6 {
            return;
        }
        memory::widen();
        (*argument.cast::<ErrorNote>()).position = pg_sys::geterrposition();
    }
}

pub(super) struct Sandbox<'a> {
    pub role: pg_sys::Oid,
    pub search_path: Option<&'a CStr>,
    pub limits: &'a Limits,
    /// Functions that a superuser has listed.
    pub allowed: &'a Rc<BTreeSet<u32>>,
}

/// A limit that cannot raise an ERROR by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Time,
    Memory,
}

/// How a check ended where it did not go through.
pub(super) type Ended<T> = Result<T, Refusal>;

impl Sandbox<'_> {
    /// Runs `work`, which says in `stage` how far it is. The outer error is not the candidate's: a cancel of the
    /// caller, a full disk.
    pub fn run<T>(&self, stage: &Cell<Stage>, work: impl FnOnce() -> Ended<T>) -> Result<Ended<T>, Error> {
        arm_once();
        let mut note = ErrorNote { position: 0 };
        let mut callback = pg_sys::ErrorContextCallback {
            previous: std::ptr::null_mut(),
            callback: Some(note_error),
            arg: (&raw mut note).cast(),
        };
        // SAFETY: the backend's own globals, read here and put back by `leave` in the same thread.
        let saved = unsafe {
            let saved = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner, pg_sys::error_context_stack);
            pg_sys::BeginInternalSubTransaction(std::ptr::null());
            callback.previous = saved.2;
            saved
        };
        let callback = &raw mut callback;
        let result = PgTryBuilder::new(AssertUnwindSafe(|| {
            // SAFETY: taken off by `leave` before `callback` goes out of scope.
            unsafe { pg_sys::error_context_stack = callback };
            self.enter();
            Ok(work())
        }))
        .catch_others(|caught| Err(from_caught(&caught)))
        .execute();
        let cut = self.leave();
        // SAFETY: as above. The order is that of PL/pgSQL's exception block.
        unsafe {
            pg_sys::error_context_stack = saved.2;
            pg_sys::CurrentMemoryContext = saved.0;
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
            pg_sys::CurrentMemoryContext = saved.0;
            pg_sys::CurrentResourceOwner = saved.1;
        }
        if let Some(before) = net::locks_before() {
            locks::release_since(&before);
        }
        match result {
            Ok(ended) => Ok(ended),
            Err(error) => judge(error, stage.get(), note.position, cut, self.limits).map(Err),
        }
    }

    fn enter(&self) {
        for (name, value) in PINNED {
            set(name, value);
        }
        let lock_wait = CString::new(self.limits.lock_timeout_ms.to_string()).unwrap_or_default();
        set(c"lock_timeout", &lock_wait);
        if let Some(path) = self.search_path {
            set(c"search_path", path);
        }
        FIRED.store(false, Ordering::SeqCst);
        // SAFETY: undone by the rollback of the subtransaction and by `leave`.
        unsafe {
            pg_sys::SetUserIdAndSecContext(self.role, RESTRICTED);
            ffi::enable_timeout(TIMER.load(Ordering::SeqCst), self.limits.timeout_ms);
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        net::spread(self.allowed);
        bound::reset();
        memory::limit(self.limits.memory_bytes);
    }

    /// Takes the limits off, and says which of them has asked for a cancel.
    fn leave(&self) -> Option<Cut> {
        memory::lift();
        net::lift();
        // SAFETY: the timer is registered. A cancel that was asked for and nobody took must not hit the caller.
        unsafe {
            ffi::disable_timeout(TIMER.load(Ordering::SeqCst));
            let burst = memory::burst().then_some(Cut::Memory);
            let cut = FIRED.swap(false, Ordering::SeqCst).then_some(Cut::Time).or(burst);
            if cut.is_some() {
                pg_sys::QueryCancelPending = 0;
            }
            cut
        }
    }
}

fn arm_once() {
    if TIMER.load(Ordering::SeqCst) < 0 {
        memory::on_burst(cancel);
        // SAFETY: once a process; the handler only sets flags.
        TIMER.store(unsafe { ffi::register_timeout(on_timer) }, Ordering::SeqCst);
    }
}

/// The candidate's fault, or something that the caller has to know?
fn judge(error: Error, stage: Stage, position: c_int, cut: Option<Cut>, limits: &Limits) -> Result<Refusal, Error> {
    let sqlstate = match (error.code.sqlstate(), cut) {
        (state, Some(Cut::Memory)) if state == "57014" => "53200".to_owned(),
        (state, _) => state,
    };
    let message = match sqlstate.as_str() {
        "57014" if cut.is_some() => format!("statement took longer than {} ms", limits.timeout_ms),
        // a cancel of the user, a full disk, a shutdown, a lost connection
        "57014" | "53100" | "57P01" | "57P02" | "57P03" | "57P04" | "58030" => return Err(error),
        "53200" => format!("statement needs more than {} MB of memory", limits.memory_bytes >> 20),
        _ => error.message,
    };
    // a panic of our own is no finding about the candidate
    if error.code == Code::Internal {
        return Err(Error { message, ..error });
    }
    Ok(Refusal {
        stage,
        sqlstate,
        message,
        detail: error.detail,
        hint: error.hint,
        position: u32::try_from(position).ok().filter(|p| *p > 0),
    })
}
