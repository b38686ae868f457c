//! The gate: the one way for a statement into the dataset. Text limits, the server's own parser, analysis and policy
//! by OID, a plan of the very tree that was checked, execution under limits: all in a sandbox that leaves no trace.

mod analyze;
pub(crate) mod bound;
mod cut;
mod derived;
mod domain;
pub(crate) mod equal;
mod execute;
mod fanout;
mod features;
pub(super) mod ffi;
mod functions;
mod literals;
mod locks;
pub(crate) mod memory;
mod mutant;
mod net;
mod origin;
mod parse;
mod plan;
mod probe;
mod prove;
mod relations;
mod sandbox;
mod sizes;
mod stored;
mod walk;

use crate::candidate::{EMPTY, ResultFacts, Stage, Telling, Verdict};
use crate::error::Result;
use crate::settings::Settings;
use cut::{Cut, Keys};
use execute::{Against, RowHash};
use functions::Functions;
use mutant::Mutator;
use pgrx::pg_sys;
use relations::Relations;
use sandbox::Sandbox;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::CString;
use std::rc::Rc;

/// Bounds of one check.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits {
    pub text_bytes: usize,
    /// Levels of the raw parse tree.
    pub tree_depth: u32,
    pub joins: u32,
    /// Range-table entries after views and CTEs are expanded.
    pub range_table: u32,
    pub timeout_ms: i32,
    pub lock_timeout_ms: i32,
    /// Above the present size of the process.
    pub memory_bytes: u64,
    pub rows: u64,
    pub bytes: usize,
    /// Ceiling on the planner's total cost.
    pub cost: Option<f64>,
    pub foreign_tables: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            text_bytes: 16 << 10,
            tree_depth: 32,
            joins: 16,
            range_table: 64,
            timeout_ms: 5_000,
            lock_timeout_ms: 1_000,
            memory_bytes: 400 << 20,
            rows: 10_000,
            bytes: 1 << 20,
            cost: Some(1e9),
            foreign_tables: false,
        }
    }
}

impl Limits {
    pub(crate) fn of(settings: &Settings) -> Limits {
        Limits {
            timeout_ms: settings.check_timeout_ms,
            memory_bytes: u64::try_from(settings.check_memory_mb).unwrap_or(0) << 20,
            ..Limits::default()
        }
    }
}

/// What a gate lets through, beside its limits.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Options {
    /// None: every relation that the role may read and that is neither the system's nor nlsql's.
    pub subjects: Option<BTreeSet<u32>>,
    /// System catalogs are subjects too.
    pub catalogs: bool,
    pub foreign_tables: bool,
    /// None: the one in force.
    pub search_path: Option<String>,
    /// Result rows kept as text in [`ResultFacts::head`].
    pub head: usize,
    /// Results that are refused beside the empty and the all-NULL one.
    pub refuse_constant: bool,
    pub refuse_duplicates: bool,
    pub refuse_whole_table: bool,
    pub refuse_fan_out: bool,
    /// Accepted statements are also compared with their one-step mutants.
    pub proof: bool,
    pub limits: Limits,
}

/// Whether a checked statement is also run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Executed,
    /// Planned only: for databases without rows.
    SchemaOnly,
}

pub(crate) struct Gate {
    role: pg_sys::Oid,
    options: Rc<Options>,
    search_path: Option<CString>,
    functions: Functions,
    relations: Relations,
}

impl Gate {
    /// A gate for `role`, which is the current user of the run. Must be called inside a transaction.
    pub(crate) fn new(role: pg_sys::Oid, options: Options) -> Result<Gate> {
        analyze::watch_catalog();
        let search_path = match &options.search_path {
            Some(path) => {
                Some(CString::new(path.as_str()).map_err(|_| crate::error::Error::invalid("search_path holds a NUL"))?)
            }
            None => None,
        };
        let options = Rc::new(options);
        Ok(Gate {
            role,
            search_path,
            functions: Functions::new(Rc::new(analyze::allowed_functions()?)),
            relations: Relations::new(role, Rc::clone(&options)),
            options,
        })
    }

    /// Looks again at `nlsql.allowed_function`; [`Gate::check`] sees all other changes by itself.
    pub(crate) fn refresh(&mut self) -> Result<()> {
        self.functions.allow(&Rc::new(analyze::allowed_functions()?));
        self.relations.forget();
        Ok(())
    }

    /// The whole gate for one statement. An error is not the statement's: the caller was cancelled, the disk is full.
    pub(crate) fn check(&mut self, sql: &str, mode: Mode) -> Result<Verdict> {
        let mut check = Check::new(mode, None);
        self.run(sql, &mut check)?;
        self.look_for_idle_condition(sql, &mut check)?;
        self.prove(sql, &mut check)?;
        Ok(check.verdict)
    }

    /// A condition that keeps every row gives the whole table, too. Where the result has less than half of the rows
    /// that the table had at its last count it is taken for a condition that does something.
    fn look_for_idle_condition(&mut self, sql: &str, check: &mut Check) -> Result<()> {
        let Some(result) = check.verdict.result.as_ref().filter(|_| check.verdict.ok()) else { return Ok(()) };
        let Some(rows) = check.filtered else { return Ok(()) };
        if result.capped || 2.0 * result.rows as f64 <= f64::from(rows) {
            return Ok(());
        }
        let mut other = Check::new(Mode::Executed, Some(check.own_rows()));
        other.mutator = Some(Mutator::unfiltering());
        self.run(sql, &mut other)?;
        if let Some(result) = check.verdict.result.as_mut().filter(|_| other.same) {
            result.whole_table = true;
            check.verdict.refusal = judge(result, &self.options).err();
        }
        Ok(())
    }

    fn run(&mut self, sql: &str, check: &mut Check) -> Result<()> {
        if analyze::catalog_changed() {
            self.functions.forget();
            self.relations.forget();
            net::forget();
        }
        let options = Rc::clone(&self.options);
        let text = match parse::text(sql, &options.limits) {
            Ok(text) => text,
            Err(refusal) => {
                check.verdict.refusal = Some(refusal);
                return Ok(());
            }
        };
        let stage = Cell::new(Stage::Parse);
        let path = self.search_path.take();
        let allowed = self.functions.allowed();
        let timeout_ms = check.timeout_ms.unwrap_or(options.limits.timeout_ms);
        let limits = Limits { timeout_ms, ..options.limits.clone() };
        let sandbox = Sandbox { role: self.role, search_path: path.as_deref(), limits: &limits, allowed: &allowed };
        let ended = sandbox.run(&stage, || self.steps(&text, &options, &stage, check));
        self.search_path = path;
        check.verdict.refusal = ended?.err();
        Ok(())
    }

    fn steps(
        &mut self,
        text: &CString,
        options: &Options,
        stage: &Cell<Stage>,
        check: &mut Check,
    ) -> sandbox::Ended<()> {
        let limits = &options.limits;
        let raw = parse::parse(text, limits)?;
        // SAFETY: in the sandbox; each step gets what the one before made of the same text.
        unsafe {
            if let Some(mutator) = &mut check.mutator {
                mutator.run(raw)?;
            }
            stage.set(Stage::Analyze);
            let query =
                pg_sys::parse_analyze_fixedparams(raw, text.as_ptr(), std::ptr::null(), 0, std::ptr::null_mut());
            stage.set(Stage::Policy);
            let analysis = analyze::analyze(query, text, limits, &mut self.functions, &mut self.relations)?;
            check.verdict.facts = Some(analysis.facts);
            net::permit(analysis.calls);
            let rewritten = plan::rewrite(query)?;
            let keys = if check.cuts { Keys::of(rewritten) } else { None };
            stage.set(Stage::Plan);
            let planned = plan::plan(rewritten, text);
            check.verdict.plan = Some(plan::facts(planned, limits)?);
            if check.mode == Mode::Executed {
                stage.set(Stage::Execute);
                let probes = check.against.is_some();
                let cut = keys.and_then(|keys| Cut::watch(planned, keys));
                let mut ran = execute::execute(planned, text, options, check.against.take(), cut);
                ran.facts.whole_table = analysis.whole_table;
                ran.facts.fan_out = analysis.fan_out;
                check.filtered = analysis.filtered;
                stage.set(Stage::Result);
                let judged = if probes { Ok(()) } else { judge(&ran.facts, options) };
                check.verdict.result = Some(ran.facts);
                (check.rows, check.same, check.cut, check.figure) = (ran.rows, ran.same, ran.cut, ran.figure);
                check.hollow = ran.hollow;
                (check.looked_at, check.most_frequent) = (ran.looked_at, ran.most_frequent);
                judged?;
            }
        }
        stage.set(Stage::Accepted);
        Ok(())
    }
}

/// One statement on its way through the gate.
struct Check {
    mode: Mode,
    against: Option<Against>,
    /// Its limit has to cut, without a tie that it does not keep; whether it does.
    cuts: bool,
    cut: bool,
    /// Changes the statement before it is looked at.
    mutator: Option<Mutator>,
    /// Where it has less time than others.
    timeout_ms: Option<i32>,
    verdict: Verdict,
    rows: Vec<RowHash>,
    same: bool,
    /// Its first row has a number other than zero.
    figure: bool,
    /// A column of it is NULL in all rows.
    hollow: bool,
    /// See `Ran`.
    looked_at: u64,
    most_frequent: Vec<u64>,
    /// See `Analysis`.
    filtered: Option<f32>,
}

impl Check {
    fn new(mode: Mode, against: Option<Against>) -> Check {
        Check {
            mode,
            against,
            cuts: false,
            cut: false,
            mutator: None,
            timeout_ms: None,
            verdict: Verdict::default(),
            rows: Vec::new(),
            same: false,
            figure: false,
            hollow: false,
            looked_at: 0,
            most_frequent: Vec::new(),
            filtered: None,
        }
    }

    /// A column that tells nothing.
    fn dull(&self, telling: &[Telling]) -> Option<usize> {
        let same = |column: usize| self.most_frequent.get(column).copied().unwrap_or(0) * 100;
        let all = self.looked_at;
        let rows = |t: &Telling| if t.per_cent < 100 { 2 } else { 3 };
        telling.iter().find(|t| all >= rows(t) && same(t.column) >= u64::from(t.per_cent) * all).map(|t| t.column)
    }

    /// The rows that it gave, for another to be held against: in order, where it has one.
    fn own_rows(&self) -> Against {
        let facts = self.verdict.facts.as_ref();
        Against::rows(&self.rows, facts.is_some_and(|facts| facts.features.iter().any(|f| f == "order_by")))
    }
}

/// Results that make no pair.
fn judge(result: &ResultFacts, options: &Options) -> sandbox::Ended<()> {
    let reason = if result.rows == 0 {
        EMPTY
    } else if result.all_null {
        "result is NULL throughout"
    } else if options.refuse_constant && result.constant {
        "all rows of the result are the same"
    } else if options.refuse_duplicates && result.duplicate_rows {
        "result has rows that are the same"
    } else if options.refuse_whole_table && result.whole_table {
        "result is a whole table"
    } else if options.refuse_fan_out && result.fan_out {
        "an aggregate counts rows twice that a join repeats"
    } else {
        return Ok(());
    };
    Err(parse::refuse(Stage::Result, "P0002", reason))
}
