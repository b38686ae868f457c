//! Making, starting, killing and removing a cluster.

use super::psql::{Database, tool};
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

pub struct Cluster {
    dir: PathBuf,
    /// Stops the server and removes the folder when its standard input closes: at drop, and also when the test's
    /// process dies in any way.
    keeper: Child,
    keeper_input: Option<ChildStdin>,
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// The server refuses to run as root, so root runs it as the user of Debian's package.
fn as_server(program: impl AsRef<Path>) -> Command {
    let mut command = match is_root() {
        true => {
            let mut c = Command::new("runuser");
            c.args(["-u", "postgres", "--"]).arg(program.as_ref());
            c
        }
        false => Command::new(program.as_ref()),
    };
    command.env_remove("RUST_BACKTRACE").env("LC_ALL", "C.UTF-8").current_dir("/").stdin(Stdio::null());
    command
}

fn run(mut command: Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn new_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = PathBuf::from(format!("/tmp/nlsql-test-{}-{number}", std::process::id()));
    fs::create_dir(&dir).expect("/tmp can be written");
    if is_root() {
        let mut give = Command::new("chown");
        give.arg("postgres:").arg(&dir);
        run(give);
    }
    dir
}

impl Cluster {
    /// A fresh cluster with default settings, but without fsync and without TCP.
    pub fn new() -> Cluster {
        Cluster::with("")
    }

    /// The same with lines added to postgresql.conf.
    pub fn with(settings: &str) -> Cluster {
        let dir = new_folder();
        let mut initdb = as_server(tool("initdb"));
        initdb.arg("-D").arg(dir.join("data"));
        initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        run(initdb);
        Cluster::start_in(dir, settings)
    }

    /// A standby that follows `primary` by streaming.
    pub fn standby_of(primary: &Cluster) -> Cluster {
        let dir = new_folder();
        let mut copy = as_server(tool("pg_basebackup"));
        copy.arg("-h").arg(&primary.dir).args(["-U", "postgres", "-R", "--checkpoint=fast", "--no-sync", "-D"]);
        copy.arg(dir.join("data"));
        run(copy);
        Cluster::start_in(dir, "")
    }

    fn start_in(dir: PathBuf, settings: &str) -> Cluster {
        // as the test's own user, who made the folder and so may remove it
        let mut keeper = Command::new("sh");
        keeper.arg("-c").arg(format!(
            "trap '' INT TERM; cat >/dev/null; {user}{pg_ctl} -D {dir}/data -m immediate stop >/dev/null 2>&1; rm -rf {dir}",
            user = if is_root() { "runuser -u postgres -- " } else { "" },
            pg_ctl = tool("pg_ctl").display(),
            dir = dir.display()
        ));
        let mut keeper = keeper.current_dir("/").stdin(Stdio::piped()).spawn().expect("the keeper starts");
        let keeper_input = keeper.stdin.take();
        let cluster = Cluster { dir, keeper, keeper_input };
        cluster.append_settings(&format!(
            "fsync = off\nlisten_addresses = ''\nunix_socket_directories = '{}'\nlog_line_prefix = '%p %b %u: '\n{settings}\n",
            cluster.dir.display()
        ));
        cluster.start();
        cluster
    }

    /// Adds lines to postgresql.conf; in force after `reload` or the next start.
    pub fn append_settings(&self, lines: &str) {
        let mut append = as_server("sh");
        append.args(["-c", "printf '%s\\n' \"$1\" >>\"$2\"", "sh", lines]).arg(self.dir.join("data/postgresql.conf"));
        run(append);
    }

    fn pg_ctl(&self, arguments: &[&str]) {
        let mut pg_ctl = as_server(tool("pg_ctl"));
        pg_ctl.arg("-D").arg(self.dir.join("data")).args(["-w", "-l"]).arg(self.dir.join("log")).args(arguments);
        run(pg_ctl);
    }

    pub fn start(&self) {
        self.pg_ctl(&["start"]);
    }

    pub fn reload(&self) {
        self.pg_ctl(&["reload"]);
    }

    /// Stops the server; `mode` is smart, fast or immediate.
    pub fn stop(&self, mode: &str) {
        self.pg_ctl(&["-m", mode, "stop"]);
    }

    /// SIGKILL to one process of this cluster, which restarts the server's others; back when connections are taken
    /// again. False where the process had ended by itself.
    pub fn crash(&self, pid: u32) -> bool {
        let ready = || self.log().matches("ready to accept connections").count();
        let before = ready();
        // its number may be another program's by now
        let ours = fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|c| c.starts_with("postgres:"));
        if !ours || !Command::new("kill").args(["-9", &pid.to_string()]).output().is_ok_and(|o| o.status.success()) {
            return false;
        }
        super::eventually("the server is back", std::time::Duration::from_secs(60), || ready() > before);
        true
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A database of the cluster, to be spoken to as its superuser.
    pub fn database(&self, name: &str) -> Database {
        Database::new(&self.dir, name, "postgres")
    }

    /// A database through the pooler whose socket stands in folder `pool`.
    pub fn pooled(&self, name: &str, role: &str) -> Database {
        Database::new(&self.dir.join("pool"), name, role)
    }

    /// A new role that may log in, and nothing else.
    pub fn create_role(&self, name: &str) {
        self.database("postgres").run(&format!("CREATE ROLE \"{name}\" LOGIN"));
    }

    /// A new database of `owner` with the extension in it, which `owner` may use.
    pub fn create_database(&self, name: &str, owner: &str) -> Database {
        self.database("postgres").run(&format!("CREATE DATABASE \"{name}\" OWNER \"{owner}\""));
        let database = self.database(name);
        database.run("CREATE EXTENSION nlsql");
        database.run(&super::psql::grants(owner));
        database.as_role(owner)
    }

    /// A new database with the demo schema, which a new role may read and own nothing of.
    pub fn create_database_of(&self, name: &str, reader: &str) -> Database {
        let demo = self.demo(name);
        self.create_role(reader);
        let root = demo.as_superuser();
        root.run(&super::psql::grants(reader));
        root.run(&format!(
            "GRANT USAGE ON SCHEMA insurer TO {reader}; GRANT SELECT ON ALL TABLES IN SCHEMA insurer TO {reader}"
        ));
        demo.as_role(reader)
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.pg_ctl(&["promote"]);
    }

    /// An empty file system of 1 MB for the server; none where this process may not mount one.
    pub fn small_disk(&self) -> Option<SmallDisk> {
        let path = self.dir.join("small");
        let mount = |options: &str| {
            let mut mount = Command::new("mount");
            mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&path);
            mount.stderr(Stdio::null()).status().is_ok_and(|s| s.success())
        };
        fs::create_dir(&path).ok()?;
        if !is_root() || !mount("size=1m") {
            return None;
        }
        run({
            let mut give = Command::new("chown");
            give.arg("postgres:").arg(&path);
            give
        });
        Some(SmallDisk { path })
    }

    /// A new database with the demo schema, made and owned by role `demo`.
    pub fn demo(&self, name: &str) -> Database {
        let roles = self.database("postgres");
        if roles.run("SELECT count(*) FROM pg_roles WHERE rolname = 'demo'") == "0" {
            self.create_role("demo");
        }
        let database = self.create_database(name, "demo");
        database.run_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/demo/schema.sql"));
        database
    }

    /// The same, and the role may write files of the server.
    pub fn writer(&self, name: &str) -> Database {
        let demo = self.demo(name);
        self.database("postgres").run("GRANT pg_write_server_files TO demo");
        demo
    }

    /// Where exports go that name no place.
    pub fn export_dir(&self) -> PathBuf {
        self.dir.join("data/nlsql_export")
    }

    /// A new database with one of the public ones in it, owned by a role of its own name; none where the folder is
    /// not at hand.
    pub fn public(&self, name: &str) -> Option<Database> {
        let Some(folder) = super::public_databases() else {
            println!("skipped {name}: no folder of public databases (NLSQL_DATA)");
            return None;
        };
        self.create_role(name);
        let database = self.create_database(name, name);
        let mut dump = Vec::new();
        let packed = fs::File::open(folder.join(format!("{name}.sql.gz"))).expect("the dump is there");
        flate2::read::GzDecoder::new(packed).read_to_end(&mut dump).expect("the dump is gzip");
        let file = std::env::temp_dir().join(format!("nlsql-{}-{name}.sql", std::process::id()));
        fs::write(&file, dump).expect("the dump can be written");
        database.run_file(&file);
        let _ = fs::remove_file(&file);
        Some(database)
    }

    /// Everything that the server wrote to its log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    /// Lines of the log that no test may leave behind.
    pub fn alarms(&self) -> Vec<String> {
        let alarms = ["PANIC:", "panicked at", "was terminated by signal", "TRAP:", "could not be aborted"];
        self.log().lines().filter(|l| alarms.iter().any(|a| l.contains(a))).map(str::to_owned).collect()
    }
}

/// A file system that is soon full; unmounted at drop.
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn enlarge(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-o", "remount,size=200m"]).arg(&self.path);
        run(mount);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // lazily: the server may have files open there
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper_input.take());
        let _ = self.keeper.wait();
    }
}
