//! Lines on their way out: the same bytes by file and by query, whole or not at all, for those who may.

mod support;

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::Cluster;
use support::hostile::{HOSTILE, insert};

fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}\nin: {l}"))).collect()
}

#[test]
fn file_and_query_give_the_same_bytes() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    let draw =
        |phase, count| format!("SELECT nlsql.generate('{phase}', {count}, run => 'r', options => '{{\"seed\": 7}}');");
    demo.run(&format!("BEGIN; {}{}COMMIT; CALL nlsql.wait('r')", draw("joins", 20), draw("schema_docs", 10)));

    let told = demo.run("SELECT file, records, bytes FROM nlsql.export_jsonl('r')");
    let path = cluster.export_dir().join("r.jsonl");
    let file = fs::read_to_string(&path).unwrap();
    assert_eq!(told, format!("{}|{}|{}", path.display(), file.lines().count(), file.len()));
    assert_eq!(file.lines().count(), 30);
    assert_eq!(fs::metadata(cluster.export_dir()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(support::names(&cluster.export_dir()), ["r.jsonl"], "nothing is left aside");
    assert_eq!(demo.raw("SELECT * FROM nlsql.jsonl('r')"), file);
    assert!(!file.bytes().any(|b| b < 0x20 && b != b'\n'), "a line holds no control character");

    let lines = parsed(&file);
    let keys: Vec<_> = lines[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys.first(), Some(&"phase"));
    assert!(!keys.iter().any(|k| ["id", "run", "role", "created_at"].contains(k)), "{keys:?}");
    let order: Vec<_> = lines.iter().map(|l| (l["phase"] == "schema_docs", l["slot"].as_i64())).collect();
    assert!(order.is_sorted(), "{order:?}");
    let stored = demo.run("SELECT question FROM nlsql.dataset WHERE run = 'r' ORDER BY phase, slot LIMIT 1");
    assert_eq!(lines[0]["question"], stored.as_str());

    // the same seed gives the same bytes, whoever draws
    demo.generate("'joins', 20, run => 's', options => '{\"seed\": 7, \"workers\": 1}'");
    let joins =
        |run| demo.raw(&format!("SELECT * FROM nlsql.jsonl('{run}', options => '{{\"phases\": [\"joins\"]}}')"));
    assert!(joins("s") == joins("r"), "equal runs give equal bytes");
    let both = demo.raw("SELECT * FROM nlsql.jsonl('s', options => '{\"runs\": [\"r\", \"s\"]}')");
    assert!(both == joins("s") + &file, "further runs follow in their order, each once");

    for format in ["chat", "prompt_completion", "alpaca", "sharegpt", "eval"] {
        let told = demo.run(&format!("SELECT file, records FROM nlsql.export_jsonl('r', format => '{format}')"));
        let path = cluster.export_dir().join(format!("r.{format}.jsonl"));
        let file = fs::read_to_string(&path).unwrap();
        let expected = if format == "eval" { 20 } else { 30 };
        assert_eq!(told, format!("{}|{expected}", path.display()));
        assert_eq!(parsed(&file).len(), expected);
        assert_eq!(demo.raw(&format!("SELECT * FROM nlsql.jsonl('r', '{format}')")), file);
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn hostile_text_comes_through_every_format() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    insert(&demo, "h", HOSTILE);
    let text = serde_json::from_str::<Value>(&demo.run(&format!("SELECT to_json({HOSTILE}::text)"))).unwrap();
    let text = text.as_str().unwrap();
    assert!(text.contains('\u{1}') && text.contains('\u{2028}'), "the server made the text: {text:?}");
    let answer = format!("{text}1");
    for (format, at, expected) in [
        ("nlsql", "/question", text),
        ("nlsql", "/tables/0", text),
        ("nlsql", "/literals/0", text),
        ("chat", "/messages/2/content", &answer),
        ("prompt_completion", "/completion", &answer),
        ("preference", "/rejected", text),
        ("alpaca", "/output", &answer),
        ("sharegpt", "/conversations/1/value", &answer),
        ("eval", "/sql", &answer),
        ("eval", "/question", text),
    ] {
        let told = demo.run(&format!(
            "SELECT file FROM nlsql.export_jsonl('h', 'h.jsonl', '{format}', options => '{{\"overwrite\": true}}')"
        ));
        let file = fs::read_to_string(told).unwrap();
        assert!(!file.bytes().any(|b| b < 0x20 && b != b'\n'), "{format} holds a control character");
        assert_eq!(file, demo.raw(&format!("SELECT * FROM nlsql.jsonl('h', '{format}')")), "{format}");
        let lines = parsed(&file);
        assert_eq!(lines.len(), 3, "{format}");
        assert_eq!(lines[0].pointer(at).and_then(Value::as_str), Some(expected), "{format} {at}: {}", lines[0]);
    }
    // what the SQL of a tool call holds is JSON within JSON
    let line = demo.run("SELECT * FROM nlsql.jsonl('h', 'chat', options => '{\"tools\": true}') LIMIT 1");
    let line: Value = serde_json::from_str(&line).unwrap();
    let arguments = line.pointer("/messages/2/tool_calls/0/function/arguments").and_then(Value::as_str).unwrap();
    assert_eq!(serde_json::from_str::<Value>(arguments).unwrap()["sql"], answer.as_str());
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn only_those_who_may_write_and_only_where_nothing_is() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    insert(&demo, "r", "'a'");

    let refused = demo.error("SELECT nlsql.export_jsonl('r')");
    assert_eq!(refused.sqlstate, "42501", "{refused}");
    assert!(refused.hint.contains("pg_write_server_files") && refused.hint.contains("nlsql.jsonl"), "{refused}");
    assert!(!cluster.export_dir().exists(), "a refused export makes no directory");
    cluster.create_role("other");
    demo.as_superuser().run(&support::grants("other"));
    for sql in ["SELECT nlsql.jsonl('r')", "SELECT nlsql.export_jsonl('r')"] {
        assert_eq!(demo.as_role("other").error(sql).sqlstate, "42704", "another role does not know the run");
    }
    cluster.create_role("nobody");
    assert_eq!(demo.as_role("nobody").error("SELECT nlsql.jsonl('r')").sqlstate, "42501");

    cluster.database("postgres").run("GRANT pg_write_server_files TO demo");
    let path = demo.run("SELECT file FROM nlsql.export_jsonl('r', 'x.jsonl')");
    assert_eq!(path, cluster.export_dir().join("x.jsonl").display().to_string());
    fs::write(&path, "mine").unwrap();
    let exists = demo.error("SELECT nlsql.export_jsonl('r', 'x.jsonl')");
    assert_eq!(exists.sqlstate, "58P02", "{exists}");
    assert!(exists.hint.contains("overwrite"), "{exists}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    demo.run("SELECT nlsql.export_jsonl('r', 'x.jsonl', options => '{\"overwrite\": true}')");
    assert_eq!(fs::read_to_string(&path).unwrap(), demo.raw("SELECT * FROM nlsql.jsonl('r')"));

    let absolute = cluster.dir().join("data/base.jsonl");
    demo.run(&format!("SELECT nlsql.export_jsonl('r', '{}')", absolute.display()));
    assert!(absolute.exists());
    for (path, sqlstate) in [
        ("../x.jsonl", "22023"),
        ("", "22023"),
        ("/", "22023"),
        ("/nowhere/x.jsonl", "58P01"),
        ("/proc/x.jsonl", "58P01"),
        ("/etc/x.jsonl", "42501"),
    ] {
        let error = demo.error(&format!("SELECT nlsql.export_jsonl('r', '{path}')"));
        assert_eq!(error.sqlstate, sqlstate, "{path}: {error}");
        assert_eq!(error.detail, "", "{path}: {error}");
    }
    for (sql, message, hint) in [
        ("SELECT nlsql.jsonl('r', 'alpacca')", "alpacca", "alpaca"),
        ("SELECT nlsql.jsonl('r', 'spider')", "no lines", "export_dataset"),
        ("SELECT nlsql.jsonl('r', split => 'tests')", "tests", "test"),
        ("SELECT nlsql.jsonl('r', options => '{\"overwirte\": true}')", "overwirte", "overwrite"),
        ("SELECT nlsql.jsonl('r', options => '[]')", "object", "overwrite"),
        ("SELECT nlsql.jsonl('r', 'alpaca', options => '{\"layout\": \"text\"}')", "layout", "one layout"),
    ] {
        let error = demo.error(sql);
        let right = error.sqlstate == "22023" && error.message.contains(message) && error.hint.contains(hint);
        assert!(right, "{sql}: {error}");
    }
    assert_eq!(demo.error("SELECT nlsql.jsonl('q', options => '{\"runs\": [\"r\"]}')").sqlstate, "42704");
    assert_eq!(demo.error("SELECT nlsql.jsonl('r', options => '{\"runs\": [\"q\"]}')").sqlstate, "42704");

    // a superuser sees the runs of all roles and says whose he means
    demo.as_superuser().run("INSERT INTO nlsql.run (role, name, seed, settings, search_path) SELECT 'other', name, seed, settings, '' FROM nlsql.run WHERE name = 'r'");
    let several = demo.as_superuser().error("SELECT nlsql.jsonl('r')");
    assert!(several.sqlstate == "22023" && several.detail.contains("demo and other"), "{several}");
    let whose = demo.as_superuser().raw("SELECT nlsql.jsonl('r', options => '{\"role\": \"demo\"}')");
    assert_eq!(whose, demo.raw("SELECT nlsql.jsonl('r')"));
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn an_export_that_is_cut_short_leaves_nothing() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    insert(&demo, "big", "'a'");
    demo.as_superuser().run(
        "INSERT INTO nlsql.item (run_id, phase, slot, kind, question, sql, skeleton, checks, engine, seed, schema_hash)
         SELECT r.id, 'joins', n, 'pair', 'q' || n, repeat(md5(n::text), 20), 's', '{}', 'offline', 1, ''
           FROM nlsql.run r, generate_series(10, 60000) n",
    );
    let dir = cluster.export_dir();
    demo.run("SELECT nlsql.export_jsonl('big', 'small.jsonl', options => '{\"kinds\": [\"qa\"]}')");
    let cut = demo.error("SET statement_timeout = '40ms'; SELECT nlsql.export_jsonl('big')");
    assert_eq!(cut.sqlstate, "57014", "{cut}");
    assert_eq!(support::names(&dir), ["small.jsonl"]);

    // a server that is killed leaves a part, which the next export of that file takes away
    let mut killed = demo.spawn("SELECT pg_sleep(0); SELECT nlsql.export_jsonl('big')");
    support::eventually("a part is being written", std::time::Duration::from_secs(20), || {
        support::names(&dir).iter().any(|n| n.ends_with(".part")) || !killed.is_running()
    });
    let pid = demo.as_superuser().run(
        "SELECT pid FROM pg_stat_activity WHERE query LIKE '%export_jsonl%' AND usename = 'demo' AND state = 'active'",
    );
    if let Ok(pid) = pid.parse() {
        cluster.crash(pid);
        assert!(killed.finish().is_err());
        assert!(!dir.join("big.jsonl").exists(), "a file has its name only when it is whole");
        demo.run("SELECT nlsql.export_jsonl('big')");
    }
    assert_eq!(support::names(&dir), ["big.jsonl", "small.jsonl"]);
    let whole = fs::read_to_string(dir.join("big.jsonl")).unwrap();
    assert_eq!(whole.lines().count() as i64, demo.number("SELECT count(*) FROM nlsql.dataset"));
    assert!(whole == demo.raw("SELECT * FROM nlsql.jsonl('big')"));
}

#[test]
fn a_standby_exports_too() {
    let primary = Cluster::new();
    let demo = primary.writer("demo");
    insert(&demo, "r", "'a'");
    let standby = Cluster::standby_of(&primary);
    let replica = standby.database("demo").as_role("demo");
    support::eventually("the standby has the run", std::time::Duration::from_secs(10), || {
        replica.run("SELECT count(*) FROM nlsql.dataset") == "3"
    });
    let file = replica.run("SELECT file FROM nlsql.export_jsonl('r')");
    assert_eq!(fs::read_to_string(file).unwrap(), demo.raw("SELECT * FROM nlsql.jsonl('r')"));
    assert_eq!(standby.alarms(), [""; 0]);
}

#[test]
fn the_steps_to_a_statement_stand_before_it_where_asked_for() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    demo.generate("'joins', 10, run => 'r', options => '{\"seed\": 7}'");
    demo.generate("'joins', 10, run => 's', options => '{\"seed\": 7, \"reasoning\": true}'");
    let reasoned = |run, format, more: &str| {
        format!("SELECT nlsql.jsonl('{run}', '{format}', options => '{{\"reasoning\": true{more}}}')")
    };
    let error = demo.error(&reasoned("r", "chat", ""));
    assert_eq!(error.sqlstate, "55000", "{error}");
    assert!(error.hint.contains("\"reasoning\": true"), "{error}");
    let error = demo.error(&reasoned("s", "eval", ""));
    assert_eq!((error.sqlstate.as_str(), error.hint.contains("alpaca")), ("22023", true), "{error}");
    // the option changes nothing else of a pair
    let bare = |run| demo.run(&format!("SELECT question, sql FROM nlsql.dataset WHERE run = '{run}' ORDER BY slot"));
    assert_eq!(bare("s"), bare("r"));

    let native = parsed(&demo.raw("SELECT nlsql.jsonl('s')"));
    // where a pair is a dialogue, its statement is the last answer
    let last = |line: &Value, list: &str| line[list].as_array().and_then(|all| all.last()).cloned().unwrap();
    for (format, more, (list, answer)) in [
        ("chat", "", (Some("messages"), "content")),
        ("prompt_completion", "", (None, "completion")),
        ("alpaca", "", (None, "output")),
        ("sharegpt", "", (Some("conversations"), "value")),
    ] {
        for (line, record) in parsed(&demo.raw(&reasoned("s", format, more))).iter().zip(&native) {
            let (steps, sql) = (record["reasoning"].as_str().unwrap(), record["sql"].as_str().unwrap());
            assert!(steps.starts_with("1. Start from "), "{steps}");
            let said = list.map_or_else(|| line.clone(), |list| last(line, list));
            assert_eq!(said[answer], Value::from(format!("{steps}\n\n{sql}")), "{format}");
            let system = line.to_string();
            assert!(system.contains("a numbered plan and then one SQL query"), "{format}: {system}");
        }
    }
    for (line, record) in parsed(&demo.raw(&reasoned("s", "chat", ", \"tools\": true"))).iter().zip(&native) {
        let said = last(line, "messages");
        assert_eq!(said.get("content"), record.get("reasoning"));
        assert!(said.pointer("/tool_calls/0/function/arguments").is_some());
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}
