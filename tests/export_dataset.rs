//! A dataset as a directory: whole or not at all, the files that its readers look for, and the truth about itself.

mod support;

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::hostile::{HOSTILE, insert};
use support::{Cluster, Database};

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}\nin: {l}"))).collect()
}

/// Some records of every kind, in a run that is split.
fn run(demo: &Database, name: &str) {
    let draw = |phase: &str, count: &str, more: &str| {
        format!("SELECT nlsql.generate('{phase}', {count}, run => '{name}', options => '{{\"seed\": 7{more}}}');")
    };
    demo.run(&format!(
        "BEGIN; {}{}{}COMMIT; CALL nlsql.wait('{name}'); SELECT nlsql.split('{name}')",
        draw("joins", "60", ""),
        draw("schema_docs", "30", ""),
        draw("sample_data", "NULL", ", \"n_rows\": 4")
    ));
}

fn export(demo: &Database, run: &str, dir: &str, format: &str, options: &str) -> String {
    demo.run(&format!(
        "SELECT regexp_replace(file, '.*/', ''), records, bytes FROM nlsql.export_dataset('{run}', '{dir}', '{format}', '{options}')"
    ))
}

#[test]
fn every_format_has_the_files_that_its_readers_look_for() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    run(&demo, "r");
    let of_kinds = |kinds: &str| {
        demo.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE split IS NOT NULL AND kind IN ({kinds})"))
            as usize
    };
    let pairs = of_kinds("'pair'");
    let spoken = of_kinds("'pair', 'qa', 'relationship'");
    let all = of_kinds("'pair', 'qa', 'relationship', 'row'");
    assert!(pairs > 50 && spoken > pairs && all > spoken, "{pairs} {spoken} {all}");
    let common = ["README.md", "manifest.json"];
    for (format, options, data, beside, records) in [
        ("nlsql", "{}", "jsonl", "", all),
        ("chat", "{}", "jsonl", "dataset_info.json", spoken),
        ("chat", "{\"tools\": true}", "jsonl", "dataset_info.json", spoken),
        ("prompt_completion", "{}", "jsonl", "dataset_info.json", spoken),
        ("prompt_completion", "{\"layout\": \"messages\"}", "jsonl", "", spoken),
        ("alpaca", "{}", "jsonl", "dataset_info.json", spoken),
        ("sharegpt", "{}", "jsonl", "dataset_info.json", spoken),
        ("eval", "{}", "jsonl", "", pairs),
        ("eval", "{\"layout\": \"goldens\"}", "json", "", pairs),
        ("eval", "{\"layout\": \"vars\"}", "jsonl", "", pairs),
        ("spider", "{}", "json", "tables.json", pairs),
        ("bird", "{}", "json", "tables.json", pairs),
        ("csv", "{}", "csv", "metadata.json", pairs),
    ] {
        let dir = cluster.export_dir().join("d");
        let told =
            export(&demo, "r", "d", format, &options.replacen('{', "{\"overwrite\": true,", 1).replace(",}", "}"));
        let own = matches!(format, "spider" | "bird");
        let dev = if own { "dev" } else { "validation" };
        let mut expected: BTreeSet<String> = ["train", dev, "test"].iter().map(|s| format!("{s}.{data}")).collect();
        expected.extend(common.iter().chain([&beside]).filter(|f| !f.is_empty()).map(|f| (*f).to_owned()));
        if own {
            expected.extend(["train", "dev", "test"].iter().map(|s| format!("{s}_gold.sql")));
        }
        assert_eq!(support::names(&dir), expected.into_iter().collect::<Vec<_>>(), "{format} {options}");

        // what the call told, what the manifest says and what is there agree
        let manifest = json(&dir.join("manifest.json"));
        assert_eq!(manifest["format"], format);
        let mut sum = 0;
        for file in manifest["files"].as_array().unwrap() {
            let name = file["file"].as_str().unwrap();
            let bytes = fs::read(dir.join(name)).unwrap();
            let sha: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(file["sha256"], sha.as_str(), "{format} {name}");
            assert!(told.contains(&format!("{name}|{}|{}", file["records"], bytes.len())), "{told}");
            let records = match name.rsplit_once('.').unwrap().1 {
                "jsonl" => lines(&dir.join(name)).len(),
                "csv" => String::from_utf8(bytes).unwrap().matches(",demo,").count(),
                "json" if !file["split"].is_null() => json(&dir.join(name)).as_array().unwrap().len(),
                "sql" => String::from_utf8(bytes).unwrap().lines().filter(|l| l.ends_with("\tdemo")).count(),
                _ => 0,
            };
            assert_eq!(file["records"], records, "{format} {name}");
            sum += if file["split"].is_null() { 0 } else { records };
        }
        assert_eq!(sum, records, "{format} {options}");
        assert!(fs::read_to_string(dir.join("README.md")).unwrap().contains("path: \"train."), "{format}");
    }
    assert_eq!(support::names(&cluster.export_dir()), ["d"], "nothing is left aside");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn evaluators_find_tables_columns_and_keys() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    run(&demo, "r");
    for format in ["spider", "bird", "csv"] {
        export(&demo, "r", format, format, "{\"db_id\": \"insurance\"}");
    }
    let dir = cluster.export_dir();
    let tables = json(&dir.join("spider/tables.json"));
    let db = &tables[0];
    assert_eq!(db["db_id"], "insurance");
    let relations = demo.number("SELECT count(*) FROM pg_class WHERE relnamespace = 'insurer'::regnamespace AND relkind IN ('r', 'v', 'm', 'p') AND NOT relispartition");
    assert_eq!(db["table_names_original"].as_array().unwrap().len() as i64, relations);
    let column =
        |at: &Value| db["column_names_original"][at.as_u64().unwrap() as usize][1].as_str().unwrap().to_owned();
    let keys: Vec<_> = db["foreign_keys"].as_array().unwrap().iter().map(|k| (column(&k[0]), column(&k[1]))).collect();
    assert!(keys.contains(&("payer_id".to_owned(), "payer_id".to_owned())), "{keys:?}");

    let pairs: Vec<Value> = ["train", "dev", "test"]
        .iter()
        .flat_map(|s| json(&dir.join(format!("bird/{s}.json"))).as_array().unwrap().clone())
        .collect();
    let stored = demo.run(
        "SELECT json_agg(sql ORDER BY sql COLLATE \"C\") FROM nlsql.dataset WHERE kind = 'pair' AND split IS NOT NULL",
    );
    let mut sql: Vec<&str> = pairs.iter().map(|p| p["SQL"].as_str().unwrap()).collect();
    sql.sort_unstable();
    assert_eq!(serde_json::from_str::<Vec<String>>(&stored).unwrap(), sql);
    assert!(pairs.iter().all(|p| ["simple", "moderate", "challenging"].contains(&p["difficulty"].as_str().unwrap())));
    let dev = json(&dir.join("bird/dev.json"));
    let numbers: Vec<_> = dev.as_array().unwrap().iter().map(|p| p["question_id"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    // gold SQL runs as it stands
    let gold = fs::read_to_string(dir.join("spider/dev_gold.sql")).unwrap();
    for line in gold.lines() {
        let (sql, db) = line.split_once('\t').unwrap();
        assert_eq!(db, "insurance");
        demo.run(&format!("SET search_path = insurer; EXPLAIN {sql}"));
    }
    let header = fs::read_to_string(dir.join("csv/train.csv")).unwrap();
    assert!(header.starts_with("question,query,db_name,query_category,instructions\n"), "{header}");
    let metadata = json(&dir.join("csv/metadata.json"));
    assert_eq!(metadata["table_metadata"]["payer"][3]["column_description"], "City of the headquarters");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn the_rejected_side_is_near_and_gives_another_result() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    demo.generate("'single_table', 40, run => 'r', options => '{\"seed\": 7}'");
    let lines = demo.run("SELECT * FROM nlsql.jsonl('r', 'preference', options => '{\"schema\": \"none\"}')");
    let pairs: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(pairs.len() >= 20, "{}", pairs.len());
    for pair in &pairs {
        let side = |key: &str| pair[key].as_str().unwrap().to_owned();
        let (chosen, rejected) = (side("chosen"), side("rejected"));
        let rows = |sql: &str| demo.run(&format!("SET search_path = insurer; {sql}"));
        // rows come in any order unless they are sorted
        let sorted = |sql: &str| {
            let mut rows: Vec<String> = rows(sql).lines().map(str::to_owned).collect();
            rows.sort_unstable();
            rows
        };
        let differ = if chosen.contains("ORDER BY") {
            rows(&chosen) != rows(&rejected)
        } else {
            sorted(&chosen) != sorted(&rejected)
        };
        assert!(differ, "{chosen}\n{rejected}");
    }
}

/// Level, check and message of all findings without their lines.
fn findings(demo: &Database, path: &str, format: &str) -> String {
    demo.run(&format!(
        "SELECT level, \"check\", message FROM nlsql.validate_export('{path}', '{format}') WHERE level <> 'sum'"
    ))
}

#[test]
fn what_is_exported_is_valid_and_what_is_broken_is_told() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    run(&demo, "r");
    insert(&demo, "h", HOSTILE);
    for (format, options) in [
        ("nlsql", "{}"),
        ("chat", "{}"),
        ("chat", "{\"tools\": true}"),
        ("prompt_completion", "{}"),
        ("prompt_completion", "{\"layout\": \"messages\"}"),
        ("alpaca", "{}"),
        ("sharegpt", "{}"),
        ("eval", "{}"),
        ("eval", "{\"layout\": \"goldens\"}"),
        ("eval", "{\"layout\": \"vars\"}"),
        ("spider", "{}"),
        ("bird", "{}"),
    ] {
        export(
            &demo,
            "r",
            "d",
            format,
            &format!("{{\"overwrite\": true, \"runs\": [\"h\"]{}", options.replacen('{', ",", 1).replace(",}", "}")),
        );
        for name in support::names(&cluster.export_dir().join("d")) {
            let data = name.starts_with("train") || name.starts_with("test.") || name.starts_with("validation");
            if data && !name.ends_with(".sql") {
                assert_eq!(findings(&demo, &format!("d/{name}"), format), "", "{format} {options} {name}");
            }
        }
    }
    let sums =
        demo.run("SELECT \"check\", message FROM nlsql.validate_export('d/train.json', 'bird') WHERE line IS NULL");
    let records = json(&cluster.export_dir().join("d/manifest.json"))["files"][0]["records"].clone();
    assert!(sums.starts_with(&format!("records|{records}\nerrors|0\nwarnings|0\ntokens|")), "{sums}");

    let path = cluster.export_dir().join("broken.jsonl");
    fs::write(&path, b"{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}\n\n\xff\n{\"a\":1").unwrap();
    let told = demo
        .run("SELECT line, level, \"check\" FROM nlsql.validate_export('broken.jsonl', 'chat') WHERE level = 'error'");
    assert_eq!(
        told,
        "1|error|missing_content\n1|error|example_missing_assistant_message\n2|error|blank\n3|error|utf8\n4|error|json"
    );
    for (path, format, sqlstate) in [
        ("../x", "chat", "22023"),
        ("nothing", "chat", "58P01"),
        ("d", "chat", "22023"),
        ("d/train.json", "csv", "22023"),
        ("d/train.json", "chatt", "22023"),
        ("/etc/passwd", "chat", "42501"),
    ] {
        let error = demo.error(&format!("SELECT nlsql.validate_export('{path}', '{format}')"));
        assert_eq!(error.sqlstate, sqlstate, "{path} {format}: {error}");
    }
    cluster.create_role("other");
    demo.as_superuser().run(&support::grants("other"));
    assert_eq!(demo.as_role("other").error("SELECT nlsql.validate_export('broken.jsonl', 'chat')").sqlstate, "42501");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn prompts_show_the_schema_as_asked() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    demo.generate("'joins', 20, run => 'r', options => '{\"seed\": 7}'");
    let system = |options: &str| {
        let line = demo.run(&format!("SELECT * FROM nlsql.jsonl('r', 'chat', options => '{options}') LIMIT 1"));
        serde_json::from_str::<Value>(&line).unwrap()["messages"][0]["content"].as_str().unwrap().to_owned()
    };
    let tables = |text: &str| text.matches("CREATE TABLE").count() + text.matches("CREATE VIEW").count();
    let used = demo.number("SELECT cardinality(tables) FROM nlsql.dataset ORDER BY slot LIMIT 1") as usize;
    let whole = system("{\"schema_tables\": \"all\"}");
    assert!(tables(&whole) > used + 2 && whole.contains("REFERENCES insurer."), "{whole}");
    assert_eq!(tables(&system("{\"schema_tables\": \"used\"}")), used);
    assert_eq!(tables(&system("{\"distractors\": 2}")), used + 2);
    assert_eq!(tables(&system("{\"schema_tokens\": 10, \"distractors\": 0}")), used);
    let compact = system("{\"schema\": \"compact\", \"schema_tables\": \"used\"}");
    assert_eq!(compact.lines().filter(|l| l.starts_with("insurer.")).count(), used, "{compact}");
    assert_eq!(system("{\"schema\": \"none\", \"system\": \"Be brief.\"}"), "Be brief.");
    assert_eq!(
        demo.error("SELECT nlsql.jsonl('r', 'chat', options => '{\"schema_tables\": \"all\", \"distractors\": 1}')")
            .sqlstate,
        "22023"
    );
}

#[test]
fn equal_runs_give_equal_directories_and_several_runs_one() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    let twin = cluster.writer("twin");
    // a first export splits what was never split, and says so
    for db in [&demo, &twin] {
        db.generate("'joins', 40, run => 'r', options => '{\"seed\": 7}'");
    }
    export(&demo, "r", "a/d", "chat", "{\"db_id\": \"d\"}");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE split IS NULL"), 0);
    export(&twin, "r", "b/d", "chat", "{\"db_id\": \"d\"}");
    let names = support::names(&cluster.export_dir().join("a/d"));
    assert_eq!(names.len(), 6, "{names:?}");
    for name in names {
        let read = |dir: &str| fs::read_to_string(cluster.export_dir().join(dir).join(&name)).unwrap();
        assert_eq!(read("a/d"), read("b/d"), "{name}");
    }
    insert(&demo, "h", HOSTILE);
    export(&demo, "h", "h", "nlsql", "{}");
    export(&demo, "r", "both", "nlsql", "{\"runs\": [\"h\"]}");
    let dir = cluster.export_dir().join("both");
    let records: usize = ["train", "validation", "test"]
        .iter()
        .map(|s| dir.join(format!("{s}.jsonl")))
        .filter(|p| p.exists())
        .map(|p| lines(&p).len())
        .sum();
    assert_eq!(records as i64, demo.number("SELECT count(*) FROM nlsql.dataset WHERE split IS NOT NULL"));
    assert_eq!(json(&dir.join("manifest.json"))["runs"].as_array().unwrap().len(), 2);
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn a_directory_is_there_whole_or_not_at_all() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    insert(&demo, "r", "'a'");
    let refused = demo.error("SELECT nlsql.export_dataset('r', 'd', 'chat')");
    assert_eq!(refused.sqlstate, "42501", "{refused}");
    assert!(!cluster.export_dir().exists());
    cluster.database("postgres").run("GRANT pg_write_server_files TO demo");
    demo.run("SELECT nlsql.export_dataset('r', 'd', 'chat')");
    let dir = cluster.export_dir().join("d");
    let before = support::names(&dir);

    let exists = demo.error("SELECT nlsql.export_dataset('r', 'd', 'nlsql')");
    assert!(exists.sqlstate == "58P02" && exists.hint.contains("overwrite"), "{exists}");
    assert_eq!(support::names(&dir), before);
    demo.run("SELECT nlsql.export_dataset('r', 'd', 'nlsql', '{\"overwrite\": true}')");
    assert_eq!(json(&dir.join("manifest.json"))["format"], "nlsql");
    assert!(!dir.join("dataset_info.json").exists(), "nothing of the old one is left");
    // somebody's files are not a dataset to be replaced
    let other = cluster.dir().join("data/base");
    let kept = support::names(&other);
    for target in ["base", "global"] {
        let path = cluster.dir().join("data").join(target);
        let error = demo.error(&format!(
            "SELECT nlsql.export_dataset('r', '{}', 'chat', '{{\"overwrite\": true}}')",
            path.display()
        ));
        assert!(error.sqlstate == "58P02" && error.hint.contains("manifest.json"), "{error}");
    }
    assert_eq!(support::names(&other), kept);
    for (call, sqlstate) in [
        ("'r', '../x', 'chat'", "22023"),
        ("'r', '', 'chat'", "22023"),
        ("'r', '/nowhere/x', 'chat'", "58P01"),
        ("'r', 'x', 'chatt'", "22023"),
        ("'r', 'x', 'chat', '{\"layout\": \"text\"}'", "22023"),
        ("'r', 'x', 'chat', '{\"kinds\": [\"qa\"]}'", "P0002"),
        ("'no_such', 'x', 'chat'", "42704"),
    ] {
        let error = demo.error(&format!("SELECT nlsql.export_dataset({call})"));
        assert_eq!(error.sqlstate, sqlstate, "{call}: {error}");
    }
    assert_eq!(support::names(&cluster.export_dir()), ["d"]);

    // cut short, and killed
    demo.as_superuser().run(
        "INSERT INTO nlsql.item (run_id, phase, slot, kind, question, sql, skeleton, checks, engine, seed, schema_hash, split)
         SELECT r.id, 'joins', n, 'pair', 'q' || n, repeat(md5(n::text), 20), 's', '{}', 'offline', 1, '', 'train'
           FROM nlsql.run r, generate_series(10, 60000) n",
    );
    let cut = demo.error(
        "SET statement_timeout = '100ms'; SELECT nlsql.export_dataset('r', 'big', 'chat', '{\"schema\": \"none\", \"force\": true}')",
    );
    assert_eq!(cut.sqlstate, "57014", "{cut}");
    assert_eq!(support::names(&cluster.export_dir()), ["d"]);
    let mut killed =
        demo.spawn("SELECT pg_sleep(0); SELECT nlsql.export_dataset('r', 'big', 'chat', '{\"schema\": \"none\", \"force\": true}')");
    support::eventually("a part is being written", std::time::Duration::from_secs(20), || {
        support::names(&cluster.export_dir()).iter().any(|n| n.ends_with(".part")) || !killed.is_running()
    });
    let pid = demo.as_superuser().run(
        "SELECT pid FROM pg_stat_activity WHERE query LIKE '%export_dataset%' AND usename = 'demo' AND state = 'active'",
    );
    if let Ok(pid) = pid.parse() {
        cluster.crash(pid);
        assert!(killed.finish().is_err());
        assert!(!cluster.export_dir().join("big").exists(), "a directory has its name only when it is whole");
        demo.run("SELECT nlsql.export_dataset('r', 'big', 'chat', '{\"schema\": \"none\", \"force\": true}')");
    }
    assert_eq!(support::names(&cluster.export_dir()), ["big", "d"]);
}

#[test]
fn protected_values_leave_by_force_alone() {
    let cluster = Cluster::new();
    let demo = cluster.writer("demo");
    demo.generate("'single_table', 12, run => 'r', options => '{\"seed\": 1}'");
    let owner = demo.as_superuser();
    let before = owner.run("SELECT question FROM nlsql.item ORDER BY id LIMIT 1").replace('\'', "''");
    let set = |question: &str| {
        owner.run(&format!("UPDATE nlsql.item SET question = {question} WHERE id = (SELECT min(id) FROM nlsql.item)"));
    };
    set(
        "(SELECT 'What did ' || first_name || ' ' || last_name || ' pay?' FROM insurer.member ORDER BY member_id LIMIT 1)",
    );
    let exports = [
        ("export_dataset('r', 'd', 'chat', '{}')", "export_dataset('r', 'd', 'chat', '{\"force\": true}')"),
        ("export_jsonl('r')", "export_jsonl('r', options => '{\"force\": true}')"),
        ("jsonl('r')", "jsonl('r', options => '{\"force\": true}')"),
    ];
    for (export, _) in exports {
        let error = demo.error(&format!("SELECT nlsql.{export}"));
        assert_eq!(error.sqlstate, "55000", "{export}: {error}");
        assert!(error.detail.contains("insurer.member") && error.hint.contains("force"), "{export}: {error}");
    }
    assert!(!cluster.export_dir().exists());
    for (_, forced) in exports {
        demo.run(&format!("SELECT nlsql.{forced}"));
    }
    // what was found clean once is not searched again, but what comes after is
    set(&format!("'{before}'"));
    demo.run("SELECT nlsql.jsonl('r')");
    demo.generate("'single_table', 6, run => 'r'");
    demo.run("SELECT nlsql.jsonl('r')");
    assert_eq!(owner.run("SELECT role, item_id = (SELECT max(id) FROM nlsql.item) FROM nlsql.audited"), "demo|t");
    // what its owner lets stand is clean until he thinks again
    demo.run(
        "INSERT INTO nlsql.column_policy SELECT 'insurer', 'member', c, 'keep' FROM unnest(ARRAY['first_name', 'last_name']) c",
    );
    set("(SELECT 'What did ' || last_name || ' pay?' FROM insurer.member ORDER BY member_id LIMIT 1)");
    demo.run("SELECT nlsql.jsonl('r')");
    demo.run("DELETE FROM nlsql.column_policy");
    let error = demo.error("SELECT nlsql.jsonl('r')");
    assert_eq!(error.sqlstate, "55000", "{error}");
    set(&format!("'{before}'"));
    demo.run("SELECT nlsql.jsonl('r')");
    // where nothing can be written, it is searched each time
    demo.run("DO 'BEGIN END'; SET default_transaction_read_only = on; SELECT nlsql.jsonl('r')");
    assert_eq!(cluster.alarms(), [""; 0]);
}
