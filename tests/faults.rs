//! Random faults in the middle of runs, offline ones and ones that talk to a model: workers killed, terminated and
//! cancelled, servers stopped at once. However often it happens, a run ends with exactly the pairs that were asked for,
//! and every call to the model is in the ledger. NLSQL_FAULTS sets how many (make soak: 200), NLSQL_SEED which.

mod support;

use std::time::{Duration, Instant};
use support::{Cluster, Database, ModelServer, endpoint, eventually};

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

fn stored(demo: &Database, run: &str) -> i64 {
    demo.number(&format!("SELECT count(*) FROM nlsql.dataset WHERE run = '{run}'"))
}

fn slots(demo: &Database, run: &str) -> Vec<String> {
    demo.run(&format!("SELECT slot || ' ' || question_key FROM nlsql.item i JOIN nlsql.run r ON r.id = run_id WHERE name = '{run}' ORDER BY slot"))
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Does one fault after another to a run until it has ended; what that took.
struct Trial<'a> {
    cluster: &'a Cluster,
    demo: &'a Database,
    server: &'a ModelServer,
    random: Random,
    left: u64,
    met: [u64; FAULTS.len()],
    lost: usize,
    times: Vec<Duration>,
}

impl Trial<'_> {
    /// A fault, and how the run goes on after it.
    fn one(&mut self, run: &str) {
        let (demo, number) = (self.demo, self.random.below(FAULTS.len() as u64) as usize);
        let before = slots(demo, run);
        fault(FAULTS[number], self.cluster, demo, run);
        let begin = Instant::now();
        // what was cancelled has to be told to go on; the rest is found by whoever comes next
        if FAULTS[number].starts_with("cancel") {
            // at each worker: one that hears of it late would cancel the run again
            eventually("the cancel has arrived", LIMIT, || !unfinished(demo, run) && demo.workers().is_empty());
            demo.run(&format!("SELECT nlsql.resume('{run}')"));
        } else {
            let calls = ["SELECT nlsql.resume_all()", "CALL nlsql.wait(NULL, '500 milliseconds')"];
            demo.run(calls[self.random.below(2) as usize]);
        }
        eventually("the run goes on", LIMIT, || !demo.workers().is_empty() || !unfinished(demo, run));
        self.times.push(begin.elapsed());
        let after = slots(demo, run);
        self.lost += before.iter().filter(|s| !after.contains(s)).count();
        println!("{run} {} {:?}", FAULTS[number], begin.elapsed());
        self.met[number] += 1;
        self.left -= 1;
    }

    fn whole_run(&mut self, run: &str) {
        for _ in 0..6 {
            // some while a worker starts, most in the middle of its work
            if self.random.below(4) > 0 {
                let kept = stored(self.demo, run);
                eventually("the run is at work", LIMIT, || {
                    self.server.in_flight() > 0 || stored(self.demo, run) > kept || !unfinished(self.demo, run)
                });
            }
            std::thread::sleep(Duration::from_millis(self.random.below(400)));
            if self.left == 0 || !unfinished(self.demo, run) {
                break;
            }
            self.one(run);
        }
        self.demo.run(&format!("CALL nlsql.wait('{run}')"));
    }
}

#[test]
fn runs_survive_random_faults() {
    let (faults, seed) = (setting("NLSQL_FAULTS", 10), setting("NLSQL_SEED", 20_261_124));
    println!("{faults} faults, seed {seed}");
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let server = ModelServer::new().latency(50).without_journal();
    endpoint(&demo, "stand_in", &server, "");
    let start = |run: &str, options: &str| {
        demo.run(&format!("SELECT nlsql.generate('joins', {PAIRS}, run => '{run}', options => '{{{options}}}')"))
    };
    let (offline, model) = (
        r#""seed": 11"#,
        r#""engine": "openai", "endpoint": "stand_in", "api_answer_count": 1, "parallelism": 8, "min_joins": 2"#,
    );
    start("undisturbed", offline);
    start("undisturbed_model", model);
    demo.run("CALL nlsql.wait()");
    let needed = server.count();
    let lines = |run: &str| demo.raw(&format!("SELECT * FROM nlsql.jsonl('{run}')"));
    let wanted = lines("undisturbed");
    let mut trial = Trial {
        cluster: &cluster,
        demo: &demo,
        server: &server,
        random: Random(seed),
        left: faults,
        met: [0; FAULTS.len()],
        lost: 0,
        times: Vec::new(),
    };
    let (mut runs, mut of_models, mut faults_of_models) = (0, 0, 0);
    while trial.left > 0 {
        runs += 1;
        let (run, before) = (format!("run{runs}"), trial.left);
        start(&run, if runs % 2 == 0 { model } else { offline });
        trial.whole_run(&run);
        let got = lines(&run);
        assert_eq!(got.lines().count(), PAIRS as usize, "{run}");
        if runs % 2 == 0 {
            (of_models, faults_of_models) = (of_models + 1, faults_of_models + before - trial.left);
        } else {
            assert!(got == wanted, "{run} has other pairs than the undisturbed run");
        }
    }
    let Trial { met, lost, mut times, .. } = trial;
    times.sort();
    let asked = PAIRS * (runs + 2);
    let stored = demo.number("SELECT count(*) FROM nlsql.dataset");
    let doubled = stored - demo.number("SELECT count(DISTINCT (run, slot)) FROM nlsql.dataset");
    for (name, count) in FAULTS.iter().zip(met) {
        println!("  {name}: {count}");
    }
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    println!(
        "{} offline runs and {of_models} of a model: pairs asked {asked}, stored {stored}, doubled {doubled}, lost {lost}; \
         time to resume: p50 {:?}, p99 {:?}, most {:?}",
        runs - of_models,
        at(50),
        at(99),
        times[times.len() - 1]
    );
    let wasted = server.count() as i64 - needed as i64 * (of_models + 1);
    let ledger = demo.number("SELECT count(*) FROM nlsql.request");
    println!(
        "calls: {} of {} needed, wasted {wasted} in {faults_of_models} faults ({:.1} each, {} in flight at most); {ledger} in the ledger",
        server.count(),
        needed as i64 * (of_models + 1),
        wasted as f64 / faults_of_models.max(1) as f64,
        server.most_in_flight()
    );
    assert_eq!((stored, doubled, lost), (asked, 0, 0));
    assert!(ledger >= server.count() as i64, "every call stands in the ledger before it is sent");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.request WHERE status = 'sent'"), 0, "no call is left open");
    let panics: Vec<String> = cluster.alarms().into_iter().filter(|l| !l.contains("signal 9")).collect();
    assert_eq!(panics, [""; 0]);
}
