//! A guest that the server never notices: what others do in the middle of runs, and what must become of it. Prints
//! the table of faults; any line that fails fails the test.

mod support;

use std::net::TcpListener;
use std::time::{Duration, Instant};
use support::{Cluster, Database, eventually};

const LIMIT: Duration = Duration::from_secs(60);

/// What a case found: a line for the table, or what went wrong.
type Found = Result<String, String>;

fn status(database: &Database, run: &str) -> String {
    database.as_superuser().run(&format!("SELECT concat_ws('/', status, reason) FROM nlsql.run WHERE name = '{run}'"))
}

fn stored(database: &Database, run: &str) -> i64 {
    database.as_superuser().number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}'"))
}

/// A run that is in the middle of its work.
fn at_work(database: &Database, run: &str) {
    database.run(&format!("SELECT nlsql.generate('joins', 3000, run => '{run}')"));
    eventually("the run is at work", LIMIT, || stored(database, run) > 0);
}

fn ends_as(database: &Database, run: &str, wanted: &str) -> Found {
    eventually("the run has ended", LIMIT, || {
        !["queued", "running", "waiting"].contains(&status(database, run).split('/').next().unwrap_or_default())
    });
    let got = status(database, run);
    if got == wanted { Ok(format!("run is {got}")) } else { Err(format!("run is {got}, not {wanted}")) }
}

fn within(limit: Duration, what: &str, begin: Instant) -> Found {
    let took = begin.elapsed();
    if took < limit { Ok(format!("{what} in {took:.0?}")) } else { Err(format!("{what} took {took:?}")) }
}

/// Lines of the log that are about workers, other than being told to end.
fn complaints(cluster: &Cluster) -> Vec<String> {
    let log = cluster.log();
    log.lines()
        .filter(|l| l.contains(" nlsql worker ") && ["FATAL", "ERROR", "WARNING"].iter().any(|s| l.contains(s)))
        .map(str::to_owned)
        .collect()
}

fn drop_extension(cluster: &Cluster) -> Found {
    let demo = cluster.demo("extension");
    at_work(&demo, "x");
    let (before, begin) = (complaints(cluster).len(), Instant::now());
    demo.as_superuser().run("DROP EXTENSION nlsql");
    eventually("the workers have left", Duration::from_secs(3), || demo.workers().is_empty());
    match complaints(cluster).get(before..) {
        Some([]) => within(Duration::from_secs(3), "dropped, workers gone without a word", begin),
        more => Err(format!("{more:?}")),
    }
}

fn drop_other_database(cluster: &Cluster) -> Found {
    let demo = cluster.demo("busy");
    cluster.database("postgres").run("CREATE DATABASE other");
    at_work(&demo, "x");
    let begin = Instant::now();
    cluster.database("postgres").run("DROP DATABASE other");
    let found = within(Duration::from_secs(1), "dropped", begin);
    demo.run("SELECT nlsql.cancel('x')");
    found
}

fn drop_own_database(cluster: &Cluster) -> Found {
    let demo = cluster.demo("doomed");
    at_work(&demo, "x");
    let begin = Instant::now();
    cluster.database("postgres").run("DROP DATABASE doomed WITH (FORCE)");
    let found = within(Duration::from_secs(1), "dropped", begin);
    let lines = cluster.log().lines().count();
    std::thread::sleep(Duration::from_millis(1500));
    let later: Vec<String> =
        cluster.log().lines().skip(lines).filter(|l| l.contains("FATAL")).map(str::to_owned).collect();
    if later.is_empty() { found } else { Err(format!("afterwards {later:?}")) }
}

fn drop_and_alter_subjects(cluster: &Cluster) -> Found {
    let demo = cluster.demo("subjects");
    at_work(&demo, "x");
    let begin = Instant::now();
    demo.run(
        "SET lock_timeout = '2s'; DROP TABLE insurer.payment; ALTER TABLE insurer.claim RENAME billed_amt TO asked_amt",
    );
    let took = within(Duration::from_secs(2), "dropped and renamed", begin)?;
    // what is drawn from then on knows the new schema
    let hashes = "SELECT count(DISTINCT schema_hash) FROM nlsql.dataset WHERE run = 'x'";
    eventually("pairs of the new schema", LIMIT, || demo.number(hashes) > 1);
    let stale = demo.number(
        "SELECT count(*) FROM nlsql.dataset WHERE run = 'x' AND sql ~ '\\mpayment\\M|billed_amt'
            AND schema_hash = (SELECT schema_hash FROM nlsql.dataset WHERE run = 'x' ORDER BY slot DESC LIMIT 1)",
    );
    demo.run("SELECT nlsql.cancel('x')");
    if stale == 0 {
        Ok(format!("{took}; the run goes on with the new schema"))
    } else {
        Err(format!("{stale} stale pairs"))
    }
}

fn rights_revoked(cluster: &Cluster) -> Found {
    let reader = cluster.create_database_of("revoked", "reader");
    at_work(&reader, "x");
    reader.as_superuser().run("REVOKE ALL ON SCHEMA insurer FROM reader");
    ends_as(&reader, "x", "failed/privilege")
}

fn role_dropped(cluster: &Cluster) -> Found {
    let leaver = cluster.create_database_of("left", "leaver");
    at_work(&leaver, "x");
    leaver.as_superuser().run("DROP OWNED BY leaver; DROP ROLE leaver");
    ends_as(&leaver, "x", "failed/privilege")
}

fn lock_held(cluster: &Cluster) -> Found {
    let demo = cluster.demo("locked");
    at_work(&demo, "x");
    let mut session = demo.session();
    session.run("BEGIN; LOCK TABLE insurer.payment IN ACCESS EXCLUSIVE MODE;");
    let begin = Instant::now();
    let error = demo.error("SELECT nlsql.generate('joins', 20)");
    if error.sqlstate != "55P03" {
        return Err(error.text);
    }
    let refused = within(Duration::from_secs(4), "generate() refused (55P03)", begin)?;
    // a worker that begins now waits for its turn and goes on when the lock is gone
    let run = |text: &str| demo.as_superuser().run(text);
    run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nlsql worker'");
    demo.run("SELECT nlsql.resume('x')");
    eventually("the run waits", LIMIT, || status(&demo, "x") == "waiting/locked");
    let kept = stored(&demo, "x");
    session.run("COMMIT;");
    eventually("the run goes on", LIMIT, || stored(&demo, "x") > kept);
    demo.run("SELECT nlsql.cancel('x')");
    Ok(format!("{refused}; a run that begins is waiting/locked, then goes on"))
}

fn places_shared(cluster: &Cluster) -> Found {
    let demo = cluster.demo("places");
    demo.as_superuser().run("ALTER DATABASE places SET nlsql.db_sessions_max = 1");
    let names: Vec<String> = (1..=4).map(|n| format!("x{n}")).collect();
    for name in &names {
        demo.run(&format!("SELECT nlsql.generate('schema_docs', 20, run => '{name}')"));
    }
    let mut most = 0;
    eventually("all have ended", LIMIT, || {
        most = most.max(
            demo.as_superuser().number("SELECT count(*) FROM nlsql.worker WHERE nlsql.alive_(pid, backend_start)"),
        );
        names.iter().all(|n| status(&demo, n) == "done")
    });
    if most <= 1 { Ok("4 runs, one at a time, none waited for".into()) } else { Err(format!("{most} at once")) }
}

fn idle(cluster: &Cluster) -> Found {
    let demo = cluster.demo("idle");
    demo.generate("'schema_docs', 5");
    let begin = Instant::now();
    eventually("nobody is connected", Duration::from_secs(3), || demo.workers().is_empty());
    within(Duration::from_secs(3), "no connection is left", begin)
}

fn out_of_slots(_: &Cluster) -> Found {
    // one of the two belongs to logical replication
    let cluster = Cluster::with("max_worker_processes = 2");
    let demo = cluster.demo("demo");
    for n in 1..=3 {
        demo.run(&format!("SELECT nlsql.generate('schema_docs', 20, run => 'x{n}')"));
    }
    eventually("all have ended", LIMIT, || (1..=3).all(|n| status(&demo, &format!("x{n}")) == "done"));
    Ok("3 runs in one slot, none waited for".into())
}

/// A model server that takes connections and never answers.
fn silent_endpoint(demo: &Database) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    demo.as_superuser().run(&format!(
        "INSERT INTO nlsql.endpoint (name, base_url, model) VALUES ('silent', 'http://127.0.0.1:{port}/v1', 'none')"
    ));
    listener
}

fn stalled_api(_: &Cluster) -> Found {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let _listener = silent_endpoint(&demo);
    let root = demo.as_superuser();
    let waiting = |run: &str| {
        demo.run(&format!(
            "SELECT nlsql.generate('single_table', 50, run => '{run}', options => '{{\"engine\": \"openai\", \"endpoint\": \"silent\"}}')"
        ));
        eventually("a call is in flight", LIMIT, || {
            root.number("SELECT count(*) FROM nlsql.request WHERE status = 'sent'") > 0
        });
    };
    let second = Duration::from_secs(1);
    let mut said = Vec::new();
    waiting("a");
    let held = (0..20)
        .filter(|_| {
            root.run(
                "SELECT bool_or(backend_xmin IS NOT NULL) FROM pg_stat_activity WHERE backend_type = 'nlsql worker'",
            ) == "t"
        })
        .count();
    root.run("CREATE DATABASE other");
    let begin = Instant::now();
    root.run("DROP DATABASE other");
    said.push(within(second, "DROP DATABASE of another", begin)?);
    let begin = Instant::now();
    demo.run("SELECT nlsql.cancel('a')");
    eventually("it has left", LIMIT, || demo.workers().is_empty());
    said.push(within(second, "nlsql.cancel", begin)?);
    waiting("b");
    let begin = Instant::now();
    root.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nlsql worker'");
    eventually("it has left", LIMIT, || demo.workers().is_empty());
    said.push(within(second, "pg_cancel_backend", begin)?);
    if status(&demo, "b") != "cancelled/cancelled" {
        return Err(format!("pg_cancel_backend left the run {}", status(&demo, "b")));
    }
    waiting("c");
    let begin = Instant::now();
    root.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nlsql worker'");
    eventually("it has left", LIMIT, || demo.workers().is_empty());
    said.push(within(second, "SIGTERM", begin)?);
    demo.run("SELECT nlsql.resume('c')");
    eventually("it is back", LIMIT, || !demo.workers().is_empty());
    let begin = Instant::now();
    cluster.stop("fast");
    said.push(within(second, "fast stop", begin)?);
    if held > 0 {
        Err(format!("{held} of 20 looks met a held xmin"))
    } else {
        Ok(format!("{}; no xmin held", said.join(", ")))
    }
}

fn promotion(_: &Cluster) -> Found {
    let primary = Cluster::new();
    let demo = primary.demo("demo");
    at_work(&demo, "x");
    let standby = Cluster::standby_of(&primary);
    primary.stop("immediate");
    standby.promote();
    let demo = standby.database("demo").as_role("demo");
    let kept = stored(&demo, "x");
    demo.run("SELECT nlsql.resume_all()");
    eventually("the run goes on", LIMIT, || stored(&demo, "x") > kept);
    demo.run("SELECT nlsql.cancel('x')");
    Ok(format!("{kept} pairs came along, and the run went on"))
}

/// A small tablespace of its own, where the test may mount one.
fn disk_full(_: &Cluster) -> Found {
    let cluster = Cluster::new();
    let Some(disk) = cluster.small_disk() else { return Ok("skipped: needs root and the right to mount".into()) };
    let demo = cluster.demo("demo");
    let root = demo.as_superuser();
    root.run(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
    for table in ["item", "item_line"] {
        root.run(&format!("ALTER TABLE nlsql.{table} SET TABLESPACE small"));
    }
    demo.run("SELECT nlsql.generate('joins', 600, run => 'x', options => '{\"seed\": 1}')");
    eventually("the run is parked", LIMIT, || status(&demo, "x") == "waiting/disk");
    let kept = stored(&demo, "x");
    disk.enlarge();
    demo.run("CALL nlsql.wait('x')");
    let count = stored(&demo, "x");
    root.run("ALTER TABLE nlsql.item SET TABLESPACE pg_default; ALTER TABLE nlsql.item_line SET TABLESPACE pg_default; DROP TABLESPACE small");
    if count == 600 {
        Ok(format!("parked as waiting/disk with {kept} pairs, and completed when there was room"))
    } else {
        Err(format!("{count} pairs"))
    }
}

#[test]
fn the_table_of_faults() {
    let cluster = Cluster::new();
    let cases: [(&str, fn(&Cluster) -> Found); 13] = [
        ("DROP EXTENSION in the middle", drop_extension),
        ("DROP DATABASE of another", drop_other_database),
        ("DROP DATABASE of its own WITH (FORCE)", drop_own_database),
        ("DROP and ALTER of subjects", drop_and_alter_subjects),
        ("rights revoked", rights_revoked),
        ("role dropped", role_dropped),
        ("lock held by others", lock_held),
        ("nlsql.db_sessions_max shared", places_shared),
        ("out of worker slots", out_of_slots),
        ("an API that never answers", stalled_api),
        ("standby promoted", promotion),
        ("disk full", disk_full),
        ("idle", idle),
    ];
    let mut failed = 0;
    for (name, case) in cases {
        let begin = Instant::now();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(&cluster)))
            .unwrap_or_else(|_| Err("a check failed, see above".into()));
        failed += usize::from(found.is_err());
        let (mark, text) = found.map_or_else(|e| ("FAIL", e), |f| ("pass", f));
        println!("{mark}  {name:<40} {text}  [{:.1?}]", begin.elapsed());
    }
    assert_eq!(failed, 0, "see the table above");
    assert_eq!(cluster.alarms(), [""; 0]);
}
