//! What becomes of accepted records: keys for duplicates, splits, line formats, measures, pages. No pgrx.

pub(crate) mod keys;
