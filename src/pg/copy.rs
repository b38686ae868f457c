//! Lines on their way out: row by row through a cursor, to the caller or into a file of the server; tables by COPY. All
//! run the query as the current user, so that row security is the server's own.

use super::owner::{set_local, with_catalog_path};
use super::session;
use super::spi::{self, Arg};
use crate::dataset::paths;
use crate::error::{Code, Error, Result};
use crate::schema::model::quote_literal;
use pgrx::PgTryBuilder;
use pgrx::pg_sys;
use pgrx::spi::Spi;
use std::ffi::CString;
use std::fs;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// COPY checks this too, but std::fs does not, and it comes first.
pub(crate) fn require_file_rights(role: &str, instead: &str) -> Result<()> {
    let may =
        with_catalog_path(|| spi::select("SELECT pg_catalog.pg_has_role($1, 'USAGE')::text", &[Arg::Text(role)]))?;
    if spi::first(may).as_deref() == Some("true") {
        return Ok(());
    }
    Err(Error::new(Code::InsufficientPrivilege, format!("permission denied: this needs the rights of {role}"))
        .hint(instead.to_owned()))
}

pub(crate) fn data_directory() -> Result<String> {
    session::setting(c"data_directory").ok_or_else(|| Error::internal("the server has no data_directory"))
}

pub(crate) fn export_dir() -> Result<PathBuf> {
    Ok(paths::export_dir(&super::guc::export_dir(), &data_directory()?))
}

/// An error of the file system, with the SQLSTATE that the server itself would give.
pub(crate) fn file_error(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let code = match error.kind() {
        ErrorKind::NotFound => Code::Server(*b"58P01"),
        ErrorKind::AlreadyExists => Code::DuplicateFile,
        ErrorKind::PermissionDenied => Code::InsufficientPrivilege,
        ErrorKind::StorageFull => Code::Server(*b"53100"),
        _ => Code::Server(*b"58030"),
    };
    Error::new(code, format!("could not {what} \"{}\": {error}", path.display()))
}

pub(crate) fn exists_error(path: &Path) -> Error {
    Error::new(Code::DuplicateFile, format!("\"{}\" exists already", path.display()))
        .hint("Name another path, or options => '{\"overwrite\": true}'.")
}

/// Makes the default directory for the first export: for the server's user alone.
pub(crate) fn make_export_dir(target: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let Some(parent) = target.parent() else { return Ok(()) };
    if !parent.starts_with(export_dir()?) || parent.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)
        .map_err(|e| file_error("create directory", parent, &e))
}

/// A file or directory written aside. It goes when this is dropped, also by an error of the server, unless `keep` was called.
pub(crate) struct Aside {
    path: PathBuf,
    target: PathBuf,
}

impl Drop for Aside {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

impl Aside {
    pub fn new(target: &Path) -> Aside {
        remove_stale(target);
        Aside { path: paths::aside(target, session::pid()), target: target.to_path_buf() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the directory its name; one that is there goes in the same instant, where the file system can do that.
    pub fn keep_directory(self, overwrite: bool) -> Result<()> {
        let there = self.target.symlink_metadata().is_ok();
        if there && !overwrite {
            return Err(exists_error(&self.target));
        }
        if there && exchange(&self.path, &self.target).is_ok() {
            // what was there stands aside now, and goes with this
            return Ok(());
        }
        if there {
            remove(&self.target);
        }
        match fs::rename(&self.path, &self.target) {
            Err(e) if e.kind() == ErrorKind::DirectoryNotEmpty => Err(exists_error(&self.target)),
            done => done.map_err(|e| file_error("rename to", &self.target, &e)),
        }
    }

    /// Gives the file its name; its size.
    pub fn keep(self, overwrite: bool) -> Result<u64> {
        let bytes = fs::metadata(&self.path).map_err(|e| file_error("read", &self.path, &e))?.len();
        if overwrite {
            fs::rename(&self.path, &self.target).map_err(|e| file_error("rename to", &self.target, &e))?;
            return Ok(bytes);
        }
        // a link, unlike a rename, does not replace a file that came meanwhile
        match fs::hard_link(&self.path, &self.target) {
            Ok(()) => Ok(bytes),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(exists_error(&self.target)),
            Err(_) if self.target.symlink_metadata().is_err() => {
                fs::rename(&self.path, &self.target).map_err(|e| file_error("rename to", &self.target, &e))?;
                Ok(bytes)
            }
            Err(e) => Err(file_error("link", &self.target, &e)),
        }
    }
}

/// Lets two names change places.
#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> std::io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let [a, b] = [a, b].map(|p| CString::new(p.as_os_str().as_bytes()));
    let (a, b) = (a?, b?);
    // SAFETY: both are NUL-terminated paths.
    let done =
        unsafe { libc::renameat2(libc::AT_FDCWD, a.as_ptr(), libc::AT_FDCWD, b.as_ptr(), libc::RENAME_EXCHANGE) };
    if done == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// What a killed server left behind of the same export.
fn remove_stale(target: &Path) {
    let (Some(dir), Some(file)) = (target.parent(), target.file_name().and_then(|f| f.to_str())) else { return };
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let stale = entry.file_name().to_str().and_then(|name| paths::aside_of(name, file));
        if stale.is_some_and(|pid| pid == session::pid() || !Path::new("/proc").join(pid.to_string()).exists()) {
            remove(&entry.path());
        }
    }
}

/// Plans the query so that its branches are read in order: no sort of the whole, no worker processes.
fn in_order<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    with_catalog_path(|| {
        for (name, value) in [
            (c"enable_sort", c"off"),
            (c"enable_bitmapscan", c"off"),
            (c"enable_hashjoin", c"on"),
            (c"max_parallel_workers_per_gather", c"0"),
            // all rows are fetched; what has to be sorted all the same goes to disk early
            (c"cursor_tuple_fraction", c"1"),
            (c"work_mem", c"4MB"),
        ] {
            set_local(name, value);
        }
        work()
    })
}

/// As readable as what COPY writes, whatever the server's umask: who may come here is up to the directory above.
pub(crate) fn open_up(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|e| file_error("open up", path, &e))
}

/// Writes the one column of `query` as lines of a new file; their number. Not by COPY, which looks for what to escape
/// in every byte: a line of JSON holds no control character, so it can be written as it is.
pub(crate) fn write_lines(query: &str, path: &Path) -> Result<u64> {
    let file = fs::File::create_new(path).map_err(|e| file_error("create", path, &e))?;
    open_up(path, 0o644)?;
    let mut file = BufWriter::with_capacity(WRITE_BYTES, file);
    let mut lines = Lines::open(query)?;
    let mut count = 0;
    loop {
        let fetched = lines.fetch(|line| {
            let written = file.write_all(line.as_bytes()).and_then(|()| file.write_all(b"\n"));
            written.map_err(|e| file_error("write", path, &e))
        })?;
        count += fetched;
        if fetched == 0 {
            break;
        }
    }
    file.flush().map_err(|e| file_error("write", path, &e))?;
    Ok(count)
}

/// Writes the columns of `query` as CSV with a header.
pub(crate) fn copy_csv(query: &str, path: &Path) -> Result<u64> {
    let path = path.to_str().ok_or_else(|| Error::invalid("path is not UTF-8"))?;
    let text = format!("COPY ({query}) TO {} (FORMAT csv, HEADER, ENCODING 'UTF8')", quote_literal(path));
    let text = CString::new(text).map_err(|_| Error::invalid("path holds a zero byte"))?;
    let execute = || {
        Spi::connect(|_| {
            // SAFETY: SPI is connected; the text is NUL-terminated. Not through SpiClient::update, which would take a
            // transaction id for what only reads, and so fail on a standby.
            unsafe {
                let status = pg_sys::SPI_execute(text.as_ptr(), false, 0);
                if status != pg_sys::SPI_OK_UTILITY as i32 {
                    return Err(Error::internal(format!("COPY through SPI gave status {status}")));
                }
                Ok(pg_sys::SPI_processed)
            }
        })
    };
    in_order(|| plain_errors(execute))
}

/// An error of the server as ours: it ends the transaction all the same, without pgrx's backtrace in its detail.
pub(crate) fn plain_errors<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    PgTryBuilder::new(std::panic::AssertUnwindSafe(work))
        .catch_others(|caught| Err(super::error::from_caught(&caught)))
        .catch_rust_panic(|caught| Err(super::error::from_caught(&caught)))
        .execute()
}

/// Lines fetched some at a time, in SPI sessions of their own, so that memory does not grow with their number.
pub(crate) struct Lines {
    cursor: Option<String>,
    batch: std::vec::IntoIter<String>,
}

const BATCH: std::ffi::c_long = 200;
const WRITE_BYTES: usize = 256 * 1024;

impl Lines {
    pub fn open(query: &str) -> Result<Lines> {
        let cursor = in_order(|| Spi::connect(|client| Ok(client.try_open_cursor(query, &[])?.detach_into_name())))?;
        Ok(Lines { cursor: Some(cursor), batch: Vec::new().into_iter() })
    }

    /// Hands out the next lines; how many. None are left where there were none.
    fn fetch(&mut self, mut take: impl FnMut(String) -> Result<()>) -> Result<u64> {
        let Some(name) = self.cursor.take() else { return Ok(0) };
        let (count, name) = Spi::connect(|client| -> Result<_> {
            let mut cursor = client.find_cursor(&name)?;
            let mut count = 0;
            for row in cursor.fetch(BATCH)? {
                count += 1;
                // a String, for a &str would be copied to where it outlives this session
                if let Some(line) = row.get::<String>(1)? {
                    take(line)?;
                }
            }
            // dropped, and so closed, at its end
            let name = (count == BATCH as u64).then(|| cursor.detach_into_name());
            Ok((count, name))
        })?;
        self.cursor = name;
        Ok(count)
    }

    pub fn next(&mut self) -> Result<Option<String>> {
        if self.batch.len() == 0 {
            let mut batch = Vec::new();
            self.fetch(|line| {
                batch.push(line);
                Ok(())
            })?;
            self.batch = batch.into_iter();
        }
        Ok(self.batch.next())
    }
}
