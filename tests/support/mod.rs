//! A PostgreSQL cluster of a test's own, driven by real `psql` processes: what a user sees, with nothing in between.
//! `make test` installs the extension before these tests run.
#![allow(dead_code, unused_imports)] // each test file uses its part

mod cluster;
pub mod hostile;
mod model_author;
mod model_server;
mod psql;

pub use cluster::Cluster;
pub use model_server::{Asked, ModelServer, Play};
pub use psql::{Database, PgError, Running, Session, grants, tool};

use std::time::{Duration, Instant};

/// Looks every 20 ms until `condition` holds; fails with `what` after `limit`.
pub fn eventually(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    start.elapsed()
}

/// Names in a folder, in order; none where there is no such folder.
pub fn names(dir: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).map(|d| d.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let mut names: Vec<_> = entries.iter().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Folder of public databases beside the repository, where there is one.
pub fn public_databases() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("NLSQL_DATA")
        .map(std::path::PathBuf::from)
        .unwrap_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    folder.join("chinook.sql.gz").exists().then_some(folder)
}

/// A whole answer with a body that need not be text.
pub fn http_bytes(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Makes the server an endpoint of that name; `more` are further columns, each with its value: `, "key": "env:X"`.
pub fn endpoint(database: &Database, name: &str, server: &ModelServer, more: &str) {
    let row = format!(r#"{{"name": "{name}", "base_url": "{}", "model": "gpt-4.1-mini"{more}}}"#, server.url());
    database.as_superuser().run(&format!(
        "INSERT INTO nlsql.endpoint SELECT (jsonb_populate_record(e, '{row}')).*
           FROM (SELECT (NULL, '', NULL, 'auto', 'auto', '{{}}', NULL, NULL, NULL, NULL, false, false)::nlsql.endpoint) x(e)"
    ));
}
