//! Records on their way out: lines, files, directories.

use crate::api::{given, object};
use crate::dataset::format::Format;
use crate::dataset::lines::{self, Part, Source};
use crate::dataset::options::ExportOptions;
use crate::dataset::paths;
use crate::error::Result;
use crate::pg::copy::{self, Aside, Lines};
use crate::pg::error::report;
use crate::pg::{audit, dataset, directory, evaluation};
use pgrx::JsonB;
use pgrx::pg_sys::panic::{ErrorReport, ErrorReportable};
use pgrx::prelude::*;

const INSTEAD: &str = "GRANT pg_write_server_files, or fetch the same lines with SELECT nlsql.jsonl(..), in psql -At.";

/// What was asked for, found to be there.
struct Asked<'a> {
    sources: Vec<Source>,
    format: Format,
    split: Option<&'a str>,
    options: &'a ExportOptions,
}

impl<'a> Asked<'a> {
    fn new(run: &str, format: &str, split: Option<&'a str>, options: &'a ExportOptions) -> Result<Asked<'a>> {
        let format = Format::parse_line(format)?;
        lines::check_split(split)?;
        let sources = dataset::sources(run, options.role.as_deref(), &options.runs)?;
        if split.is_some() {
            dataset::require_split(&sources)?;
        }
        if options.reasoning {
            dataset::require_reasoning(&sources)?;
        }
        if !options.force {
            audit::require_clean(&sources)?;
        }
        Ok(Asked { sources, format, split, options })
    }

    /// The query of the lines; evaluation pairs among them are proved first.
    fn query(&self) -> Result<String> {
        let Asked { sources, format, split, options } = self;
        evaluation::prove(sources, *format, *split, options)?;
        let prompt = dataset::prompt(*format, options)?;
        let db_id = dataset::db_id(options)?;
        lines::query(sources, *format, split.map_or(Part::All, Part::Split), options, &prompt, &db_id)
    }
}

/// The records of a run, one JSON text a row, in the order (phase, slot).
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn jsonl(
    run: Option<&str>,
    format: default!(Option<&str>, "'nlsql'"),
    split: default!(Option<&str>, "NULL"),
    options: default!(Option<JsonB>, "'{}'"),
) -> std::result::Result<SetOfIterator<'static, String>, ErrorReport> {
    let open = || -> Result<Lines> {
        let options = ExportOptions::parse(&object(options))?;
        let (run, format) = (given("run", run)?, given("format", format)?);
        Lines::open(&Asked::new(run, format, split, &options)?.query()?)
    };
    let mut lines = open().map_err(report)?;
    Ok(SetOfIterator::new(std::iter::from_fn(move || lines.next().map_err(report).unwrap_or_report())))
}

/// The same lines in a file of the server. Written aside, and named only when complete.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn export_jsonl(
    run: Option<&str>,
    path: default!(Option<&str>, "NULL"),
    format: default!(Option<&str>, "'nlsql'"),
    split: default!(Option<&str>, "NULL"),
    options: default!(Option<JsonB>, "'{}'"),
) -> std::result::Result<
    TableIterator<'static, (name!(file, String), name!(records, i64), name!(bytes, i64))>,
    ErrorReport,
> {
    let export = || -> Result<(String, i64, i64)> {
        let options = ExportOptions::parse(&object(options))?;
        let (run, format) = (given("run", run)?, given("format", format)?);
        let asked = Asked::new(run, format, split, &options)?;
        copy::require_file_rights("pg_write_server_files", INSTEAD)?;
        let target = paths::target(path, &default_name(run, format, split), &copy::export_dir()?)?;
        if !options.overwrite && target.symlink_metadata().is_ok() {
            return Err(copy::exists_error(&target));
        }
        let query = asked.query()?;
        copy::make_export_dir(&target)?;
        let aside = Aside::new(&target);
        let records = copy::write_lines(&query, aside.path())?;
        let bytes = aside.keep(options.overwrite)?;
        Ok((target.display().to_string(), records as i64, bytes as i64))
    };
    export().map(TableIterator::once).map_err(report)
}

/// `run.jsonl` for the native lines of all splits; what differs from that is in the name.
fn default_name(run: &str, format: &str, split: Option<&str>) -> String {
    let format = if format == "nlsql" { String::new() } else { format!(".{format}") };
    let split = split.map_or_else(String::new, |s| format!(".{s}"));
    format!("{run}{format}{split}.jsonl")
}

/// A directory that trainers and evaluators open as it is. Written aside, and named only when complete.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn export_dataset(
    run: Option<&str>,
    dir: Option<&str>,
    format: Option<&str>,
    options: default!(Option<JsonB>, "'{}'"),
) -> std::result::Result<
    TableIterator<'static, (name!(file, String), name!(records, i64), name!(bytes, i64))>,
    ErrorReport,
> {
    let export = || -> Result<Vec<(String, i64, i64)>> {
        let options = ExportOptions::parse(&object(options))?;
        let (run, dir) = (given("run", run)?, given("dir", dir)?);
        let format = Format::parse(given("format", format)?)?;
        copy::require_file_rights("pg_write_server_files", INSTEAD)?;
        let target = paths::target(Some(dir), run, &copy::export_dir()?)?;
        let files = directory::export(run, &target, format, &options)?;
        Ok(files.into_iter().map(|f| (f.file, f.records as i64, f.bytes as i64)).collect())
    };
    export().map(TableIterator::new).map_err(report)
}
