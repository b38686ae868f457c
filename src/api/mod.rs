//! The SQL interface: thin functions that check arguments and call down.

pub(crate) mod anonymize;
pub(crate) mod ask;
pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod check;
pub(crate) mod export;
pub(crate) mod relationships;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod shipped;
pub(crate) mod split;
pub(crate) mod validate;

use crate::error::{Code, Error, Result};
use pgrx::JsonB;
use serde_json::{Value, json};

/// An argument that has to be given although the function takes NULL for others.
pub(crate) fn given<T>(name: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| {
        Error::new(Code::NullValueNotAllowed, format!("{name} must not be null"))
            .hint("Leave an argument out to have its default.")
    })
}

/// NULL options are no options.
pub(crate) fn object(options: Option<JsonB>) -> Value {
    options.map_or_else(|| json!({}), |options| options.0)
}
