//! The settings nlsql.*, and the copy of them that travels with a run.

use crate::settings::Settings;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::ffi::CString;

static ENGINE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"offline"));
static RUN: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static ENDPOINT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"openai"));
static MODEL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static PARALLELISM: GucSetting<i32> = GucSetting::<i32>::new(16);
static WORKERS: GucSetting<i32> = GucSetting::<i32>::new(0);
static REQUEST_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(120_000);
static MAX_RETRIES: GucSetting<i32> = GucSetting::<i32>::new(5);
static BUDGET_USD: GucSetting<f64> = GucSetting::<f64>::new(-1.0);
static VALUES: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static VALUES_MIN_ROWS: GucSetting<i32> = GucSetting::<i32>::new(5);
static SEED: GucSetting<i32> = GucSetting::<i32>::new(-1);
static CHECK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(5_000);
static CHECK_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(400);
static DB_SESSIONS_MAX: GucSetting<i32> = GucSetting::<i32>::new(4);
static DATABASES: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static EXPORT_DIR: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"nlsql_export"));

pub(crate) fn init() {
    strings();
    numbers();
    // SAFETY: called in _PG_init, after every setting with this prefix is defined.
    unsafe { pgrx::pg_sys::MarkGUCPrefixReserved(c"nlsql".as_ptr()) };
}

fn strings() {
    let none = GucFlags::default();
    GucRegistry::define_string_guc(
        c"nlsql.engine",
        c"Who writes the SQL and the question: offline, openai, reword or auto.",
        c"auto = openai where the endpoint is usable, else offline.",
        &ENGINE,
        GucContext::Userset,
        none,
    );
    GucRegistry::define_string_guc(
        c"nlsql.run",
        c"Name of the run that generate() works on where none is given.",
        c"Empty = a new name, run_ and the time in UTC.",
        &RUN,
        GucContext::Userset,
        none,
    );
    GucRegistry::define_string_guc(
        c"nlsql.endpoint",
        c"Name of the model server, a row of nlsql.endpoints.",
        c"",
        &ENDPOINT,
        GucContext::Userset,
        none,
    );
    GucRegistry::define_string_guc(
        c"nlsql.model",
        c"Model to ask for; empty = the endpoint's own.",
        c"",
        &MODEL,
        GucContext::Userset,
        none,
    );
    GucRegistry::define_string_guc(
        c"nlsql.values",
        c"Which real values may stand in pairs and prompts: none, categorical or all.",
        c"Empty = categorical for the offline engine, none for engines that call out.",
        &VALUES,
        GucContext::Userset,
        none,
    );
    GucRegistry::define_string_guc(
        c"nlsql.databases",
        c"Databases whose unfinished runs go on by themselves when the server starts or is promoted.",
        c"Separated by commas; nlsql must be one of shared_preload_libraries.",
        &DATABASES,
        GucContext::Sighup,
        none,
    );
    GucRegistry::define_string_guc(
        c"nlsql.export_dir",
        c"Directory of exports without a path, relative to the data directory or absolute.",
        c"",
        &EXPORT_DIR,
        GucContext::Suset,
        none,
    );
}

fn numbers() {
    let none = GucFlags::default();
    let int = GucRegistry::define_int_guc;
    int(
        c"nlsql.parallelism",
        c"HTTP requests in flight for a run.",
        c"",
        &PARALLELISM,
        1,
        1024,
        GucContext::Userset,
        none,
    );
    int(
        c"nlsql.workers",
        c"Worker processes of a run.",
        c"0 = 1 with a model, 2 offline; nlsql.db_sessions_max caps it.",
        &WORKERS,
        0,
        64,
        GucContext::Userset,
        none,
    );
    int(
        c"nlsql.request_timeout",
        c"Longest time of one request to a model server.",
        c"",
        &REQUEST_TIMEOUT,
        100,
        3_600_000,
        GucContext::Userset,
        GucFlags::UNIT_MS,
    );
    int(c"nlsql.max_retries", c"Retries of a failed request.", c"", &MAX_RETRIES, 0, 100, GucContext::Userset, none);
    GucRegistry::define_float_guc(
        c"nlsql.budget_usd",
        c"Most USD that a run may spend; -1 = no limit.",
        c"",
        &BUDGET_USD,
        -1.0,
        1e9,
        GucContext::Userset,
        none,
    );
    int(
        c"nlsql.values_min_rows",
        c"Rows that must share a value before it may stand in a pair.",
        c"",
        &VALUES_MIN_ROWS,
        1,
        i32::MAX,
        GucContext::Userset,
        none,
    );
    int(
        c"nlsql.seed",
        c"Seed of new runs; -1 = random, recorded in the run.",
        c"",
        &SEED,
        -1,
        i32::MAX,
        GucContext::Userset,
        none,
    );
    int(
        c"nlsql.check_timeout",
        c"Longest time that the gate lets one statement run.",
        c"",
        &CHECK_TIMEOUT,
        10,
        3_600_000,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
    int(
        c"nlsql.check_memory",
        c"Memory that one statement may take in the gate, above the process's present size.",
        c"",
        &CHECK_MEMORY,
        50,
        1_000_000,
        GucContext::Suset,
        GucFlags::UNIT_MB,
    );
    int(
        c"nlsql.db_sessions_max",
        c"Worker processes of all runs of the database together.",
        c"A run beyond that waits in state queued.",
        &DB_SESSIONS_MAX,
        1,
        1024,
        GucContext::Suset,
        none,
    );
}

fn text(setting: &GucSetting<Option<CString>>) -> Option<String> {
    setting.get().map(|s| s.to_string_lossy().into_owned()).filter(|s| !s.is_empty())
}

pub(crate) fn settings() -> Settings {
    Settings {
        engine: text(&ENGINE).unwrap_or_else(|| "offline".to_owned()),
        endpoint: text(&ENDPOINT).unwrap_or_else(|| "openai".to_owned()),
        model: text(&MODEL),
        parallelism: PARALLELISM.get(),
        workers: Some(WORKERS.get()).filter(|w| *w > 0),
        request_timeout_ms: REQUEST_TIMEOUT.get(),
        max_retries: MAX_RETRIES.get(),
        budget_usd: Some(BUDGET_USD.get()).filter(|b| *b >= 0.0),
        values: text(&VALUES),
        values_min_rows: VALUES_MIN_ROWS.get(),
        check_timeout_ms: CHECK_TIMEOUT.get(),
        check_memory_mb: CHECK_MEMORY.get(),
        db_sessions_max: DB_SESSIONS_MAX.get(),
    }
}

/// `nlsql.run`, where it is set.
pub(crate) fn run() -> Option<String> {
    text(&RUN)
}

/// `nlsql.seed`, where it is set.
pub(crate) fn seed() -> Option<i64> {
    Some(i64::from(SEED.get())).filter(|s| *s >= 0)
}

pub(crate) fn export_dir() -> String {
    text(&EXPORT_DIR).unwrap_or_else(|| "nlsql_export".to_owned())
}

/// `nlsql.databases` as written.
pub(crate) fn databases() -> String {
    text(&DATABASES).unwrap_or_default()
}

/// The present value, for a worker whose run was queued under another.
pub(crate) fn db_sessions_max() -> i32 {
    DB_SESSIONS_MAX.get()
}
