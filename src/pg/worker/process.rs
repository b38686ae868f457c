//! The process of a worker: how it begins, which signals it takes, which settings it pins.

use pgrx::pg_sys;
use std::ffi::{CStr, c_int};
use std::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C-unwind" {
    // pgrx's own bindings of these are Rust wrappers, which are no signal handlers
    fn die(signal: c_int);
    fn SignalHandlerForConfigReload(signal: c_int);
    fn SetLatch(latch: *mut pg_sys::Latch);
}

/// The run changed: what is being done is to be left and the run's row to be read.
static POKED: AtomicBool = AtomicBool::new(false);

/// SIGUSR2, which nlsql.cancel and nlsql.drop_run send at COMMIT: stops the running query as a cancel does, but says
/// only "look again", so that it does no harm where nothing changed.
unsafe extern "C-unwind" fn poke(_: c_int) {
    POKED.store(true, Ordering::Relaxed);
    // SAFETY: what the server's own handler of a query cancel does, async-signal-safe.
    unsafe {
        pg_sys::QueryCancelPending = 1;
        pg_sys::InterruptPending = 1;
        SetLatch(pg_sys::MyLatch);
    }
}

/// Whether a poke came since the last call.
pub(super) fn poked() -> bool {
    POKED.swap(false, Ordering::Relaxed)
}

/// Sets the handlers; the process is ready to connect.
pub(in crate::pg) fn begin() {
    // SAFETY: as every background worker begins; the handlers are async-signal-safe.
    unsafe {
        signal(pg_sys::SIGTERM as i32, die);
        signal(pg_sys::SIGHUP as i32, SignalHandlerForConfigReload);
        signal(libc::SIGUSR2, poke);
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// bgw_extra of this process.
pub(in crate::pg) fn extra() -> String {
    // SAFETY: set before a background worker's main function runs; NUL-terminated by whoever registered it.
    unsafe { CStr::from_ptr((*pg_sys::MyBgworkerEntry).bgw_extra.as_ptr()).to_string_lossy().into_owned() }
}

/// Connects as the role; a process that cannot ends here.
pub(in crate::pg) fn connect(database: pg_sys::Oid, role: pg_sys::Oid) {
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    let flags = pg_sys::BGWORKER_BYPASS_ROLELOGINCHECK;
    #[cfg(not(any(feature = "pg17", feature = "pg18")))]
    let flags = 0;
    // SAFETY: called once, at the beginning of the process.
    unsafe { pg_sys::BackgroundWorkerInitializeConnectionByOid(database, role, flags) };
}

/// # Safety
/// `handler` must be async-signal-safe; only before signals are unblocked.
unsafe fn signal(number: i32, handler: unsafe extern "C-unwind" fn(c_int)) {
    // SAFETY: passes on the caller's promise.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(number, Some(handler));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(number, Some(handler));
    }
}

/// A role's own settings must not change what a worker does or how texts look.
pub(in crate::pg) fn pin_settings() {
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

pub(super) fn set(name: &CStr, value: &CStr) {
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
