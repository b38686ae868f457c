//! nlsql: training and evaluation data for text-to-SQL models, made inside the database (see README.md).
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

// plain Rust, tested without a server
mod candidate;
mod error;
mod schema;

pgrx::pg_module_magic!();
