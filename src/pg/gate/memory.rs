//! The memory limit of a check: a soft RLIMIT_AS around it, and the allocator that cannot be killed by that limit.
//!
//! The server turns a failed malloc into an ERROR; Rust turns one into an abort, which restarts the whole cluster.
//! So a Rust allocation that fails while our limit is on gets a reserve, once. Where even that is not enough the limit
//! goes, and with it the check: it is cancelled at the next chance.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// For Rust's own needs, and to report an error with.
const RESERVE: u64 = 100 << 20;

const OFF: u8 = 0;
const ON: u8 = 1;
/// With the reserve.
const WIDE: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(OFF);
static SOFT: AtomicU64 = AtomicU64::new(libc::RLIM_INFINITY);
static OLD_SOFT: AtomicU64 = AtomicU64::new(libc::RLIM_INFINITY);
static BURST: AtomicBool = AtomicBool::new(false);
/// Asks for a cancel. The allocator itself is at home in programs without a server, too.
static CANCEL: OnceLock<fn()> = OnceLock::new();

pub(crate) struct Allocator;

/// `attempt` until it succeeds or no limit of ours is in the way.
fn insist(attempt: impl Fn() -> *mut u8) -> *mut u8 {
    loop {
        let pointer = attempt();
        if !pointer.is_null() || !give_way() {
            return pointer;
        }
    }
}

// SAFETY: every call goes to the system's allocator with the caller's own layout; after a failure it is only repeated.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: contract of the trait, here and below.
        insist(|| unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        insist(|| unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; a failed realloc leaves the old block as it was.
        insist(|| unsafe { System.realloc(old, layout, size) })
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

/// One step back from the limit; false where none is on. Async-signal-safe and allocation-free.
fn give_way() -> bool {
    match STATE.load(Ordering::SeqCst) {
        OFF => false,
        ON => {
            widen();
            true
        }
        _ => {
            BURST.store(true, Ordering::SeqCst);
            lift();
            if let Some(cancel) = CANCEL.get() {
                cancel();
            }
            true
        }
    }
}

/// Opens the reserve: an error that is being reported, or caught by the function that it comes from, needs some. It is
/// the same for any number of errors.
pub(super) fn widen() {
    if STATE.compare_exchange(ON, WIDE, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
        set_soft(SOFT.load(Ordering::SeqCst).saturating_add(RESERVE));
    }
}

/// Takes our limit away.
pub(super) fn lift() {
    if STATE.swap(OFF, Ordering::SeqCst) != OFF {
        set_soft(OLD_SOFT.load(Ordering::SeqCst));
    }
}

/// Whether the limit had to go before the check was over.
pub(super) fn burst() -> bool {
    BURST.swap(false, Ordering::SeqCst)
}

/// What to do where the limit has to go.
pub(super) fn on_burst(cancel: fn()) {
    CANCEL.get_or_init(|| cancel);
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
        SOFT.store(soft, Ordering::SeqCst);
        STATE.store(if set_soft(soft) { ON } else { OFF }, Ordering::SeqCst);
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
    fn no_way_to_give_at_rest() {
        assert!(!super::give_way());
    }
}
