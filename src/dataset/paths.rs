//! Where an export goes. Plain text work; who may write there is checked by `pg/copy.rs`.

use crate::error::{Error, Result};
use std::path::{Component, Path, PathBuf};

/// The file or directory meant by `path`, or by the run's name where none is given. Relative paths are relative to
/// the export directory and stay in it.
pub(crate) fn target(path: Option<&str>, default_name: &str, export_dir: &Path) -> Result<PathBuf> {
    let path = match path {
        None => return Ok(export_dir.join(default_name)),
        Some(path) => Path::new(path),
    };
    if path.file_name().is_none() || path.as_os_str().to_string_lossy().ends_with('/') && path.as_os_str().len() == 1 {
        return Err(
            Error::invalid("path does not name a file").hint("Leave it out for the default in nlsql.export_dir.")
        );
    }
    if path.is_absolute() {
        return Ok(path.to_path_buf());
    }
    if path.components().any(|c| !matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Err(Error::invalid(format!("relative path \"{}\" leads out of nlsql.export_dir", path.display()))
            .hint("Name an absolute path instead."));
    }
    Ok(export_dir.join(path))
}

/// The export directory, relative to the data directory unless absolute.
pub(crate) fn export_dir(setting: &str, data_directory: &str) -> PathBuf {
    Path::new(data_directory).join(setting)
}

/// The name written aside: in the same directory, told apart by the process.
pub(crate) fn aside(path: &Path, pid: i32) -> PathBuf {
    let mut name = path.file_name().map(std::ffi::OsStr::to_os_string).unwrap_or_default();
    name.push(format!(".{pid}.part"));
    path.with_file_name(name)
}

/// The process that wrote `name` aside for `file`, if it is such a name.
pub(crate) fn aside_of(name: &str, file: &str) -> Option<i32> {
    name.strip_prefix(file)?.strip_prefix('.')?.strip_suffix(".part")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_resolve_in_the_export_directory() {
        let dir = export_dir("nlsql_export", "/pg/data");
        let at = |path| target(path, "run_demo.jsonl", &dir).map(|p| p.display().to_string());
        assert_eq!(at(None).unwrap(), "/pg/data/nlsql_export/run_demo.jsonl");
        assert_eq!(at(Some("a/b.jsonl")).unwrap(), "/pg/data/nlsql_export/a/b.jsonl");
        assert_eq!(at(Some("/srv/x.jsonl")).unwrap(), "/srv/x.jsonl");
        for bad in ["../x", "a/../../x", "", "/", ".."] {
            assert!(at(Some(bad)).is_err(), "{bad}");
        }
        assert_eq!(export_dir("/srv/out", "/pg/data"), Path::new("/srv/out"));
    }

    #[test]
    fn names_aside_are_told_apart() {
        let part = aside(Path::new("/d/x.jsonl"), 12);
        assert_eq!(part, Path::new("/d/x.jsonl.12.part"));
        assert_eq!(aside_of("x.jsonl.12.part", "x.jsonl"), Some(12));
        assert_eq!(aside_of("y.jsonl.12.part", "x.jsonl"), None);
        assert_eq!(aside_of("x.jsonl.part", "x.jsonl"), None);
    }
}
