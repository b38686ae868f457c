//! Memory, file descriptors and threads of all processes that live long (make soak; NLSQL_SOAK_MINUTES, 30): workers
//! that talk to a model, a worker of the offline engine, a client's session and the server itself. All at a low rate:
//! what leaks, leaks by the call, and the calls are counted.

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use support::{Cluster, Database, ModelServer, Session, eventually};

/// What one look at a process found.
#[derive(Clone, Copy)]
struct Look {
    minute: f64,
    memory_kb: f64,
    files: usize,
    threads: usize,
}

fn look(pid: u32, begin: Instant) -> Option<Look> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| -> Option<f64> {
        let line = status.lines().find_map(|l| l.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    Some(Look {
        minute: begin.elapsed().as_secs_f64() / 60.0,
        // its own alone: pages of shared memory count as soon as a process has touched them
        memory_kb: field("RssAnon:")?,
        // the server keeps files of tables open, as many as it is allowed and closes itself
        files: std::fs::read_dir(format!("/proc/{pid}/fd"))
            .ok()?
            .filter(|f| {
                f.as_ref().is_ok_and(|f| !f.path().read_link().is_ok_and(|to| to.to_string_lossy().contains("/data/")))
            })
            .count(),
        threads: field("Threads:")? as usize,
    })
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Growth a minute, by least squares.
fn slope(looks: &[Look]) -> f64 {
    let n = looks.len() as f64;
    let (x, y) = (looks.iter().map(|l| l.minute).sum::<f64>() / n, looks.iter().map(|l| l.memory_kb).sum::<f64>() / n);
    let up: f64 = looks.iter().map(|l| (l.minute - x) * (l.memory_kb - y)).sum();
    up / looks.iter().map(|l| (l.minute - x).powi(2)).sum::<f64>()
}

/// Of one process: what it had after it had warmed up, and at the end. Complains about growth.
fn judge(name: &str, looks: &[Look], calls: i64) -> Vec<String> {
    let part = looks.len() / 6;
    let (early, late) = (&looks[part..2 * part], &looks[looks.len() - part..]);
    let memory = |looks: &[Look]| median(looks.iter().map(|l| l.memory_kb).collect()) / 1024.0;
    let most = |looks: &[Look], of: fn(&Look) -> usize| looks.iter().map(of).max().unwrap_or(0);
    println!(
        "{name:<16} {:>6} {calls:>7} {:>9.1} {:>9.1} {:>10.1} {:>6} {:>6} {:>8} {:>8}",
        looks.len(),
        memory(early),
        memory(late),
        slope(&looks[part..]),
        most(early, |l| l.files),
        most(late, |l| l.files),
        most(early, |l| l.threads),
        most(late, |l| l.threads)
    );
    let mut grown = Vec::new();
    if memory(late) > memory(early) * 1.1 + 2.0 {
        grown.push(format!("{name}: memory"));
    }
    for (what, of) in [("files", (|l| l.files) as fn(&Look) -> usize), ("threads", |l| l.threads)] {
        if most(late, of) > most(early, of) {
            grown.push(format!("{name}: {what}"));
        }
    }
    grown
}

/// What a client does all day, in one session.
fn a_round(session: &mut Session, n: u64) {
    session.run(&format!("SELECT nlsql.generate('schema_docs', 5, run => 's{n}');"));
    session.run(&format!("CALL nlsql.wait('s{n}');"));
    session.run(&format!("SELECT count(*) FROM nlsql.jsonl('s{n}');"));
    session.run("SELECT count(*) FROM nlsql.progress;");
    session.run("SELECT ok FROM nlsql.check_sql('SELECT count(*) FROM insurer.claim');");
    session.run("SELECT length(nlsql.schema_json()::text);");
    session.run(&format!("SELECT nlsql.drop_run('s{n}');"));
}

/// Three runs that last: two that talk to a model, one offline.
fn start(demo: &Database, minutes: f64) -> [&'static str; 3] {
    let calls = (minutes * 400.0) as i64 + 400;
    for (run, phase, engine) in [("openai", "single_table", "openai"), ("reword", "joins", "reword")] {
        demo.run(&format!(
            r#"SELECT nlsql.generate('{phase}', {calls}, run => '{run}', options =>
               '{{"engine": "{engine}", "endpoint": "stand_in", "api_answer_count": 1, "parallelism": 2}}')"#
        ));
    }
    demo.run(&format!(
        "SELECT nlsql.generate('joins', {}, run => 'offline', options => '{{\"workers\": 1, \"seed\": 5}}')",
        calls * 5
    ));
    ["openai", "reword", "offline"]
}

fn worker(root: &Database, run: &str) -> Option<u32> {
    root.run(&format!(
        "SELECT w.pid FROM nlsql.worker w JOIN nlsql.run r ON r.id = w.run_id WHERE r.name = '{run}' AND nlsql.alive_(w.pid, w.backend_start)"
    ))
    .parse()
    .ok()
}

#[test]
#[ignore = "long: make soak"]
fn nothing_grows() {
    let minutes: f64 = std::env::var("NLSQL_SOAK_MINUTES").ok().and_then(|v| v.parse().ok()).unwrap_or(30.0);
    let cluster = Cluster::with("max_worker_processes = 16");
    let demo = cluster.demo("demo");
    let root = demo.as_superuser();
    let server = ModelServer::new().latency(400).without_journal();
    support::endpoint(&demo, "stand_in", &server, "");
    let runs = start(&demo, minutes);
    let mut session = demo.session();
    let postmaster = std::fs::read_to_string(cluster.dir().join("data/postmaster.pid")).expect("the server runs");
    let mut processes: BTreeMap<&str, u32> = BTreeMap::from([
        ("server", postmaster.lines().next().and_then(|l| l.parse().ok()).expect("a process id")),
        ("session", session.run("SELECT pg_backend_pid();").parse().expect("a process id")),
    ]);
    for run in runs {
        eventually(run, Duration::from_secs(60), || worker(&root, run).is_some());
        let pid = worker(&root, run).expect("the run has a worker");
        // others use this machine too
        let _ = std::process::Command::new("renice").args(["-n", "19", "-p", &pid.to_string()]).output();
        processes.insert(run, pid);
    }
    let begin = Instant::now();
    let mut looks: BTreeMap<&str, Vec<Look>> = BTreeMap::new();
    let mut rounds = 0;
    while begin.elapsed().as_secs_f64() < minutes * 60.0 {
        rounds += 1;
        a_round(&mut session, rounds);
        for (name, pid) in &processes {
            looks.entry(name).or_default().extend(look(*pid, begin));
        }
        std::thread::sleep(Duration::from_millis(1000));
    }
    let stored = |run: &str| root.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}'"));
    println!("{minutes} minutes; memory in MB, its slope in KiB a minute");
    println!(
        "{:<16} {:>6} {:>7} {:>9} {:>9} {:>10} {:>6} {:>6} {:>8} {:>8}",
        "process", "looks", "calls", "MB early", "MB late", "slope", "files", "late", "threads", "late"
    );
    let mut grown = Vec::new();
    for (name, looks) in &looks {
        let calls = if runs.contains(name) { stored(name) } else { rounds as i64 };
        grown.extend(judge(name, looks, calls));
    }
    assert_eq!(grown, [""; 0]);
    for run in runs {
        let state = root.run(&format!("SELECT status FROM nlsql.run WHERE name = '{run}'"));
        assert!(["running", "done", "short"].contains(&state.as_str()), "{run} is {state}");
        demo.run(&format!("SELECT nlsql.cancel('{run}')"));
    }
    eventually("nobody is left", Duration::from_secs(10), || demo.workers().is_empty());
    assert_eq!(cluster.alarms(), [""; 0]);
}
