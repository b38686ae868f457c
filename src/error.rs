//! One error type for everything that a caller can act on: SQLSTATE, message, detail, hint. No pgrx here;
//! `pg/error.rs` turns it into the server's report.

use std::fmt;

/// The conditions that nlsql raises, named as PostgreSQL's appendix A names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// 22023
    InvalidParameterValue,
    /// 22004
    NullValueNotAllowed,
    /// 0A000
    FeatureNotSupported,
    /// 42704
    UndefinedObject,
    /// 42501
    InsufficientPrivilege,
    /// 55000
    ObjectNotInPrerequisiteState,
    /// 25006
    ReadOnlySqlTransaction,
    /// 58P02
    DuplicateFile,
    /// 42P01
    UndefinedTable,
    /// 42809
    WrongObjectType,
    /// 57014
    QueryCanceled,
    /// 08006
    ConnectionFailure,
    /// P0002
    NoDataFound,
    /// XX000
    Internal,
    /// An error of the server, by its own five characters.
    Server([u8; 5]),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    pub code: Code,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Code {
    /// The five characters.
    pub fn sqlstate(self) -> String {
        let code: &[u8; 5] = match &self {
            Code::InvalidParameterValue => b"22023",
            Code::NullValueNotAllowed => b"22004",
            Code::FeatureNotSupported => b"0A000",
            Code::UndefinedObject => b"42704",
            Code::InsufficientPrivilege => b"42501",
            Code::ObjectNotInPrerequisiteState => b"55000",
            Code::ReadOnlySqlTransaction => b"25006",
            Code::DuplicateFile => b"58P02",
            Code::UndefinedTable => b"42P01",
            Code::WrongObjectType => b"42809",
            Code::QueryCanceled => b"57014",
            Code::ConnectionFailure => b"08006",
            Code::NoDataFound => b"P0002",
            Code::Internal => b"XX000",
            Code::Server(code) => code,
        };
        String::from_utf8_lossy(code).into_owned()
    }
}

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error { code, message: message.into(), detail: None, hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Error {
        self.detail = Some(detail.into());
        self
    }

    pub fn invalid(message: impl Into<String>) -> Error {
        Error::new(Code::InvalidParameterValue, message)
    }

    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(Code::Internal, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
