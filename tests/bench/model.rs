//! How fast pairs come through a model server: nlsql's engine, threads in PL/Python with the openai package, and the
//! stand-in's own ceiling, in one run on one machine. See `model.sh`.

#[path = "../support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use support::{Cluster, Database, ModelServer, eventually};

/// What is measured: calls in flight, milliseconds a call takes, pairs a call, pairs in all.
struct Load {
    parallelism: usize,
    latency: u64,
    a_call: usize,
    pairs: usize,
}

/// Pairs a second from the first request to the last commit, and milliseconds of the processor a pair.
struct Speed {
    rate: f64,
    cpu: f64,
}

const LOADS: [Load; 5] = [
    Load { parallelism: 50, latency: 500, a_call: 10, pairs: 10_000 },
    Load { parallelism: 50, latency: 500, a_call: 1, pairs: 2_000 },
    Load { parallelism: 50, latency: 0, a_call: 1, pairs: 5_000 },
    Load { parallelism: 256, latency: 500, a_call: 1, pairs: 5_120 },
    Load { parallelism: 32, latency: 500, a_call: 1, pairs: 320 },
];

const TABLES: &str = r#""tables": ["insurer.payer", "insurer.plan", "insurer.member", "insurer.provider", "insurer.encounter", "insurer.claim"]"#;

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Seconds of processor time that the cluster's processes, those that have ended included, have used.
fn cpu(cluster: &Cluster) -> f64 {
    let pid = std::fs::read_to_string(cluster.dir().join("data/postmaster.pid")).expect("the server runs");
    let main = pid.lines().next().expect("a process id").to_owned();
    let mut ticks = 0.0;
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
        let number = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        let own = entry.file_name().to_string_lossy() == main;
        if own || fields.get(1) == Some(&main.as_str()) {
            ticks += number(11) + number(12);
        }
        if own {
            ticks += number(13) + number(14);
        }
    }
    ticks / 100.0
}

/// A run of the engine; the worker's resident memory in kB, looked at while it runs.
fn engine(cluster: &Cluster, demo: &Database, load: &Load, name: &str) -> (Speed, Vec<u64>) {
    let before = cpu(cluster);
    demo.run(&format!(
        r#"SELECT nlsql.generate('single_table', {}, run => '{name}', options =>
           '{{"engine": "openai", "endpoint": "stand_in", "api_answer_count": {}, "parallelism": {}, {TABLES}}}')"#,
        load.pairs, load.a_call, load.parallelism
    ));
    let mut memory = Vec::new();
    let mut waiting = demo.spawn(&format!("CALL nlsql.wait('{name}')"));
    eventually("the worker starts", Duration::from_secs(20), || !demo.workers().is_empty());
    let workers = demo.workers();
    while waiting.is_running() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", workers[0])).unwrap_or_default();
        let resident =
            status.lines().find_map(|l| l.strip_prefix("RssAnon:")?.split_ascii_whitespace().next()?.parse().ok());
        memory.extend::<Option<u64>>(resident);
        std::thread::sleep(Duration::from_millis(100));
    }
    waiting.finish().unwrap_or_else(|e| panic!("{e}"));
    eventually("the worker has ended", Duration::from_secs(20), || demo.workers().is_empty());
    let row = demo.run(&format!(
        "SELECT (SELECT count(*) FROM nlsql.dataset WHERE run = '{name}'),
                extract(epoch FROM (SELECT max(t.finished_at) FROM nlsql.task t WHERE t.run_id = r.id)
                                 - (SELECT min(q.sent_at) FROM nlsql.request q WHERE q.run_id = r.id))
         FROM nlsql.run r WHERE r.name = '{name}'"
    ));
    let (stored, seconds) = row.split_once('|').expect("two columns");
    assert_eq!(stored, load.pairs.to_string(), "{name}");
    let seconds: f64 = seconds.parse().expect("seconds");
    let speed = Speed { rate: load.pairs as f64 / seconds, cpu: 1000.0 * (cpu(cluster) - before) / load.pairs as f64 };
    demo.run(&format!("SELECT nlsql.drop_run('{name}')"));
    (speed, memory)
}

fn peer(cluster: &Cluster, demo: &Database, load: &Load, site: &str, url: &str) -> Speed {
    let admin = demo.as_superuser();
    let (before, start) = (cpu(cluster), Instant::now());
    let call = format!("SELECT peer('{site}', '{url}', {}, {}, {})", load.pairs, load.a_call, load.parallelism);
    let stored = admin.run(&call);
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(stored, load.pairs.to_string());
    Speed { rate: load.pairs as f64 / seconds, cpu: 1000.0 * (cpu(cluster) - before) / load.pairs as f64 }
}

/// The stand-in's own ceiling: the engine's last request again and again from bare sockets, answers thrown away.
fn ceiling(server: &ModelServer, load: &Load, body: &str) -> f64 {
    let each = load.pairs / load.a_call / load.parallelism;
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..load.parallelism {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("the stand-in listens");
                let _ = stream.set_nodelay(true);
                let head = format!("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n", body.len());
                for _ in 0..each {
                    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("sent");
                    read_answer(&mut stream);
                }
            });
        }
    });
    (each * load.parallelism * load.a_call) as f64 / start.elapsed().as_secs_f64()
}

fn read_answer(stream: &mut TcpStream) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        let read = stream.read(&mut buffer).expect("an answer");
        assert!(read > 0, "the stand-in closed the connection");
        bytes.extend_from_slice(&buffer[..read]);
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]);
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if bytes.len() >= end + 4 + length.expect("a length") {
            return;
        }
    }
}

/// One request of the engine under this load, to be sent again.
fn sample(demo: &Database, load: &Load) -> String {
    let server = ModelServer::new();
    support::endpoint(demo, "sampled", &server, "");
    demo.generate(&format!(
        r#"'single_table', {}, run => 'sample', options => '{{"engine": "openai", "endpoint": "sampled", "api_answer_count": {}, {TABLES}}}'"#,
        load.a_call, load.a_call
    ));
    demo.run("SELECT nlsql.drop_run('sample')");
    demo.as_superuser().run("DELETE FROM nlsql.endpoint WHERE name = 'sampled'");
    server.journal()[0].body.to_string()
}

fn main() {
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(5);
    let cluster = Cluster::with("max_wal_size = 4GB");
    let demo = cluster.demo("demo");
    let site = std::env::var("PEER_SITE").ok().filter(|site| {
        let ready = demo.as_superuser().try_run(include_str!("peer.sql"));
        if let Err(error) = &ready {
            println!("the peer is left out: {}", error.message);
        }
        ready.is_ok() && !site.is_empty()
    });
    println!(
        "pairs a second from the first request to the last commit, medians of {rounds}; CPU of all server processes"
    );
    println!(
        "{:>8} {:>6} {:>6} {:>6} | {:>8} {:>8} {:>6} {:>8} | {:>8} {:>8} {:>6} | {:>9}",
        "parallel", "ms", "a call", "pairs", "ideal", "nlsql", "share", "CPU ms", "peer", "CPU ms", "ratio", "stand-in"
    );
    // LOADS=0,2: these alone, for a quick look; the one after the last is the worker's memory
    let chosen = std::env::var("LOADS").unwrap_or_default();
    let chosen: Vec<usize> = chosen.split(',').filter_map(|n| n.parse().ok()).collect();
    let loads = LOADS.iter().enumerate().filter(|(i, _)| chosen.is_empty() || chosen.contains(i));
    for (_, load) in loads {
        let body = sample(&demo, load);
        let server = ModelServer::new().latency(load.latency).without_journal();
        support::endpoint(&demo, "stand_in", &server, "");
        let (mut ours, mut theirs, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            ours.push(engine(&cluster, &demo, load, &format!("speed_{round}")).0);
            bare.push(ceiling(&server, load, &body));
            if let Some(site) = site.as_ref().filter(|_| load.parallelism == 50) {
                theirs.push(peer(&cluster, &demo, load, site, &server.url()));
            }
        }
        let rate = median(ours.iter().map(|s| s.rate).collect());
        let peer = median(theirs.iter().map(|s| s.rate).collect());
        let ideal = load.parallelism as f64 * load.a_call as f64 * 1000.0 / load.latency as f64;
        println!(
            "{:>8} {:>6} {:>6} {:>6} | {:>8.0} {:>8.1} {:>5.1}% {:>8.2} | {:>8.1} {:>8.2} {:>6.2} | {:>9.0}",
            load.parallelism,
            load.latency,
            load.a_call,
            load.pairs,
            ideal,
            rate,
            100.0 * rate / ideal,
            median(ours.iter().map(|s| s.cpu).collect()),
            peer,
            median(theirs.iter().map(|s| s.cpu).collect()),
            rate / peer,
            median(bare)
        );
        demo.as_superuser().run("DELETE FROM nlsql.endpoint WHERE name = 'stand_in'");
    }
    if !chosen.is_empty() && !chosen.contains(&LOADS.len()) {
        return;
    }
    let server = ModelServer::new().without_journal();
    support::endpoint(&demo, "stand_in", &server, "");
    let long = Load { parallelism: 50, latency: 0, a_call: 1, pairs: 20_000 };
    let (_, memory) = engine(&cluster, &demo, &long, "long");
    let tenths: Vec<u64> =
        (1..=10).filter_map(|i| memory.get((memory.len() * i / 10).saturating_sub(1))).copied().collect();
    println!("memory of the worker over {} calls, kB at each tenth: {tenths:?}", long.pairs);
}
