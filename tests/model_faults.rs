//! Every way in which a call can go wrong, at 20 % of a run's calls: what is asked for is stored, nothing twice, nothing
//! in part, and every request is in the ledger.

mod support;

use support::{Asked, Cluster, Database, ModelServer, Play, endpoint};

const TABLES: &str = r#""tables": ["insurer.payer", "insurer.plan", "insurer.member", "insurer.provider", "insurer.encounter", "insurer.claim"]"#;

fn status(code: u16, headers: &str) -> Play {
    let body = r#"{"error":{"message":"Bearer sk-CANARY: SELECT secret","type":"server_error","code":null}}"#;
    Play::Status(code, headers.to_owned(), body.to_owned())
}

fn said(text: &str) -> Play {
    Play::Say(text.to_owned())
}

/// Class, and what the server does.
fn faults() -> Vec<(&'static str, Vec<Play>)> {
    let raw = |body: &str| Play::Status(200, String::new(), body.to_owned());
    vec![
        (
            "rate limit",
            vec![
                status(429, "retry-after-ms: 20\r\n"),
                status(429, "retry-after: 0\r\n"),
                status(429, "retry-after: -5\r\n"),
                status(429, "retry-after: soon\r\n"),
                status(429, "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
            ],
        ),
        ("server error", [408, 409, 500, 502, 503, 504, 529].map(|code| status(code, "")).to_vec()),
        (
            "connection",
            vec![
                Play::Close,
                Play::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{".to_vec()),
                Play::Raw(b"nonsense\r\n\r\n".to_vec()),
            ],
        ),
        ("cut off", vec![Play::Cut(10), Play::Cut(60), Play::Cut(99)]),
        ("stalled or slow", vec![Play::Stall, Play::Drip(200)]),
        (
            "no text",
            vec![
                Play::Raw(support::http_bytes(b"\xff\xfe{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}")),
                raw(r#"{"choices":[{"message":{"content":"\ud800"}}]}"#),
                raw("\u{feff}"),
                said(r#"{"pairs":[{"question":"a\u0000b","evidence":"","sql":"SELECT 1"}]}"#),
            ],
        ),
        (
            "wrong form",
            vec![
                raw("{}"),
                raw(r#"{"choices":[]}"#),
                raw(r#"{"choices":[{"message":{"content":null}}]}"#),
                raw("<html>"),
                said("I would rather not say."),
                said(r#"{"pairs":[{"q":"x"}]}"#),
                said(r#"{"pairs": 5}"#),
                said(""),
                raw(r#"{"error":{"message":"upstream","code":502}}"#),
            ],
        ),
        ("too large", vec![Play::Status(200, String::new(), format!("{{\"x\": \"{}\"}}", "y".repeat(5 << 20)))]),
        ("refusal", vec![Play::Refuse]),
        (
            "cut by length or filter",
            vec![
                Play::SayAnd(r#"{"pairs":[{"question":"How"#.to_owned(), "length"),
                Play::SayAnd(String::new(), "content_filter"),
            ],
        ),
        (
            "tool calls unasked for",
            vec![
                Play::Call(vec![("rm".into(), "[".into())]),
                Play::Call(vec![("check_sql".into(), "{\"sql\": 5}".into()); 1000]),
            ],
        ),
        (
            "hostile or broken SQL",
            vec![
                said(r#"{"pairs":[{"question":"Drop?","evidence":"","sql":"DROP TABLE insurer.claim"}]}"#),
                said(r#"{"pairs":[{"question":"Two?","evidence":"","sql":"SELECT 1; DELETE FROM insurer.claim"}]}"#),
                said(r#"{"pairs":[{"question":"None?","evidence":"","sql":"SELECT nosuch FROM insurer.payer"}]}"#),
                said(
                    r#"{"pairs":[{"question":"Sleep?","evidence":"","sql":"SELECT pg_sleep(100) FROM insurer.payer"}]}"#,
                ),
            ],
        ),
        (
            "the same again",
            vec![said(
                r#"{"pairs":[{"question":"The same?","evidence":"","sql":"SELECT count(*) FROM insurer.payer"}]}"#,
            )],
        ),
    ]
}

fn run(demo: &Database, name: &str, count: u32, server: &ModelServer, more: &str) {
    endpoint(demo, name, server, "");
    demo.run(&format!(
        r#"SET nlsql.request_timeout = '2s'; SET nlsql.max_retries = 20;
           SELECT nlsql.generate('single_table', {count}, run => '{name}', options => '{{"engine": "openai", "endpoint": "{name}",
             "api_answer_count": 1, "parallelism": 32, {TABLES}{more}}}'); CALL nlsql.wait('{name}')"#
    ));
}

#[test]
fn every_fault_at_twenty_per_cent_of_the_calls() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    println!("{:26} {:>6} {:>8} {:>7} {:>7} {:>6}", "fault", "stored", "requests", "ledger", "failed", "s");
    for (number, (class, plays)) in faults().into_iter().enumerate() {
        let count: i64 = 500;
        let many = plays.len();
        // one of each five, but not at a fixed distance: calls in step would always strike the same task
        let server = ModelServer::with(move |asked: &Asked| {
            let (five, place) = (asked.number / 5, asked.number % 5);
            if place == five.wrapping_mul(7919) / 11 % 5 { plays[five % many].clone() } else { Play::Answer }
        });
        let name = format!("f{number}");
        let before = std::time::Instant::now();
        run(&demo, &name, count as u32, &server, "");
        let row = demo.run(&format!(
            "SELECT count(*), count(DISTINCT sql), count(DISTINCT question), count(DISTINCT slot) FROM nlsql.dataset WHERE run = '{name}'"
        ));
        let ledger = demo.run(&format!(
            "SELECT count(*), count(*) FILTER (WHERE q.status = 'error'), count(*) FILTER (WHERE q.status IN ('sent', 'lost'))
               FROM nlsql.request q JOIN nlsql.run r ON r.id = q.run_id WHERE r.name = '{name}'"
        ));
        let numbers: Vec<i64> = ledger.split('|').map(|n| n.parse().expect("a number")).collect();
        println!(
            "{class:26} {:>6} {:8} {:7} {:7} {:6.1}",
            row.split('|').next().unwrap_or(""),
            server.count(),
            numbers[0],
            numbers[1],
            before.elapsed().as_secs_f64()
        );
        let why = demo.run(&format!("SELECT status, reason, last_error FROM nlsql.run WHERE name = '{name}'"));
        assert_eq!(row, format!("{count}|{count}|{count}|{count}"), "{class}: {why}");
        // a call on a connection that the server has just closed may fail before the server sees it
        let unseen = numbers[0] - server.count() as i64;
        assert!((0..=numbers[1]).contains(&unseen) && unseen < 10, "{class}: {unseen} calls more than requests");
        assert_eq!(numbers[2], 0, "{class}: calls without an end");
    }
    let shown = demo.as_superuser().run(
        "SELECT count(*) FROM (SELECT r::text t FROM nlsql.request r UNION ALL SELECT e::text FROM nlsql.event e UNION ALL SELECT t::text FROM nlsql.task t) x WHERE t ~ 'CANARY|secret'",
    );
    assert_eq!(shown, "0", "nothing that a server wrote into an error is kept");
    assert!(demo.number("SELECT count(*) FROM insurer.claim") > 0);
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn the_critic_mends_what_the_gate_refuses() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    // three of ten replies have a column that is not there; a repair is written well
    let server = ModelServer::with(|asked: &Asked| match asked.number % 10 {
        1 | 4 | 7 if !asked.wish().contains("refused") => {
            let n = asked.number;
            said(&format!(
                r#"{{"pairs":[{{"question":"What is wrong {n}?","evidence":"","sql":"SELECT wrong_{n} FROM insurer.payer"}}]}}"#
            ))
        }
        _ => Play::Answer,
    });
    run(&demo, "repair", 200, &server, "");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset"), 200);
    let told = server
        .journal()
        .iter()
        .find(|a| a.wish().contains("refused"))
        .map(Asked::wish)
        .expect("a repair was asked for");
    assert!(told.contains("SQLSTATE 42703") && told.contains("wrong_"), "{told}");
    let counts = demo.run(
        "SELECT count(*), count(fix), bool_and(stage = 'analyze' AND sqlstate = '42703'), bool_and(fix <> sql) FROM nlsql.rejected",
    );
    println!("refused, repaired: {counts}");
    let refused: i64 = counts.split('|').next().and_then(|n| n.parse().ok()).expect("a number");
    let fixed: i64 = counts.split('|').nth(1).and_then(|n| n.parse().ok()).expect("a number");
    assert!(refused >= 50 && fixed == refused && counts.ends_with("t|t"), "{counts}");

    let scores = ModelServer::with(|asked: &Asked| {
        let scored = asked.wish().contains("Judge whether");
        let n = asked.number % 3;
        if scored {
            said(&format!(r#"{{"scores":[{{"number":1,"score":{},"reason":"so"}}]}}"#, if n == 0 { 0.2 } else { 0.9 }))
        } else {
            Play::Answer
        }
    });
    run(&demo, "scored", 40, &scores, r#", "critic": "score", "critic_threshold": 0.5"#);
    assert_eq!(demo.run("SELECT count(*), min(checks ->> 'score') FROM nlsql.dataset WHERE run = 'scored'"), "40|0.9");
    assert_eq!(
        demo.run("SELECT count(*) > 5, max(score) FROM nlsql.rejected WHERE run = 'scored' AND score IS NOT NULL"),
        "t|0.2"
    );
    assert_eq!(cluster.alarms(), [""; 0]);
}
