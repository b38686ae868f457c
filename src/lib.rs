//! nlsql: training and evaluation data for text-to-SQL models, made inside the database (see README.md).
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod api;
mod pg;

// plain Rust, tested without a server
mod anonymize;
mod candidate;
mod compose;
mod dataset;
mod docs;
mod error;
mod flow;
mod llm;
mod plan;
mod prompt;
mod schema;
mod settings;

use pgrx::prelude::*;

pgrx::pg_module_magic!();

/// Survives the gate's memory limit.
#[global_allocator]
static ALLOCATOR: pg::gate::memory::Allocator = pg::gate::memory::Allocator;

extension_sql_file!("../sql/bootstrap.sql", name = "bootstrap", bootstrap);
extension_sql_file!("../sql/tables.sql", name = "tables");
extension_sql_file!("../sql/enqueue.sql", name = "enqueue", requires = ["tables"]);
extension_sql_file!("../sql/ledger.sql", name = "ledger", requires = ["enqueue"]);
extension_sql_file!("../sql/gate.sql", name = "gate", requires = [api::check::check_sql, api::check::bounded_]);
extension_sql_file!("../sql/state.sql", name = "state", requires = ["ledger"]);
extension_sql_file!("../sql/work.sql", name = "work", requires = ["state"]);
extension_sql_file!(
    "../sql/views.sql",
    name = "views",
    requires = [
        "tables",
        api::shipped::shipped_phases,
        api::shipped::shipped_endpoints,
        api::shipped::shipped_prices,
        api::shipped::check_endpoint_
    ]
);
extension_sql_file!(
    "../sql/templates.sql",
    name = "templates",
    requires = ["tables", api::shipped::shipped_templates, api::shipped::check_template_]
);
extension_sql_file!("../sql/ask.sql", name = "ask", requires = ["tables", api::ask::ask]);
extension_sql_file!("../sql/wait.sql", name = "wait", requires = ["views", api::run::nudge_]);
extension_sql_file!("../sql/export.sql", name = "export", requires = ["tables"]);
extension_sql_file!(
    "../sql/dataset.sql",
    name = "dataset",
    requires =
        ["export", api::export::jsonl, api::export::export_jsonl, api::export::export_dataset, api::split::split]
);
extension_sql_file!("../sql/anonymize.sql", name = "anonymize", requires = ["tables"]);
extension_sql_file!(
    "../sql/comments.sql",
    name = "comments",
    requires = [
        "wait",
        "views",
        "templates",
        api::run::generate,
        api::run::generate_all,
        api::run::cancel,
        api::run::resume,
        api::run::resume_all,
        api::run::drop_run
    ]
);
extension_sql_file!("../sql/grants.sql", name = "grants", finalize);

#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    pg::guc::init();
    pg::launcher::init();
}

/// Names the schema for `#[pg_extern(schema = "nlsql")]`; sql/bootstrap.sql has made it by then.
#[pg_schema]
mod nlsql {}
