//! nlsql: training and evaluation data for text-to-SQL models, made inside the database (see README.md).
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

// plain Rust, tested without a server
// laid ahead of their callers
#[allow(dead_code, unused_imports)]
mod anonymize;
#[allow(dead_code)]
mod candidate;
#[allow(dead_code)]
mod dataset;
#[allow(dead_code)]
mod error;
// wired in by the worker
#[allow(dead_code)]
mod llm;
#[allow(dead_code)]
mod schema;

pgrx::pg_module_magic!();
