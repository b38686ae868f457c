//! Functions that the server exports and pgrx does not bind, and what changed between PostgreSQL 15 and 18.

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use std::ffi::{c_int, c_void};

pub(super) type Walker = Option<unsafe extern "C-unwind" fn(*mut pg_sys::Node, *mut c_void) -> bool>;

mod raw {
    use super::{Walker, c_int, c_void, pg_sys};

    unsafe extern "C-unwind" {
        #[cfg_attr(not(feature = "pg15"), link_name = "query_tree_walker_impl")]
        pub fn query_tree_walker(query: *mut pg_sys::Query, walker: Walker, context: *mut c_void, flags: c_int)
        -> bool;
        #[cfg_attr(not(feature = "pg15"), link_name = "expression_tree_walker_impl")]
        pub fn expression_tree_walker(node: *mut pg_sys::Node, walker: Walker, context: *mut c_void) -> bool;
        #[cfg_attr(not(feature = "pg15"), link_name = "raw_expression_tree_walker_impl")]
        pub fn raw_expression_tree_walker(node: *mut pg_sys::Node, walker: Walker, context: *mut c_void) -> bool;
        pub fn RegisterTimeout(id: c_int, handler: Option<unsafe extern "C-unwind" fn()>) -> c_int;
        pub fn enable_timeout_after(id: c_int, delay_ms: c_int);
        pub fn disable_timeout(id: c_int, keep_indicator: bool);
        pub fn datumCopy(value: pg_sys::Datum, by_value: bool, length: c_int) -> pg_sys::Datum;
        pub fn find_all_inheritors(
            parent: pg_sys::Oid,
            lock: pg_sys::LOCKMODE,
            parents: *mut *mut pg_sys::List,
        ) -> *mut pg_sys::List;
    }
}

/// # Safety
/// `query` and `context` must be valid for the walker, which must be guarded.
pub(super) unsafe fn walk_query(query: *mut pg_sys::Query, walker: Walker, context: *mut c_void, flags: u32) -> bool {
    // SAFETY: contract of this function; the boundary turns an ERROR into a panic.
    unsafe { pg_guard_ffi_boundary(|| raw::query_tree_walker(query, walker, context, flags as c_int)) }
}

/// # Safety
/// As [`walk_query`].
pub(super) unsafe fn walk_expression(node: *mut pg_sys::Node, walker: Walker, context: *mut c_void) -> bool {
    // SAFETY: as above.
    unsafe { pg_guard_ffi_boundary(|| raw::expression_tree_walker(node, walker, context)) }
}

/// # Safety
/// As [`walk_query`].
pub(super) unsafe fn walk_raw(node: *mut pg_sys::Node, walker: Walker, context: *mut c_void) -> bool {
    // SAFETY: as above.
    unsafe { pg_guard_ffi_boundary(|| raw::raw_expression_tree_walker(node, walker, context)) }
}

/// The first free user timer of this process; only once a process, there are ten.
///
/// # Safety
/// `handler` runs in a signal handler.
pub(super) unsafe fn register_timeout(handler: unsafe extern "C-unwind" fn()) -> c_int {
    // The number asked for means "any": it is at or above USER_TIMEOUT of every version, and the server picks.
    const ANY: c_int = 21;
    // SAFETY: contract of this function.
    unsafe { pg_guard_ffi_boundary(|| raw::RegisterTimeout(ANY, Some(handler))) }
}

/// # Safety
/// `id` must come from [`register_timeout`].
pub(super) unsafe fn enable_timeout(id: c_int, milliseconds: c_int) {
    // SAFETY: contract of this function.
    unsafe { pg_guard_ffi_boundary(|| raw::enable_timeout_after(id, milliseconds)) }
}

/// # Safety
/// `id` must come from [`register_timeout`].
pub(super) unsafe fn disable_timeout(id: c_int) {
    // SAFETY: contract of this function.
    unsafe { pg_guard_ffi_boundary(|| raw::disable_timeout(id, false)) }
}

/// A copy in the current memory context.
///
/// # Safety
/// `value` is a value, and no NULL, of a type of that kind and length.
pub(super) unsafe fn copy(value: pg_sys::Datum, by_value: bool, length: i16) -> pg_sys::Datum {
    // SAFETY: contract of this function.
    unsafe { pg_guard_ffi_boundary(|| raw::datumCopy(value, by_value, length.into())) }
}

/// A relation, its partitions and children at all levels, locked for reading.
///
/// # Safety
/// Must run inside a transaction.
pub(super) unsafe fn inheritors(parent: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: contract of this function; the list holds OIDs.
    unsafe {
        let list = pg_guard_ffi_boundary(|| raw::find_all_inheritors(parent, lock, std::ptr::null_mut()));
        (0..length(list)).map(|index| (*(*list).elements.add(index)).oid_value).collect()
    }
}

/// Raises 42501 unless the current user may read what this query level's range table says.
///
/// # Safety
/// `query` is an analysed query.
pub(super) unsafe fn check_permissions(query: *mut pg_sys::Query) {
    // SAFETY: contract of this function.
    unsafe {
        #[cfg(feature = "pg15")]
        pg_sys::ExecCheckRTPerms((*query).rtable, true);
        #[cfg(not(feature = "pg15"))]
        pg_sys::ExecCheckPermissions((*query).rtable, (*query).rteperminfos, true);
    }
}

/// # Safety
/// `descriptor` was started.
pub(super) unsafe fn run(descriptor: *mut pg_sys::QueryDesc) {
    let forward = pg_sys::ScanDirection::ForwardScanDirection;
    // SAFETY: contract of this function.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        pg_sys::ExecutorRun(descriptor, forward, 0, true);
        #[cfg(feature = "pg18")]
        pg_sys::ExecutorRun(descriptor, forward, 0);
    }
}

/// Elements of a server list; none for NIL.
///
/// # Safety
/// `list` is NIL or a list of pointers to `T`.
pub(in crate::pg) unsafe fn pointers<T>(list: *mut pg_sys::List) -> impl Iterator<Item = *mut T> {
    // SAFETY: contract of this function; elements lie in one array of `length` cells.
    let cells: &[pg_sys::ListCell] = unsafe {
        if list.is_null() || (*list).length <= 0 {
            &[]
        } else {
            std::slice::from_raw_parts((*list).elements, (*list).length as usize)
        }
    };
    // SAFETY: a list of pointers uses this member of the cell.
    cells.iter().map(|cell| unsafe { cell.ptr_value.cast::<T>() })
}

/// The `n`th element, counted from 1.
///
/// # Safety
/// As [`pointers`].
pub(super) unsafe fn nth<T>(list: *mut pg_sys::List, n: usize) -> Option<*mut T> {
    // SAFETY: contract of this function.
    unsafe { pointers::<T>(list).nth(n.checked_sub(1)?) }
}

/// # Safety
/// `list` is NIL or a list.
pub(super) unsafe fn length(list: *mut pg_sys::List) -> usize {
    if list.is_null() {
        return 0;
    }
    // SAFETY: contract of this function.
    unsafe { (*list).length.max(0) as usize }
}

/// # Safety
/// `node` is NULL or a node.
pub(super) unsafe fn tag<T>(node: *mut T) -> pg_sys::NodeTag {
    if node.is_null() {
        return pg_sys::NodeTag::T_Invalid;
    }
    // SAFETY: every node begins with its tag.
    unsafe { (*node.cast::<pg_sys::Node>()).type_ }
}

/// Text of the server as an owned string.
///
/// # Safety
/// `text` is NULL or NUL-terminated.
pub(super) unsafe fn owned(text: *const std::ffi::c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: contract of this function.
    unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
