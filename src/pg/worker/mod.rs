//! A background worker: one process that works on one run, connected as the run's role, and leaves when nothing is
//! left to do. A crash at any point loses at most the tasks in its hands, which the next worker claims again.

mod had;
mod model;
mod offline;
pub(super) mod process;
mod record;
mod samples;
mod source;
mod subjects;

use super::error::from_caught;
use super::store::{self, Run, RunPhase, Task};
use super::transaction::{objects_gone, transaction};
use super::{guc, launch, session};
use crate::dataset::near::Met;
use crate::error::{Code, Error, Result};
use crate::plan::{Engine, Phase};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::CString;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

/// Entry point of the process; the argument is the run's id, bgw_extra holds "database role" as OIDs.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn nlsql_worker_main(argument: pg_sys::Datum) {
    process::begin();
    let extra = process::extra();
    let mut oids = extra.split(' ').filter_map(|o| o.parse::<u32>().ok()).map(pg_sys::Oid::from);
    let (Some(database), Some(role)) = (oids.next(), oids.next()) else { return };
    process::connect(database, role);
    process::pin_settings();
    let mut next = Some(argument.value() as i64);
    while let Some(run_id) = next.take() {
        match work(run_id) {
            Ok(more) => next = more,
            Err(error) if !extension_gone() => {
                pgrx::warning!("nlsql worker for run {run_id}: {}", without_data(&error))
            }
            Err(_) => {}
        }
    }
    report_activity(None);
}

/// For the server's log: an error of the server may quote values.
pub(super) fn without_data(error: &Error) -> String {
    match error.code {
        Code::Server(_) => format!("error {}", error.code.sqlstate()),
        _ => error.message.clone(),
    }
}

/// Works on one run until nothing is left to do. What it gives back is a run to go on with in this process.
fn work(run_id: i64) -> Result<Option<i64>> {
    let role = transaction(session::role)?;
    let registered = transaction(|| store::register(run_id, &role, guc::db_sessions_max())).or_else(|error| {
        // a row that this version cannot read: the next worker could not either
        if error.code == Code::Internal {
            transaction(|| store::fail(run_id, "error", &error.message))?;
        }
        Err(error)
    })?;
    let Some(run) = registered.run else {
        pgrx::debug1!("nlsql: no worker for run {run_id}: {}", registered.reason.unwrap_or_default());
        return Ok(None);
    };
    for _ in 0..registered.more {
        launch::start_now(run_id, session::role_oid());
    }
    if let Ok(path) = CString::new(run.search_path.clone()) {
        process::set(c"search_path", &path);
    }
    let result = Worker::new(run).run_tasks();
    if let Err(error) = &result {
        if extension_gone() {
            return Ok(None);
        }
        transaction(|| match error.code.sqlstate().as_str() {
            // pg_cancel_backend is a way to say nlsql.cancel
            "57014" => store::cancel(run_id, &role).map(|_| ()),
            _ => store::fail(run_id, reason(error), &error.message),
        })?;
    }
    hand_over(&role)
}

/// Leaves this worker's place, and starts the runs that it is free for.
fn hand_over(role: &str) -> Result<Option<i64>> {
    let leave = || transaction(|| store::unregister(guc::db_sessions_max()));
    // a late poke must not keep the place
    let queued = leave().or_else(|error| if process::poked() { leave() } else { Err(error) })?;
    if launch::start_all(&queued) {
        return Ok(None);
    }
    // out of slots, of which this process has one: it goes on with a run of its own role
    let own = transaction(|| store::next_of(role))?;
    if own.is_none() {
        pgrx::log!("nlsql: no free background worker slot; {} runs stay queued", queued.len());
    }
    Ok(own)
}

/// The `reason` that goes with a failed run.
fn reason(error: &Error) -> &'static str {
    match error.code.sqlstate().as_str() {
        // 55000: nothing is left that the role may read; 42704: the role is gone
        "42501" | "42704" | "55000" => "privilege",
        "53100" | "53400" | "58030" => "disk",
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
    sources: Vec<(Phase, source::Source)>,
    /// Questions that earlier tasks have stored.
    met: Met,
    had: had::Had,
    /// Another worker of the run talks to the model.
    offline_only: bool,
    looked_at: Instant,
    idle_since: Option<Instant>,
    /// Errors in a row, and until when the last of them lets this worker rest.
    troubles: u32,
    paused_until: Option<Instant>,
}

/// A full disk or a locked table is waited for so many times, a minute each in the end.
const TROUBLES_MAX: u32 = 200;

/// A worker that finds nothing to do leaves after this time; the others of its run go on.
const IDLE_MAX: Duration = Duration::from_secs(2);

impl Worker {
    fn new(run: Run) -> Worker {
        Worker {
            run,
            subjects: None,
            sources: Vec::new(),
            met: Met::default(),
            had: had::Had::default(),
            offline_only: false,
            looked_at: Instant::now(),
            idle_since: None,
            troubles: 0,
            paused_until: None,
        }
    }

    /// What the role can read, looked at once. What is said of the catalog alone needs no look at the rows.
    fn subjects(&mut self, phase: &RunPhase) -> Result<&'static subjects::Subjects> {
        let catalog_alone = matches!(phase.phase, Phase::SchemaDocs | Phase::SchemaRelationship);
        let rows = phase.engine != Engine::Offline || !catalog_alone;
        match self.subjects {
            Some(subjects) if subjects.profiled || !rows => Ok(subjects),
            _ => Ok(*self.subjects.insert(subjects::read(self.run.id, rows)?)),
        }
    }

    fn run_tasks(&mut self) -> Result<()> {
        loop {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => self.survive(error)?,
            }
        }
    }

    /// One task, or one look at what others do; false = this worker is not needed any more.
    fn step(&mut self) -> Result<bool> {
        interrupts()?;
        if self.paused_until.is_some_and(|until| Instant::now() < until) {
            report_activity(None);
            nap(500)?;
            return Ok(!transaction(|| store::standing(self.run.id))?.ended);
        }
        if self.paused_until.take().is_some() {
            // what could not be given back before the pause
            transaction(|| store::release(self.run.id))?;
        }
        let task = transaction(|| {
            // a role that was dropped meanwhile has no name
            session::role()?;
            store::claim(self.run.id, self.offline_only)
        })?;
        if let Some(task) = task {
            self.idle_since = None;
            self.look_again()?;
            self.one(&task)?;
            self.troubles = 0;
            return Ok(true);
        }
        let standing = transaction(|| store::standing(self.run.id))?;
        if standing.ended || (self.offline_only && standing.elsewhere > 0) {
            return Ok(false);
        }
        if standing.elsewhere == 0 && standing.next_try_ms.is_none() {
            // nothing open and nobody at it: the run's last rows settle it
            return transaction(|| store::settle(self.run.id)).map(|()| false);
        }
        let since = *self.idle_since.get_or_insert_with(Instant::now);
        if standing.elsewhere > 0 && since.elapsed() > IDLE_MAX {
            return Ok(false);
        }
        report_activity(None);
        nap(standing.next_try_ms.unwrap_or(100).clamp(10, 500))?;
        Ok(true)
    }

    /// Gives back what this worker holds after an error that does not end the run.
    fn survive(&mut self, error: Error) -> Result<()> {
        self.troubles += 1;
        let run_id = self.run.id;
        let reason = match error.code.sqlstate().as_str() {
            "57014" if process::poked() => return transaction(|| store::release(run_id)),
            "40001" | "40P01" if self.troubles < 10 => return transaction(|| store::release(run_id)),
            "55P03" if self.troubles < TROUBLES_MAX => "locked",
            "53100" | "53400" | "58030" if self.troubles < TROUBLES_MAX => "disk",
            _ => return Err(error),
        };
        let pause = Duration::from_secs(1 << self.troubles.min(6));
        self.paused_until = Some(Instant::now() + pause);
        // the disk may be too full to write that it is full: then the claim stays, and is given back another time
        if let Err(again) = transaction(|| store::park(run_id, reason, &error.message)) {
            pgrx::log!("nlsql worker for run {run_id}: {} on parking the run", again.code.sqlstate());
        }
        Ok(())
    }

    /// Reads the subjects anew where their catalog changed since they were read: a table that is gone, a right that
    /// was taken. Not more than once a second, for statistics change it too.
    fn look_again(&mut self) -> Result<()> {
        let Some(subjects) = self.subjects else { return Ok(()) };
        if self.looked_at.elapsed() > Duration::from_secs(1) && subjects::catalog_changed() {
            self.looked_at = Instant::now();
            if subjects::hash_now()? != subjects.hash {
                self.subjects = None;
                self.sources.clear();
                self.had.forget();
            }
        }
        Ok(())
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

pub(super) fn nap(milliseconds: i64) -> Result<()> {
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
