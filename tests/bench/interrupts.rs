//! How long a worker takes to leave, and others to get by it, while the API that it talks to never answers. See
//! `interrupts.sh`.

#[path = "../cases/mod.rs"]
#[allow(dead_code)]
mod cases;
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};
use support::{Cluster, Database, eventually};

struct Bench {
    cluster: Cluster,
    demo: Database,
    root: Database,
}

impl Bench {
    /// Milliseconds until `done`, looked at every 200 microseconds without asking the server.
    fn until(&self, begin: Instant, done: impl Fn() -> bool) -> f64 {
        while !done() {
            assert!(begin.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_micros(200));
        }
        begin.elapsed().as_secs_f64() * 1000.0
    }

    /// Does something to a worker with a call in flight; milliseconds until its process has gone.
    fn leaves(&self, action: impl FnOnce(u32)) -> f64 {
        cases::stalled(&self.demo, "x");
        let pid = self.demo.workers()[0];
        let process = std::path::PathBuf::from(format!("/proc/{pid}"));
        let begin = Instant::now();
        action(pid);
        self.until(begin, || !process.exists())
    }

    fn tidy(&self) {
        self.demo.run("SELECT nlsql.drop_run('x')");
        eventually("the worker has left", Duration::from_secs(20), || self.demo.workers().is_empty());
    }

    fn terminate(&self) -> f64 {
        // straight from here, as init or an operator would
        self.leaves(|pid| drop(std::process::Command::new("kill").arg(pid.to_string()).status()))
    }

    fn cancel(&self) -> f64 {
        self.leaves(|_| drop(self.demo.run("SELECT nlsql.cancel('x')")))
    }

    fn cancel_backend(&self) -> f64 {
        self.leaves(|pid| drop(self.root.run(&format!("SELECT pg_cancel_backend({pid})"))))
    }

    fn drop_database(&self) -> f64 {
        self.root.run("CREATE DATABASE other");
        cases::stalled(&self.demo, "x");
        let begin = Instant::now();
        self.root.run("DROP DATABASE other");
        begin.elapsed().as_secs_f64() * 1000.0
    }

    fn fast_stop(&self) -> f64 {
        cases::stalled(&self.demo, "x");
        let begin = Instant::now();
        self.cluster.stop("fast");
        let took = begin.elapsed().as_secs_f64() * 1000.0;
        self.cluster.start();
        took
    }
}

fn main() {
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(100);
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let _listener = cases::silent_endpoint(&demo);
    let root = demo.as_superuser();
    let bench = Bench { cluster, demo, root };
    println!("milliseconds, {rounds} of each, an API that never answers; clients' own time included");
    println!("{:<28} {:>8} {:>8} {:>8}", "", "p50", "p99", "most");
    let kinds: [(&str, fn(&Bench) -> f64); 5] = [
        ("SIGTERM", Bench::terminate),
        ("nlsql.cancel()", Bench::cancel),
        ("pg_cancel_backend()", Bench::cancel_backend),
        ("DROP DATABASE of another", Bench::drop_database),
        ("fast stop of the server", Bench::fast_stop),
    ];
    let mut slow = 0;
    for (name, kind) in kinds {
        let mut times: Vec<f64> = (0..rounds)
            .map(|_| {
                let took = kind(&bench);
                bench.tidy();
                took
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times[(rounds * part).div_ceil(100).clamp(1, rounds) - 1];
        println!("{name:<28} {:>8.0} {:>8.0} {:>8.0}", at(50), at(99), at(100));
        slow += usize::from(at(99) >= 1000.0);
    }
    println!("p99 below one second: {} of {}", kinds.len() - slow, kinds.len());
}
