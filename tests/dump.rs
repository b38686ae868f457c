//! pg_dump and pg_restore carry everything that was made and set, into a database where the work goes on; what is
//! secret or of use here alone stays behind.

mod support;

use std::time::Duration;
use support::{Cluster, Database, eventually};

/// Tables that a dump leaves out: who works now, the anonymiser's key, lessons about endpoints that are soon learned
/// again, relationships that are found again, and lines that the triggers of nlsql.item make again.
const LEFT_OUT: [&str; 6] = ["audited", "inferred", "item_line", "learned", "secret", "worker"];

fn tables(root: &Database) -> Vec<String> {
    let all = root.run(
        "SELECT relname FROM pg_class WHERE relnamespace = 'nlsql'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
    );
    all.lines().map(str::to_owned).collect()
}

fn contents(root: &Database, table: &str) -> String {
    root.raw(&format!("SELECT t::text FROM nlsql.{table} t ORDER BY 1"))
}

/// Two roles' runs in every state, and a row in each table of settings.
fn filled(cluster: &Cluster) -> Database {
    let reader = cluster.create_database_of("old", "reader");
    let (demo, root) = (reader.as_role("demo"), reader.as_superuser());
    reader.generate("'schema_docs', 20, run => 'done'");
    demo.generate("'joins', 20, run => 'done', options => '{\"seed\": 4}'");
    demo.generate("'sample_data', NULL, run => 'rows', options => '{\"n_rows\": 2}'");
    for run in ["cancelled", "unfinished"] {
        demo.run(&format!("SELECT nlsql.generate('joins', 120, run => '{run}', options => '{{\"seed\": 4}}')"));
        let stored = format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}'");
        eventually("the run is at work", Duration::from_secs(60), || demo.number(&stored) > 0);
        match run {
            "cancelled" => drop(demo.run("SELECT nlsql.cancel('cancelled')")),
            // nobody is told, so the run stays where it is
            _ => drop(root.run(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE backend_type = 'nlsql worker'",
            )),
        }
        eventually("no worker is left", Duration::from_secs(10), || demo.workers().is_empty());
    }
    demo.run("INSERT INTO nlsql.phase (role, name, count) VALUES (current_user, 'joins', 7)");
    demo.run(
        "INSERT INTO nlsql.template VALUES (current_user, 'joins', 'Write {{ count }} pairs about {{ tables }}.')",
    );
    demo.run("INSERT INTO nlsql.column_policy VALUES ('insurer', 'claim', 'billed_amt', 'mask')");
    root.run(
        "INSERT INTO nlsql.price (model, input_usd_per_mtok, output_usd_per_mtok) VALUES ('m', 1, 2);
         INSERT INTO nlsql.endpoint (name, base_url, model, key)
           VALUES ('ours', 'https://models.example.com/v1', 'm', 'env:OUR_MODEL_KEY');
         INSERT INTO nlsql.allowed_function VALUES ('pg_catalog.random()', 'a note');
         INSERT INTO nlsql.benchmark VALUES ('spider', 'How many singers are there?', 'SELECT count(*) FROM singer');
         INSERT INTO nlsql.request (role, phase, task, attempt, endpoint, model) VALUES ('demo', 'ask', 0, 1, 'ours', 'm');
         INSERT INTO nlsql.reject (run_id, phase, task, sql, stage, message, engine)
           SELECT r.id, 'joins', 1, 'SELECT', 'parse', 'syntax error', 'offline' FROM nlsql.run r WHERE r.name = 'cancelled'",
    );
    root
}

#[test]
fn a_restored_database_has_it_all_and_goes_on() {
    let cluster = Cluster::new();
    let old = filled(&cluster);
    let secret = old.run("SELECT encode(value, 'hex') FROM nlsql.secret");
    assert!(!old.pg_dump(&[]).contains(&secret), "the anonymiser's key is in the dump");
    for (name, options) in [("plain", vec![]), ("custom", vec!["-Fc"]), ("inserts", vec!["--rows-per-insert=100"])] {
        cluster.database("postgres").run(&format!("CREATE DATABASE {name} OWNER demo"));
        let new = cluster.database(name);
        old.dump_into(&new, &options);
        for table in tables(&old).iter().filter(|t| !LEFT_OUT.contains(&t.as_str()) || *t == "item_line") {
            let was = contents(&old, table);
            assert!(!was.is_empty(), "{table} has no row to be carried");
            assert!(contents(&new, table) == was, "{name}: {table}");
        }
        assert_eq!(
            new.number("SELECT count(*) FROM nlsql.worker") + new.number("SELECT count(*) FROM nlsql.learned"),
            0
        );
        assert_ne!(new.run("SELECT encode(value, 'hex') FROM nlsql.secret"), secret, "{name}");
        goes_on(&new.as_role("demo"), name);
    }
    let error = old.as_role("reader").error("SELECT * FROM nlsql.secret");
    assert_eq!(error.sqlstate, "42501", "{error}");
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// Grants do not come along for an extension's functions; all else does.
fn goes_on(demo: &Database, name: &str) {
    demo.as_superuser().run(&support::grants("demo"));
    let last = demo.as_superuser().number("SELECT max(id) FROM nlsql.run");
    demo.run("SELECT nlsql.resume_all(); CALL nlsql.wait()");
    demo.run("SELECT nlsql.resume('cancelled'); CALL nlsql.wait()");
    for run in ["cancelled", "unfinished"] {
        let count = format!("SELECT count(*), count(DISTINCT sql) FROM nlsql.dataset WHERE run = '{run}'");
        assert_eq!(demo.run(&count), "120|120", "{name}: {run}");
    }
    demo.generate("'joins', 5, run => 'new'");
    assert!(demo.number("SELECT id FROM nlsql.run WHERE name = 'new'") > last, "{name}: numbers go on");
    assert_eq!(demo.run("SELECT count FROM nlsql.phases WHERE name = 'joins'"), "7", "{name}");
    let lines = |run: &str| demo.raw(&format!("SELECT * FROM nlsql.jsonl('{run}')")).lines().count();
    assert_eq!((lines("done"), lines("new")), (20, 5), "{name}");
    assert!(demo.number("SELECT nlsql.drop_run('done')") > 20, "{name}");
}

#[test]
fn what_is_stored_can_be_dumped() {
    let cluster = Cluster::new();
    let root = cluster.demo("demo").as_superuser();
    let not_dumped = root.run(
        "SELECT c.relname FROM pg_class c
          WHERE c.relnamespace = 'nlsql'::regnamespace AND c.relkind IN ('r', 'p', 'S')
            AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'nlsql' AND c.oid = ANY (e.extconfig))
          ORDER BY 1",
    );
    assert_eq!(
        not_dumped.lines().collect::<Vec<_>>(),
        LEFT_OUT,
        "in pg_extension_config_dump or left out for a reason"
    );
    // numbers of one server mean nothing, or something else, in another
    let numbers = root.run(
        "SELECT format('%s.%s %s', c.relname, a.attname, a.atttypid::regtype)
           FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
          WHERE c.relnamespace = 'nlsql'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
            AND (a.atttypid::regtype::text ~ '^(oid|reg.*|xid8?|cid|tid|pg_lsn)(\\[\\])?$')",
    );
    assert_eq!(numbers, "", "names are stored, never OIDs");
    // a dump has rows of the caller's own making alone: nothing is filled at install
    for table in tables(&root).iter().filter(|t| t.as_str() != "secret") {
        assert_eq!(root.number(&format!("SELECT count(*) FROM nlsql.{table}")), 0, "{table}");
    }
}
