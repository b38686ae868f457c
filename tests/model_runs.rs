//! Runs that talk to a model: a stand-in with real sockets answers, and psql sees what comes of it.

mod support;

use std::time::{Duration, Instant};
use support::{Cluster, Database, ModelServer, Play, eventually};

/// A demo database whose endpoint `stand_in` is the server.
fn demo(cluster: &Cluster, server: &ModelServer) -> Database {
    let demo = cluster.demo("demo");
    demo.as_superuser().run(&format!(
        "INSERT INTO nlsql.endpoint (name, base_url, model) VALUES ('stand_in', '{}', 'gpt-4.1-mini')",
        server.url()
    ));
    demo
}

const OPTIONS: &str = r#"options => '{"engine": "openai", "endpoint": "stand_in",
    "tables": ["insurer.payer", "insurer.plan", "insurer.member", "insurer.provider", "insurer.encounter", "insurer.claim"]"#;

#[test]
fn a_run_keeps_its_calls_in_flight() {
    let cluster = Cluster::new();
    let server = ModelServer::new().latency(500);
    let demo = demo(&cluster, &server);
    let name = demo.run(&format!(
        "SELECT nlsql.generate('single_table', 320, run => 'many', {OPTIONS}, \"api_answer_count\": 1, \"parallelism\": 32}}')"
    ));
    eventually("calls are in flight", Duration::from_secs(20), || server.in_flight() > 16);
    let mut workers = 0;
    let from = Instant::now();
    while from.elapsed() < Duration::from_secs(2) {
        workers = workers.max(demo.workers().len());
        std::thread::sleep(Duration::from_millis(100));
    }
    demo.run(&format!("CALL nlsql.wait('{name}')"));
    assert_eq!(demo.run("SELECT status FROM nlsql.run"), "done");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE engine = 'openai'"), 320);
    assert_eq!(demo.number("SELECT count(DISTINCT sql) FROM nlsql.dataset"), 320);
    assert_eq!(demo.run("SELECT count(*), count(*) FILTER (WHERE status = 'ok') FROM nlsql.request"), "320|320");
    assert_eq!((server.count(), server.most_in_flight(), workers), (320, 32, 1));
    println!(
        "seconds from the first request to the last pair: {}",
        demo.run("SELECT round(extract(epoch FROM (SELECT max(finished_at) FROM nlsql.task) - (SELECT min(sent_at) FROM nlsql.request)), 2)")
    );
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn no_transaction_is_open_while_calls_are_in_flight() {
    let cluster = Cluster::new();
    let server = ModelServer::with(|asked| if asked.number == 0 { Play::Answer } else { Play::Stall });
    let demo = demo(&cluster, &server);
    demo.run(&format!(
        "SELECT nlsql.generate('single_table', 50, run => 'stalled', {OPTIONS}, \"api_answer_count\": 1, \"parallelism\": 16}}')"
    ));
    eventually("calls are in flight", Duration::from_secs(20), || server.in_flight() == 16);
    std::thread::sleep(Duration::from_millis(500));
    let (mut looks, mut open) = (0, 0);
    let from = Instant::now();
    while from.elapsed() < Duration::from_secs(3) {
        open += demo.as_superuser().number(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nlsql worker' AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)",
        );
        looks += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("a transaction was open in {open} of {looks} looks");
    // the worker looks at its run three times a second
    assert!(open * 3 < looks, "{open} of {looks}");
    assert_eq!(demo.run("SELECT nlsql.cancel('stalled')"), "t");
}

#[test]
fn joins_are_written_and_kept_to_the_rule() {
    let cluster = Cluster::new();
    let server = ModelServer::new();
    let demo = demo(&cluster, &server);
    demo.generate(&format!("'joins', 30, run => 'j', {OPTIONS}, \"min_joins\": 3}}'"));
    assert_eq!(demo.run("SELECT status, reason, last_error FROM nlsql.run"), "done||");
    let pairs =
        "SELECT count(*), min(cardinality(tables)) >= 3, bool_and(slot >= 0), count(DISTINCT slot) FROM nlsql.dataset";
    assert_eq!(demo.run(pairs), "30|t|t|30");
    let first = &server.journal()[0];
    assert_eq!(first.path, "/v1/chat/completions");
    assert_eq!(first.body["response_format"]["type"], "json_schema");
    assert!(first.wish().contains("joins at least 3 of these tables"));
    assert_eq!(first.header("authorization"), None, "an endpoint without a key sends none");
    assert_eq!(cluster.alarms(), [""; 0]);
}
