//! Every phase through both interfaces of the API and every way to give a reply its form.

mod support;

use support::{Asked, Cluster, ModelServer, Play, endpoint};

const TABLES: &str = r#""tables": ["insurer.payer", "insurer.plan", "insurer.member", "insurer.provider", "insurer.encounter", "insurer.claim"]"#;

fn questions() -> Vec<String> {
    let subjects = ["plans", "payers", "members", "claims"];
    (0..20).map(|n| format!("How many {} are there, counted in way {n}?", subjects[n % 4])).collect()
}

#[test]
fn every_phase_in_every_form() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let own = questions();
    let asked = format!(r#""questions": {}"#, serde_json::json!(own));
    println!("{:10} {:12} {:22} {:>6} {:>6} {:>8} {:>6}", "api", "form", "phase", "wanted", "stored", "requests", "s");
    for api in ["chat", "responses"] {
        for form in ["json_schema", "json_object", "tools", "text"] {
            let server = ModelServer::new();
            let name = format!("{api}_{form}");
            endpoint(&demo, &name, &server, &format!(r#", "api_style": "{api}", "structured": "{form}""#));
            for (phase, engine, count, more) in [
                ("single_table", "openai", "20", ""),
                ("joins", "openai", "20", ""),
                ("complex_sqls", "openai", "20", r#", "min_joins": 3"#),
                ("builtins", "openai", "30", ""),
                ("schema_docs", "openai", "20", ""),
                ("questions", "openai", "NULL", asked.as_str()),
                ("single_table", "reword", "20", r#""seed": 3"#),
            ] {
                let comma = if more.is_empty() || more.starts_with(',') { "" } else { ", " };
                let run = format!("{name}_{phase}_{engine}");
                let before = (server.count(), std::time::Instant::now());
                demo.generate(&format!(
                    r#"'{phase}', {count}, run => '{run}', options => '{{"engine": "{engine}", "endpoint": "{name}", {TABLES}{comma}{more}}}'"#
                ));
                let stored = demo.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}'"));
                let requests = server.count() - before.0;
                let wanted = count.parse().unwrap_or(own.len() as i64);
                println!(
                    "{api:10} {form:12} {:22} {wanted:6} {stored:6} {requests:8} {:6.2}",
                    format!("{phase} {engine}"),
                    before.1.elapsed().as_secs_f64()
                );
                let state = demo.run(&format!("SELECT status, reason, last_error FROM nlsql.run WHERE name = '{run}'"));
                assert_eq!(state, "done||", "{run}");
                assert_eq!(stored, wanted, "{run}");
            }
            let path = if api == "chat" { "/v1/chat/completions" } else { "/v1/responses" };
            assert!(server.journal().iter().all(|a| a.path == path && a.form() == form), "{name}");
        }
    }
    let functions = "SELECT count(DISTINCT f) >= 25 FROM nlsql.dataset, unnest(functions) f WHERE run = 'chat_json_schema_builtins_openai'";
    assert_eq!(demo.run(functions), "t");
    let stored =
        "SELECT string_agg(question, '~' ORDER BY slot) FROM nlsql.dataset WHERE run = 'chat_tools_questions_openai'";
    assert_eq!(demo.run(stored), own.join("~"));
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE engine = 'reword' AND style IS NULL"), 0);
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn a_models_plan_is_kept_where_it_proves_right() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let server = ModelServer::new();
    endpoint(&demo, "thinker", &server, "");
    demo.generate(&format!(
        r#"'joins', 12, run => 'r', options => '{{"engine": "openai", "endpoint": "thinker", "api_answer_count": 6, "reasoning": true, {TABLES}}}'"#
    ));
    assert_eq!(demo.run("SELECT status, reason FROM nlsql.run"), "done|");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset"), 12);
    // every third of a call's plans led elsewhere
    let kept =
        "SELECT count(*) FROM nlsql.dataset WHERE reasoning = '1. Think of \"' || question || E'\".\\n2. Count.'";
    assert_eq!(demo.number(kept), 8);
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE reasoning IS NULL"), 4);
    assert_eq!(server.count(), 4, "for each task a call that writes and one that reasons");

    // the composer's statements bring their own
    demo.generate(&format!(
        r#"'single_table', 4, run => 's', options => '{{"engine": "reword", "endpoint": "thinker", "reasoning": true, {TABLES}}}'"#
    ));
    let told = "SELECT count(*) FROM nlsql.dataset d JOIN nlsql.run r ON r.name = d.run
                 WHERE d.run = 's' AND d.engine = 'reword' AND d.reasoning LIKE '1. Start from %'";
    assert_eq!(demo.number(told), 4);
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// A server that knows neither schemas nor the new name of the limit.
fn old_server(asked: &Asked) -> Play {
    let refuse = |code: &str, param: &str| {
        let body = format!(
            r#"{{"error":{{"message":"Unsupported: {param}","type":"invalid_request_error","param":"{param}","code":"{code}"}}}}"#
        );
        Play::Status(400, String::new(), body)
    };
    if asked.body.get("max_completion_tokens").is_some() {
        refuse("unsupported_parameter", "max_completion_tokens")
    } else if asked.form() == "json_schema" || asked.form() == "json_object" {
        refuse("unsupported_value", "response_format")
    } else {
        Play::Answer
    }
}

#[test]
fn what_a_server_refuses_is_found_out_once_and_remembered() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let server = ModelServer::with(old_server);
    endpoint(&demo, "old", &server, "");
    for run in ["first", "second"] {
        demo.generate(&format!(
            r#"'joins', 20, run => '{run}', options => '{{"engine": "openai", "endpoint": "old", "parallelism": 4, {TABLES}}}'"#
        ));
        assert_eq!(demo.run(&format!("SELECT status, reason FROM nlsql.run WHERE name = '{run}'")), "done|");
        let lost = format!(
            "SELECT count(*) FROM nlsql.request q JOIN nlsql.run r ON r.id = q.run_id WHERE r.name = '{run}' AND q.status = 'error'"
        );
        assert_eq!(demo.number(&lost), if run == "first" { 3 } else { 0 }, "{run}");
    }
    let last = server.journal().pop().expect("requests were made");
    assert_eq!((last.form(), last.body["max_tokens"].is_u64()), ("text", true));
    assert!(last.texts()[0].1.contains("Answer with JSON alone"));
}
