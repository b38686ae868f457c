//! What the exports, the splits and the reports read of runs: always as the caller, under row security.

use super::introspect;
use super::owner::with_catalog_path;
use super::spi::{self, Arg};
use crate::dataset::format::Format;
use crate::dataset::lines::Source;
use crate::dataset::options::ExportOptions;
use crate::dataset::prompt::{INSTRUCTION, INSTRUCTION_REASONED, Prompt, SchemaText};
use crate::error::{Code, Error, Result};
use serde::Deserialize;

#[derive(Deserialize)]
struct Found {
    #[serde(flatten)]
    source: Source,
    role: String,
    own: bool,
}

/// The run of that name: the current role's own, or for a superuser the only one, or that of `role`.
pub(crate) fn source(run: &str, role: Option<&str>) -> Result<Source> {
    let rows = with_catalog_path(|| {
        spi::select(
            "SELECT json_build_object('id', r.id, 'name', r.name, 'role', r.role, 'own', r.role = current_user, 'phases',
                      COALESCE((SELECT json_agg(p.phase ORDER BY p.ordinal) FROM nlsql.run_phase p WHERE p.run_id = r.id), '[]'))::text
               FROM nlsql.run r WHERE r.name = $1 AND ($2 IS NULL OR r.role = $2)
              ORDER BY r.role = current_user DESC, r.role LIMIT 3",
            &[Arg::Text(run), Arg::OptText(role)],
        )
    })?;
    let mut found = Vec::new();
    for row in rows.iter().flatten() {
        found.push(spi::json::<Found>(row)?);
    }
    if found.len() > 1 && !found[0].own {
        return Err(Error::invalid(format!("several roles have a run \"{run}\""))
            .detail(format!("Among them {} and {}.", found[0].role, found[1].role))
            .hint("Say whose with options => '{\"role\": \"..\"}'."));
    }
    found.into_iter().next().map(|f| f.source).ok_or_else(|| {
        Error::new(Code::UndefinedObject, format!("run \"{run}\" does not exist"))
            .hint("SELECT name FROM nlsql.run shows the runs that the current role may read.")
    })
}

/// The run and the further ones of the options.
pub(crate) fn sources(run: &str, role: Option<&str>, further: &[String]) -> Result<Vec<Source>> {
    let mut sources = vec![source(run, role)?];
    for name in further {
        let more = source(name, role)?;
        if !sources.iter().any(|s| s.id == more.id) {
            sources.push(more);
        }
    }
    Ok(sources)
}

/// An SQL list of the runs' ids.
pub(crate) fn ids(sources: &[Source]) -> String {
    sources.iter().map(|s| s.id.to_string()).collect::<Vec<_>>().join(", ")
}

/// What stands in the prompts of an export: the schema as the current role may see it.
pub(crate) fn prompt(format: Format, options: &ExportOptions) -> Result<Prompt> {
    let schema = match options.schema.as_deref() {
        _ if !format.has_prompt() => SchemaText::None,
        Some("none") => SchemaText::None,
        _ => SchemaText::new(&introspect::catalog(None)?, options),
    };
    let instruction = if options.reasoning { INSTRUCTION_REASONED } else { INSTRUCTION };
    Ok(Prompt { instruction: options.system.clone().unwrap_or_else(|| instruction.to_owned()), schema })
}

/// The runs of which some record has a split, or that have none at all: of how many, how many.
fn count_split(sources: &[Source]) -> Result<(usize, usize)> {
    let text = format!(
        "SELECT count(*)::text FROM nlsql.run r WHERE r.id IN ({})
            AND (EXISTS (SELECT FROM nlsql.item_line i WHERE i.run_id = r.id AND i.split IS NOT NULL)
                 OR NOT EXISTS (SELECT FROM nlsql.item_line i WHERE i.run_id = r.id))",
        ids(sources)
    );
    let split = spi::first(with_catalog_path(|| spi::select(&text, &[]))?).and_then(|n| n.parse().ok()).unwrap_or(0);
    Ok((sources.len(), split))
}

/// Whether every run is split. One that gave all its records to none counts as not yet: splitting again is no harm.
pub(crate) fn is_split(sources: &[Source]) -> Result<bool> {
    let (all, split) = count_split(sources)?;
    Ok(split == all)
}

/// Refuses runs of which no record has a split.
pub(crate) fn require_split(sources: &[Source]) -> Result<()> {
    if count_split(sources)?.1 > 0 {
        return Ok(());
    }
    Err(Error::new(Code::ObjectNotInPrerequisiteState, format!("run \"{}\" is not split yet", sources[0].name))
        .hint(format!("SELECT * FROM nlsql.split('{}');", sources[0].name)))
}

/// Refuses to show steps that no pair of the runs has.
pub(crate) fn require_reasoning(sources: &[Source]) -> Result<()> {
    let text = format!(
        "SELECT EXISTS (SELECT FROM nlsql.item i WHERE i.run_id IN ({}) AND i.reasoning IS NOT NULL)::text",
        ids(sources)
    );
    if spi::first(with_catalog_path(|| spi::select(&text, &[]))?).as_deref() == Some("true") {
        return Ok(());
    }
    let error = format!("no pair of run \"{}\" has reasoning", sources[0].name);
    Err(Error::new(Code::ObjectNotInPrerequisiteState, error)
        .hint("Pairs have it from the start: nlsql.generate(.., options => '{\"reasoning\": true}')."))
}

/// The name of the database in an export.
pub(crate) fn db_id(options: &ExportOptions) -> Result<String> {
    options.db_id.clone().map_or_else(database, Ok)
}

fn database() -> Result<String> {
    let rows = with_catalog_path(|| spi::select("SELECT current_database()::text", &[]))?;
    spi::first(rows).ok_or_else(|| Error::internal("no current database"))
}
