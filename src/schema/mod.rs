//! What nlsql knows about a database: the catalog's model, what the data say, and what both mean. No pgrx.

// Read by the composer alone so far.
#[allow(dead_code)]
pub(crate) mod grammar;
#[allow(dead_code)]
pub(crate) mod graph;
pub(crate) mod model;
pub(crate) mod profile;
pub(crate) mod relationships;
#[allow(dead_code)]
pub(crate) mod roles;
mod vocabulary;
#[allow(dead_code)]
pub(crate) mod words;
