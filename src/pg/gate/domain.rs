//! A cast to a domain runs the domain's checks: they are judged like the statement itself.

use super::ffi;
use super::parse::{position, refuse};
use super::stored::Stored;
use super::walk::Walk;
use crate::candidate::{Refusal, Stage};
use pgrx::pg_sys;

/// Why the checks of a cast's domain may not run, if so.
///
/// # Safety
/// `cast` is part of the tree being walked, in the sandbox.
pub(super) unsafe fn refusal(walk: &mut Walk<'_>, cast: *mut pg_sys::CoerceToDomain) -> Option<Refusal> {
    let mut checks = Stored::default();
    // SAFETY: contract of this function; the reference lives in the sandbox's memory, where its callback expects it.
    let location = unsafe {
        let size = std::mem::size_of::<pg_sys::DomainConstraintRef>();
        let reference = pg_sys::palloc0(size).cast::<pg_sys::DomainConstraintRef>();
        pg_sys::InitDomainConstraintRef((*cast).resulttype, reference, pg_sys::CurrentMemoryContext, false);
        for check in ffi::pointers::<pg_sys::DomainConstraintState>((*reference).constraints) {
            checks.read((*check).check_expr.cast());
        }
        (*cast).location
    };
    let reasons =
        checks.functions.into_iter().find_map(|oid| walk.functions.get(pg_sys::Oid::from(oid)).refusal.clone());
    reasons.map(|reason| Refusal {
        position: position(walk.sql, location),
        ..refuse(Stage::Policy, "42501", format!("a check of the domain calls what is not allowed: {reason}"))
    })
}
