//! A background worker: one process that works on one run, connected as the run's role, and leaves when nothing is
//! left to do. A crash at any point loses at most the tasks in its hands, which the next worker claims again.

mod model;
mod offline;
mod record;
mod samples;
mod source;
mod subjects;

use super::error::from_caught;
use super::store::{self, Run, RunPhase, Task};
use super::transaction::{objects_gone, transaction};
use super::{guc, launch, session};
use crate::error::{Error, Result};
use crate::plan::Engine;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;

unsafe extern "C-unwind" {
    // pgrx's own bindings of these are Rust wrappers, which are no signal handlers
    fn die(signal: std::ffi::c_int);
    fn SignalHandlerForConfigReload(signal: std::ffi::c_int);
}

/// Entry point of the process; the argument is the run's id, bgw_extra holds "database role" as OIDs.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nlsql_worker_main(argument: pg_sys::Datum) {
    let run_id = argument.value() as i64;
    // SAFETY: as every background worker begins: handlers, then signals on, then the connection.
    unsafe {
        signal(pg_sys::SIGTERM as i32, die);
        signal(pg_sys::SIGHUP as i32, SignalHandlerForConfigReload);
        pg_sys::BackgroundWorkerUnblockSignals();
        let extra = CStr::from_ptr((*pg_sys::MyBgworkerEntry).bgw_extra.as_ptr()).to_string_lossy().into_owned();
        let mut oids = extra.split(' ').filter_map(|o| o.parse::<u32>().ok()).map(pg_sys::Oid::from);
        let (Some(database), Some(role)) = (oids.next(), oids.next()) else { return };
        #[cfg(any(feature = "pg17", feature = "pg18"))]
        let flags = pg_sys::BGWORKER_BYPASS_ROLELOGINCHECK;
        #[cfg(not(any(feature = "pg17", feature = "pg18")))]
        let flags = 0;
        pg_sys::BackgroundWorkerInitializeConnectionByOid(database, role, flags);
    }
    pin_settings();
    match work(run_id) {
        Err(error) if !extension_gone() => pgrx::warning!("nlsql worker for run {run_id}: {error}"),
        _ => {}
    }
    report_activity(None);
}

/// # Safety
/// `handler` must be async-signal-safe; only before signals are unblocked.
unsafe fn signal(number: i32, handler: unsafe extern "C-unwind" fn(std::ffi::c_int)) {
    // SAFETY: passes on the caller's promise.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(number, Some(handler));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(number, Some(handler));
    }
}

/// A role's own settings must not change what a worker does or how texts look.
fn pin_settings() {
    for (name, value) in [
        (c"synchronous_commit", c"on"),
        (c"default_transaction_isolation", c"read committed"),
        (c"default_transaction_read_only", c"off"),
        (c"row_security", c"on"),
        (c"timezone", c"UTC"),
        (c"datestyle", c"ISO, YMD"),
        (c"intervalstyle", c"postgres"),
        (c"lc_monetary", c"C"),
        (c"lc_numeric", c"C"),
        (c"lc_time", c"C"),
        (c"extra_float_digits", c"1"),
        (c"bytea_output", c"hex"),
        (c"statement_timeout", c"0"),
        (c"lock_timeout", c"0"),
        (c"idle_in_transaction_session_timeout", c"0"),
        (c"idle_session_timeout", c"0"),
        (c"application_name", c"nlsql worker"),
    ] {
        set(name, value);
    }
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    set(c"transaction_timeout", c"0");
}

fn set(name: &CStr, value: &CStr) {
    // SAFETY: NUL-terminated; outside a transaction, so the value stays for the session.
    unsafe {
        pg_sys::SetConfigOption(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
        )
    };
}

fn work(run_id: i64) -> Result<()> {
    let role = transaction(session::role)?;
    let registered = transaction(|| store::register(run_id, &role, guc::db_sessions_max()))?;
    let Some(run) = registered.run else {
        pgrx::debug1!("nlsql: no worker for run {run_id}: {}", registered.reason.unwrap_or_default());
        return Ok(());
    };
    for _ in 0..registered.more {
        launch::start_now(run_id, session::role_oid());
    }
    if let Ok(path) = CString::new(run.search_path.clone()) {
        set(c"search_path", &path);
    }
    let result = Worker { run, subjects: None, sources: Vec::new(), offline_only: false }.run_tasks();
    if let Err(error) = &result {
        if extension_gone() {
            return Ok(());
        }
        transaction(|| match error.code.sqlstate().as_str() {
            // pg_cancel_backend is a way to say nlsql.cancel
            "57014" => store::cancel(run_id, &role).map(|_| ()),
            _ => store::fail(run_id, reason(error), &error.message),
        })?;
    }
    let next = transaction(|| store::unregister(guc::db_sessions_max()))?;
    for queued in next {
        launch::start_now(queued.run_id, pg_sys::Oid::from(queued.role));
    }
    Ok(())
}

/// The `reason` that goes with a failed run.
fn reason(error: &Error) -> &'static str {
    match error.code.sqlstate().as_str() {
        "42501" => "privilege",
        "53100" | "53400" => "disk",
        "53200" => "memory",
        _ => "error",
    }
}

/// Whether this database has the extension no more, so that the worker goes without a word.
fn extension_gone() -> bool {
    transaction(|| {
        // SAFETY: catalog look-up inside a transaction.
        let oid = unsafe { pg_sys::get_extension_oid(c"nlsql".as_ptr(), true) };
        Ok(oid == pg_sys::InvalidOid)
    })
    .unwrap_or_else(|error| objects_gone(&error))
}

struct Worker {
    run: Run,
    subjects: Option<&'static subjects::Subjects>,
    /// What candidates are drawn from, by phase.
    sources: Vec<(crate::plan::Phase, source::Source)>,
    /// Another worker of the run talks to the model.
    offline_only: bool,
}

impl Worker {
    /// What the role can read, looked at once.
    fn subjects(&mut self) -> Result<&'static subjects::Subjects> {
        match self.subjects {
            Some(subjects) => Ok(subjects),
            None => Ok(*self.subjects.insert(subjects::read()?)),
        }
    }

    fn run_tasks(&mut self) -> Result<()> {
        loop {
            interrupts()?;
            match transaction(|| store::claim(self.run.id, self.offline_only))? {
                Some(task) => self.one(&task)?,
                None => {
                    let standing = transaction(|| store::standing(self.run.id))?;
                    if standing.ended || (self.offline_only && standing.elsewhere > 0) {
                        return Ok(());
                    }
                    if standing.elsewhere == 0 && standing.next_try_ms.is_none() {
                        // nothing open and nobody at it: the run's last rows settle it
                        return transaction(|| store::settle(self.run.id));
                    }
                    nap(standing.next_try_ms.unwrap_or(100).clamp(10, 500))?;
                }
            }
        }
    }

    fn one(&mut self, task: &Task) -> Result<()> {
        report_activity(Some(&format!("nlsql run {} {} task {}", self.run.name, task.phase.name(), task.number)));
        let phase = self.phase(task)?;
        match phase.engine {
            Engine::Offline => self.offline(&phase, task),
            _ => self.model(&phase, task),
        }
    }

    /// The task's phase. generate() may have added it after this worker had read the run.
    fn phase(&mut self, task: &Task) -> Result<RunPhase> {
        let find = |run: &Run| run.phases.iter().find(|p| p.phase == task.phase).cloned();
        if let Some(phase) = find(&self.run) {
            return Ok(phase);
        }
        self.run = transaction(|| store::read(self.run.id))?;
        find(&self.run).ok_or_else(|| Error::internal(format!("task of no phase: {}", task.phase.name())))
    }
}

/// Takes SIGTERM (dies), cancel (an error) and SIGHUP (reloads).
fn interrupts() -> Result<()> {
    let result = PgTryBuilder::new(AssertUnwindSafe(|| {
        session::check_for_interrupts();
        Ok(())
    }))
    .catch_others(|caught| Err(from_caught(&caught)))
    .execute();
    // SAFETY: main thread; the flag is set by the SIGHUP handler.
    unsafe {
        if pg_sys::ConfigReloadPending != 0 {
            pg_sys::ConfigReloadPending = 0;
            pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
        }
    }
    result
}

fn nap(milliseconds: i64) -> Result<()> {
    sleep(None, milliseconds)
}

/// The only place where a worker sleeps, until the time is over, its latch is set or `fd` can be read; no transaction
/// is open.
fn sleep(fd: Option<std::os::fd::RawFd>, milliseconds: i64) -> Result<()> {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    let readable = if fd.is_some() { pg_sys::WL_SOCKET_READABLE } else { 0 };
    // SAFETY: MyLatch is this process's own; the descriptor is open as long as its pool, which the caller holds.
    unsafe {
        pg_sys::WaitLatchOrSocket(
            pg_sys::MyLatch,
            (events | readable) as i32,
            fd.unwrap_or(-1),
            milliseconds,
            pg_sys::PG_WAIT_EXTENSION,
        );
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    interrupts()
}

/// What pg_stat_activity shows; none = idle.
fn report_activity(text: Option<&str>) {
    let text = text.and_then(|t| CString::new(t).ok());
    // SAFETY: the server copies the text.
    unsafe {
        match &text {
            Some(t) => pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, t.as_ptr()),
            None => pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_IDLE, std::ptr::null()),
        }
        pg_sys::pgstat_report_stat(true);
    }
}
