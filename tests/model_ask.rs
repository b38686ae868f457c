//! One question: answered, mended, refused, late, interrupted; and the templates that it is asked with.

mod support;

use std::time::{Duration, Instant};
use support::{Asked, Cluster, Database, ModelServer, Play, endpoint};

fn answer(sql: &str, problem: &str) -> Play {
    Play::Say(format!(r#"{{"answers":[{{"sql":"{sql}","evidence":"","problem":"{problem}"}}]}}"#))
}

fn demo(cluster: &Cluster, server: &ModelServer) -> Database {
    let demo = cluster.demo("demo");
    endpoint(&demo, "stand_in", server, "");
    demo.as_superuser().run("GRANT EXECUTE ON FUNCTION nlsql.ask TO demo");
    demo
}

fn ask(question: &str, more: &str) -> String {
    format!(
        r#"SELECT sql, rows, checks ->> 'answered', checks ->> 'reason' FROM nlsql.ask('{question}', '{{"endpoint": "stand_in"{more}}}')"#
    )
}

/// What the model makes of each question.
fn model(asked: &Asked) -> Play {
    let wish = asked.wish();
    let repaired = wish.contains("refused");
    let texts: Vec<String> = asked.texts().into_iter().map(|(_, text)| text).collect();
    let asked = texts.iter().find_map(|t| t.split_once("question of a user:\n"));
    let question = asked.and_then(|(_, rest)| rest.lines().next()).unwrap_or("");
    match () {
        () if question.contains("weather") => answer("", "No table holds the weather."),
        () if question.contains("mended") && !repaired => answer("SELECT count(*) AS n FROM insurer.payerz", ""),
        () if question.contains("hostile") => answer("DELETE FROM insurer.payer RETURNING 1", ""),
        () if question.contains("stall") => Play::Stall,
        () if question.contains("busy") => Play::Status(429, "retry-after: 60\r\n".into(), String::new()),
        () if question.contains("mail") => answer(
            "SELECT service_email AS mail FROM insurer.payer WHERE service_email IS NOT NULL ORDER BY 1 LIMIT 1",
            "",
        ),
        () => answer("SELECT count(*) AS n FROM insurer.payer", ""),
    }
}

#[test]
fn answers() {
    let cluster = Cluster::new();
    let server = ModelServer::with(model);
    let demo = demo(&cluster, &server);
    let payers = demo.run("SELECT count(*) FROM insurer.payer");
    let right = demo.run(&ask("How many payers are there?", ""));
    println!("right: {right}");
    assert_eq!(right, format!(r#"SELECT count(*) AS n FROM insurer.payer|[{{"n": "{payers}"}}]|true|"#));
    let prompt = &server.journal()[0];
    assert!(
        prompt.wish().contains("How many payers are there?") && prompt.wish().contains("CREATE TABLE insurer.payer")
    );

    let before = server.count();
    let mended = demo.run(&ask("To be mended: how many payers?", ""));
    println!("wrong, then fixed: {mended}");
    assert!(mended.starts_with("SELECT count(*) AS n FROM insurer.payer|"), "{mended}");
    assert_eq!(server.count() - before, 2);

    let cannot = demo.run(&ask("What is the weather?", ""));
    println!("unanswerable: {cannot}");
    assert_eq!(cannot, "||false|No table holds the weather.");

    let hostile = demo.run(&ask("A hostile one?", ""));
    println!("hostile: {hostile}");
    assert!(hostile.starts_with("||false|no statement passed the gate"), "{hostile}");
    assert_eq!(demo.run("SELECT count(*) FROM insurer.payer"), payers);

    // personal data is hidden unless the caller, who may read it, asks for it
    let hidden = demo.run(&ask("The mail of a payer?", ""));
    println!("anonymised: {hidden}");
    assert!(hidden.contains(r#"[{"mail": "***"}]"#), "{hidden}");
    let real = demo.run(&ask("The mail of a payer?", r#", "rows": "real""#));
    assert!(real.contains('@') && !real.contains("***"), "{real}");
    assert_eq!(demo.run(&ask("How many payers?", r#", "rows": "none""#)).split('|').nth(1), Some(""));

    let calls = "SELECT count(*), count(prompt_tokens), bool_and(status = 'ok'), bool_and(role = 'demo') FROM nlsql.request WHERE phase = 'ask'";
    assert_eq!(demo.run(calls), format!("{0}|{0}|t|t", server.count()));
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn late_and_interrupted() {
    let cluster = Cluster::new();
    let server = ModelServer::with(model);
    let demo = demo(&cluster, &server);
    let started = Instant::now();
    let late = demo.error(&format!("SET nlsql.request_timeout = '1500ms'; {}", ask("A stall?", "")));
    println!("late after {:?}: {}", started.elapsed(), late.message);
    assert_eq!(late.sqlstate, "57014", "{late}");
    assert!(late.hint.contains("request_timeout") && started.elapsed() < Duration::from_secs(4), "{late}");
    for question in ["A stall?", "A busy one?"] {
        let running = demo.spawn(&ask(question, ""));
        let pid = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%nlsql.ask(%' AND pid <> pg_backend_pid() AND state = 'active'";
        support::eventually("the question is asked", Duration::from_secs(10), || {
            !demo.as_superuser().run(pid).is_empty()
        });
        std::thread::sleep(Duration::from_millis(300));
        let cancelled = Instant::now();
        demo.as_superuser().run(&format!("SELECT pg_cancel_backend(({pid}))"));
        let error = running.finish().expect_err("it was cancelled");
        println!("{question} cancelled after {:?}", cancelled.elapsed());
        assert_eq!(error.sqlstate, "57014", "{error}");
        assert!(cancelled.elapsed() < Duration::from_secs(1), "{:?}", cancelled.elapsed());
    }
    let wrong = |sql: &str| demo.error(sql).sqlstate;
    assert_eq!(wrong("SELECT * FROM nlsql.ask('')"), "22023");
    assert_eq!(wrong("SELECT * FROM nlsql.ask('x', '{\"rows\": 5}')"), "22023");
    assert_eq!(wrong("SELECT * FROM nlsql.ask('x', '{\"min_joins\": 5}')"), "22023");
    assert_eq!(wrong("SELECT * FROM nlsql.ask('x', '{\"endpoint\": \"nowhere\"}')"), "42704");
    cluster.create_role("other");
    demo.as_superuser().run("GRANT USAGE ON SCHEMA nlsql TO other");
    assert_eq!(demo.as_role("other").error("SELECT * FROM nlsql.ask('x')").sqlstate, "42501");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn templates() {
    let cluster = Cluster::new();
    let server = ModelServer::new();
    let demo = demo(&cluster, &server);
    let bad = |body: &str| {
        demo.error(&format!("INSERT INTO nlsql.template (role, name, body) VALUES ('demo', 'joins', $t${body}$t$)"))
    };
    let open = bad("fine\n  {% if count %}");
    assert_eq!(open.sqlstate, "22023", "{open}");
    assert!(open.message.contains("line 2, column"), "{open}");
    let unknown = bad("Write {{ count }}\nabout {{ tabels }}");
    assert!(
        unknown.message.contains("line 2, column 10: unknown name tabels") && unknown.hint.contains("tables"),
        "{unknown}"
    );
    assert_eq!(demo.run("SELECT count(*), bool_and(shipped) FROM nlsql.templates"), "16|t");
    // one's own wording, by name and by option; nobody else's
    demo.run(
        "INSERT INTO nlsql.template (role, name, body) VALUES
           ('demo', 'joins', $t${% include \"schema\" %}
Write {{ count }} MINE; each joins at least {{ min_tables }} of these$t$),
           ('demo', 'terse', $t${% include \"schema\" %}
Write {{ count }} TERSE$t$)",
    );
    let run = |name: &str, more: &str| {
        demo.generate(&format!(
            r#"'joins', 5, run => '{name}', options => '{{"engine": "openai", "endpoint": "stand_in", "tables": ["insurer.payer", "insurer.plan"]{more}}}'"#
        ));
        server.journal().pop().expect("a request").wish()
    };
    assert!(run("own", "").contains("Write 5 MINE; each joins at least 2"));
    let none = demo.error(r#"SELECT nlsql.generate('joins', 5, options => '{"engine": "openai", "endpoint": "stand_in", "template": "nosuch"}')"#);
    assert_eq!(none.sqlstate, "42704", "{none}");
    let single = r#"'single_table', 2, run => 'terse', options => '{"engine": "openai", "endpoint": "stand_in", "template": "terse", "tables": ["insurer.plan"]}'"#;
    demo.generate(single);
    let wish = server.journal().pop().expect("a request").wish();
    assert!(wish.contains("Write 2 TERSE"), "{wish}");
    // rows in a prompt are made up: no original stands in it
    assert!(wish.contains("-- row, made up: {"), "{wish}");
    assert_eq!(cluster.alarms(), [""; 0]);
}
