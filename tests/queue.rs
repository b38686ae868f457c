//! Very many runs queued by three roles at once (make soak; NLSQL_QUEUED sets how many): each role sees its own alone,
//! no more workers are at it than allowed, and all runs end without anybody waiting for them.

mod support;

use std::time::{Duration, Instant};
use support::{Cluster, Database};

#[test]
#[ignore = "long: make soak"]
fn queued_runs_all_end() {
    let runs: u64 = std::env::var("NLSQL_QUEUED").ok().and_then(|v| v.parse().ok()).unwrap_or(10_000);
    let cluster = Cluster::with("max_worker_processes = 16");
    let root = cluster.demo("demo").as_superuser();
    let roles = ["ann", "bob", "cid"];
    for role in roles {
        cluster.create_role(role);
        root.run(&support::grants(role));
        root.run(&format!("GRANT USAGE ON SCHEMA insurer TO {role}; GRANT SELECT ON insurer.payer TO {role}"));
    }
    let begin = Instant::now();
    let each = runs / 3;
    let queue = |role: &str, n: u64| {
        root.as_role(role).spawn(&format!(
            "DO $$ BEGIN FOR i IN 1 .. {n} LOOP
               PERFORM nlsql.generate('schema_docs', 1, run => 'r' || i, options => '{{\"workers\": 1}}'); COMMIT;
             END LOOP; END $$"
        ))
    };
    let sessions: Vec<_> = roles.iter().zip([each, each, runs - 2 * each]).map(|(role, n)| queue(role, n)).collect();
    sessions.into_iter().for_each(|s| drop(s.finish().unwrap_or_else(|e| panic!("{e}"))));
    println!("{runs} runs queued by three roles in {:.1?}", begin.elapsed());
    let (mut most, mut last, mut moved) = (0, -1, Instant::now());
    loop {
        most = most.max(root.number("SELECT count(*) FROM nlsql.worker WHERE nlsql.alive_(pid, backend_start)"));
        let left = root.number("SELECT count(*) FROM nlsql.run WHERE status IN ('queued', 'running', 'waiting')");
        if left == 0 {
            break;
        }
        if left != last {
            (last, moved) = (left, Instant::now());
        }
        assert!(moved.elapsed() < Duration::from_secs(60), "{left} runs are left, and nothing moves");
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("all ended after {:.1?}; at most {most} workers at once (allowed 4)", begin.elapsed());
    let count = |who: &Database| who.number("SELECT count(*) FROM nlsql.run WHERE status = 'done'");
    assert_eq!(count(&root), runs as i64);
    for role in roles {
        let reader = root.as_role(role);
        assert_eq!(reader.number("SELECT count(*) FROM nlsql.run WHERE role <> current_user"), 0, "{role}");
        assert_eq!(reader.number("SELECT count(*) FROM nlsql.dataset WHERE role <> current_user"), 0, "{role}");
    }
    assert_eq!(roles.iter().map(|r| count(&root.as_role(r))).sum::<i64>(), runs as i64);
    assert!(most <= 4, "{most}");
    assert_eq!(cluster.alarms(), [""; 0]);
}
