//! The main job, end to end: a run is asked for, does its work in the background and yields what was asked.

mod support;

use std::collections::HashSet;
use std::time::{Duration, Instant};
use support::{Cluster, Database, eventually};

const LIMIT: Duration = Duration::from_secs(60);

fn status(database: &Database, run: &str) -> String {
    database.run(&format!("SELECT concat_ws('/', status, reason) FROM nlsql.run WHERE name = '{run}'"))
}

/// The records of an export, each read as JSON.
fn records(database: &Database, run: &str) -> Vec<serde_json::Value> {
    let text = database.raw(&format!("SELECT * FROM nlsql.jsonl('{run}')"));
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e} in {l}"))).collect()
}

fn distinct(records: &[serde_json::Value], key: &str) -> usize {
    records.iter().map(|r| r[key].as_str().unwrap_or_default()).collect::<HashSet<_>>().len()
}

/// Fifty pairs of joins, each checked as their reader would.
fn fifty_pairs(database: &Database) {
    let mut session = database.session();
    session.run("SELECT nlsql.generate('single_table', 1, run => 'warm_up');");
    let start = Instant::now();
    assert_eq!(session.run("SELECT nlsql.generate('joins', 50, run => 'run_demo');"), "run_demo");
    let returned = start.elapsed();
    database.run("CALL nlsql.wait('run_demo')");
    println!("{}: generate returned after {returned:?}, 50 pairs after {:?}", database.role(), start.elapsed());
    assert_eq!(database.number("SELECT count(*) FROM nlsql.dataset WHERE run = 'run_demo'"), 50);
    assert_eq!(status(database, "run_demo"), "done");
    let records = records(database, "run_demo");
    assert_eq!(records.len(), 50);
    assert_eq!((distinct(&records, "question"), distinct(&records, "sql")), (50, 50), "no two are the same");
    for record in &records {
        let sql = record["sql"].as_str().expect("a pair has SQL");
        assert!(!database.raw(sql).is_empty(), "no row from {sql}");
    }
}

#[test]
fn fifty_pairs_of_the_demo_and_of_public_databases() {
    let cluster = Cluster::new();
    fifty_pairs(&cluster.demo("demo"));
    for name in ["sakila", "chinook"] {
        cluster.public(name).iter().for_each(fifty_pairs);
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn what_is_rolled_back_leaves_no_run_and_no_worker() {
    let cluster = Cluster::with("max_prepared_transactions = 2");
    let demo = cluster.demo("demo");
    let nothing = || {
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(demo.number("SELECT count(*) FROM nlsql.run"), 0);
        assert_eq!(demo.workers(), [0u32; 0]);
        assert!(!cluster.log().contains("nlsql worker"), "{}", cluster.log());
    };
    demo.run("BEGIN; SELECT nlsql.generate('joins', 50, run => 'x'); ROLLBACK;");
    nothing();
    demo.run("BEGIN; SAVEPOINT s; SELECT nlsql.generate('joins', 50, run => 'x'); ROLLBACK TO s; COMMIT;");
    nothing();
    let error = demo.error("BEGIN; SELECT nlsql.generate('joins', 50, run => 'x'); PREPARE TRANSACTION 'p';");
    assert_eq!(error.sqlstate, "0A000", "{error}");
    assert!(error.hint.contains("Commit"), "{error}");
    nothing();
    // what stood before the savepoint stays
    demo.run(
        "BEGIN; SELECT nlsql.generate('schema_docs', 3, run => 'kept');
         SAVEPOINT s; SELECT nlsql.generate('joins', 5, run => 'kept'); ROLLBACK TO s; COMMIT; CALL nlsql.wait('kept');",
    );
    assert_eq!(demo.run("SELECT phase, status, accepted FROM nlsql.progress"), "schema_docs|done|3");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn names_counts_and_additions() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let of = |run: &str| {
        demo.run(&format!(
            "SELECT p.phase, p.status, p.requested, p.accepted FROM nlsql.progress p WHERE run = '{run}'"
        ))
    };

    // the default name, and the same second twice
    let names = demo.run("SELECT nlsql.generate('schema_docs', 1), nlsql.generate('schema_docs', 1)");
    let (first, second) = names.split_once('|').expect("two names");
    let stamp = first.strip_prefix("run_").expect("run_ and a time");
    assert!(stamp.len() == 15 && stamp.bytes().all(|b| b.is_ascii_digit() || b == b'_'), "{first}");
    assert!(second.starts_with("run_") && first != second, "{first} {second}");
    demo.run("SET nlsql.run = 'by_setting'; SELECT nlsql.generate('schema_docs', 1)");
    demo.run("CALL nlsql.wait()");
    assert_eq!(of("by_setting"), "schema_docs|done|1|1");

    // more of a phase; the same seed goes on with the slots that follow
    demo.generate("'joins', 20, run => 'more', options => '{\"seed\": 7}'");
    demo.generate("'joins', 15, run => 'more'");
    assert_eq!(of("more"), "joins|done|35|35");
    assert_eq!(
        demo.run("SELECT min(slot), max(slot), min(seed), max(seed) FROM nlsql.dataset WHERE run = 'more'"),
        "0|34|7|7"
    );
    demo.generate("'joins', 15, run => 'more', options => '{\"if_exists\": \"skip\"}'");
    assert_eq!(of("more"), "joins|done|35|35");
    demo.as_superuser()
        .run("INSERT INTO nlsql.endpoint (name, base_url, model) VALUES ('local', 'http://127.0.0.1:9/v1', 'none')");
    let add = |options: &str| {
        demo.error(&format!("SELECT nlsql.generate('joins', 5, run => 'more', options => '{options}')"))
    };
    for (options, sqlstate, word) in [
        ("{\"if_exists\": \"error\"}", "42710", "already"),
        ("{\"seed\": 8}", "22023", "seed"),
        ("{\"engine\": \"openai\", \"endpoint\": \"local\"}", "22023", "engine"),
    ] {
        let error = add(options);
        assert!(error.sqlstate == sqlstate && error.message.contains(word) && !error.hint.is_empty(), "{error}");
    }
    assert_eq!(of("more"), "joins|done|35|35");
    // the same as at once
    demo.generate("'joins', 35, run => 'at_once', options => '{\"seed\": 7}'");
    let questions = |run: &str| {
        demo.run(&format!("SELECT question FROM nlsql.dataset WHERE run = '{run}' AND slot < 10 ORDER BY slot"))
    };
    assert_eq!(questions("more"), questions("at_once"));

    // several phases in one run, one of them while it goes
    demo.run("SELECT nlsql.generate('joins', 150, run => 'both'), nlsql.generate('schema_docs', 5, run => 'both')");
    eventually("the run is at work", LIMIT, || {
        demo.number("SELECT count(*) FROM nlsql.dataset WHERE run = 'both'") > 0
    });
    demo.generate(
        "'single_table', 30, run => 'both', options => '{\"tables\": [\"insurer.claim\", \"insurer.plan\"]}'",
    );
    assert_eq!(of("both"), "joins|done|150|150\nschema_docs|done|5|5\nsingle_table|done|30|30");
    assert_eq!(status(&demo, "both"), "done");

    // more than there is: short, with the reason, and no error
    demo.generate("'schema_docs', 100000, run => 'all_docs', options => '{\"tables\": [\"insurer.payer\"]}'");
    assert_eq!(status(&demo, "all_docs"), "short/exhausted");
    assert!(!demo.run("SELECT last_error FROM nlsql.progress WHERE run = 'all_docs'").is_empty());
    assert_eq!(cluster.alarms(), [""; 0]);
    assert!(!cluster.log().contains("WARNING:"), "{}", cluster.log());
}

#[test]
fn cancel_resume_and_drop() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let stored = |run: &str| demo.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}'"));
    demo.run("SELECT nlsql.generate('joins', 1000, run => 'long', options => '{\"seed\": 3}')");
    eventually("the run is at work", LIMIT, || stored("long") > 0);
    let start = Instant::now();
    assert_eq!(demo.run("SELECT nlsql.cancel('long')"), "t");
    eventually("its workers have left", Duration::from_secs(5), || demo.workers().is_empty());
    println!("workers of a cancelled run left after {:?}", start.elapsed());
    assert_eq!(status(&demo, "long"), "cancelled/cancelled");
    assert_eq!(demo.run("SELECT nlsql.cancel('long')"), "f", "a run is cancelled once");
    demo.run("CALL nlsql.wait('long')");
    let kept = stored("long");
    assert!(kept > 0 && kept < 1000);

    // a cancelled run can be cut short and still be completed
    assert!(demo.number("SELECT nlsql.resume('long')") > 0);
    demo.run("CALL nlsql.wait('long')");
    assert_eq!((status(&demo, "long").as_str(), stored("long")), ("done", 1000));
    assert_eq!(demo.number("SELECT count(DISTINCT (phase, slot)) FROM nlsql.dataset WHERE run = 'long'"), 1000);
    assert_eq!(demo.number("SELECT nlsql.resume('long')"), 0, "nothing is left to do");

    // all in one transaction
    demo.run("BEGIN; SELECT nlsql.generate('joins', 5, run => 'brief'); SELECT nlsql.cancel('brief'); COMMIT");
    assert_eq!(status(&demo, "brief"), "cancelled/cancelled");
    assert_eq!(demo.number("SELECT nlsql.resume_all()"), 0, "a cancelled run is not unfinished");

    // dropping a run at work ends its worker and leaves no row of it
    demo.run("SELECT nlsql.generate('joins', 1000, run => 'dropped')");
    eventually("the run is at work", LIMIT, || stored("dropped") > 0);
    assert!(demo.number("SELECT nlsql.drop_run('dropped')") > 1);
    eventually("its workers have left", Duration::from_secs(5), || demo.workers().is_empty());
    demo.run("SELECT nlsql.drop_run('long'), nlsql.drop_run('brief')");
    let root = demo.as_superuser();
    let tables = root.run(
        "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
          WHERE c.relnamespace = 'nlsql'::regnamespace AND c.relkind = 'r' AND (a.attname = 'run_id' OR c.relname = 'run')",
    );
    assert!(tables.lines().count() >= 9, "{tables}");
    for table in tables.lines() {
        assert_eq!(root.number(&format!("SELECT count(*) FROM nlsql.{table}")), 0, "{table}");
    }
    assert_eq!(cluster.alarms(), [""; 0]);
    assert!(!cluster.log().contains("WARNING:"), "{}", cluster.log());
}

#[test]
fn waiting() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    demo.run("SELECT nlsql.generate('joins', 3000, run => 'slow')");
    let start = Instant::now();
    demo.run("CALL nlsql.wait('slow', '300 milliseconds')");
    assert!((300..2000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert_eq!(status(&demo, "slow"), "running");
    // a client that goes away leaves the run going
    let error = demo.error("SET statement_timeout = '200ms'; CALL nlsql.wait('slow');");
    assert_eq!(error.sqlstate, "57014", "{error}");
    assert_eq!(status(&demo, "slow"), "running");
    // no name: all unfinished runs of the role; another's cancel ends the wait
    let waiting = demo.spawn("CALL nlsql.wait()");
    demo.run("SELECT nlsql.cancel('slow')");
    waiting.finish().expect("the wait ends without an error");
    demo.run("CALL nlsql.wait()");
    let error = demo.error("DO $$ BEGIN CALL nlsql.wait(); END $$; BEGIN; SELECT 1; CALL nlsql.wait(); COMMIT;");
    assert_eq!(error.sqlstate, "25001", "{error}");
    assert_eq!(cluster.alarms(), [""; 0]);
}
