//! A guest that the server never notices: what can happen to a run and to its server, what nlsql has to do about it,
//! and whether it does. Prints the table of faults (`make faults`), also as a part of all tests; any line that fails
//! fails the test.

mod cases;
mod support;

use cases::{Case, Found, others, places, stops};
use std::io::Write;
use std::time::{Duration, Instant};
use support::Cluster;

/// One line of the table, on its way.
struct Line {
    fault: &'static str,
    required: &'static str,
    found: Found,
    took: Duration,
}

/// The cases of one cluster, one after the other; where NLSQL_CASE is set, those with its text in their name.
fn group(cluster: &Cluster, cases: &[Case]) -> Vec<Line> {
    let line = |&(fault, required, case): &Case| {
        let begin = Instant::now();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(cluster)))
            .unwrap_or_else(|_| Err("a check failed, see above".into()));
        Line { fault, required, found, took: begin.elapsed() }
    };
    let wanted = std::env::var("NLSQL_CASE").unwrap_or_default();
    cases.iter().filter(|case| case.0.contains(&wanted)).map(line).collect()
}

#[test]
fn the_table_of_faults() {
    let groups = [others::CASES, stops::CASES, places::CASES];
    let lines: Vec<Line> = std::thread::scope(|scope| {
        let run = |cases: &'static [Case]| {
            scope.spawn(move || {
                let cluster = Cluster::with("max_prepared_transactions = 2\nmax_worker_processes = 16");
                let lines = group(&cluster, cases);
                // where a case kills a process, the server says so
                let alarms: Vec<String> = cluster.alarms().into_iter().filter(|l| !l.contains("signal 9")).collect();
                assert_eq!(alarms, [""; 0]);
                lines
            })
        };
        let running = groups.map(run);
        running.into_iter().flat_map(|r| r.join().expect("no alarm in the server's log")).collect()
    });
    // not by println!, which is silent where the test passes
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "\n      {:<34} {:<58} seen", "fault", "required");
    for Line { fault, required, found, took } in &lines {
        let (mark, text) = found.as_ref().map_or_else(|e| ("FAIL", e), |f| ("pass", f));
        let _ = writeln!(out, "{mark}  {fault:<34} {required:<58} {text}  [{took:.1?}]");
    }
    assert!(!lines.is_empty(), "no case has the text of NLSQL_CASE in its name");
    let failed = lines.iter().filter(|l| l.found.is_err()).count();
    let _ = writeln!(out, "{} faults, {failed} failed", lines.len());
    drop(out);
    assert_eq!(failed, 0, "see the table above");
}
