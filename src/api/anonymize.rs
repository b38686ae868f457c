//! Anonymised rows of a table.

use crate::anonymize::rule::Rule;
use crate::anonymize::texts::Texts;
use crate::error::{Code, Error, Result};
use crate::pg::anonymize::{self, Anonymiser};
use crate::pg::error::report;
use crate::pg::json::JsonbText;
use crate::pg::{guc, introspect, relationships, session, spi};
use crate::schema::model::{RowSecurity, Schema, Table};
use crate::schema::profile;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Up to n rows of the table with fakes for all that is personal; equal values get equal fakes for one role and seed.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.anonymize(tbl regclass, n int DEFAULT 10, seed bigint DEFAULT NULL) RETURNS SETOF jsonb
VOLATILE PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON FUNCTION nlsql.anonymize(regclass, int, bigint) IS
  'up to n rows of a table, anonymised; read as the current role; the same role and seed give the same fakes';"#
)]
fn anonymize(
    tbl: Option<pg_sys::Oid>,
    n: Option<i32>,
    seed: Option<i64>,
) -> std::result::Result<SetOfIterator<'static, JsonbText>, ErrorReport> {
    let Some(tbl) = tbl else { return Ok(SetOfIterator::new(Vec::new())) };
    let rows = rows(tbl, i64::from(n.unwrap_or(10)), seed).map_err(report)?;
    // one at a time, as the server asks for them
    Ok(SetOfIterator::new((0..rows.len()).map(move |row| JsonbText::of(rows.get(row).unwrap_or("")))))
}

/// What `anonymize` does with each column of the table, for a look before a policy is written.
#[pg_extern(
    schema = "nlsql",
    sql = r#"CREATE FUNCTION nlsql.anonymize_plan(tbl regclass)
  RETURNS TABLE("column" text, kind text, personal bool, method text) VOLATILE STRICT PARALLEL UNSAFE
  LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON FUNCTION nlsql.anonymize_plan(regclass) IS
  'what nlsql takes each column of a table for, and how its values are anonymised; nlsql.column_policy overrides it';"#
)]
fn anonymize_plan(
    tbl: pg_sys::Oid,
) -> std::result::Result<
    TableIterator<'static, (name!(column, String), name!(kind, String), name!(personal, bool), name!(method, String))>,
    ErrorReport,
> {
    let rules = open(tbl, 0).and_then(|mut o| o.anonymiser.plan(&o.schema, &o.table)).map_err(report)?.rules;
    let row = |r: Rule| (r.name, r.class.kind.word().to_owned(), r.class.personal, r.method.word().to_owned());
    Ok(TableIterator::new(rules.into_iter().map(row).collect::<Vec<_>>()))
}

/// A table with all that its anonymiser needs to know.
struct Opened {
    schema: Schema,
    table: Table,
    anonymiser: Anonymiser,
}

fn open(tbl: pg_sys::Oid, seed: i64) -> Result<Opened> {
    let mut schema = introspect::catalog(None)?;
    let (schema_name, table_name) = subject(&schema, tbl)?;
    let relationships = relationships::of_session(&schema)?;
    let settings = guc::settings();
    let shared = anonymize::shared_rows(settings.values.as_deref(), settings.values_min_rows);
    let key = anonymize::call_key(&session::role()?, seed)?;
    let anonymiser = Anonymiser::new(key, &schema, &relationships, shared)?;
    let named =
        |s: &Schema| s.table(&schema_name, &table_name).cloned().ok_or_else(|| Error::internal("the table is gone"));
    let roots = anonymiser.roots(&named(&schema)?);
    for table in &mut schema.tables {
        let is_root = roots.iter().any(|(s, t)| *s == table.schema && *t == table.name);
        if is_root || (table.schema == schema_name && table.name == table_name) {
            look_at(table)?;
        }
    }
    let table = named(&schema)?;
    Ok(Opened { schema, table, anonymiser })
}

fn rows(tbl: pg_sys::Oid, n: i64, seed: Option<i64>) -> Result<Texts> {
    if n < 0 {
        return Err(Error::invalid(format!("n must be 0 or more, not {n}")));
    }
    let seed = seed.or_else(guc::seed).unwrap_or_else(crate::pg::enqueue::random_seed);
    let mut opened = open(tbl, seed)?;
    opened.anonymiser.rows(&opened.schema, &opened.table, n, seed)
}

fn look_at(table: &mut Table) -> Result<()> {
    let Some(query) = profile::sql_without_words(table) else { return Ok(()) };
    if let Some(answer) = introspect::profile(&query)? {
        profile::apply(table, &answer).map_err(|e| Error::internal(e.to_string()))?;
    }
    Ok(())
}

/// Schema and name of the table, if the role may read it and its row security means something to the role.
fn subject(schema: &Schema, tbl: pg_sys::Oid) -> Result<(String, String)> {
    let only = introspect::catalog(Some(&[tbl]))?;
    let Some(table) = only.tables.first().filter(|t| !t.columns.is_empty()) else {
        let exists = spi::first(spi::select(
            "SELECT c.oid::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.int8::pg_catalog.oid",
            &[spi::Arg::Int(i64::from(tbl.to_u32()))],
        )?);
        return Err(match exists {
            Some(name) => Error::new(Code::InsufficientPrivilege, format!("permission denied for relation {name}"))
                .hint("Only tables, views and foreign tables that the role may read can be anonymised; those of the catalogs cannot."),
            None => Error::new(Code::UndefinedTable, format!("relation with OID {} does not exist", tbl.to_u32())),
        });
    };
    if table.row_security == RowSecurity::Bypassed {
        return Err(Error::new(
            Code::ObjectNotInPrerequisiteState,
            format!("row security of {} does not apply to role \"{}\"", table.qualified(), session::role()?),
        )
        .hint("Call it as a role that the policies apply to, or ALTER TABLE .. FORCE ROW LEVEL SECURITY."));
    }
    schema
        .table(&table.schema, &table.name)
        .map(|t| (t.schema.clone(), t.name.clone()))
        .ok_or_else(|| Error::internal("the table is gone"))
}
