//! The one error type to and from the server's reports.

use crate::error::{Code, Error};
use pgrx::pg_sys::errcodes::PgSqlErrorCode;
use pgrx::pg_sys::panic::{CaughtError, ErrorReport};

/// For the SQL boundary: `Result<T, ErrorReport>` alone keeps the SQLSTATE.
pub(crate) fn report(error: Error) -> ErrorReport {
    let code = PgSqlErrorCode::from(pack(&error.code.sqlstate()));
    let mut report = ErrorReport::new(code, error.message, "nlsql");
    if let Some(detail) = error.detail {
        report = report.set_detail(detail);
    }
    if let Some(hint) = error.hint {
        report = report.set_hint(hint);
    }
    report
}

/// What was caught, without pgrx's backtrace.
pub(crate) fn from_caught(caught: &CaughtError) -> Error {
    let (CaughtError::PostgresError(r) | CaughtError::ErrorReport(r) | CaughtError::RustPanic { ereport: r, .. }) =
        caught;
    let code = match caught {
        CaughtError::RustPanic { .. } => Code::Internal,
        _ => Code::Server(unpack(r.sql_error_code() as i32)),
    };
    Error {
        code,
        message: r.message().to_owned(),
        detail: r.detail().map(str::to_owned),
        hint: r.hint().map(str::to_owned),
    }
}

/// MAKE_SQLSTATE: six bits a character, the first lowest.
fn pack(sqlstate: &str) -> i32 {
    sqlstate.bytes().rev().fold(0, |code, byte| (code << 6) | i32::from((byte.wrapping_sub(b'0')) & 0x3f))
}

fn unpack(mut code: i32) -> [u8; 5] {
    let mut text = [0; 5];
    for byte in &mut text {
        *byte = ((code & 0x3f) as u8).wrapping_add(b'0');
        code >>= 6;
    }
    text
}
