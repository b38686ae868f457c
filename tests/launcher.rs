//! With nlsql in shared_preload_libraries, a run goes on after whatever stopped the server, and no client has to come.

mod support;

use std::time::Duration;
use support::{Cluster, Database, eventually};

const LIMIT: Duration = Duration::from_secs(60);
const PRELOADED: &str = "shared_preload_libraries = 'nlsql'";

/// What the launcher finds with these databases in its list; one name needs quotes, others lead nowhere.
const DATABASES: &str = "nlsql.databases = 'demo, \"Odd, name\", nowhere, postgres, closed'\nlog_min_messages = info";

fn status(database: &Database, run: &str) -> String {
    database.run(&format!("SELECT concat_ws('/', status, reason) FROM nlsql.run WHERE name = '{run}'"))
}

fn stored(database: &Database, run: &str) -> i64 {
    database.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}'"))
}

fn begin(database: &Database, run: &str, pairs: i64) {
    database.run(&format!("SELECT nlsql.generate('joins', {pairs}, run => '{run}', options => '{{\"seed\": 5}}')"));
    eventually("the run is at work", LIMIT, || stored(database, run) > 0);
    assert_eq!(status(database, run), "running");
}

/// Ends with all its pairs. Only this test's looks connect, and none of them asks for a worker.
fn ends_by_itself(database: &Database, run: &str, pairs: i64) {
    eventually("the run has ended", LIMIT, || status(database, run) != "running");
    assert_eq!((status(database, run).as_str(), stored(database, run)), ("done", pairs), "{run}");
}

/// Lines that the launcher wrote since `from`, and errors of its processes.
fn said(cluster: &Cluster, from: usize) -> Vec<String> {
    cluster.log()[from..].lines().filter(|l| l.contains("nlsql") || l.contains("FATAL")).map(str::to_owned).collect()
}

fn nobody_is_left(cluster: &Cluster) {
    let left = || {
        cluster.database("postgres").run(
            "SELECT pid, backend_type FROM pg_stat_activity WHERE backend_type LIKE 'nlsql%' OR application_name LIKE 'nlsql%'",
        )
    };
    eventually("no process of nlsql is left", Duration::from_secs(4), || left().is_empty());
}

#[test]
fn a_run_goes_on_when_the_server_starts() {
    let cluster = Cluster::with(&format!("{PRELOADED}\n{DATABASES}"));
    let demo = cluster.demo("demo");
    let odd = cluster.create_database_of("Odd, name", "reader");
    cluster.database("postgres").run("CREATE DATABASE closed ALLOW_CONNECTIONS false");

    // as after a loss of power, with work in two databases and for two roles
    begin(&demo, "power", 400);
    begin(&odd, "power", 300);
    cluster.stop("immediate");
    let from = cluster.log().len();
    cluster.start();
    ends_by_itself(&demo, "power", 400);
    ends_by_itself(&odd, "power", 300);
    assert_eq!(demo.number("SELECT count(DISTINCT slot) FROM nlsql.dataset"), 400);
    let lines = said(&cluster, from);
    let about = |what: &str| lines.iter().filter(|l| l.contains(what)).count();
    println!("{}", lines.join("\n"));
    assert_eq!(about("\"nowhere\" of nlsql.databases does not exist"), 1);
    assert_eq!(about("extension nlsql is not installed in this database"), 1);
    assert_eq!(about("\"closed\" of nlsql.databases takes no connections"), 1);
    assert_eq!((about("FATAL"), about("ERROR")), (0, 0));
    nobody_is_left(&cluster);

    // a worker that is killed takes the server's other processes with it, the launcher brings all back
    begin(&demo, "killed", 400);
    let workers = demo.workers();
    assert!(cluster.crash(workers[0]), "the worker was there");
    ends_by_itself(&demo, "killed", 400);

    begin(&demo, "fast", 400);
    cluster.stop("fast");
    // the list is read when the launcher starts
    cluster.append_settings("nlsql.databases = ''");
    cluster.start();
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!((status(&demo, "fast").as_str(), demo.workers().len()), ("running", 0), "no database is listed");
    demo.run("CALL nlsql.wait('fast')");
    assert_eq!(stored(&demo, "fast"), 400);
    nobody_is_left(&cluster);
    let panics: Vec<String> = cluster.alarms().into_iter().filter(|l| !l.contains("signal 9")).collect();
    assert_eq!(panics, [""; 0]);
}

#[test]
fn a_run_goes_on_when_a_standby_is_promoted() {
    let primary = Cluster::with(&format!("{PRELOADED}\n{DATABASES}"));
    let demo = primary.demo("demo");
    begin(&demo, "moved", 500);
    let standby = Cluster::standby_of(&primary);
    primary.stop("immediate");
    let there = standby.database("demo").as_role("demo");
    let kept = stored(&there, "moved");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!((stored(&there, "moved"), there.workers().len()), (kept, 0), "nothing happens on a standby");
    let error = there.error("SELECT nlsql.generate('joins', 5)");
    assert_eq!(error.sqlstate, "25006", "{error}");
    standby.promote();
    ends_by_itself(&there, "moved", 500);
    nobody_is_left(&standby);
    assert_eq!(standby.alarms(), [""; 0]);
}

#[test]
fn runs_without_a_slot_start_when_there_is_one() {
    // of the four, one each belongs to logical replication and to the launcher; the process that looks into a
    // database needs the third
    let cluster = Cluster::with(&format!("{PRELOADED}\nnlsql.databases = 'demo'\nmax_worker_processes = 4"));
    let demo = cluster.demo("demo");
    demo.run(
        "DO $$ BEGIN FOR i IN 1 .. 5 LOOP PERFORM nlsql.generate('joins', 100, run => 'x' || i); END LOOP; END $$",
    );
    eventually("work has begun", LIMIT, || stored(&demo, "x1") > 0);
    cluster.stop("immediate");
    cluster.start();
    for run in 1..=5 {
        let run = format!("x{run}");
        eventually("the run has ended", LIMIT, || status(&demo, &run) == "done");
        assert_eq!(stored(&demo, &run), 100, "{run}");
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}
