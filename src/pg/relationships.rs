//! Relationships as the current role sees them.

use super::spi::{self, Arg};
use super::transaction::attempt;
use super::{introspect, joins, owner, session};
use crate::error::{Error, Result};
use crate::schema::model::{Schema, Table, quote_ident};
use crate::schema::relationships::joins::Joins;
use crate::schema::relationships::options::Options;
use crate::schema::relationships::values::{self, Values};
use crate::schema::relationships::wide::PAIR;
use crate::schema::relationships::{self, Inference, Relationship};
use pgrx::pg_sys;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Looking at rows ends after so long, whatever [`values::order`] thought; what was not looked at has no vote.
const LONGEST: Duration = Duration::from_secs(8);

/// An edge with the relations that its names stand for; no parent where each row says for itself of which it is.
pub(crate) struct Row {
    pub child: pg_sys::Oid,
    pub child_columns: Vec<String>,
    pub parent: Option<pg_sys::Oid>,
    pub parent_columns: Option<Vec<String>>,
    pub declared: bool,
    pub confidence: f64,
    pub evidence: Value,
}

/// What `nlsql.relationships()` gives.
pub(crate) fn rows(options: &Options) -> Result<Vec<Row>> {
    let wanted: Option<Vec<pg_sys::Oid>> =
        options.tables.as_ref().map(|names| names.iter().map(|n| session::relation(n)).collect()).transpose()?;
    // all relations, since what a name leads to hangs on all that bear it
    let schema = introspect::catalog(None)?;
    let oids = oids(&schema)?;
    let inference = Inference::new(&schema, &joins::read(&schema, &oids)?);
    let values = match options.values {
        true => look_at(&schema, &inference, &mut in_session)?,
        false => Values::default(),
    };
    let mut edges = if options.declared { relationships::declared(&schema) } else { Vec::new() };
    edges.extend(inference.edges(options.min_confidence, &values));
    let mut rows: Vec<Row> = edges.into_iter().filter_map(|edge| row(edge, &oids)).collect();
    if options.min_confidence <= PAIR {
        rows.extend(inference.polymorphic().into_iter().filter_map(|pair| {
            Some(Row {
                child: *oids.get(&pair.child)?,
                child_columns: pair.columns,
                parent: None,
                parent_columns: None,
                declared: false,
                confidence: PAIR,
                evidence: pair.evidence,
            })
        }));
    }
    rows.retain(|r| wanted.as_ref().is_none_or(|w| w.contains(&r.child) || r.parent.is_some_and(|p| w.contains(&p))));
    Ok(rows)
}

fn row(edge: Relationship, oids: &BTreeMap<(String, String), pg_sys::Oid>) -> Option<Row> {
    Some(Row {
        child: *oids.get(&edge.child)?,
        child_columns: edge.child_columns,
        parent: Some(*oids.get(&edge.parent)?),
        parent_columns: Some(edge.parent_columns),
        declared: edge.declared,
        confidence: edge.confidence,
        evidence: edge.evidence,
    })
}

/// Reads sets of hashes for one query of [`values::sql`]; an error of the table's is no error here.
pub(crate) type Read<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<Option<String>>>;

/// The likely edges that no key declares, by catalog, views and rows.
pub(crate) fn inferred(schema: &Schema, joins: &Joins, read: Read<'_>) -> Result<Vec<Relationship>> {
    let inference = Inference::new(schema, joins);
    Ok(inference.edges(relationships::LIKELY, &look_at(schema, &inference, read)?))
}

/// All that the current role may read, with what its views join.
pub(crate) fn whole() -> Result<(Schema, Joins)> {
    let schema = introspect::catalog(None)?;
    let joins = joins::read(&schema, &oids(&schema)?)?;
    Ok((schema, joins))
}

/// The same in a session, of all that the current role may read.
pub(crate) fn found() -> Result<Vec<Relationship>> {
    let (schema, joins) = whole()?;
    inferred(&schema, &joins, &mut in_session)
}

fn in_session(query: &str) -> Result<Vec<Option<String>>> {
    session::check_for_interrupts();
    attempt(|| sets(query))
}

/// The keys of the schema, and of the inferred edges those between its tables.
pub(crate) fn of_schema(schema: &Schema, inferred: Vec<Relationship>) -> Vec<Relationship> {
    let tables: BTreeMap<(&str, &str), &Table> =
        schema.tables.iter().map(|t| ((t.schema.as_str(), t.name.as_str()), t)).collect();
    let there = |end: &(String, String), columns: &[String]| {
        let table = tables.get(&(end.0.as_str(), end.1.as_str()));
        table.is_some_and(|t| columns.iter().all(|c| t.column(c).is_some()))
    };
    let mut edges = relationships::declared(schema);
    let kept = |e: &Relationship| there(&e.child, &e.child_columns) && there(&e.parent, &e.parent_columns);
    edges.extend(inferred.into_iter().filter(kept));
    edges
}

/// What the workers of the run found; looked for anew where they did not come to it, or the catalog has changed.
pub(crate) fn of_run(run_id: i64, schema: &Schema) -> Result<Vec<Relationship>> {
    match stored(run_id, &introspect::hash(schema))? {
        Some(found) => Ok(of_schema(schema, found)),
        None => of_session(schema),
    }
}

thread_local! {
    /// What a session found last, with the role and the catalog that it goes with.
    static LAST: RefCell<Option<(pg_sys::Oid, String, Vec<Relationship>)>> = const { RefCell::new(None) };
}

/// For calls that belong to no run: found once a session, as long as role and catalog are the same.
pub(crate) fn of_session(schema: &Schema) -> Result<Vec<Relationship>> {
    let (role, hash) = (session::role_oid(), introspect::hash(schema));
    let last = LAST.with_borrow(|last| {
        last.as_ref().filter(|(of, at, _)| *of == role && *at == hash).map(|(_, _, found)| found.clone())
    });
    let found = match last {
        Some(found) => found,
        None => {
            let found = found()?;
            LAST.set(Some((role, hash, found.clone())));
            found
        }
    };
    Ok(of_schema(schema, found))
}

/// What the run found for this catalog.
pub(crate) fn stored(run_id: i64, hash: &str) -> Result<Option<Vec<Relationship>>> {
    let query = "SELECT f.edges::text FROM nlsql.inferred f WHERE f.run_id = $1 AND f.schema_hash = $2";
    let text = owner::as_owner(|| spi::select(query, &[Arg::Int(run_id), Arg::Text(hash)]))?;
    spi::first(text).map(|t| spi::json(&t)).transpose()
}

/// The same of the current role's run of that name, if there is one.
pub(crate) fn stored_of(run: &str, hash: &str) -> Result<Option<Vec<Relationship>>> {
    let query = "SELECT r.id::text FROM nlsql.run r WHERE r.name = $1 AND r.role = current_user";
    let id = spi::first(owner::with_catalog_path(|| spi::select(query, &[Arg::Text(run)]))?);
    id.and_then(|id| id.parse().ok()).map_or(Ok(None), |id| stored(id, hash))
}

/// Keeps the edges for all workers of the run; gives back those that somebody else kept before.
pub(crate) fn store(run_id: i64, hash: &str, edges: &[Relationship]) -> Result<Vec<Relationship>> {
    let text = serde_json::to_string(edges).map_err(|e| Error::internal(e.to_string()))?;
    // a conflict's row is locked and given back as it is
    let query = "INSERT INTO nlsql.inferred AS f (run_id, schema_hash, edges) VALUES ($1, $2, $3::jsonb)
        ON CONFLICT (run_id, schema_hash) DO UPDATE SET edges = f.edges RETURNING edges::text";
    let kept = owner::as_owner(|| spi::update(query, &[Arg::Int(run_id), Arg::Text(hash), Arg::Text(&text)]))?;
    spi::json(&spi::first(kept).ok_or_else(|| Error::internal("the relationships were not kept"))?)
}

/// Runs a query of [`values::sql`]. A table that somebody else has locked goes without a vote.
pub(crate) fn sets(query: &str) -> Result<Vec<Option<String>>> {
    owner::with_catalog_path(|| {
        owner::set_local(c"lock_timeout", c"2s");
        spi::select(query, &[])
    })
}

/// Reads the columns that could tell, small tables first; tables that cannot be read have no vote.
fn look_at(schema: &Schema, inference: &Inference, read: Read<'_>) -> Result<Values> {
    let start = Instant::now();
    let mut values = Values::default();
    for (number, columns) in values::order(schema, inference.columns()) {
        let table = &schema.tables[number];
        let Some(query) = values::sql(table, &columns) else { continue };
        if start.elapsed() > LONGEST {
            pgrx::debug1!("nlsql: not looked at for relationships: {} and larger", table.qualified());
            break;
        }
        match read(&query) {
            Ok(text) => {
                let sets = spi::json(&spi::first(text).unwrap_or_else(|| "[]".to_owned()))?;
                values.add(number, table, &columns, sets);
            }
            Err(error) if matches!(error.code.sqlstate().as_str(), "57014" | "57P01" | "53200") => return Err(error),
            Err(error) => pgrx::debug1!("nlsql: cannot look at {}: {}", table.qualified(), error.message),
        }
    }
    Ok(values)
}

/// The relations' numbers: the model has names alone.
fn oids(schema: &Schema) -> Result<BTreeMap<(String, String), pg_sys::Oid>> {
    let names: Vec<String> =
        schema.tables.iter().map(|t| format!("{}.{}", quote_ident(&t.schema), quote_ident(&t.name))).collect();
    let list = serde_json::to_string(&names).map_err(|e| Error::internal(e.to_string()))?;
    let found = owner::with_catalog_path(|| {
        spi::select(
            "SELECT to_regclass(n.name)::oid::text FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY n(name, at)
              ORDER BY n.at",
            &[Arg::Text(&list)],
        )
    })?;
    let number = |text: Option<String>| text.and_then(|t| t.parse::<u32>().ok()).map(pg_sys::Oid::from);
    let pairs = schema.tables.iter().zip(found);
    Ok(pairs.filter_map(|(t, oid)| Some(((t.schema.clone(), t.name.clone()), number(oid)?))).collect())
}
