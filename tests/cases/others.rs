//! What other people do to the database in the middle of a run.

use super::workers_gone;
use super::{AT_ONCE, Case, Found, LIMIT, at_work, begin, cancel, ends_as, signal, status, stored, within};
use crate::support::{Cluster, eventually};
use std::time::{Duration, Instant};

pub const CASES: &[Case] = &[
    ("ROLLBACK after generate()", "no run, no worker, savepoints and 2PC included", rolled_back),
    ("DROP DATABASE of its own", "refused while a run is at work, done when it is idle", drop_own_database),
    ("DROP DATABASE of another", "never waits for a worker", drop_other_database),
    ("DROP DATABASE WITH (FORCE)", "at once; no FATAL and no new worker afterwards", drop_by_force),
    ("DROP EXTENSION", "workers leave without a word, nothing stays behind", drop_extension),
    ("ALTER EXTENSION UPDATE", "an older library writes nothing and says what to do", update_extension),
    ("DROP and ALTER of subjects", "not blocked; the run goes on with the new schema", change_subjects),
    ("lock held by others", "generate() refused in time; the run waits, then goes on", lock_held),
    ("privilege revoked", "run failed/privilege", rights_revoked),
    ("role dropped", "run failed/privilege", role_dropped),
];

fn rolled_back(cluster: &Cluster) -> Found {
    let demo = cluster.demo("rolled");
    let call = "SELECT nlsql.generate('joins', 50, run => 'x')";
    demo.run(&format!("BEGIN; {call}; ROLLBACK"));
    demo.run(&format!("BEGIN; SAVEPOINT s; {call}; ROLLBACK TO s; COMMIT"));
    let error = demo.error(&format!("BEGIN; {call}; PREPARE TRANSACTION 'p'"));
    std::thread::sleep(Duration::from_millis(300));
    let left = (demo.number("SELECT count(*) FROM nlsql.run"), demo.workers().len(), error.sqlstate.as_str());
    if left == (0, 0, "0A000") { Ok("nothing of three".into()) } else { Err(format!("{left:?}")) }
}

fn drop_own_database(cluster: &Cluster) -> Found {
    let (demo, root) = (cluster.demo("own"), cluster.database("postgres"));
    at_work(&demo, "x");
    let error = root.error("DROP DATABASE own");
    if error.sqlstate != "55006" {
        return Err(error.text);
    }
    cancel(&demo, "x");
    root.run("DROP DATABASE own");
    Ok("refused (55006), then dropped".into())
}

fn drop_other_database(cluster: &Cluster) -> Found {
    let (demo, root) = (cluster.demo("busy"), cluster.database("postgres"));
    root.run("CREATE DATABASE other");
    at_work(&demo, "x");
    let begin = Instant::now();
    root.run("DROP DATABASE other");
    let found = within(AT_ONCE, "dropped", begin);
    cancel(&demo, "x");
    found
}

fn drop_by_force(cluster: &Cluster) -> Found {
    let demo = cluster.demo("doomed");
    at_work(&demo, "x");
    let begin = Instant::now();
    cluster.database("postgres").run("DROP DATABASE doomed WITH (FORCE)");
    let found = within(AT_ONCE, "dropped", begin);
    let from = cluster.log().len();
    std::thread::sleep(Duration::from_millis(1500));
    let later: Vec<String> = cluster.log()[from..].lines().filter(|l| l.contains("FATAL")).map(str::to_owned).collect();
    if later.is_empty() { found } else { Err(format!("afterwards {later:?}")) }
}

/// Lines of the log that are about workers, other than being told to end.
fn complaints(cluster: &Cluster) -> Vec<String> {
    let bad = |l: &&str| l.contains(" nlsql worker ") && ["FATAL", "ERROR", "WARNING"].iter().any(|s| l.contains(s));
    cluster.log().lines().filter(bad).map(str::to_owned).collect()
}

fn drop_extension(cluster: &Cluster) -> Found {
    let demo = cluster.demo("extension");
    at_work(&demo, "x");
    let (before, begin) = (complaints(cluster).len(), Instant::now());
    demo.as_superuser().run("DROP EXTENSION nlsql");
    workers_gone(&demo);
    let left = demo.run("SELECT count(*) FROM pg_namespace WHERE nspname = 'nlsql'");
    match complaints(cluster).get(before..) {
        Some([]) if left == "0" => within(LIMIT, "dropped, workers gone", begin),
        more => Err(format!("{more:?}, {left} schemas left")),
    }
}

/// To a library, the catalog is all that an update changes before it is loaded anew.
fn update_extension(cluster: &Cluster) -> Found {
    let demo = cluster.demo("updated");
    let root = demo.as_superuser();
    begin(&demo, "x", 600);
    let version = root.run("SELECT extversion FROM pg_extension WHERE extname = 'nlsql'");
    let set = |v: &str| root.run(&format!("UPDATE pg_extension SET extversion = '{v}' WHERE extname = 'nlsql'"));
    set("99.0");
    workers_gone(&demo);
    let kept = stored(&demo, "x");
    let error = demo.error("SELECT nlsql.generate('joins', 5)");
    if error.sqlstate != "55000" || !error.message.contains("99.0") || !error.hint.contains("connect anew") {
        return Err(error.text);
    }
    if stored(&demo, "x") != kept {
        return Err("pairs were stored by the older library".into());
    }
    set(&version);
    demo.run("CALL nlsql.wait('x')");
    match stored(&demo, "x") {
        600 => Ok("55000 with a hint; the run goes on with the right library".into()),
        count => Err(format!("{count} pairs")),
    }
}

fn change_subjects(cluster: &Cluster) -> Found {
    let demo = cluster.demo("subjects");
    at_work(&demo, "x");
    // again and again, and each is done before a lock would be waited for too long
    let begin = Instant::now();
    for n in 0..10 {
        demo.run(&format!(
            "SET lock_timeout = '5s'; ALTER TABLE insurer.plan ADD COLUMN extra{n} int; CREATE INDEX ON insurer.plan (extra{n})"
        ));
    }
    demo.run(
        "SET lock_timeout = '5s'; DROP TABLE insurer.payment; ALTER TABLE insurer.claim RENAME billed_amt TO asked_amt",
    );
    let took = begin.elapsed() / 12;
    // what is drawn from then on knows the new schema
    let stale = "SELECT count(*) FROM nlsql.dataset WHERE run = 'x' AND sql ~ '\\mpayment\\M|billed_amt'
                    AND schema_hash = (SELECT schema_hash FROM nlsql.dataset WHERE run = 'x' ORDER BY slot DESC LIMIT 1)";
    let hashes = "SELECT count(DISTINCT schema_hash) FROM nlsql.dataset WHERE run = 'x'";
    eventually("pairs of the new schema", LIMIT, || demo.number(hashes) > 1 && demo.number(stale) == 0);
    let state = status(&demo, "x");
    cancel(&demo, "x");
    match demo.number(stale) {
        0 if state == "running" => Ok(format!("12 changes, {took:.0?} each; no stale pair afterwards")),
        count => Err(format!("{count} stale pairs, run is {state}")),
    }
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
    let refused = within(AT_ONCE * 2, "refused (55P03)", begin)?;
    // a worker that begins now waits for its turn and goes on when the lock is gone
    signal(&demo, "pg_terminate_backend");
    demo.run("SELECT nlsql.resume('x')");
    eventually("the run waits", LIMIT, || status(&demo, "x") == "waiting/locked");
    let kept = stored(&demo, "x");
    session.run("COMMIT;");
    eventually("the run goes on", LIMIT, || stored(&demo, "x") > kept);
    cancel(&demo, "x");
    Ok(format!("{refused}; waiting/locked, then goes on"))
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
