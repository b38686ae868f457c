//! The key of an endpoint goes into the header of its requests, and nowhere else: not even where the server logs all
//! that it can, where errors of the endpoint repeat it, and where its file cannot be used.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use support::{Cluster, Database, ModelServer, Play, tool};

const KEY: &str = "sk-canary-0b8a5f1c7d2e49aa";

/// In /tmp and of the server's own user; removed at drop.
struct KeyFile(std::path::PathBuf);

impl KeyFile {
    fn new(cluster: &Cluster) -> KeyFile {
        let path = cluster.dir().with_extension("key");
        fs::write(&path, KEY).expect("/tmp can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
        // the server's user is the owner of its folder
        let owner = Command::new("chown").arg(format!("--reference={}", cluster.dir().display())).arg(&path).status();
        assert!(owner.is_ok_and(|status| status.success()));
        KeyFile(path)
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Files below `top` that hold the text.
fn files_with(top: &Path, text: &str) -> String {
    let found = Command::new("grep").args(["-rlaF", text]).arg(top).output().expect("grep starts");
    String::from_utf8_lossy(&found.stdout).into_owned()
}

/// Rows of any relation that hold the text; what the role may not read has none for it.
fn rows_with(database: &Database, text: &str) -> String {
    // put together here, since the query itself stands in pg_stat_activity
    let (first, rest) = text.split_at(5);
    database.run(&format!(
        "CREATE FUNCTION pg_temp.found() RETURNS text LANGUAGE plpgsql AS $$
         DECLARE relation regclass; hits bigint; said text := '';
         BEGIN
             FOR relation IN SELECT c.oid FROM pg_class c WHERE c.relkind IN ('r', 'v', 'm') LOOP
                 BEGIN
                     EXECUTE format('SELECT count(*) FROM %s AS t WHERE strpos(t::text, %L || %L) > 0', relation, '{first}', '{rest}')
                         INTO hits;
                     IF hits > 0 THEN said := said || relation || ' '; END IF;
                 EXCEPTION WHEN insufficient_privilege OR object_not_in_prerequisite_state OR feature_not_supported
                     OR undefined_object OR invalid_parameter_value THEN NULL;
                 END;
             END LOOP;
             RETURN said;
         END $$;
         SELECT pg_temp.found()"
    ))
}

#[test]
fn the_key_is_found_nowhere() {
    let cluster = Cluster::with(
        "log_min_messages = debug5\nlog_min_error_statement = debug5\nlog_statement = all\nlog_duration = on
log_parser_stats = on\nlog_error_verbosity = verbose\nlog_connections = on\ntrack_activity_query_size = 1MB",
    );
    let key = KeyFile::new(&cluster);
    // every third call fails and repeats what it was sent
    let server = ModelServer::with(|asked| match asked.number % 3 {
        1 => {
            let said = asked.header("authorization").unwrap_or_default();
            let body =
                format!(r#"{{"error":{{"message":"{said} {KEY}","type":"{KEY}","param":"{KEY}","code":"{KEY}"}}}}"#);
            Play::Status(500, format!("x-request-id: {KEY}\r\n"), body)
        }
        _ => Play::Answer,
    });
    let demo = cluster.demo("demo");
    let admin = demo.as_superuser();
    cluster.create_role("other");
    admin.run("GRANT pg_read_all_settings, pg_read_all_stats TO other");
    support::endpoint(&demo, "keyed", &server, &format!(r#", "key": "file:{}""#, key.0.display()));
    support::endpoint(&demo, "strict", &server, &format!(r#", "key": "file:{}""#, key.0.display()));
    let options =
        r#"options => '{"engine": "openai", "endpoint": "keyed", "tables": ["insurer.payer", "insurer.plan"]}'"#;

    let watch = admin.spawn(
        "SELECT count(*), pg_sleep(0.01) FROM generate_series(1, 300) i, LATERAL (SELECT i, s.* FROM pg_stat_activity s) a \
         WHERE strpos(a::text, 'sk-canary' || '-0b8a5f1c7d2e49aa') > 0",
    );
    demo.generate(&format!("'single_table', 20, run => 'told', {options}"));
    assert_eq!(demo.run("SELECT status, reason FROM nlsql.run WHERE name = 'told'"), "done|");
    assert!(watch.finish().expect("a count").starts_with("0|"), "pg_stat_activity while it ran");
    // the key did go out
    let journal = server.journal();
    let bearer = format!("Bearer {KEY}");
    assert!(journal.len() > 2 && journal.iter().all(|a| a.header("authorization") == Some(bearer.as_str())));

    // the same where the server says that the key is wrong, and where the file may be read by others
    let wrong = ModelServer::with(|_| {
        let body = format!(
            r#"{{"error":{{"message":"Incorrect API key provided: {KEY}","type":"x","param":null,"code":"invalid_api_key"}}}}"#
        );
        Play::Status(401, String::new(), body)
    });
    admin.run(&format!("UPDATE nlsql.endpoint SET base_url = '{}' WHERE name = 'strict'", wrong.url()));
    let strict = options.replace("keyed", "strict");
    let refused = |run: &str| {
        demo.run(&format!("SELECT nlsql.generate('single_table', 5, run => '{run}', {strict})"));
        demo.error(&format!("CALL nlsql.wait('{run}')"))
    };
    let told = refused("wrong").text;
    assert!(told.contains("key") && !told.contains(KEY), "{told}");
    fs::set_permissions(&key.0, fs::Permissions::from_mode(0o644)).expect("the file is ours");
    let told = demo.error(&format!("SELECT nlsql.generate('single_table', 5, {strict})")).text;
    assert!(told.contains("may be used by others") && !told.contains(KEY), "{told}");

    for role in ["postgres", "demo", "other"] {
        assert_eq!(rows_with(&admin.as_role(role), KEY), "", "as {role}");
        let settings = admin.as_role(role).run("SELECT name, setting, reset_val, boot_val FROM pg_settings");
        assert!(!settings.contains(KEY), "settings as {role}");
    }
    let mut dump = Command::new(tool("pg_dumpall"));
    let dump = dump.arg("-h").arg(cluster.dir()).args(["-U", "postgres"]).output().expect("pg_dumpall starts");
    let text = String::from_utf8_lossy(&dump.stdout);
    assert!(dump.status.success() && text.contains("nlsql.endpoint") && !text.contains(KEY));
    admin.run("CHECKPOINT");
    assert_eq!(files_with(cluster.dir(), KEY), "", "log and data directory");
    let log = cluster.log();
    assert!(log.contains("DEBUG") && log.lines().count() > 5_000, "the log says all: {} lines", log.lines().count());
    // the searches would have found it
    assert!(rows_with(&demo, "single_table").contains("nlsql.run_phase"));
    admin.run(&format!("SELECT '{KEY}'"));
    assert!(files_with(cluster.dir(), KEY).ends_with("/log\n"));
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn only_a_key_that_worked_lately_is_trusted_from_the_first_call_on() {
    let cluster = Cluster::new();
    let key = KeyFile::new(&cluster);
    // answers slowly, so that all calls of a worker begin before the first of them ends
    let server = ModelServer::with(|asked| match asked.header("authorization") {
        Some(bearer) if bearer.ends_with(KEY) => Play::Answer,
        _ => Play::Status(401, String::new(), String::new()),
    })
    .latency(700);
    let demo = cluster.demo("demo");
    support::endpoint(&demo, "keyed", &server, &format!(r#", "key": "file:{}""#, key.0.display()));
    // calls in all, and those that began before any ended
    let calls = |run: &str| {
        demo.run(&format!(
            r#"SELECT nlsql.generate('single_table', 6, run => '{run}', options => '{{"engine": "openai", "endpoint": "keyed",
                 "api_answer_count": 1, "parallelism": 6, "tables": ["insurer.payer", "insurer.plan"]}}')"#
        ));
        let _ = demo.try_run(&format!("CALL nlsql.wait('{run}')"));
        demo.run(&format!(
            "SELECT r.status, count(*), count(*) FILTER (WHERE q.sent_at < f.first) FROM nlsql.run r
               JOIN nlsql.request q ON q.run_id = r.id,
               LATERAL (SELECT min(ended_at) AS first FROM nlsql.request WHERE run_id = r.id) f
              WHERE r.name = '{run}' GROUP BY 1"
        ))
    };
    assert_eq!(calls("first"), "done|6|1");
    assert_eq!(calls("second"), "done|6|6");
    fs::write(&key.0, "sk-another-key").expect("the file is there");
    assert_eq!(calls("another"), "failed|1|1");
    // after a failure no key is trusted, not even the one that had worked
    fs::write(&key.0, KEY).expect("the file is there");
    assert_eq!(calls("back"), "done|6|1");
    let age = "UPDATE nlsql.learned SET lessons = jsonb_set(lessons, '{worked,at}', to_jsonb((lessons #>> '{worked,at}')::bigint - 3600))";
    demo.as_superuser().run(age);
    assert_eq!(calls("later"), "done|6|1");
}
