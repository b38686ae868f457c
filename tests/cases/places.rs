//! What runs out: worker slots, places, disk, memory; and servers that may not write.

use super::workers_gone;
use super::{AT_ONCE, Case, Found, LIMIT, at_work, cancel, ended, silent_endpoint, stalled, status, stored, within};
use crate::support::{Cluster, Database, ModelServer, Play, endpoint, eventually, http_bytes};
use std::time::Instant;

pub const CASES: &[Case] = &[
    ("out of worker slots", "runs stay queued, said once, start when there is a slot", out_of_slots),
    ("a burst of runs, then a crash", "no more workers than allowed; all end", burst),
    ("standby", "generate() is refused, nothing starts", standby),
    ("standby promoted", "the run goes on where it was", promotion),
    ("disk full", "run waiting/disk, goes on when there is room", disk_full),
    ("temp_file_limit", "the statement is refused, the run goes on", temp_file_limit),
    ("memory of a candidate", "an ordinary error, the session lives", memory_of_a_candidate),
    ("an answer without end", "memory is bounded, the run ends with a reason", endless_answer),
    ("memory over many slots", "stays small", memory_over_slots),
    ("threads", "of the HTTP pool alone, gone with the worker", threads),
    ("idle", "no connection, no process", idle),
];

fn names(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("{prefix}{n}")).collect()
}

fn out_of_slots(_: &Cluster) -> Found {
    // one of the two belongs to logical replication
    let cluster = Cluster::with("max_worker_processes = 2");
    let demo = cluster.demo("demo");
    let runs = names("x", 3);
    for run in &runs {
        demo.run(&format!("SELECT nlsql.generate('schema_docs', 20, run => '{run}')"));
    }
    eventually("all have ended", LIMIT, || runs.iter().all(|r| status(&demo, r) == "done"));
    Ok("3 runs in one slot, none waited for".into())
}

fn alive(root: &Database) -> i64 {
    root.number("SELECT count(*) FROM nlsql.worker WHERE nlsql.alive_(pid, backend_start)")
}

fn burst(cluster: &Cluster) -> Found {
    let demo = cluster.demo("burst");
    let root = demo.as_superuser();
    root.run("ALTER DATABASE burst SET nlsql.db_sessions_max = 2");
    demo.run(
        "DO $$ BEGIN FOR i IN 1 .. 30 LOOP PERFORM nlsql.generate('schema_docs', 3, run => 'x' || i); COMMIT; END LOOP; END $$",
    );
    cluster.stop("immediate");
    cluster.start();
    demo.run("SELECT nlsql.resume_all()");
    let mut most = 0;
    eventually("all have ended", LIMIT, || {
        most = most.max(alive(&root));
        demo.number("SELECT count(*) FROM nlsql.run WHERE status = 'done'") == 30
    });
    if most <= 2 { Ok(format!("30 runs, at most {most} workers of 2")) } else { Err(format!("{most} at once")) }
}

fn standby(cluster: &Cluster) -> Found {
    let demo = cluster.demo("copied");
    demo.generate("'schema_docs', 5, run => 'x'");
    let copy = Cluster::standby_of(cluster);
    let there = copy.database("copied").as_role("demo");
    for call in [
        "SELECT nlsql.generate('joins', 5)",
        "SELECT nlsql.resume_all()",
        "SELECT nlsql.cancel('x')",
        "SELECT nlsql.drop_run('x')",
    ] {
        let error = there.error(call);
        if error.sqlstate != "25006" {
            return Err(format!("{call}: {error}"));
        }
    }
    match (stored(&there, "x"), there.workers().len()) {
        (5, 0) => Ok("25006; what is stored can be read".into()),
        other => Err(format!("{other:?}")),
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
    cancel(&demo, "x");
    Ok(format!("{kept} pairs came along, and the run went on"))
}

/// A small tablespace of its own, where the test may mount one.
fn disk_full(cluster: &Cluster) -> Found {
    let Some(disk) = cluster.small_disk() else { return Ok("skipped: needs root and the right to mount".into()) };
    let demo = cluster.demo("full");
    let root = demo.as_superuser();
    root.run(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
    let tables = |place: &str| {
        for table in ["item", "item_line"] {
            root.run(&format!("ALTER TABLE nlsql.{table} SET TABLESPACE {place}"));
        }
    };
    tables("small");
    demo.run("SELECT nlsql.generate('joins', 600, run => 'x', options => '{\"seed\": 1}')");
    eventually("the run is parked", LIMIT, || status(&demo, "x") == "waiting/disk");
    let kept = stored(&demo, "x");
    disk.enlarge();
    demo.run("CALL nlsql.wait('x')");
    let count = stored(&demo, "x");
    tables("pg_default");
    root.run("DROP TABLESPACE small");
    match count {
        600 => Ok(format!("waiting/disk with {kept} pairs, all 600 when there was room")),
        _ => Err(format!("{count} pairs")),
    }
}

fn temp_file_limit(cluster: &Cluster) -> Found {
    let demo = cluster.demo("spills");
    demo.as_superuser()
        .run("ALTER DATABASE spills SET temp_file_limit = 0; ALTER DATABASE spills SET work_mem = '64kB'; ALTER DATABASE spills SET nlsql.check_timeout = '60s'");
    // the gate allows itself 100 MB
    let spill = "SELECT max(concat(c.*)) FROM (SELECT a.*, b.* FROM insurer.claim AS a CROSS JOIN insurer.claim AS b \
                 ORDER BY a.billed_amt + b.billed_amt OFFSET 10) AS c";
    let said = demo.run(&format!("SELECT ok, sqlstate FROM nlsql.check_sql('{spill}')"));
    if said != "f|53400" {
        return Err(format!("check_sql: {said}"));
    }
    demo.generate("'joins', 50, run => 'x'");
    match (status(&demo, "x"), stored(&demo, "x")) {
        (state, 50) if state == "done" => Ok("53400; 50 pairs of 50".into()),
        other => Err(format!("{other:?}")),
    }
}

fn memory_of_a_candidate(cluster: &Cluster) -> Found {
    let demo = cluster.demo("bombed");
    demo.as_superuser().run(
        "ALTER DATABASE bombed SET nlsql.check_memory = '50MB'; ALTER DATABASE bombed SET nlsql.check_timeout = '60s'",
    );
    let mut session = demo.session();
    let pid = session.run("SELECT pg_backend_pid();");
    let bomb = "SELECT cardinality(array_agg(concat(a.*, b.*))) FROM insurer.claim AS a CROSS JOIN insurer.claim AS b \
                CROSS JOIN insurer.claim AS c";
    let said = session.run(&format!("SELECT ok, sqlstate FROM nlsql.check_sql('{bomb}');"));
    let same = session.run("SELECT pg_backend_pid();") == pid;
    if said == "f|53200" && same { Ok("53200, same process".into()) } else { Err(format!("{said}, alive: {same}")) }
}

/// Kilobytes of a process: `VmHWM:` at most so far, `RssAnon:` now.
fn kilobytes(pid: u32, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|l| l.strip_prefix(field)?.split_ascii_whitespace().next()?.parse().ok())
}

fn endless_answer(cluster: &Cluster) -> Found {
    let demo = cluster.demo("endless");
    let body = vec![b'x'; 256 << 20];
    let server = ModelServer::with(move |_| Play::Raw(http_bytes(&body)));
    endpoint(&demo, "endless", &server, "");
    demo.run(
        r#"SET nlsql.max_retries = 0; SELECT nlsql.generate('single_table', 1, run => 'x', options => '{"engine": "openai", "endpoint": "endless"}')"#,
    );
    let mut most = 0;
    eventually("the run has ended", LIMIT, || {
        most = demo.workers().iter().filter_map(|pid| kilobytes(*pid, "VmHWM:")).max().unwrap_or(0).max(most);
        !["queued", "running", "waiting"].contains(&status(&demo, "x").as_str())
    });
    let text = format!("run is {}, at most {} MB", ended(&demo, "x"), most / 1024);
    if most < 200 << 10 { Ok(text) } else { Err(text) }
}

fn memory_over_slots(cluster: &Cluster) -> Found {
    let demo = cluster.demo("slots");
    demo.run("SELECT nlsql.generate('joins', 600, run => 'x', options => '{\"workers\": 1}')");
    let mut most = 0;
    eventually("pairs", LIMIT * 2, || {
        most = demo.workers().iter().filter_map(|pid| kilobytes(*pid, "RssAnon:")).max().unwrap_or(0).max(most);
        status(&demo, "x") == "done"
    });
    let text = format!("at most {} MB over 600 slots; make soak has the slope", most / 1024);
    if (1..64 << 10).contains(&most) { Ok(text) } else { Err(text) }
}

fn threads(cluster: &Cluster) -> Found {
    let demo = cluster.demo("threaded");
    let _listener = silent_endpoint(&demo);
    stalled(&demo, "x");
    let pid = demo.workers().first().copied().ok_or("the worker had ended")?;
    let count = kilobytes(pid, "Threads:").unwrap_or(0);
    let process = format!("/proc/{pid}");
    cancel(&demo, "x");
    eventually("its process has gone", LIMIT, || !std::path::Path::new(&process).exists());
    // the modules that run there cannot know the server: tests/lint.rs holds them to it
    if count > 1 { Ok(format!("{count} while it waits, then none")) } else { Err(format!("{count}")) }
}

fn idle(cluster: &Cluster) -> Found {
    let demo = cluster.demo("idle");
    demo.generate("'schema_docs', 5");
    let begin = Instant::now();
    workers_gone(&demo);
    within(AT_ONCE, "nobody is left", begin)
}
