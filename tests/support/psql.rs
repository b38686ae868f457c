//! `psql` as the client: one process a call, or one that stays open.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A program of the server's version.
pub fn tool(name: &str) -> PathBuf {
    let pg_config = std::env::var("PG_CONFIG").unwrap_or_else(|_| "/usr/lib/postgresql/15/bin/pg_config".to_owned());
    Path::new(&pg_config).parent().expect("pg_config stands in a folder").join(name)
}

/// What README's GRANT block gives to a role that may use nlsql.
pub fn grants(role: &str) -> String {
    let block = include_str!("../demo/grants.sql");
    block.replace("demo", &format!("\"{role}\""))
}

/// An error as the client saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PgError {
    pub sqlstate: String,
    pub message: String,
    pub detail: String,
    pub hint: String,
    /// All that psql printed to its standard error.
    pub text: String,
}

impl fmt::Display for PgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PgError {
    fn parse(text: String) -> PgError {
        let mut error = PgError { text: text.clone(), ..PgError::default() };
        let mut field: Option<&mut String> = None;
        for line in text.lines() {
            let fatal = ["ERROR:  ", "FATAL:  ", "PANIC:  "].iter().find_map(|k| line.split_once(k));
            if let Some((_, rest)) = fatal {
                let (state, message) = rest.split_once(": ").unwrap_or(("", rest));
                error.sqlstate = state.to_owned();
                error.message = message.to_owned();
                field = Some(&mut error.message);
            } else if let Some(rest) = line.strip_prefix("DETAIL:  ") {
                error.detail = rest.to_owned();
                field = Some(&mut error.detail);
            } else if let Some(rest) = line.strip_prefix("HINT:  ") {
                error.hint = rest.to_owned();
                field = Some(&mut error.hint);
            } else if ["CONTEXT:  ", "LOCATION:  ", "LINE ", "NOTICE:  ", "WARNING:  "].iter().any(|k| line.contains(k))
            {
                field = None;
            } else if let Some(field) = &mut field {
                field.push('\n');
                field.push_str(line);
            }
        }
        error
    }
}

/// A database as one role sees it.
#[derive(Debug, Clone)]
pub struct Database {
    socket: PathBuf,
    name: String,
    role: String,
}

impl Database {
    pub(super) fn new(socket: &Path, name: &str, role: &str) -> Database {
        Database { socket: socket.to_owned(), name: name.to_owned(), role: role.to_owned() }
    }

    pub fn as_role(&self, role: &str) -> Database {
        Database { role: role.to_owned(), ..self.clone() }
    }

    pub fn as_superuser(&self) -> Database {
        self.as_role("postgres")
    }

    pub fn role(&self) -> &str {
        &self.role
    }

    fn psql(&self) -> Command {
        let mut psql = Command::new(tool("psql"));
        // nothing of the user's own settings; numbers and texts bare, errors with their SQLSTATE
        psql.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LC_ALL", "C.UTF-8");
        psql.arg("-h").arg(&self.socket).args(["-d", &self.name, "-U", &self.role]);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"]);
        psql
    }

    /// Starts the statements, each in its own transaction, in a process that goes on by itself.
    pub fn spawn(&self, sql: &str) -> Running {
        let mut psql = self.psql();
        psql.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = psql.spawn().expect("psql starts");
        let mut input = child.stdin.take().expect("psql has an input");
        // a script is short; psql that ended early closes the pipe, and its error says why
        let _ = input.write_all(sql.as_bytes());
        drop(input);
        Running { child }
    }

    pub fn try_run(&self, sql: &str) -> Result<String, PgError> {
        self.spawn(sql).finish()
    }

    /// Output of the statements; fails on an error.
    pub fn run(&self, sql: &str) -> String {
        self.try_run(sql).unwrap_or_else(|e| panic!("{e}\nin: {sql}"))
    }

    /// Exactly what one statement printed, bytes and line ends included.
    pub fn raw(&self, sql: &str) -> String {
        let output = self.psql().args(["-c", sql]).output().expect("psql starts");
        assert!(output.status.success(), "{}\nin: {sql}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the server sends UTF-8")
    }

    /// The error that the statements end in; fails where there is none.
    pub fn error(&self, sql: &str) -> PgError {
        match self.try_run(sql) {
            Ok(output) => panic!("no error, but {output:?}\nin: {sql}"),
            Err(error) => error,
        }
    }

    pub fn number(&self, sql: &str) -> i64 {
        let text = self.run(sql);
        text.parse().unwrap_or_else(|_| panic!("{text:?} is no number\nin: {sql}"))
    }

    pub fn run_file(&self, path: &Path) {
        let output = self.psql().arg("-f").arg(path).output().expect("psql starts");
        assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    }

    /// What pg_dump writes with these options.
    pub fn pg_dump(&self, options: &[&str]) -> String {
        let mut dump = Command::new(tool("pg_dump"));
        dump.env_clear().env("LC_ALL", "C.UTF-8").args(options);
        dump.arg("-h").arg(&self.socket).args(["-U", &self.role, &self.name]);
        let output = dump.output().expect("pg_dump starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the server sends UTF-8")
    }

    /// Dumps with these options and restores into another database, as an operator does it.
    pub fn dump_into(&self, other: &Database, options: &[&str]) {
        let file = std::env::temp_dir().join(format!("nlsql-{}-{}.dump", std::process::id(), other.name));
        let mut dump = Command::new(tool("pg_dump"));
        dump.env_clear()
            .args(options)
            .arg("-h")
            .arg(&self.socket)
            .args(["-U", &self.role, &self.name, "-f"])
            .arg(&file);
        let output = dump.output().expect("pg_dump starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        if options.contains(&"-Fc") {
            let mut restore = Command::new(tool("pg_restore"));
            restore.env_clear().args(["--exit-on-error", "-h"]).arg(&other.socket);
            let output = restore.args(["-U", &other.role, "-d", &other.name]).arg(&file).output().expect("it starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        } else {
            other.run_file(&file);
        }
        let _ = std::fs::remove_file(&file);
    }

    /// A session that stays open.
    pub fn session(&self) -> Session {
        let mut psql = self.psql();
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = psql.spawn().expect("psql starts");
        let input = child.stdin.take().expect("psql has an input");
        let output = BufReader::new(child.stdout.take().expect("psql has an output"));
        Session { child, input, output }
    }

    /// Runs `generate` as written and waits for it; returns the run's name.
    pub fn generate(&self, arguments: &str) -> String {
        let name = self.run(&format!("SELECT nlsql.generate({arguments})"));
        self.run(&format!("CALL nlsql.wait('{name}')"));
        name
    }

    /// Process ids of the background workers of this database.
    pub fn workers(&self) -> Vec<u32> {
        self.as_superuser()
            .run(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'nlsql worker' AND datname = current_database()",
            )
            .lines()
            .map(|l| l.parse().expect("a process id"))
            .collect()
    }
}

/// A psql process that runs by itself.
pub struct Running {
    child: Child,
}

impl Running {
    pub fn finish(self) -> Result<String, PgError> {
        let output = self.child.wait_with_output().expect("psql ends");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout).trim_end_matches('\n').to_owned()),
            false => Err(PgError::parse(text(&output.stderr))),
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }
}

/// A session that stays open between statements, as for a transaction that is watched from outside.
pub struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    /// Sends a statement (with its semicolon) and gives back what it printed; an error ends the session.
    pub fn run(&mut self, sql: &str) -> String {
        const MARK: &str = "-- that was all --";
        writeln!(self.input, "{sql}\n\\echo '{MARK}'").expect("psql is there");
        let mut said = String::new();
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("psql answers");
            assert!(read > 0, "psql ended\nin: {sql}");
            if line.trim_end() == MARK {
                return said.trim_end_matches('\n').to_owned();
            }
            said.push_str(&line);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
