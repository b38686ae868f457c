//! pg_cron in earnest: schedules that generate and export, and a nightly run that is not doubled while it is going on.
//! Its finest schedule is a minute, so all of it happens in one cluster at once. Needs Debian's postgresql-15-cron.

mod support;

use std::time::Duration;
use support::{Cluster, Database, eventually, tool};

const LIMIT: Duration = Duration::from_secs(150);

fn installed() -> bool {
    let folder = std::process::Command::new(tool("pg_config")).arg("--pkglibdir").output().expect("pg_config runs");
    std::path::Path::new(String::from_utf8_lossy(&folder.stdout).trim()).join("pg_cron.so").exists()
}

fn finished(root: &Database, job: &str) -> i64 {
    root.number(&format!(
        "SELECT count(*) FROM cron.job_run_details d JOIN cron.job j USING (jobid) WHERE j.jobname = '{job}' AND d.end_time IS NOT NULL"
    ))
}

#[test]
fn schedules_generate_and_export() {
    assert!(installed(), "pg_cron is not installed: make setup-test");
    let cluster = Cluster::with(
        "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'demo'\ncron.use_background_workers = on\nmax_worker_processes = 16",
    );
    let demo = cluster.demo("demo");
    let root = demo.as_superuser();
    root.run("CREATE EXTENSION pg_cron; GRANT USAGE ON SCHEMA cron TO demo; GRANT pg_write_server_files TO demo");
    // in the middle of the night's work when the schedule comes round again, and long before its end
    demo.run("SELECT nlsql.generate('joins', 100000, run => 'nightly', options => '{\"if_exists\": \"skip\", \"workers\": 1}')");
    demo.generate("'schema_docs', 12, run => 'ready', options => '{\"seed\": 1}'");
    let tasks = "SELECT sum(requested) || ' of ' || count(*) FROM nlsql.run_phase p JOIN nlsql.run r ON r.id = p.run_id WHERE r.name = 'nightly'";
    for (job, command) in [
        ("fresh", "SELECT nlsql.generate('schema_docs', 5)"),
        ("export", "SELECT nlsql.export_jsonl('ready', options => '{\"overwrite\": true}')"),
        ("nightly", "SELECT nlsql.generate('joins', 100000, run => 'nightly', options => '{\"if_exists\": \"skip\"}')"),
        ("refused", "SELECT nlsql.generate('no_such_phase', 5)"),
    ] {
        demo.run(&format!("SELECT cron.schedule('{job}', '* * * * *', $job${command}$job$)"));
    }
    for job in ["fresh", "export", "nightly", "refused"] {
        let took = eventually(job, LIMIT, || finished(&root, job) > 0);
        println!("{job}: after {took:.0?}");
    }
    demo.run("SELECT cron.unschedule(jobid) FROM cron.job");
    let states = "SELECT DISTINCT status, return_message ~ 'no_such_phase' FROM cron.job_run_details
                  WHERE end_time IS NOT NULL ORDER BY 1";
    assert_eq!(
        root.run(states),
        "failed|t\nsucceeded|f",
        "an error of a job is an error there, and no other job has one"
    );

    demo.run("SELECT nlsql.cancel('nightly')");
    assert_eq!(demo.run(tasks), "100000 of 1", "the nightly run was not doubled");
    let fresh = "SELECT count(*) FROM nlsql.dataset WHERE run ~ '^run_[0-9_]+$'";
    eventually("the scheduled run has ended", LIMIT, || demo.number(fresh) >= 5);
    assert_eq!(demo.run("SELECT DISTINCT role, status FROM nlsql.run WHERE name ~ '^run_'"), "demo|done");
    let file = cluster.dir().join("data/nlsql_export/ready.jsonl");
    let exported = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    assert_eq!(exported, demo.raw("SELECT * FROM nlsql.jsonl('ready')"));
    assert_eq!(exported.lines().count(), 12);
    assert_eq!(cluster.alarms(), [""; 0]);
}
