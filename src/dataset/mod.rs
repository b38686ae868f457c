//! What becomes of accepted records: keys for duplicates, splits, line formats, measures, pages. No pgrx.

pub(crate) mod keys;

pub(crate) use keys::{question_key, sql_key};
