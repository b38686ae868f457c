//! The memory limit of a check: a soft RLIMIT_AS around it, and the allocator that cannot be killed by that limit.
//!
//! The server turns a failed malloc into an ERROR; Rust turns one into an abort, which restarts the whole cluster.
//! So a Rust allocation that fails while our limit is on lifts the limit and tries again.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static ACTIVE: AtomicBool = AtomicBool::new(false);
static OLD_SOFT: AtomicU64 = AtomicU64::new(libc::RLIM_INFINITY);

pub(crate) struct Allocator;

// SAFETY: every call goes to the system's allocator with the caller's own layout; after a failure it is only repeated.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: contract of the trait, here and below.
        let pointer = unsafe { System.alloc(layout) };
        if !pointer.is_null() || !lift() {
            return pointer;
        }
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let pointer = unsafe { System.alloc_zeroed(layout) };
        if !pointer.is_null() || !lift() {
            return pointer;
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; a failed realloc leaves the old block as it was.
        let pointer = unsafe { System.realloc(old, layout, size) };
        if !pointer.is_null() || !lift() {
            return pointer;
        }
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }
}

fn set_soft(soft: u64) -> bool {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls work on a local struct.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_AS, &mut limit) != 0 {
            return false;
        }
        limit.rlim_cur = soft.min(limit.rlim_max);
        libc::setrlimit(libc::RLIMIT_AS, &limit) == 0
    }
}

/// Takes our limit away; true where it was on. Async-signal-safe and allocation-free.
pub(super) fn lift() -> bool {
    ACTIVE.swap(false, Ordering::SeqCst) && set_soft(OLD_SOFT.load(Ordering::SeqCst))
}

/// Limits the process to its present size and `bytes` more, until [`lift`]. Quietly does nothing where the system
/// offers no `/proc`: then the other limits have to do.
pub(super) fn limit(bytes: u64) {
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: works on a local struct.
    if unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut old) } != 0 {
        return;
    }
    let Some(size) = present_size() else { return };
    let soft = size.saturating_add(bytes);
    if soft < old.rlim_cur {
        OLD_SOFT.store(old.rlim_cur, Ordering::SeqCst);
        ACTIVE.store(true, Ordering::SeqCst);
        if !set_soft(soft) {
            ACTIVE.store(false, Ordering::SeqCst);
        }
    }
}

thread_local! {
    /// Open for the life of the process: opening it for each check costs more than reading it.
    static STATM: RefCell<Option<File>> = const { RefCell::new(None) };
}

/// Size of the address space in bytes.
fn present_size() -> Option<u64> {
    STATM.with_borrow_mut(|file| {
        if file.is_none() {
            *file = File::open("/proc/self/statm").ok();
        }
        let mut buffer = [0u8; 64];
        let read = file.as_ref()?.read_at(&mut buffer, 0).ok()?;
        let text = std::str::from_utf8(buffer.get(..read)?).ok()?;
        let pages: u64 = text.split_ascii_whitespace().next()?.parse().ok()?;
        // SAFETY: a plain query of a constant.
        let page = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
        pages.checked_mul(page)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn knows_its_size() {
        assert!(super::present_size().unwrap() > 1 << 20);
    }

    #[test]
    fn nothing_to_lift_at_rest() {
        assert!(!super::lift());
    }
}
