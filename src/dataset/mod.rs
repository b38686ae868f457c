//! What becomes of accepted records: keys for duplicates, splits, line formats, measures, pages. No pgrx.

pub(crate) mod benchmark;
pub(crate) mod card;
pub(crate) mod databases;
pub(crate) mod directory;
pub(crate) mod format;
pub(crate) mod keys;
pub(crate) mod lines;
pub(crate) mod metrics;
pub(crate) mod near;
pub(crate) mod options;
pub(crate) mod paths;
pub(crate) mod prompt;
pub(crate) mod report;
pub(crate) mod split;
pub(crate) mod validate;
