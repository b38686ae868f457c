//! The hostile corpus against a real server: nothing runs, nothing stays, time and memory keep their limits.
//! `cargo test --test gate_hostile -- --nocapture` prints the table.

mod corpus;
mod support;

use corpus::state::{self, State};
use corpus::{Section, Text};
use support::{Cluster, Database, Session};

/// Half a second, so that the texts that run into it do not make the test long.
const CHECK_TIMEOUT: f64 = 0.5;
/// Seconds of its own that a call may take: one that does not look at interrupts for a moment ends a little late.
const OWN_MAX: f64 = CHECK_TIMEOUT + 0.25;
const CHECK_MEMORY: f64 = 400.0;

const SETTINGS: &str = "autovacuum = off
wal_level = logical
wal_keep_size = 1GB
max_wal_size = 4GB
max_replication_slots = 4
bgwriter_lru_maxpages = 0
checkpoint_timeout = 1h
nlsql.check_timeout = 500ms";

struct Ward<'a> {
    cluster: &'a Cluster,
    admin: Database,
    start_of_wal: String,
}

/// A session that texts are checked in, with the process behind it.
struct Patient {
    session: Session,
    pid: u32,
    role: String,
}

struct Call {
    ok: bool,
    verdict: String,
    seconds: f64,
    /// Without what other processes of a busy machine took.
    own: f64,
    /// MB above what the process had before.
    memory: f64,
}

/// In the order of the last lines of the table.
const KINDS: [&str; 5] = ["executed", "side effects", "over time", "over memory", "at another stage"];

#[derive(Default)]
struct Count {
    texts: usize,
    calls: usize,
    refused: usize,
    accepted: usize,
    slowest: f64,
    longest: f64,
    longest_text: String,
    most_memory: f64,
    most_text: String,
    /// One of [`KINDS`], and what happened.
    troubles: Vec<(&'static str, String)>,
}

impl Patient {
    fn new(trap: &Database, role: &str) -> Patient {
        let login = if role == "shadowed" { "reader" } else { role };
        let mut session = trap.as_role(login).session();
        if role != "postgres" {
            // a temporary table of the session's own; its schema then exists, and stays
            session.run("CREATE TEMP TABLE own_table AS SELECT 1 AS id;");
        }
        if role == "shadowed" {
            session.run("SET search_path = mallory, public, pg_catalog;");
        }
        let pid = session.run("SELECT pg_catalog.pg_backend_pid();").parse().expect("a process id");
        // loads the library and warms the caches
        session.run("SELECT ok FROM nlsql.check_sql('SELECT 1');");
        Patient { session, pid, role: role.to_owned() }
    }

    /// The quickest of three calls, where the first took too long: the gate is late each time, a stalled machine once.
    fn check(&mut self, sql: &str) -> Call {
        let mut call = self.once(sql);
        for _ in 0..2 {
            if call.own > OWN_MAX {
                let again = self.once(sql);
                call = if again.own < call.own { again } else { call };
            }
        }
        call
    }

    fn once(&mut self, sql: &str) -> Call {
        state::forget_peak(self.pid);
        let (before, _) = state::memory(self.pid);
        let waited = state::waited(self.pid);
        // by the server's own clock: what the client waits for is not the call's
        let said = self.session.run(&format!(
            "SELECT extract(epoch FROM clock_timestamp() OPERATOR(pg_catalog.-) statement_timestamp()), ok, stage, sqlstate, message \
             FROM nlsql.check_sql($hostile${sql}$hostile$) AS c;"
        ));
        let waited = state::waited(self.pid) - waited;
        let (_, peak) = state::memory(self.pid);
        let mut fields = said.splitn(3, '|');
        let seconds: f64 = fields.next().and_then(|field| field.parse().ok()).expect("seconds");
        let ok = fields.next() == Some("t");
        let verdict = fields.next().unwrap_or_default().to_owned();
        Call { ok, verdict, seconds, own: (seconds - waited).max(0.0), memory: peak - before }
    }
}

impl Count {
    fn note(&mut self, patient: &mut Patient, text: &Text, sql: &str, exact: bool) {
        let Call { ok, verdict, seconds, own, memory } = patient.check(sql);
        self.calls += 1;
        if ok {
            self.accepted += 1
        } else {
            self.refused += 1
        }
        let short: String = sql.chars().take(150).collect();
        self.slowest = self.slowest.max(seconds);
        if own > self.longest {
            (self.longest, self.longest_text) = (own, short.clone());
        }
        if memory > self.most_memory {
            (self.most_memory, self.most_text) = (memory, short.clone());
        }
        let stage = verdict.split('|').next().unwrap_or_default();
        let as_expected = match text.expected.as_str() {
            "harmless" => true,
            "refused" => !ok,
            _ if !exact => !ok,
            stated => stage == stated,
        };
        let mut trouble = |kind, what: String| self.troubles.push((kind, format!("{} {what}: {short}", patient.role)));
        if !as_expected {
            trouble(
                if ok { "executed" } else { "at another stage" },
                format!("expected {}, got {verdict}", text.expected),
            );
        }
        if own > OWN_MAX {
            trouble("over time", format!("took {seconds:.2} s, {own:.2} s of its own"));
        }
        if memory > CHECK_MEMORY + 150.0 {
            trouble("over memory", format!("took {memory:.0} MB"));
        }
        let locks = state::advisory_locks(&mut patient.session);
        if locks != "0" {
            trouble("side effects", format!("left {locks} advisory locks"));
            patient.session.run("SELECT pg_catalog.pg_advisory_unlock_all();");
        }
    }
}

impl Ward<'_> {
    fn state(&self) -> State {
        State::of(self.cluster, &self.admin)
    }

    fn wal_messages(&self) -> usize {
        state::wal_messages(self.cluster, &self.admin, &self.start_of_wal)
    }

    /// All texts of a section as one role; `varied` tries their variations instead.
    fn round(&self, section: &Section, role: &str, varied: bool) -> Count {
        let mut count = Count::default();
        let mut patient = Patient::new(&self.admin, role);
        let before = self.state();
        // later than the state, which itself plans queries over the traps
        let messages = self.wal_messages();
        let quiet = state::of_session(&mut patient.session);
        for text in &section.texts {
            count.texts += 1;
            if !varied {
                count.note(&mut patient, text, &text.sql, true);
                continue;
            }
            // quoted by a harmless statement, or as its part behind what refuses nothing, a text may be accepted
            let relaxed = Text { expected: "harmless".to_owned(), sql: String::new() };
            for sql in corpus::variations(&text.sql) {
                let quoted = sql.starts_with("SELECT '") || sql.starts_with("SELECT $x$");
                let empty = text.sql.chars().all(|c| c == ';' || c.is_whitespace())
                    || text.sql.starts_with("--")
                    || text.sql.starts_with("/*");
                // a part that is never reached may stand there
                let idle = sql.ends_with("SELECT 1") && sql.starts_with("WITH q") || sql.contains("EXISTS (");
                let expected = if quoted || empty || idle { &relaxed } else { text };
                count.note(&mut patient, expected, &sql, false);
            }
        }
        let left = state::of_session(&mut patient.session);
        if left != quiet {
            count.troubles.push(("side effects", format!("{role} session: {left}, was {quiet}")));
        }
        let written = self.wal_messages() - messages;
        if written > 0 {
            count.troubles.push(("side effects", format!("{role}: {written} WAL messages")));
        }
        for change in self.state().changes(&before) {
            count.troubles.push(("side effects", format!("{role}: {change}")));
        }
        count
    }
}

#[test]
fn nothing_hostile_runs_or_stays() {
    let cluster = Cluster::with(SETTINGS);
    let demo = cluster.demo("trap");
    let admin = demo.as_superuser();
    admin.run_file(&corpus::path("traps.sql"));
    let start_of_wal = admin.run("SELECT pg_current_wal_insert_lsn()");
    let ward = Ward { cluster: &cluster, admin, start_of_wal };
    let only = std::env::var("GATE_SECTION").unwrap_or_default();

    println!(
        "{:<58} {:>9} {:>6} {:>6} {:>8} {:>8} {:>7} {:>7} {:>7} {:>8}",
        "section", "role", "texts", "calls", "refused", "accepted", "max s", "own s", "max MB", "troubles"
    );
    let mut troubles = Vec::new();
    let mut total = Count::default();
    let mut own = 0;
    for section in corpus::hostile().iter().filter(|section| section.name.contains(&only)) {
        own += section.texts.len();
        let heavy = section.name.contains("that eat") || section.name.starts_with("deep");
        for role in &section.roles {
            for varied in [false, true] {
                // what eats time does so however it is dressed, and the parser asks nobody's role
                if varied && (heavy || Some(role) != section.roles.last()) {
                    continue;
                }
                let count = ward.round(section, role, varied);
                let name = if varied { format!("{}, varied", section.name) } else { section.name.clone() };
                println!(
                    "{name:<58} {role:>9} {:>6} {:>6} {:>8} {:>8} {:>7.2} {:>7.2} {:>7.0} {:>8}",
                    count.texts,
                    count.calls,
                    count.refused,
                    count.accepted,
                    count.slowest,
                    count.longest,
                    count.most_memory,
                    count.troubles.len()
                );
                if std::env::var_os("GATE_VERBOSE").is_some() {
                    println!("  longest: {}\n  most memory: {}", count.longest_text, count.most_text);
                }
                total.calls += count.calls;
                total.refused += count.refused;
                total.accepted += count.accepted;
                total.slowest = total.slowest.max(count.slowest);
                total.longest = total.longest.max(count.longest);
                total.most_memory = total.most_memory.max(count.most_memory);
                troubles.extend(count.troubles);
            }
        }
    }
    println!(
        "{:<58} {:>9} {own:>6} {:>6} {:>8} {:>8} {:>7.2} {:>7.2} {:>7.0} {:>8}",
        "all",
        "",
        total.calls,
        total.refused,
        total.accepted,
        total.slowest,
        total.longest,
        total.most_memory,
        troubles.len()
    );
    let alarms = cluster.alarms();
    for kind in KINDS {
        println!("{kind:<58} {:>9}", troubles.iter().filter(|(found, _)| *found == kind).count());
    }
    println!("limits {CHECK_TIMEOUT} s and {CHECK_MEMORY} MB; server alive: {}", ward.admin.run("SELECT 'yes'"));
    assert!(alarms.is_empty(), "{alarms:#?}");
    assert!(troubles.is_empty(), "{} troubles: {troubles:#?}", troubles.len());
    assert!(own >= 250 || !only.is_empty(), "{own} texts of our own");
}
