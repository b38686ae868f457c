//! Databases and sessions that are not the usual ones: other encodings, read-only by default, prepared statements, a
//! pooler in between, forced parallel plans, any search_path.

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{Cluster, Database, eventually};

const LIMIT: Duration = Duration::from_secs(30);

fn done(database: &Database, run: &str, count: i64) {
    assert_eq!(database.run(&format!("SELECT status FROM nlsql.run WHERE name = '{run}'")), "done", "{run}");
    assert_eq!(database.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}'")), count, "{run}");
}

#[test]
fn encodings_other_than_utf8_are_refused_at_once() {
    let cluster = Cluster::new();
    for encoding in ["LATIN1", "SQL_ASCII", "EUC_JP"] {
        cluster
            .database("postgres")
            .run(&format!("CREATE DATABASE {encoding} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"));
        let database = cluster.database(&encoding.to_lowercase());
        let error = database.error("CREATE EXTENSION nlsql");
        assert!(error.sqlstate == "0A000" && error.message.contains(encoding) && !error.hint.is_empty(), "{error}");
        assert_eq!(database.run("SELECT count(*) FROM pg_namespace WHERE nspname = 'nlsql'"), "0");
    }
    // whatever the locale and the client's encoding
    cluster.database("postgres").run("CREATE DATABASE plain TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
    cluster.create_role("demo");
    let plain = cluster.database("plain");
    plain.run("CREATE EXTENSION nlsql; CREATE SCHEMA shop AUTHORIZATION demo");
    plain.run(&support::grants("demo"));
    let demo = plain.as_role("demo");
    demo.run(
        "CREATE TABLE shop.gebäude (gebäude_id int PRIMARY KEY, straße text NOT NULL, höhe numeric);
         INSERT INTO shop.gebäude SELECT i, (ARRAY['Müllerweg', 'Königsallee', 'Gasse'])[1 + i % 3], i FROM generate_series(1, 60) i; ANALYZE",
    );
    demo.run(
        "SET client_encoding = 'LATIN1'; SELECT nlsql.generate('single_table', 10, run => 'r'); CALL nlsql.wait('r')",
    );
    done(&demo, "r", 10);
    let records = demo.raw("SELECT * FROM nlsql.jsonl('r')");
    assert!(records.contains("gebäude") && !records.contains("Ã"), "{records}");
    assert_eq!(cluster.alarms(), [""; 0]);
}

#[test]
fn settings_of_the_database_and_the_session() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let root = demo.as_superuser();

    // read-only by default: the caller has to mean it, workers write all the same
    root.run("ALTER DATABASE demo SET default_transaction_read_only = on");
    let error = demo.error("SELECT nlsql.generate('joins', 5, run => 'no')");
    assert_eq!(error.sqlstate, "25006", "{error}");
    demo.run("SET default_transaction_read_only = off; SELECT nlsql.generate('joins', 5, run => 'ro')");
    eventually("the run has ended", LIMIT, || demo.run("SELECT status FROM nlsql.run WHERE name = 'ro'") == "done");
    done(&demo, "ro", 5);
    root.run("SET default_transaction_read_only = off; ALTER DATABASE demo RESET default_transaction_read_only");

    // prepared statements, with generic and custom plans
    demo.run(
        "PREPARE g (text, bigint, text) AS SELECT nlsql.generate($1, $2, run => $3);
         SET plan_cache_mode = force_generic_plan; EXECUTE g ('schema_docs', 4, 'prepared');
         SET plan_cache_mode = force_custom_plan; EXECUTE g ('schema_docs', 4, 'prepared');
         CALL nlsql.wait('prepared')",
    );
    done(&demo, "prepared", 8);

    // plans that go parallel wherever they may, in callers and workers
    for setting in [
        "force_parallel_mode = on",
        "parallel_setup_cost = 0",
        "parallel_tuple_cost = 0",
        "min_parallel_table_scan_size = 0",
    ] {
        root.run(&format!("ALTER DATABASE demo SET {setting}"));
    }
    demo.generate("'joins', 10, run => 'parallel', options => '{\"seed\": 3}'");
    done(&demo, "parallel", 10);
    demo.run("SELECT count(*) FROM nlsql.dataset, nlsql.progress, nlsql.phases, nlsql.prices; SELECT ok FROM nlsql.check_sql('SELECT count(*) FROM insurer.claim')");
    assert_eq!(demo.raw("SELECT * FROM nlsql.jsonl('parallel')").lines().count(), 10);
    assert_eq!(demo.run("SELECT length(nlsql.ddl()) > 99 AND nlsql.schema_json() IS NOT NULL"), "t");
    for setting in ["force_parallel_mode", "parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"]
    {
        root.run(&format!("ALTER DATABASE demo RESET {setting}"));
    }

    // the same pairs whatever the path; candidates name their tables in full
    let mut exports = Vec::new();
    for (n, path) in
        ["''", "insurer, public", "pg_temp, nlsql, insurer", "no_such_schema", "\"$user\""].iter().enumerate()
    {
        demo.run(&format!("SET search_path = {path}; SELECT nlsql.generate('joins', 10, run => 'path{n}', options => '{{\"seed\": 3}}'); CALL nlsql.wait('path{n}')"));
        done(&demo, &format!("path{n}"), 10);
        exports.push(demo.raw(&format!("SELECT sql FROM nlsql.dataset WHERE run = 'path{n}' ORDER BY slot")));
    }
    assert!(exports.iter().all(|e| *e == exports[0]), "search_path changes nothing");
    assert_eq!(cluster.alarms(), [""; 0]);
}

struct Pooler(Child);

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// PgBouncer in transaction mode with one server connection: whoever comes next gets what the last one left.
fn pooler(cluster: &Cluster) -> Pooler {
    let folder = cluster.dir().join("pool");
    std::fs::create_dir(&folder).expect("the cluster's folder can be written");
    let (dir, socket) = (folder.display(), cluster.dir().display());
    std::fs::write(folder.join("users"), "\"demo\" \"\"\n\"reader\" \"\"\n").expect("a file is written");
    let config = format!(
        "[databases]\n* = host={socket}\n[pgbouncer]\nlisten_addr =\nlisten_port = 5432\nunix_socket_dir = {dir}\n\
         auth_type = trust\nauth_file = {dir}/users\npool_mode = transaction\ndefault_pool_size = 1\n\
         logfile = {dir}/log\nserver_reset_query =\n"
    );
    std::fs::write(folder.join("ini"), config).expect("a file is written");
    // it refuses to run as root
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!(
        "if [ $(id -u) = 0 ]; then chown -R postgres {dir}; exec setpriv --reuid=postgres --regid=postgres --clear-groups /usr/sbin/pgbouncer {dir}/ini; \
         else exec /usr/sbin/pgbouncer {dir}/ini; fi"
    ));
    Pooler(command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sh starts"))
}

#[test]
fn behind_a_pooler_in_transaction_mode() {
    assert!(Path::new("/usr/sbin/pgbouncer").exists(), "PgBouncer is not installed: make setup-test");
    let cluster = Cluster::new();
    cluster.demo("demo");
    let _pooler = pooler(&cluster);
    eventually("the pooler is there", LIMIT, || cluster.dir().join("pool/.s.PGSQL.5432").exists());
    let demo = cluster.pooled("demo", "demo");
    // two clients on one server connection, in turns
    let (mut one, mut two) = (demo.session(), demo.session());
    one.run("SELECT nlsql.generate('schema_docs', 5, run => 'one');");
    two.run("SELECT nlsql.generate('joins', 40, run => 'two');");
    one.run("BEGIN; SELECT nlsql.generate('schema_docs', 5, run => 'gone'); ROLLBACK;");
    // each look of wait() is a transaction of its own; the connection is another client's in between
    let waiting = demo.spawn("CALL nlsql.wait('two')");
    one.run("SELECT count(*) FROM nlsql.progress;");
    waiting.finish().unwrap_or_else(|e| panic!("{e}"));
    one.run("CALL nlsql.wait('one');");
    done(&demo, "one", 5);
    done(&demo, "two", 40);
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.run"), 2);
    assert_eq!(two.run("SELECT nlsql.cancel('two'), nlsql.resume('two');"), "f|0");
    // workers that are on their way out have theirs
    let server = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                  WHERE locktype = 'advisory' AND backend_type = 'client backend'";
    assert_eq!(cluster.database("demo").number(server), 0, "no lock stays with the connection");
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// The server describes what is there now, and a query's snapshot shows what was: whatever goes meanwhile, the catalog
/// is read whole.
#[test]
fn the_catalog_changes_while_it_is_read() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    demo.run("CREATE TABLE insurer.under (id int); CREATE VIEW insurer.upper AS SELECT * FROM insurer.under");
    for call in
        ["(SELECT count(*) FROM nlsql.relationships())", "length(nlsql.schema_json()::text)", "length(nlsql.ddl())"]
    {
        demo.run("CREATE TABLE insurer.short (id int PRIMARY KEY, x int CHECK (x > 0))");
        let mut other = demo.session();
        // whoever describes either waits for its lock, and finds one of them gone
        other.run("BEGIN; LOCK TABLE insurer.under IN ACCESS EXCLUSIVE MODE; DROP TABLE insurer.short;");
        let reader = demo.spawn(&format!("SELECT {call} > 0"));
        eventually("the reader waits", LIMIT, || demo.number("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1);
        other.run("COMMIT;");
        assert_eq!(reader.finish().map_err(|e| e.text), Ok("t".to_owned()), "{call}");
    }
}
