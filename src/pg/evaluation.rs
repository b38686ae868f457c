//! The mutation proof of evaluation pairs: an export makes it for those that have none, and keeps it with the pair.

use super::copy::Lines;
use super::gate::{Gate, Limits, Mode, Options};
use super::owner::{as_owner, with_catalog_path};
use super::spi::{self, Arg};
use super::{guc, session};
use crate::dataset::format::Format;
use crate::dataset::lines::Source;
use crate::dataset::options::ExportOptions;
use crate::dataset::split::SPLITS;
use crate::error::Result;
use crate::schema::model::quote_literal;
use pgrx::pg_sys;
use serde::Deserialize;
use serde_json::{Value, json};

/// Proofs that are written together.
const BATCH: usize = 200;

#[derive(Deserialize)]
struct Pair {
    id: i64,
    sql: String,
}

#[derive(Deserialize)]
struct Run {
    role: u32,
    search_path: String,
}

/// Proves what an export of these runs is about to evaluate with: the pairs of dev and test, and in a format that is for
/// evaluation those without a split, too. As each run's own role, whoever exports it.
pub(crate) fn prove(sources: &[Source], format: Format, split: Option<&str>, options: &ExportOptions) -> Result<()> {
    let reading = session::in_recovery() || session::setting(c"transaction_read_only").as_deref() == Some("on");
    if options.proof == Some(false) || reading {
        return Ok(());
    }
    let mut unproved = 0;
    for source in sources {
        let mut pairs = Lines::open(&query(source, format, split, options))?;
        let mut gate = None;
        let mut proofs = Vec::new();
        while let Some(pair) = pairs.next()? {
            let pair: Pair = spi::json(&pair)?;
            if gate.is_none() {
                gate = self::gate(source)?;
            }
            let Some(gate) = &mut gate else { break };
            let verdict = gate.check(&pair.sql, Mode::Executed)?;
            if verdict.ok() {
                proofs.push(json!({"id": pair.id, "proof": verdict.mutation.unwrap_or_default()}));
            } else {
                unproved += 1;
            }
            if proofs.len() == BATCH {
                keep(source.id, std::mem::take(&mut proofs))?;
            }
        }
        keep(source.id, proofs)?;
    }
    if unproved > 0 {
        pgrx::notice!(
            "nlsql: {unproved} evaluation pairs are without mutation proof: the gate does not accept them any more"
        );
    }
    Ok(())
}

/// Writes the proofs of pairs that had none: `[{"id": .., "proof": ..}, ..]`.
fn keep(run_id: i64, proofs: Vec<Value>) -> Result<()> {
    if proofs.is_empty() {
        return Ok(());
    }
    let proofs = Value::from(proofs).to_string();
    as_owner(|| {
        spi::execute(
            "UPDATE nlsql.item i SET checks = jsonb_set(i.checks, '{mutation}', p.proof)
               FROM jsonb_to_recordset($2::jsonb) AS p(id bigint, proof jsonb) WHERE i.run_id = $1 AND i.id = p.id",
            &[Arg::Int(run_id), Arg::Text(&proofs)],
        )
    })
    .map(|_| ())
}

fn query(source: &Source, format: Format, split: Option<&str>, options: &ExportOptions) -> String {
    let splits = match split {
        Some(one) => format!("i.split = {} AND i.split <> {}", quote_literal(one), quote_literal(SPLITS[0])),
        None if matches!(format, Format::Eval | Format::Spider | Format::Bird | Format::Csv) => {
            format!("i.split IS DISTINCT FROM {}", quote_literal(SPLITS[0]))
        }
        None => format!("i.split <> {}", quote_literal(SPLITS[0])),
    };
    let phases = options.phases.as_ref().map_or_else(String::new, |phases| {
        let list: Vec<String> = phases.iter().map(|phase| quote_literal(phase)).collect();
        format!(" AND i.phase = ANY (ARRAY[{}]::text[])", list.join(", "))
    });
    format!(
        "SELECT json_build_object('id', i.id, 'sql', i.sql)::text FROM nlsql.item i WHERE i.run_id = {} AND i.kind = 'pair'
            AND i.checks ->> 'mutation' IS NULL AND i.checks ->> 'executed' IS DISTINCT FROM 'false' AND {splits}{phases}
          ORDER BY i.phase, i.slot",
        source.id
    )
}

/// A gate as the run's own, where the current user may write for it: as its role, or as a superuser.
fn gate(source: &Source) -> Result<Option<Gate>> {
    let rows = with_catalog_path(|| {
        spi::select(
            "SELECT json_build_object('role', a.oid::bigint, 'search_path', r.search_path)::text
               FROM nlsql.run r JOIN pg_roles a ON a.rolname = r.role
              WHERE r.id = $1 AND (r.role = current_user OR (SELECT u.rolsuper FROM pg_roles u WHERE u.rolname = current_user))",
            &[Arg::Int(source.id)],
        )
    })?;
    let Some(run) = spi::first(rows) else { return Ok(None) };
    let run: Run = spi::json(&run)?;
    let options = Options {
        proof: true,
        search_path: Some(run.search_path),
        limits: Limits::of(&guc::settings()),
        ..Options::default()
    };
    Gate::new(pg_sys::Oid::from(run.role), options).map(Some)
}
