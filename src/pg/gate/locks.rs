//! Advisory locks of the session: a function that is allowed may take one and forget it. It is found by comparison
//! and released by itself; the caller's own stay. A second hold on a lock that the caller has cannot be seen: the server
//! counts holds where no extension can look.

use pgrx::pg_sys;
use std::collections::BTreeSet;

/// Lock tag (its four fields, type) and mode.
pub(super) type Held = BTreeSet<([u32; 4], u8, i32)>;

/// Advisory locks that this process holds.
pub(super) fn held() -> Held {
    let mut found = Held::new();
    // SAFETY: a copy of the server's table of locks, as pg_locks shows it, in the current memory context.
    unsafe {
        let data = pg_sys::GetLockStatusData();
        let count = usize::try_from((*data).nelements).unwrap_or(0);
        for index in 0..count {
            let lock = *(*data).locks.add(index);
            let tag = lock.locktag;
            if lock.pid != pg_sys::MyProcPid || u32::from(tag.locktag_lockmethodid) != pg_sys::USER_LOCKMETHOD {
                continue;
            }
            let fields = [tag.locktag_field1, tag.locktag_field2, tag.locktag_field3, u32::from(tag.locktag_field4)];
            let modes = (1..=8).filter(|mode| lock.holdMask & (1 << mode) != 0);
            found.extend(modes.map(|mode| (fields, tag.locktag_type, mode)));
        }
        pg_sys::pfree((*data).locks.cast());
        pg_sys::pfree(data.cast());
    }
    found
}

/// Lets go of what the session did not hold `before`, as often as it was taken.
pub(super) fn release_since(before: &Held) {
    for (fields, kind, mode) in held().difference(before) {
        let tag = pg_sys::LOCKTAG {
            locktag_field1: fields[0],
            locktag_field2: fields[1],
            locktag_field3: fields[2],
            locktag_field4: u16::try_from(fields[3]).unwrap_or(0),
            locktag_type: *kind,
            locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
        };
        // SAFETY: only a lock that is held is released.
        while unsafe { holds(&tag, *mode) && pg_sys::LockRelease(&tag, *mode, true) } {}
    }
}

/// SAFETY: a whole tag.
unsafe fn holds(tag: &pg_sys::LOCKTAG, mode: i32) -> bool {
    // SAFETY: a look into the process's own table.
    unsafe {
        #[cfg(any(feature = "pg15", feature = "pg16"))]
        return pg_sys::LockHeldByMe(tag, mode);
        #[cfg(any(feature = "pg17", feature = "pg18"))]
        return pg_sys::LockHeldByMe(tag, mode, false);
    }
}
