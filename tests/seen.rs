//! What a user and an administrator see of a run while it goes: progress, notices, activity, the run's log,
//! notifications, the server's log.

mod support;

use std::process::Command;
use std::time::{Duration, Instant};
use support::{Cluster, Database, ModelServer, endpoint, eventually, tool};

const LIMIT: Duration = Duration::from_secs(60);

/// Both outputs of psql.
fn said(cluster: &Cluster, sql: &str) -> String {
    let mut psql = Command::new(tool("psql"));
    psql.arg("-h").arg(cluster.dir()).args(["-XAt", "-d", "demo", "-U", "demo", "-c", sql]);
    let output = psql.output().expect("psql starts");
    format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout))
}

fn status(demo: &Database, run: &str) -> String {
    demo.run(&format!("SELECT status FROM nlsql.run WHERE name = '{run}'"))
}

#[test]
fn progress_says_how_long_it_will_take_and_wait_repeats_it() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    // a model keeps a steady pace
    let server = ModelServer::new().latency(400);
    endpoint(&demo, "stand_in", &server, "");
    demo.run(
        r#"SELECT nlsql.generate('single_table', 60, run => 'r', options =>
           '{"engine": "openai", "endpoint": "stand_in", "api_answer_count": 1, "parallelism": 4, "tables": ["insurer.payer", "insurer.plan"]}')"#,
    );
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| said(&cluster, "CALL nlsql.wait('r', '3 seconds')"));
        let now = "SELECT accepted, COALESCE(extract(epoch FROM eta)::text, '-'), COALESCE(pairs_per_minute, 0), in_flight FROM nlsql.progress";
        let mut before_any = String::new();
        eventually("a third is done", LIMIT, || {
            let row = demo.run(now);
            if row.starts_with("0|") {
                before_any.clone_from(&row);
            }
            row.split('|').next().is_some_and(|n| n.parse::<i64>().is_ok_and(|n| n >= 20))
        });
        assert!(before_any.contains("|-|"), "nothing is known before the first pair: {before_any}");
        let (begin, row) = (Instant::now(), demo.run(now));
        eventually("the run has ended", LIMIT, || status(&demo, "r") == "done");
        let took = begin.elapsed().as_secs_f64();
        let field = |n: usize| row.split('|').nth(n).and_then(|f| f.parse::<f64>().ok()).expect("a number");
        let (left, eta) = (60.0 - field(0), field(1));
        println!("{row}: {eta} s were said and {took:.1} s needed");
        assert!(field(3) >= 1.0 && field(3) <= 4.0, "calls in flight: {row}");
        assert!((eta - left * 60.0 / field(2)).abs() < 1.5, "time left goes by the pace: {row}");
        assert!(eta < took * 4.0 + 2.0 && took < eta * 4.0 + 2.0, "{eta} s were said and {took} s needed");
        waiting.join().expect("psql ends")
    });
    let line = waiting.lines().find(|l| l.contains("of 60")).unwrap_or_default();
    assert!(line.starts_with("NOTICE:  r single_table: ") && line.contains("0 rejected"), "{waiting}");
    assert!(waiting.contains("still running after 00:00:03; the run goes on") || waiting.contains("CALL"), "{waiting}");
    let ended =
        demo.run("SELECT status, eta IS NULL, in_flight, accepted, tasks_done = tasks_total FROM nlsql.progress");
    assert_eq!(ended, "done|t|0|60|t");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn each_change_of_state_is_told_once_with_its_level() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let root = demo.as_superuser();
    let mut listener = demo.session();
    listener.run("LISTEN nlsql;");
    let run = demo.generate("'joins', 20, run => 'r'");
    let id = demo.run("SELECT id FROM nlsql.run");
    let heard = listener.run("SELECT 1;");
    let told: Vec<&str> = heard.lines().filter(|l| l.starts_with("Asynchronous notification")).collect();
    assert!(told.iter().all(|l| l.contains(&format!("\"nlsql\" with payload \"{id}\" "))), "{heard}");
    // queued, the run and its phase at work, the phase and the run at their end: what one commit brings is one
    assert!((3..=5).contains(&told.len()), "{heard}");
    let log = "SELECT string_agg(level || ' ' || message, ', ' ORDER BY id) FROM nlsql.event";
    assert_eq!(demo.run(log), "info run queued, info run running, info run done", "{run}");
    for (state, level) in [
        ("queued", "info"),
        ("waiting", "warning"),
        ("running", "info"),
        ("short", "notice"),
        ("budget", "notice"),
        ("failed", "error"),
        ("cancelled", "info"),
    ] {
        root.run(&format!("UPDATE nlsql.run SET status = '{state}', reason = 'why', last_error = 'what'"));
        let last = demo.run("SELECT level, message FROM nlsql.event ORDER BY id DESC LIMIT 1");
        assert_eq!(last, format!("{level}|run {state} (why): what"));
    }
    assert_eq!(listener.run("SELECT 1;").matches("Asynchronous").count(), 7);
    root.run("UPDATE nlsql.run SET last_error = 'no change of state'");
    assert_eq!(listener.run("SELECT 1;").matches("Asynchronous").count(), 0);
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// A value that must not be seen where others read.
const CANARY: &str = "CANARY-4711";

#[test]
fn activity_and_the_server_log_hold_no_data() {
    let cluster =
        Cluster::with("log_min_messages = info\nlog_min_error_statement = info\nlog_error_verbosity = verbose");
    let demo = cluster.demo("demo");
    let root = demo.as_superuser();
    demo.run(&format!(
        "CREATE SCHEMA shop; CREATE TABLE shop.thing (thing_id int PRIMARY KEY, label text NOT NULL, price numeric);
         INSERT INTO shop.thing SELECT i, '{CANARY}', i FROM generate_series(1, 200) i;
         CREATE VIEW shop.broken AS SELECT thing_id, label::int AS number FROM shop.thing;
         CREATE VIEW shop.broken_too AS SELECT thing_id, price / (price - price) AS ratio, label FROM shop.thing; ANALYZE"
    ));
    demo.run(
        "SET nlsql.values = 'all'; SELECT nlsql.generate('single_table', 30, run => 'r', options => '{\"tables\": [\"shop.thing\", \"shop.broken\", \"shop.broken_too\"]}');
         SELECT nlsql.generate('sample_data', NULL, run => 'r', options => '{\"n_rows\": 5}'); SELECT nlsql.generate('joins', 400, run => 'r')",
    );
    let activity = "SELECT DISTINCT application_name, query FROM pg_stat_activity WHERE backend_type = 'nlsql worker' AND query <> ''";
    let mut seen = Vec::new();
    eventually("the run has ended", LIMIT * 2, || {
        seen.extend(root.run(activity).lines().map(str::to_owned));
        !["queued", "running", "waiting"].contains(&status(&demo, "r").as_str())
    });
    seen.sort();
    seen.dedup();
    let task = |l: &&String| l.starts_with("nlsql worker|nlsql run r ") && l.contains(" task ");
    assert!(seen.iter().any(|l| task(&l)), "what a worker is at: {seen:?}");
    assert!(seen.iter().all(|l| task(&l)), "nothing else is shown: {seen:?}");
    // the errors were there: the views cannot be read
    assert!(demo.try_run("SELECT * FROM shop.broken").is_err(), "a view that fails");
    let by_workers: Vec<String> =
        cluster.log().lines().filter(|l| l.contains(" nlsql worker ")).map(str::to_owned).collect();
    let telling = |l: &&String| l.contains(CANARY) || l.contains("STATEMENT:") || l.contains("SELECT");
    assert_eq!(by_workers.iter().filter(telling).collect::<Vec<_>>(), [""; 0]);
    assert!(cluster.log().contains(CANARY), "the client's own failed statement is there, so the log is the right one");
    assert_eq!(cluster.alarms(), [""; 0]);
}
