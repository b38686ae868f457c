//! What nlsql knows about a database: the catalog's model, what the data say, and what both mean. No pgrx.

mod comments;
pub(crate) mod ddl;
pub(crate) mod grammar;
pub(crate) mod graph;
mod happened;
pub(crate) mod model;
pub(crate) mod profile;
pub(crate) mod relationships;
pub(crate) mod roles;
pub(crate) mod units;
mod vocabulary;
pub(crate) mod words;
