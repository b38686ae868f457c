//! The cases of the table of faults, and what they share.

pub mod others;
pub mod places;
pub mod stops;

use crate::support::{Cluster, Database, eventually};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// What a case found: its words for the table, or what went wrong.
pub type Found = Result<String, String>;

/// The fault, what is required, and the check.
pub type Case = (&'static str, &'static str, fn(&Cluster) -> Found);

pub const LIMIT: Duration = Duration::from_secs(60);

/// What is at once on a machine that others keep busy too; tests/bench/interrupts.sh measures it.
pub const AT_ONCE: Duration = Duration::from_secs(5);

pub fn status(database: &Database, run: &str) -> String {
    database.as_superuser().run(&format!("SELECT concat_ws('/', status, reason) FROM nlsql.run WHERE name = '{run}'"))
}

pub fn stored(database: &Database, run: &str) -> i64 {
    database.as_superuser().number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}'"))
}

/// A run that is in the middle of its work.
pub fn at_work(database: &Database, run: &str) {
    begin(database, run, 3000);
}

/// The same with so many pairs to come, always the same ones.
pub fn begin(database: &Database, run: &str, pairs: i64) {
    database.run(&format!("SELECT nlsql.generate('joins', {pairs}, run => '{run}', options => '{{\"seed\": 11}}')"));
    eventually("the run is at work", LIMIT, || stored(database, run) > 0);
}

pub fn ended(database: &Database, run: &str) -> String {
    eventually("the run has ended", LIMIT, || {
        !["queued", "running", "waiting"].contains(&status(database, run).split('/').next().unwrap_or_default())
    });
    status(database, run)
}

pub fn ends_as(database: &Database, run: &str, wanted: &str) -> Found {
    let got = ended(database, run);
    if got == wanted { Ok(format!("run is {got}")) } else { Err(format!("run is {got}, not {wanted}")) }
}

pub fn within(limit: Duration, what: &str, begin: Instant) -> Found {
    let took = begin.elapsed();
    if took < limit { Ok(format!("{what} in {took:.0?}")) } else { Err(format!("{what} took {took:?}")) }
}

pub fn workers_gone(database: &Database) {
    eventually("the workers have left", LIMIT, || database.workers().is_empty());
}

pub fn cancel(database: &Database, run: &str) {
    database.run(&format!("SELECT nlsql.cancel('{run}')"));
    workers_gone(database);
}

/// Calls a function of the server on each worker.
pub fn signal(database: &Database, function: &str) {
    database.as_superuser().run(&format!(
        "SELECT {function}(pid) FROM pg_stat_activity WHERE backend_type = 'nlsql worker' AND datname = current_database()"
    ));
}

/// A model server that takes connections and never answers.
pub fn silent_endpoint(demo: &Database) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    demo.as_superuser().run(&format!(
        "INSERT INTO nlsql.endpoint (name, base_url, model) VALUES ('silent', 'http://127.0.0.1:{port}/v1', 'none')"
    ));
    listener
}

/// A run with a call in flight that is never answered.
pub fn stalled(demo: &Database, run: &str) {
    demo.run(&format!(
        "SELECT nlsql.generate('single_table', 50, run => '{run}', options => '{{\"engine\": \"openai\", \"endpoint\": \"silent\"}}')"
    ));
    eventually("a call is in flight", LIMIT, || {
        demo.as_superuser().number("SELECT count(*) FROM nlsql.request WHERE status = 'sent'") > 0
    });
}
