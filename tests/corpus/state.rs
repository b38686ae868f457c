//! What a check may leave nothing behind in: rows, catalogs, sequences, large objects, slots, files, locks, settings,
//! roles; WAL messages.

use super::super::support::{Cluster, Database, Session};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Everything of the database and the cluster that outlives a transaction, as texts that can be compared.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct State {
    /// One line a table, catalog or sequence: name, rows, checksum.
    tables: Vec<String>,
    /// Slots, origins, prepared transactions, ALTER SYSTEM, notifications, transaction ids.
    server: String,
    files: BTreeSet<String>,
}

const TABLES: &str = r"
SELECT c.oid::regclass::text || ' ' || (xpath('/row/x/text()', query_to_xml(format(
    'SELECT count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0))::text, '''') AS x FROM (SELECT * FROM ONLY %s) AS t',
    c.oid::regclass), false, true, '')))[1]::text
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'S', 'm') AND n.nspname NOT LIKE 'pg\_t%' ORDER BY 1";

const SERVER: &str = r"
SELECT (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM pg_replication_origin),
       (SELECT count(*) FROM pg_prepared_xacts), (SELECT count(*) FROM pg_file_settings WHERE sourcefile ~ 'auto'),
       pg_notification_queue_usage(),
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND backend_xid IS NOT NULL)";

impl State {
    pub fn of(cluster: &Cluster, admin: &Database) -> State {
        State {
            tables: admin.run(TABLES).lines().map(str::to_owned).collect(),
            server: admin.run(SERVER),
            files: files(cluster.dir()),
        }
    }

    /// What is not as it was.
    pub fn changes(&self, before: &State) -> Vec<String> {
        let mut changes = Vec::new();
        let old: BTreeSet<_> = before.tables.iter().collect();
        changes.extend(self.tables.iter().filter(|t| !old.contains(t)).map(|t| format!("table {t}")));
        if self.tables.len() != before.tables.len() {
            changes.push(format!("{} tables, were {}", self.tables.len(), before.tables.len()));
        }
        if self.server != before.server {
            changes.push(format!("server {}, was {}", self.server, before.server));
        }
        changes.extend(self.files.difference(&before.files).map(|f| format!("new file {f}")));
        changes.extend(before.files.difference(&self.files).map(|f| format!("file {f} is gone")));
        changes
    }
}

/// Names of all files of the cluster, except where the server works by itself.
fn files(top: &Path) -> BTreeSet<String> {
    const OWN: [&str; 7] =
        ["pg_wal", "pg_stat_tmp", "pg_xact", "pg_subtrans", "pg_logical", "pgsql_tmp", "pg_internal.init"];
    let mut found = BTreeSet::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // the visibility and free-space maps appear when the server likes
            if OWN.iter().any(|own| name.starts_with(own)) || name.ends_with("_vm") || name.ends_with("_fsm") {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => drop(found.insert(entry.path().display().to_string())),
            }
        }
    }
    found
}

/// Records of pg_logical_emit_message since `start`: the trace that no rollback takes back.
pub fn wal_messages(cluster: &Cluster, admin: &Database, start: &str) -> usize {
    admin.run("CHECKPOINT");
    let waldump = super::super::support::tool("pg_waldump");
    let output = Command::new(waldump)
        .arg("-p")
        .arg(cluster.dir().join("data/pg_wal"))
        .args(["-s", start, "--rmgr=LogicalMessage"])
        .output()
        .expect("pg_waldump starts");
    String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains("LogicalMessage")).count()
}

/// What a session holds that must not grow by a check: locks, prepared statements, cursors, temporary objects, a
/// transaction id, and every setting.
pub fn of_session(session: &mut Session) -> String {
    session.run(
        "SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() \
                 AND locktype OPERATOR(pg_catalog.=) 'advisory'::pg_catalog.text), \
                (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements), \
                (SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors WHERE name OPERATOR(pg_catalog.<>) ''::pg_catalog.text), \
                pg_catalog.pg_current_xact_id_if_assigned(), current_user, session_user, \
                (SELECT pg_catalog.md5(pg_catalog.string_agg(name OPERATOR(pg_catalog.||) setting, ',')) FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.!~~) 'plpgsql.%'::pg_catalog.text);",
    )
}

/// Number of advisory locks that a session holds.
pub fn advisory_locks(session: &mut Session) -> String {
    session.run(
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks WHERE pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() \
         AND locktype OPERATOR(pg_catalog.=) 'advisory'::pg_catalog.text;",
    )
}

/// Resident memory of a process: now, and at its peak since the last [`forget_peak`], in MB.
pub fn memory(pid: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let number = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<f64>().ok());
        number.unwrap_or(0.0) / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// Seconds that a process could have run and had no processor, since it began.
pub fn waited(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    // nanoseconds on a processor, nanoseconds in the queue for one, turns
    stat.split(' ').nth(1).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

pub fn forget_peak(pid: u32) {
    // not allowed for another user's process: then the peak only grows, which errs to the safe side
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}
