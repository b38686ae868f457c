//! What a stored expression tree calls and reads: a view's body, a policy, a domain's check.

use super::ffi;
use pgrx::{pg_guard, pg_sys};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_void;

#[derive(Default)]
pub(super) struct Stored {
    pub functions: BTreeSet<u32>,
    /// With how often each is read.
    pub relations: BTreeMap<u32, u32>,
    /// Range-table entries of all levels.
    pub entries: u32,
}

impl Stored {
    /// # Safety
    /// `node` is an analysed query or expression, or NULL. Must run inside a transaction.
    pub unsafe fn read(&mut self, node: *mut pg_sys::Node) {
        // SAFETY: contract of this function; `self` outlives the walk.
        unsafe { enter(node, (&raw mut *self).cast()) };
    }
}

/// For the server alone, as in `parse`.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: handed through.
    unsafe { enter(node, context) }
}

unsafe fn enter(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: nodes of the type that their tags say; no reference to the state is alive across the recursion.
    unsafe {
        let stored = context.cast::<Stored>();
        match ffi::tag(node) {
            pg_sys::NodeTag::T_RangeTblEntry => {
                let entry = node.cast::<pg_sys::RangeTblEntry>();
                (*stored).entries = (*stored).entries.saturating_add(1);
                if (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION {
                    *(*stored).relations.entry((*entry).relid.to_u32()).or_default() += 1;
                }
                return false; // the walker goes on into it by itself
            }
            pg_sys::NodeTag::T_Query => {
                let flags = pg_sys::QTW_EXAMINE_RTES_BEFORE | pg_sys::QTW_IGNORE_JOINALIASES;
                return ffi::walk_query(node.cast(), Some(visit), context, flags);
            }
            _ => (*stored).functions.extend(called(node).map(|oid| oid.to_u32())),
        }
        ffi::walk_expression(node, Some(visit), context)
    }
}

/// The function that this very node calls. Input and output functions of types are not asked: only a superuser can
/// make them.
///
/// # Safety
/// `node` is a node of an analysed tree.
pub(super) unsafe fn called(node: *mut pg_sys::Node) -> Option<pg_sys::Oid> {
    use pg_sys::NodeTag as Tag;
    // SAFETY: cast by tag; analysis fills in the functions of operators.
    unsafe {
        match ffi::tag(node) {
            Tag::T_FuncExpr => Some((*node.cast::<pg_sys::FuncExpr>()).funcid),
            Tag::T_Aggref => Some((*node.cast::<pg_sys::Aggref>()).aggfnoid),
            Tag::T_WindowFunc => Some((*node.cast::<pg_sys::WindowFunc>()).winfnoid),
            Tag::T_OpExpr | Tag::T_DistinctExpr | Tag::T_NullIfExpr => {
                pg_sys::set_opfuncid(node.cast());
                Some((*node.cast::<pg_sys::OpExpr>()).opfuncid)
            }
            Tag::T_ScalarArrayOpExpr => {
                pg_sys::set_sa_opfuncid(node.cast());
                Some((*node.cast::<pg_sys::ScalarArrayOpExpr>()).opfuncid)
            }
            _ => None,
        }
    }
}
