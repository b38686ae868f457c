//! What ends a run that talks to a model: a wrong key, no credit, a wrong model, the budget, the user.

mod support;

use std::time::{Duration, Instant};
use support::{Asked, Cluster, Database, ModelServer, Play, endpoint, eventually};

fn error(status: u16, code: &str) -> Play {
    // what real servers write, with the key that they were sent
    let body = format!(r#"{{"error":{{"message":"Bad sk-CANARY","type":"x","param":null,"code":"{code}"}}}}"#);
    Play::Status(status, String::new(), body)
}

fn generate(demo: &Database, run: &str, more: &str) {
    demo.run(&format!(
        r#"SELECT nlsql.generate('single_table', 60, run => '{run}', options => '{{"engine": "openai", "endpoint": "{run}",
           "tables": ["insurer.payer", "insurer.plan"], "api_answer_count": 1, "parallelism": 8{more}}}')"#
    ));
}

fn ended(demo: &Database, run: &str) -> String {
    let state = format!("SELECT status, reason FROM nlsql.run WHERE name = '{run}'");
    eventually("the run ends", Duration::from_secs(30), || !demo.run(&state).starts_with(['q', 'r', 'w']));
    demo.run(&state)
}

#[test]
fn what_no_retry_can_mend_costs_one_request() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    for (run, play, state, said) in [
        ("wrong_key", error(401, "invalid_api_key"), "failed|auth", "key"),
        ("forbidden", error(403, ""), "failed|auth", "key"),
        ("no_credit", error(429, "insufficient_quota"), "failed|quota", "credit"),
        ("no_model", error(404, "model_not_found"), "failed|config", "model"),
        (
            "elsewhere",
            Play::Status(302, "location: http://127.0.0.1:1/\r\n".into(), String::new()),
            "failed|config",
            "base_url",
        ),
    ] {
        let server = ModelServer::with(move |_| play.clone());
        endpoint(&demo, run, &server, "");
        generate(&demo, run, "");
        assert_eq!(ended(&demo, run), state, "{run}");
        assert_eq!(server.count(), 1, "{run}");
        let message = demo.run(&format!("SELECT last_error FROM nlsql.run WHERE name = '{run}'"));
        assert!(message.contains(said) && !message.contains("CANARY"), "{message}");
        let ledger = "SELECT q.status, count(*) FROM nlsql.request q JOIN nlsql.run r ON r.id = q.run_id";
        assert_eq!(demo.run(&format!("{ledger} WHERE r.name = '{run}' GROUP BY 1")), "error|1");
        let tasks = format!(
            "SELECT DISTINCT t.status FROM nlsql.task t JOIN nlsql.run r ON r.id = t.run_id WHERE r.name = '{run}'"
        );
        assert_eq!(demo.run(&tasks), "open", "resume() goes on with all of them");
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn a_key_that_is_withdrawn_stops_new_requests() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let server =
        ModelServer::with(|asked: &Asked| if asked.number < 20 { Play::Answer } else { error(401, "") }).latency(50);
    endpoint(&demo, "revoked", &server, "");
    generate(&demo, "revoked", "");
    assert_eq!(ended(&demo, "revoked"), "failed|auth");
    let pairs = demo.number("SELECT count(*) FROM nlsql.dataset");
    assert!(pairs >= 12, "what was paid for is kept: {pairs}");
    assert!(server.count() <= 20 + 8 + 8, "{}", server.count());
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.request"), server.count() as i64);
    let before = server.count();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.count(), before);
}

#[test]
fn an_endpoint_that_cannot_be_used_is_refused_at_once() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let refused = |options: &str| demo.error(&format!("SELECT nlsql.generate('joins', 5, options => '{options}')"));
    let missing = refused(r#"{"engine": "openai"}"#);
    assert_eq!(missing.sqlstate, "55000", "{missing}");
    assert!(missing.message.contains("OPENAI_API_KEY") && missing.hint.contains("postmaster"), "{missing}");
    let unknown = refused(r#"{"engine": "openai", "endpoint": "nowhere"}"#);
    assert_eq!(unknown.sqlstate, "42704", "{unknown}");
    let server = ModelServer::new();
    endpoint(&demo, "here", &server, "");
    let price = refused(r#"{"engine": "openai", "endpoint": "here", "model": "no-such-model", "budget_usd": 1}"#);
    assert_eq!(price.sqlstate, "22023", "{price}");
    assert!(price.hint.contains("nlsql.price"), "{price}");
    let style = refused(r#"{"engine": "openai", "endpoint": "here", "styles": ["loud"]}"#);
    assert!(style.hint.contains("colloquial"), "{style}");
    assert_eq!((demo.number("SELECT count(*) FROM nlsql.run"), server.count()), (0, 0));
    // auto takes what there is
    demo.generate(r#"'joins', 5, run => 'auto', options => '{"engine": "auto"}'"#);
    demo.generate(r#"'single_table', 5, run => 'auto', options => '{"engine": "auto", "endpoint": "here", "tables": ["insurer.plan"]}'"#);
    assert_eq!(
        demo.run("SELECT phase, engine, count(*) FROM nlsql.dataset GROUP BY 1, 2 ORDER BY 1"),
        "joins|offline|5\nsingle_table|openai|5"
    );
}

#[test]
fn cancelling_takes_less_than_a_second() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    // who is told to wait may have few calls in flight: what has not begun is taken back
    let wait = Play::Status(429, "retry-after: 30\r\n".into(), String::new());
    for (run, play, calls) in [("stalled", Play::Stall, 8), ("told_to_wait", wait, 2)] {
        let server =
            ModelServer::with(move |asked: &Asked| if asked.number == 0 { Play::Answer } else { play.clone() });
        endpoint(&demo, run, &server, "");
        generate(&demo, run, "");
        eventually("calls are in flight", Duration::from_secs(10), || server.count() >= calls);
        let before = Instant::now();
        assert_eq!(demo.run(&format!("SELECT nlsql.cancel('{run}')")), "t");
        eventually("the worker has gone", Duration::from_secs(5), || demo.workers().is_empty());
        println!("{run}: {:?} from cancel() to the worker's end", before.elapsed());
        assert!(before.elapsed() < Duration::from_millis(1500), "{:?}", before.elapsed());
        assert_eq!(ended(&demo, run), "cancelled|cancelled");
        let open = demo.number("SELECT count(*) FROM nlsql.request WHERE status = 'sent'");
        assert_eq!(open, 0, "no call is left open:\n{}", cluster.log());
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn what_calls_cost_is_written_down_though_the_run_is_cancelled_meanwhile() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let server = ModelServer::with(|_: &Asked| Play::Answer).latency(300);
    endpoint(&demo, "busy", &server, "");
    generate(&demo, "busy", "");
    eventually("calls are in flight", Duration::from_secs(10), || server.count() >= 8);
    let mut other = demo.as_superuser().session();
    other.run("BEGIN; LOCK TABLE nlsql.request IN SHARE ROW EXCLUSIVE MODE;");
    let waits =
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'nlsql worker' AND wait_event_type = 'Lock')";
    eventually("the worker writes down what came", Duration::from_secs(10), || demo.as_superuser().run(waits) == "t");
    let answered = demo.number("SELECT count(*) FROM nlsql.request WHERE status = 'ok'");
    assert_eq!(demo.run("SELECT nlsql.cancel('busy')"), "t");
    std::thread::sleep(Duration::from_millis(200));
    other.run("COMMIT;");
    eventually("the worker has gone", Duration::from_secs(5), || demo.workers().is_empty());
    let calls = "count(*) FILTER (WHERE status = 'sent'), count(*) FILTER (WHERE status = 'ok')";
    let calls = demo.run(&format!("SELECT {calls} FROM nlsql.request"));
    let (open, ok) = calls.split_once('|').expect("two figures");
    assert_eq!(open, "0", "no call is left open:\n{}", cluster.log());
    assert!(ok.parse::<i64>().expect("a number") > answered, "{ok} beside {answered}");
    assert_eq!(ended(&demo, "busy"), "cancelled|cancelled");
}

#[test]
fn a_budget_is_never_passed_and_can_be_raised() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    // answers as long as they may be: every token that was asked for is billed
    let server = ModelServer::with(|asked: &Asked| {
        let most = asked.body["max_completion_tokens"].as_u64().unwrap_or(0);
        let bytes: usize = asked.texts().iter().map(|(_, t)| t.len()).sum();
        Play::AnswerFor(bytes as u64, most)
    })
    .latency(5);
    endpoint(&demo, "dear", &server, "");
    demo.as_superuser().run(
        "INSERT INTO nlsql.price (model, input_usd_per_mtok, output_usd_per_mtok) VALUES ('gpt-4.1-mini', 0.4, 1.6)",
    );
    generate(&demo, "dear", r#", "budget_usd": 0.10"#);
    assert_eq!(ended(&demo, "dear"), "budget|budget");
    let spent = "SELECT sum(COALESCE(usd, reserved_usd)) <= 0.10, count(*) FILTER (WHERE status = 'sent'), sum(usd) > 0.08, round(sum(usd), 4), count(*) FROM nlsql.request";
    let first = demo.run(spent);
    println!("within 0.10 USD: {first}");
    assert!(first.starts_with("t|0|t|"), "{first}");
    let pairs = demo.number("SELECT count(*) FROM nlsql.dataset");
    assert!(pairs > 0 && pairs < 60, "{pairs}");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.request"), server.count() as i64);
    demo.run("SET nlsql.budget_usd = 5; SELECT nlsql.resume('dear'); CALL nlsql.wait('dear')");
    assert_eq!(ended(&demo, "dear"), "done|");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset"), 60);
}
