//! The last line: while a check runs, the server asks here before any expression may call a function.
//!
//! The walk judges what a statement says. But code also runs by ways that no statement names: a domain's check behind
//! the text form of an array, an index predicate that the planner folds, a policy behind a view. All of them end in
//! the server's expression machinery, which reports each function to `object_access_hook`, PostgreSQL's own included.
//! The same rule by OID holds there. Inside a function that a superuser has listed, or that a trusted view or policy
//! calls, everything goes: the second hook says when such a function is entered and left.

use super::functions::Functions;
use super::locks::{self, Held};
use pgrx::{pg_guard, pg_sys};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

struct Net {
    functions: Functions,
    /// Called by bodies of trusted views and policies that the statement reads.
    permitted: BTreeSet<u32>,
}

thread_local! {
    static NET: RefCell<Option<Net>> = const { RefCell::new(None) };
    static ON: Cell<bool> = const { Cell::new(false) };
    /// Functions of others that are being executed, nested.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Advisory locks before the first code of others was entered; none where none was.
    static LOCKS: RefCell<Option<Held>> = const { RefCell::new(None) };
    static BEFORE: Cell<pg_sys::object_access_hook_type> = const { Cell::new(None) };
    static NEEDS_BEFORE: Cell<pg_sys::needs_fmgr_hook_type> = const { Cell::new(None) };
    static FMGR_BEFORE: Cell<pg_sys::fmgr_hook_type> = const { Cell::new(None) };
    static INSTALLED: Cell<bool> = const { Cell::new(false) };
}

/// Spreads the net under one check.
pub(super) fn spread(allowed: &Rc<BTreeSet<u32>>) {
    install();
    NET.with_borrow_mut(|net| match net {
        Some(net) => {
            net.functions.allow(allowed);
            net.permitted.clear();
        }
        None => *net = Some(Net { functions: Functions::new(Rc::clone(allowed)), permitted: BTreeSet::new() }),
    });
    DEPTH.set(0);
    LOCKS.set(None);
    ON.set(true);
}

/// Advisory locks of the session before code of others ran in the check that has just ended, if any did.
pub(super) fn locks_before() -> Option<Held> {
    LOCKS.take()
}

fn note_locks() {
    if LOCKS.with_borrow(Option::is_none) {
        LOCKS.set(Some(locks::held()));
    }
}

/// What the bodies of trusted views and policies call.
pub(super) fn permit(calls: BTreeSet<u32>) {
    if calls.is_empty() {
        return;
    }
    note_locks();
    NET.with_borrow_mut(|net| {
        if let Some(net) = net {
            net.permitted.extend(calls);
        }
    });
}

pub(super) fn lift() {
    ON.set(false);
}

pub(super) fn forget() {
    NET.with_borrow_mut(|net| {
        if let Some(net) = net {
            net.functions.forget();
        }
    });
}

fn install() {
    if INSTALLED.replace(true) {
        return;
    }
    // SAFETY: the backend's own hooks, set once; those that were there are called on.
    unsafe {
        BEFORE.set(pg_sys::object_access_hook);
        pg_sys::object_access_hook = Some(on_access);
        NEEDS_BEFORE.set(pg_sys::needs_fmgr_hook);
        pg_sys::needs_fmgr_hook = Some(needs_watch);
        FMGR_BEFORE.set(pg_sys::fmgr_hook);
        pg_sys::fmgr_hook = Some(on_call);
    }
}

fn guarding() -> bool {
    ON.get() && DEPTH.get() == 0
}

#[pg_guard]
unsafe extern "C-unwind" fn on_access(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    sub_id: std::ffi::c_int,
    argument: *mut std::ffi::c_void,
) {
    if let Some(before) = BEFORE.get() {
        // SAFETY: the hook that stood here before, with the server's own arguments.
        unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| before(access, class, object, sub_id, argument)) };
    }
    if access == pg_sys::ObjectAccessType::OAT_FUNCTION_EXECUTE && class == pg_sys::ProcedureRelationId && guarding() {
        judge(object);
    }
}

/// Raises 42501 for a function that may not run.
fn judge(oid: pg_sys::Oid) {
    let reason = NET.with_borrow_mut(|net| {
        let net = net.as_mut()?;
        if net.permitted.contains(&oid.to_u32()) {
            return None;
        }
        net.functions.get(oid).refusal.clone()
    });
    if let Some(reason) = reason {
        pgrx::pg_sys::panic::ErrorReport::new(
            pgrx::PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("a type or relation of the statement calls what is not allowed: {reason}"),
            "nlsql.gate",
        )
        .set_hint("A superuser can list the function in nlsql.allowed_function.")
        .report(pgrx::PgLogLevel::ERROR);
    }
}

/// A function of others that may run: its calls are to be reported, so that what it does inside is its own.
#[pg_guard]
unsafe extern "C-unwind" fn needs_watch(oid: pg_sys::Oid) -> bool {
    let before = NEEDS_BEFORE.get();
    // SAFETY: the hook that stood here before.
    let wanted = before.is_some_and(|before| unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| before(oid)) });
    let foreign = guarding()
        && NET.with_borrow_mut(|net| {
            let Some(net) = net.as_mut() else { return false };
            let function = net.functions.get(oid);
            !function.in_catalog && (function.refusal.is_none() || net.permitted.contains(&oid.to_u32()))
        });
    wanted || foreign
}

#[pg_guard]
unsafe extern "C-unwind" fn on_call(
    event: pg_sys::FmgrHookEventType::Type,
    info: *mut pg_sys::FmgrInfo,
    private: *mut pg_sys::Datum,
) {
    if ON.get() {
        match event {
            pg_sys::FmgrHookEventType::FHET_START => {
                note_locks();
                DEPTH.set(DEPTH.get() + 1);
            }
            _ => DEPTH.set(DEPTH.get().saturating_sub(1)),
        }
    }
    // SAFETY: the hook that stood here before, where it wants this function.
    unsafe {
        let wanted = NEEDS_BEFORE.get().is_none_or(|before| before((*info).fn_oid));
        if let Some(before) = FMGR_BEFORE.get().filter(|_| wanted) {
            pg_sys::ffi::pg_guard_ffi_boundary(|| before(event, info, private));
        }
    }
}
