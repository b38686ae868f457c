//! Random faults in the middle of runs: workers killed, terminated and cancelled, servers stopped at once. However
//! often it happens, a run ends with exactly the pairs that it would have had. NLSQL_FAULTS sets how many (make soak:
//! 200), NLSQL_SEED which.

mod support;

use std::time::{Duration, Instant};
use support::{Cluster, Database, eventually};

const LIMIT: Duration = Duration::from_secs(60);
const PAIRS: i64 = 200;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// Numbers that a seed repeats (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

const FAULTS: [&str; 6] =
    ["kill -9", "immediate stop", "fast stop", "terminate", "cancel of the worker", "cancel of the run"];

/// Does it to the run, and what an operator does then; the work goes on after that.
fn fault(kind: &str, cluster: &Cluster, demo: &Database, run: &str) {
    let workers = demo.workers();
    let signal = |function: &str| {
        for pid in demo.workers() {
            demo.as_superuser().run(&format!("SELECT {function}({pid})"));
        }
    };
    match kind {
        "kill -9" => {
            workers.first().map(|pid| cluster.crash(*pid));
        }
        "immediate stop" | "fast stop" => {
            cluster.stop(kind.split(' ').next().expect("a mode"));
            cluster.start();
        }
        "terminate" => signal("pg_terminate_backend"),
        "cancel of the worker" => signal("pg_cancel_backend"),
        _ => drop(demo.run(&format!("SELECT nlsql.cancel('{run}')"))),
    }
}

fn unfinished(demo: &Database, run: &str) -> bool {
    demo.run(&format!("SELECT status IN ('queued', 'running', 'waiting') FROM nlsql.run WHERE name = '{run}'")) == "t"
}

fn slots(demo: &Database, run: &str) -> Vec<String> {
    demo.run(&format!("SELECT slot || ' ' || question_key FROM nlsql.item i JOIN nlsql.run r ON r.id = run_id WHERE name = '{run}' ORDER BY slot"))
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn runs_survive_random_faults() {
    let (faults, seed) = (setting("NLSQL_FAULTS", 10), setting("NLSQL_SEED", 20_261_124));
    println!("{faults} faults, seed {seed}");
    let mut random = Random(seed);
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let start = |run: &str| {
        demo.run(&format!("SELECT nlsql.generate('joins', {PAIRS}, run => '{run}', options => '{{\"seed\": 11}}')"))
    };
    let undisturbed = start("undisturbed");
    demo.run("CALL nlsql.wait()");
    let wanted = demo.raw(&format!("SELECT * FROM nlsql.jsonl('{undisturbed}')"));

    let (mut runs, mut met, mut lost) = (0, [0; FAULTS.len()], 0);
    let mut times = Vec::new();
    let finish = |run: &str| {
        demo.run(&format!("CALL nlsql.wait('{run}')"));
        let got = demo.raw(&format!("SELECT * FROM nlsql.jsonl('{run}')"));
        assert_eq!(got.lines().count(), PAIRS as usize, "{run}");
        assert!(got == wanted, "{run} has other pairs than the undisturbed run");
    };
    while met.iter().sum::<u64>() < faults {
        runs += 1;
        let run = start(&format!("run{runs}"));
        let mut in_this_run = 0;
        while met.iter().sum::<u64>() < faults && in_this_run < 6 {
            std::thread::sleep(Duration::from_millis(random.below(500)));
            if !unfinished(&demo, &run) {
                break;
            }
            let number = random.below(FAULTS.len() as u64) as usize;
            let before = slots(&demo, &run);
            fault(FAULTS[number], &cluster, &demo, &run);
            let begin = Instant::now();
            // what was cancelled has to be told to go on; the rest is found by whoever comes next
            if FAULTS[number].starts_with("cancel") {
                // at each worker: one that hears of it late would cancel the run again
                eventually("the cancel has arrived", LIMIT, || !unfinished(&demo, &run) && demo.workers().is_empty());
                demo.run(&format!("SELECT nlsql.resume('{run}')"));
            } else {
                demo.run(
                    ["SELECT nlsql.resume_all()", "CALL nlsql.wait(NULL, '500 milliseconds')"]
                        [random.below(2) as usize],
                );
            }
            eventually("the run goes on", LIMIT, || !demo.workers().is_empty() || !unfinished(&demo, &run));
            times.push(begin.elapsed());
            let after = slots(&demo, &run);
            lost += before.iter().filter(|s| !after.contains(s)).count();
            println!("{run} {} {:?}", FAULTS[number], begin.elapsed());
            met[number] += 1;
            in_this_run += 1;
        }
        finish(&run);
    }
    times.sort();
    let stored = demo.number("SELECT count(*) FROM nlsql.dataset");
    let doubled = stored - demo.number("SELECT count(DISTINCT (run, slot)) FROM nlsql.dataset");
    for (name, count) in FAULTS.iter().zip(met) {
        println!("  {name}: {count}");
    }
    println!(
        "pairs asked {}, stored {stored}, doubled {doubled}, lost {lost}; time to resume: median {:?}, most {:?}",
        PAIRS * (runs + 1),
        times[times.len() / 2],
        times[times.len() - 1]
    );
    assert_eq!((stored, doubled, lost), (PAIRS * (runs + 1), 0, 0));
    let panics: Vec<String> = cluster.alarms().into_iter().filter(|l| !l.contains("signal 9")).collect();
    assert_eq!(panics, [""; 0]);
}
