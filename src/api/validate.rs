//! Files of records, checked as their readers would meet them.

use crate::api::{given, object};
use crate::dataset::format::Format;
use crate::dataset::paths;
use crate::dataset::validate::{Finding, ValidateOptions, Validator};
use crate::error::{Error, Result};
use crate::pg::error::report;
use crate::pg::{copy, session};
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

const INSTEAD: &str = "GRANT pg_read_server_files; files below nlsql.export_dir need pg_write_server_files alone.";
/// A longer line is no record that anybody can train on, and must not fill the memory.
const LINE_BYTES: u64 = 64 << 20;

/// Findings on a file of the server, line by line, and at the end the sums.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.validate_export(path text, format text DEFAULT 'nlsql', options jsonb DEFAULT '{}')
RETURNS TABLE(line bigint, level text, "check" text, message text)
VOLATILE PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON FUNCTION nlsql.validate_export(text, text, jsonb) IS
  'checks a file of the server line by line: JSON, the keys and types of the format, the usual checks of fine-tuning data; its sums have no line';"#
)]
fn validate_export(
    path: Option<&str>,
    format: Option<&str>,
    options: Option<JsonB>,
) -> std::result::Result<
    TableIterator<
        'static,
        (name!(line, Option<i64>), name!(level, String), name!(check, String), name!(message, String)),
    >,
    ErrorReport,
> {
    let row = |f: Finding| (f.line.map(|n| n as i64), f.level.to_owned(), f.check.to_owned(), f.message);
    let check = || validate(given("path", path)?, given("format", format)?, &object(options));
    let findings = check().map_err(report)?;
    Ok(TableIterator::new(findings.into_iter().map(row).collect::<Vec<_>>()))
}

fn validate(path: &str, format: &str, options: &serde_json::Value) -> Result<Vec<Finding>> {
    let options = ValidateOptions::parse(options)?;
    let mut validator = Validator::new(Format::parse(format)?, options)?;
    let relative = Path::new(path).is_relative();
    if !(relative && copy::require_file_rights("pg_write_server_files", INSTEAD).is_ok()) {
        copy::require_file_rights("pg_read_server_files", INSTEAD)?;
    }
    let path = paths::target(Some(path), "", &copy::export_dir()?)?;
    let failed = |e: std::io::Error| copy::file_error("read", &path, &e);
    if path.is_dir() {
        return Err(
            Error::invalid(format!("\"{}\" is a directory", path.display())).hint("Name one of its data files.")
        );
    }
    let mut input = BufReader::with_capacity(1 << 18, File::open(&path).map_err(failed)?);
    if input.fill_buf().map_err(failed)?.first() == Some(&b'[') {
        validator.array(input, session::check_for_interrupts).map_err(failed)?;
        return Ok(validator.finish());
    }
    let mut line = Vec::new();
    for number in 1.. {
        session::check_for_interrupts();
        line.clear();
        let read = (&mut input).take(LINE_BYTES).read_until(b'\n', &mut line).map_err(failed)?;
        if read == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if read as u64 == LINE_BYTES {
            return Err(Error::invalid(format!("line {number} has more than {LINE_BYTES} bytes")));
        }
        validator.line(number, &line);
    }
    Ok(validator.finish())
}
