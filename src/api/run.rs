//! Runs: make, stop, go on, drop.

use crate::api::{given, object};
use crate::error::{Code, Error, Result};
use crate::pg::{enqueue, error::report, guc, launch, ledger, owner, session, store};
use crate::plan::{Options, Phase};
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Adds a phase to a run, new or named, and returns the run's name at once; work starts at COMMIT.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn generate(
    phase: Option<&str>,
    count: default!(Option<i64>, "NULL"),
    run: default!(Option<&str>, "NULL"),
    options: default!(Option<JsonB>, "'{}'"),
) -> std::result::Result<String, ErrorReport> {
    let make = || -> Result<String> {
        let phase = Phase::parse(given("phase", phase)?)?;
        let options = Options::parse(&object(options))?;
        enqueue::enqueue(enqueue::Request { phase, count, run, options })
    };
    make().map_err(report)
}

/// Adds every enabled phase of nlsql.phases to a run, new or named; returns the run's name at once.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn generate_all(
    run: default!(Option<&str>, "NULL"),
    options: default!(Option<JsonB>, "'{}'"),
) -> std::result::Result<String, ErrorReport> {
    let make = || -> Result<String> {
        let options = Options::parse(&object(options))?;
        let mut name = run.map(str::to_owned);
        for phase in enqueue::enabled_phases()? {
            let options = options.only_for(phase);
            name = Some(enqueue::enqueue(enqueue::Request { phase, count: None, run: name.as_deref(), options })?);
        }
        name.ok_or_else(|| {
            Error::new(Code::ObjectNotInPrerequisiteState, "no phase is enabled")
                .hint("UPDATE or INSERT into nlsql.phase sets enabled; SELECT * FROM nlsql.phases shows them.")
        })
    };
    make().map_err(report)
}

/// Stops a run; what is stored stays. False where it had ended already.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn cancel(run: &str) -> std::result::Result<bool, ErrorReport> {
    let stop = || -> Result<bool> {
        let role = session::role()?;
        let id = store::find(&role, run)?.id;
        launch::poke_at_commit(&store::workers(id)?);
        store::cancel(id, &role)
    };
    stop().map_err(report)
}

/// Goes on with a run that was cancelled, failed or lost its workers; number of tasks opened again.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn resume(run: &str) -> std::result::Result<i64, ErrorReport> {
    let go_on = || -> Result<i64> {
        enqueue::check_session()?;
        let role = session::role()?;
        let id = store::find(&role, run)?.id;
        if let Some(budget) = guc::settings().budget_usd {
            ledger::set_budget(id, budget)?;
        }
        let tasks = store::resume(id, &role)?;
        launch::start_at_commit(id, session::role_oid(), false);
        Ok(tasks)
    };
    go_on().map_err(report)
}

/// Goes on with every unfinished run of the current role; number of runs.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn resume_all() -> std::result::Result<i32, ErrorReport> {
    let go_on = || -> Result<i32> {
        enqueue::check_session()?;
        let role = session::role()?;
        let runs = store::listed(&role, None)?;
        for run in &runs {
            store::resume(run.id, &role)?;
            launch::start_at_commit(run.id, session::role_oid(), false);
        }
        Ok(runs.len() as i32)
    };
    go_on().map_err(report)
}

/// Deletes a run with its records; number of rows deleted.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn drop_run(run: &str) -> std::result::Result<i64, ErrorReport> {
    let delete = || -> Result<i64> {
        let role = session::role()?;
        let id = store::find(&role, run)?.id;
        launch::poke_at_commit(&store::workers(id)?);
        store::drop_run(id, &role)
    };
    delete().map_err(report)
}

/// Makes sure that unfinished runs of the role have a worker; for nlsql.wait. With a name, only that run.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn nudge_(run: Option<&str>) -> std::result::Result<Option<JsonB>, ErrorReport> {
    let nudge = || -> Result<Option<JsonB>> {
        let role = session::role()?;
        let runs = match run {
            Some(name) => vec![store::find(&role, name)?],
            None => store::listed(&role, None)?,
        };
        for r in &runs {
            if r.unfinished() && !session::in_recovery() && store::orphaned(r.id)? {
                launch::start_at_commit(r.id, session::role_oid(), false);
            }
        }
        Ok(Some(JsonB(serde_json::json!(runs
            .iter()
            .map(|r| serde_json::json!({"name": r.name, "status": r.status, "reason": r.reason, "last_error": r.last_error}))
            .collect::<Vec<_>>()))))
    };
    owner::with_catalog_path(nudge).map_err(report)
}

/// For nlsql.wait, which commits and so cannot run inside a transaction block.
#[pg_extern(schema = "nlsql", volatile, parallel_unsafe)]
fn in_transaction_block_() -> bool {
    // SAFETY: plain read of the transaction's state.
    unsafe { pg_sys::IsTransactionBlock() }
}
