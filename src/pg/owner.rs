//! Doing something as the extension's owner. Users have no right to write; what nlsql itself writes for them goes
//! through here, around fixed and qualified SQL, under a pinned search_path.

use crate::error::{Code, Error, Result};
use pgrx::{FromDatum, pg_sys};
use std::ffi::CStr;

/// Restores the user and the settings when it goes out of scope. On an ERROR the (sub)transaction's abort does it.
struct Frame {
    user: pg_sys::Oid,
    context: i32,
    nest: i32,
}

impl Drop for Frame {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // SAFETY: restores what `enter` saved, in the order of nesting.
        unsafe {
            pg_sys::AtEOXact_GUC(false, self.nest);
            pg_sys::SetUserIdAndSecContext(self.user, self.context);
        }
    }
}

/// Sets a setting within the current nest level.
pub(crate) fn set_local(name: &CStr, value: &CStr) {
    // SAFETY: both are NUL-terminated; the value is undone by AtEOXact_GUC of the enclosing level.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        )
    };
}

/// Version of this library, which the extension in the database has to share.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A row of pg_extension.
struct Installed {
    oid: pg_sys::Oid,
    owner: pg_sys::Oid,
    version: String,
}

/// Reads the extension's row by the server's own scan: this goes before every statement of the owner's, and there is no
/// cache of it.
fn installed() -> Option<Installed> {
    // SAFETY: a catalog scan inside a transaction, closed below; the row is copied before. Columns up to the owner are
    // fixed and never null.
    unsafe {
        let relation = pg_sys::table_open(pg_sys::ExtensionRelationId, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyInit(
            &mut key,
            pg_sys::Anum_pg_extension_extname as pg_sys::AttrNumber,
            pg_sys::BTEqualStrategyNumber as pg_sys::StrategyNumber,
            pg_sys::Oid::from(pg_sys::F_NAMEEQ),
            pg_sys::Datum::from(c"nlsql".as_ptr()),
        );
        let index = pg_sys::Oid::from(pg_sys::ExtensionNameIndexId);
        let scan = pg_sys::systable_beginscan(relation, index, true, std::ptr::null_mut(), 1, &mut key);
        let tuple = pg_sys::systable_getnext(scan);
        let found = (!tuple.is_null()).then(|| {
            let row = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_extension>();
            let mut null = true;
            let at = pg_sys::Anum_pg_extension_extversion as i32;
            let version = pg_sys::heap_getattr(tuple, at, (*relation).rd_att, &mut null);
            let version = String::from_datum(version, null).unwrap_or_default();
            Installed { oid: (*row).oid, owner: (*row).extowner, version }
        });
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
        found
    }
}

/// Owner of the extension. The extension is locked against DROP until the transaction ends: before its tables, as DROP
/// EXTENSION does it, so that the two cannot deadlock. ALTER EXTENSION UPDATE takes no such lock: a library that runs
/// since before it must not write rows that are not what it believes.
fn extension_owner() -> Result<pg_sys::Oid> {
    let missing = || {
        Error::new(Code::ObjectNotInPrerequisiteState, "extension nlsql is not installed in this database")
            .hint("CREATE EXTENSION nlsql;")
    };
    let oid = installed().ok_or_else(missing)?.oid;
    // SAFETY: a lock inside a transaction.
    unsafe {
        pg_sys::LockDatabaseObject(pg_sys::ExtensionRelationId, oid, 0, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
    }
    // it may have been dropped or updated while the lock was waited for
    let found = installed().filter(|found| found.oid == oid).ok_or_else(missing)?;
    if found.version != VERSION {
        return Err(Error::new(
            Code::ObjectNotInPrerequisiteState,
            format!("the library of nlsql has version {VERSION}, and the extension in this database {}", found.version),
        )
        .hint(
            "ALTER EXTENSION nlsql UPDATE; where that is done, connect anew, and restart a server that preloads nlsql.",
        ));
    }
    Ok(found.owner)
}

/// Catalog reads sort and hash in so much memory at least (kB), so that a small setting sends none of them to disk.
const WORK_MEM: i32 = 16 * 1024;

/// Pins search_path for a few catalog reads as the current user. None of them is compiled: LLVM alone takes more memory
/// than all that they read.
pub(crate) fn with_catalog_path<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let mut user = pg_sys::InvalidOid;
    let mut context = 0;
    // SAFETY: plain reads of the backend's state, and a nest level that `Frame` ends.
    let _frame = unsafe {
        pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
        Frame { user, context, nest: pg_sys::NewGUCNestLevel() }
    };
    set_local(c"search_path", c"pg_catalog, pg_temp");
    set_local(c"jit", c"off");
    // SAFETY: a plain read of a setting.
    if unsafe { pg_sys::work_mem } < WORK_MEM {
        set_local(c"work_mem", c"16MB");
    }
    work()
}

/// As [`with_catalog_path`], for what groups all records of a run: sorts and hashes go to disk early, so that memory
/// does not grow with their number. A statement may hold several at once.
pub(crate) fn grouping_records<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    with_catalog_path(|| {
        set_local(c"work_mem", c"1MB");
        set_local(c"hash_mem_multiplier", c"2");
        set_local(c"max_parallel_workers_per_gather", c"0");
        work()
    })
}

/// Runs `work` as the extension's owner. `work` must contain no text that a user wrote.
pub(crate) fn as_owner<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    with_catalog_path(|| {
        let owner = extension_owner()?;
        // SAFETY: the frame of with_catalog_path restores user and context.
        unsafe {
            let mut user = pg_sys::InvalidOid;
            let mut context = 0;
            pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
            pg_sys::SetUserIdAndSecContext(owner, context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32);
        }
        work()
    })
}
