//! What stops a worker, or the whole server: nothing that is stored is lost, nothing is stored twice, and a run ends
//! with exactly the pairs of an undisturbed one.

use super::{AT_ONCE, Case, Found, LIMIT, begin, cancel, ends_as, signal, silent_endpoint, stalled, status, stored};
use super::{within, workers_gone};
use crate::support::{Cluster, Database, eventually};
use std::time::{Duration, Instant};

pub const CASES: &[Case] = &[
    ("kill -9 of a worker", "the run goes on after recovery, each slot once", killed),
    ("immediate stop, loss of power", "the same", immediate_stop),
    ("fast stop of the server", "at once; the run goes on at the next start", fast_stop),
    ("pg_terminate_backend", "the claim is free at once, the run goes on", terminated),
    ("pg_cancel_backend", "run cancelled; resume() completes it", cancelled_backend),
    ("nlsql.cancel", "at once; resume() completes it", cancelled_run),
    ("terminated while it starts", "clean exit, however often; all runs end", terminated_early),
    ("a worker that stands still", "keeps its claim as long as it lives: no lease runs out", slow_worker),
    ("an API that never answers", "cancel, terminate, DROP DATABASE, fast stop all the same", stalled_api),
    ("a long wait for an API", "no xmin held, no transaction open", no_xmin),
];

const PAIRS: i64 = 300;

/// The database of these cases, with the pairs that each run has to end with.
fn home(cluster: &Cluster) -> Database {
    if cluster.database("postgres").run("SELECT count(*) FROM pg_database WHERE datname = 'home'") == "1" {
        return cluster.database("home").as_role("demo");
    }
    let demo = cluster.demo("home");
    demo.generate(&format!("'joins', {PAIRS}, run => 'undisturbed', options => '{{\"seed\": 11}}'"));
    demo
}

/// Waits for the run, which needs nothing but that someone comes, and compares.
fn whole(demo: &Database, run: &str) -> Result<(), String> {
    demo.run(&format!("CALL nlsql.wait('{run}')"));
    let lines = |run: &str| demo.raw(&format!("SELECT * FROM nlsql.jsonl('{run}')"));
    let (got, wanted) = (lines(run), lines("undisturbed"));
    let state = status(demo, run);
    if got == wanted && state == "done" {
        return Ok(());
    }
    Err(format!("run is {state} with {} pairs, not the {PAIRS} of an undisturbed run", got.lines().count()))
}

fn goes_on(demo: &Database, run: &str, kept: i64) -> Found {
    whole(demo, run).map(|()| format!("{kept} of {PAIRS} pairs kept, then the very same {PAIRS}"))
}

fn killed(cluster: &Cluster) -> Found {
    let demo = home(cluster);
    begin(&demo, "killed", PAIRS);
    let workers = demo.workers();
    if !workers.first().is_some_and(|pid| cluster.crash(*pid)) {
        return Err("the worker had ended".into());
    }
    let kept = stored(&demo, "killed");
    goes_on(&demo, "killed", kept)
}

fn immediate_stop(cluster: &Cluster) -> Found {
    let demo = home(cluster);
    begin(&demo, "immediate", PAIRS);
    cluster.stop("immediate");
    cluster.start();
    let kept = stored(&demo, "immediate");
    goes_on(&demo, "immediate", kept)
}

fn fast_stop(cluster: &Cluster) -> Found {
    let demo = home(cluster);
    begin(&demo, "fast", PAIRS);
    let begin = Instant::now();
    cluster.stop("fast");
    let took = within(AT_ONCE * 2, "stopped", begin);
    cluster.start();
    let kept = stored(&demo, "fast");
    Ok(format!("{}; {}", took?, goes_on(&demo, "fast", kept)?))
}

fn terminated(cluster: &Cluster) -> Found {
    let demo = home(cluster);
    begin(&demo, "terminated", PAIRS);
    signal(&demo, "pg_terminate_backend");
    workers_gone(&demo);
    let kept = stored(&demo, "terminated");
    let begin = Instant::now();
    demo.run("SELECT nlsql.resume_all()");
    eventually("the next worker", LIMIT, || !demo.workers().is_empty() || stored(&demo, "terminated") > kept);
    let took = within(AT_ONCE, "taken up again", begin)?;
    Ok(format!("{took}; {}", goes_on(&demo, "terminated", kept)?))
}

fn cancelled_backend(cluster: &Cluster) -> Found {
    let demo = home(cluster);
    begin(&demo, "backend", PAIRS);
    signal(&demo, "pg_cancel_backend");
    workers_gone(&demo);
    let found = ends_as(&demo, "backend", "cancelled/cancelled")?;
    let kept = stored(&demo, "backend");
    demo.run("SELECT nlsql.resume('backend')");
    Ok(format!("{found}; {}", goes_on(&demo, "backend", kept)?))
}

fn cancelled_run(cluster: &Cluster) -> Found {
    let demo = home(cluster);
    begin(&demo, "cancelled", PAIRS);
    let begin = Instant::now();
    cancel(&demo, "cancelled");
    let took = within(AT_ONCE, "workers gone", begin)?;
    let kept = stored(&demo, "cancelled");
    demo.run("SELECT nlsql.resume('cancelled')");
    Ok(format!("{took}; {}", goes_on(&demo, "cancelled", kept)?))
}

fn terminated_early(cluster: &Cluster) -> Found {
    let times = std::env::var("NLSQL_FAULTS").ok().and_then(|v| v.parse().ok()).unwrap_or(20);
    let demo = home(cluster);
    let root = demo.as_superuser();
    root.run(&format!(
        "DO $$ BEGIN FOR i IN 1 .. {times} LOOP
           PERFORM nlsql.generate('schema_docs', 1, run => 'early' || i); COMMIT;
           FOR look IN 1 .. 100 LOOP
             PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'nlsql worker';
             EXIT WHEN FOUND;
             COMMIT;
             PERFORM pg_sleep(0.001 * random());
           END LOOP;
         END LOOP; END $$"
    ));
    root.run("SELECT nlsql.resume_all(); CALL nlsql.wait()");
    let done = root.number("SELECT count(*) FROM nlsql.run WHERE name ~ '^early' AND status = 'done'");
    let died = cluster.log().lines().filter(|l| l.contains("terminated by signal") && !l.contains("signal 9")).count();
    if (done, died) == (times, 0) {
        Ok(format!("{times} of {times}"))
    } else {
        Err(format!("{done} ended, {died} died"))
    }
}

fn tell(pid: u32, signal: &str) -> bool {
    std::process::Command::new("kill").args([signal, &pid.to_string()]).status().is_ok_and(|s| s.success())
}

fn slow_worker(cluster: &Cluster) -> Found {
    let demo = home(cluster);
    begin(&demo, "slow", PAIRS);
    let Some(&pid) = demo.workers().first() else { return Err("the worker had ended".into()) };
    let stopped = tell(pid, "-STOP");
    std::thread::sleep(Duration::from_millis(1500));
    if !(tell(pid, "-CONT") && stopped) {
        return Err("the worker could not be stopped".into());
    }
    whole(&demo, "slow")?;
    let lost = "SELECT sum(t.lost) FROM nlsql.task t JOIN nlsql.run r ON r.id = t.run_id WHERE r.name = 'slow'";
    match demo.number(lost) {
        0 => Ok("1.5 s: nobody took its task, nothing twice".into()),
        n => Err(format!("{n} tasks were taken from it")),
    }
}

fn stalled_api(cluster: &Cluster) -> Found {
    let demo = home(cluster);
    let root = demo.as_superuser();
    let _listener = silent_endpoint(&demo);
    stalled(&demo, "a");
    root.run("CREATE DATABASE other");
    let begin = Instant::now();
    root.run("DROP DATABASE other");
    let mut said = vec![within(AT_ONCE, "DROP DATABASE of another", begin)?];
    let begin = Instant::now();
    cancel(&demo, "a");
    said.push(within(AT_ONCE, "nlsql.cancel", begin)?);
    for (run, function, state) in
        [("b", "pg_cancel_backend", "cancelled/cancelled"), ("c", "pg_terminate_backend", "running")]
    {
        stalled(&demo, run);
        let begin = Instant::now();
        signal(&demo, function);
        workers_gone(&demo);
        said.push(within(AT_ONCE, function, begin)?);
        if status(&demo, run) != state {
            return Err(format!("{function} left the run {}", status(&demo, run)));
        }
    }
    let open = "SELECT count(*) FROM nlsql.request WHERE status = 'sent'";
    // its worker was gone before it could tell what became of its call
    cancel(&demo, "c");
    if root.number(open) > 0 {
        return Err("a call of a cancelled run is still open".into());
    }
    // its worker stands still, so that it has not noticed when the run is cancelled, and is killed then
    stalled(&demo, "d");
    let Some(&worker) = demo.workers().first() else { return Err("the worker had ended".into()) };
    // not in the middle of a transaction: a cancel would wait for its locks
    eventually("the worker stands still", LIMIT, || {
        let still = tell(worker, "-STOP")
            && root.run(&format!("SELECT xact_start IS NULL FROM pg_stat_activity WHERE pid = {worker}")) == "t";
        still || !tell(worker, "-CONT")
    });
    demo.run("SELECT nlsql.cancel('d')");
    cluster.crash(worker);
    demo.run("SELECT nlsql.resume('d')");
    if root.number(&format!("{open} AND attempt = 1 AND run_id = (SELECT id FROM nlsql.run WHERE name = 'd')")) > 0 {
        return Err("a call of a worker that was killed is still open".into());
    }
    cancel(&demo, "d");
    demo.run("SELECT nlsql.resume('c')");
    eventually("it is back", LIMIT, || !demo.workers().is_empty());
    let begin = Instant::now();
    cluster.stop("fast");
    said.push(within(AT_ONCE, "fast stop", begin)?);
    cluster.start();
    demo.run("SELECT nlsql.drop_run('a'), nlsql.drop_run('b'), nlsql.drop_run('c'), nlsql.drop_run('d')");
    root.run("DELETE FROM nlsql.endpoint");
    Ok(said.join(", "))
}

fn no_xmin(cluster: &Cluster) -> Found {
    let demo = home(cluster);
    let _listener = silent_endpoint(&demo);
    stalled(&demo, "waits");
    let held = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'nlsql worker'
                   AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)";
    // the worker looks at its run now and then
    let looks = 40;
    let met = (0..looks).filter(|_| demo.as_superuser().number(held) > 0).count();
    cancel(&demo, "waits");
    let text = format!("met in {met} of {looks} looks");
    if met * 10 <= looks { Ok(text) } else { Err(text) }
}
