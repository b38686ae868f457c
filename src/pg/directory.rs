//! A dataset's directory: its data files, what goes with them, and one rename at the end.

use super::copy::{self, Aside};
use super::dataset;
use super::owner::grouping_records;
use super::{audit, evaluation, introspect, ledger, session, spi, split};
use crate::dataset::directory::{self, Container, Planned, Written};
use crate::dataset::format::Format;
use crate::dataset::lines::{self, Part, Source};
use crate::dataset::options::ExportOptions;
use crate::dataset::split::SplitOptions;
use crate::dataset::{card, databases};
use crate::error::{Code, Error, Result};
use crate::prompt::templates::Templates;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::path::Path;

/// Writes the directory; the names in it are whole paths in what is returned.
pub(crate) fn export(run: &str, target: &Path, format: Format, options: &ExportOptions) -> Result<Vec<Written>> {
    let sources = dataset::sources(run, options.role.as_deref(), &options.runs)?;
    let layout = format.layout(options)?;
    let planned = directory::plan(format, layout);
    if options.reasoning {
        dataset::require_reasoning(&sources)?;
    }
    check_target(target, options.overwrite)?;
    if !options.force {
        audit::require_clean(&sources)?;
    }
    ensure_split(&sources)?;
    evaluation::prove(&sources, format, None, options)?;
    let db_id = dataset::db_id(options)?;
    copy::make_export_dir(target)?;
    let aside = Aside::new(target);
    make(aside.path())?;

    let mut files = Vec::new();
    let prompt = dataset::prompt(format, options)?;
    for plan in planned {
        let query = lines::file(&sources, format, (Part::Split(plan.split), plan.container), options, &prompt, &db_id)?;
        files.extend(write_data(aside.path(), &plan, &query)?);
    }
    if !files.iter().any(|f| f.split.is_some()) {
        return Err(Error::new(
            Code::NoDataFound,
            format!("run \"{run}\" has no record for format \"{}\"", format.name()),
        )
        .hint(format!(
            "The format holds records of kind {}; options phases and kinds narrow it.",
            format.kinds().join(", ")
        )));
    }
    let name = target.file_name().map_or_else(|| run.to_owned(), |n| n.to_string_lossy().into_owned());
    let facts = facts(&sources)?;
    require_apart(&sources, &facts)?;
    for (file, text) in beside(format, layout, &name, &db_id, &files)? {
        files.push(write_text(aside.path(), file, &text)?);
    }
    let card = card::Card { format, layout, db_id: &db_id, options, files: &files, facts: &facts };
    let templates = Templates::new(&ledger::templates(&session::role()?)?)?;
    files.push(write_text(aside.path(), "README.md", &card.render(&templates)?)?);
    let manifest = pretty(&manifest(format, layout, &db_id, options, &files, &facts));
    files.push(write_text(aside.path(), "manifest.json", &manifest)?);
    aside.keep_directory(options.overwrite)?;
    for file in &mut files {
        file.file = target.join(&file.file).display().to_string();
    }
    Ok(files)
}

/// Only what an export made, or nothing, is replaced: a slip of the path must not cost somebody's files.
fn check_target(target: &Path, overwrite: bool) -> Result<()> {
    if target.symlink_metadata().is_err() {
        return Ok(());
    }
    if !overwrite {
        return Err(copy::exists_error(target));
    }
    let ours = || fs::read_to_string(target.join("manifest.json")).is_ok_and(|m| m.contains("\"nlsql\""));
    let empty = || fs::read_dir(target).is_ok_and(|mut d| d.next().is_none());
    if target.is_dir() && (ours() || empty()) {
        return Ok(());
    }
    Err(Error::new(Code::DuplicateFile, format!("\"{}\" is no dataset of nlsql", target.display()))
        .hint("overwrite replaces a directory that holds an nlsql manifest.json, or nothing. Name another path."))
}

/// A run that was never split is, so that a first export needs no second command.
fn ensure_split(sources: &[Source]) -> Result<()> {
    if dataset::is_split(sources)? {
        return Ok(());
    }
    if session::read_only() {
        return dataset::require_split(sources);
    }
    split::assign(sources, &SplitOptions::default())?;
    pgrx::notice!("nlsql: the run was not split yet; see nlsql.split() for other shares than 80, 10 and 10 percent");
    Ok(())
}

/// Runs that were split each by itself can hold the same on two sides; one run, or runs split together, cannot.
fn require_apart(sources: &[Source], facts: &Value) -> Result<()> {
    let crossing = |what: &str| facts["measures"][what].as_u64().unwrap_or_default();
    let (skeletons, templates) = (crossing("skeletons_in_two_splits"), crossing("templates_in_two_splits"));
    if skeletons + templates == 0 {
        return Ok(());
    }
    let further: Vec<String> = sources.iter().skip(1).map(|s| format!("\"{}\"", s.name)).collect();
    Err(Error::new(
        Code::ObjectNotInPrerequisiteState,
        format!("{skeletons} skeletons and {templates} templates stand in more than one split"),
    )
    .detail("The runs were split each by itself.")
    .hint(format!(
        "SELECT * FROM nlsql.split('{}', '{{\"runs\": [{}], \"reset\": true}}');",
        sources[0].name,
        further.join(", ")
    )))
}

fn make(directory: &Path) -> Result<()> {
    fs::create_dir(directory).map_err(|e| copy::file_error("create directory", directory, &e))?;
    copy::open_up(directory, 0o755)
}

/// A data file; none where it would be empty, since readers take that for an error.
fn write_data(directory: &Path, plan: &Planned, query: &str) -> Result<Option<Written>> {
    let path = directory.join(&plan.name);
    let mut records = match plan.container {
        Container::Csv => copy::copy_csv(query, &path)?,
        _ => copy::write_lines(query, &path)?,
    };
    if plan.container == Container::Array {
        // its closing bracket
        records -= 1;
    }
    if records == 0 {
        fs::remove_file(&path).map_err(|e| copy::file_error("remove", &path, &e))?;
        return Ok(None);
    }
    let split = (plan.container != Container::Gold).then(|| directory::public_split(plan.split));
    written(&path, plan.name.clone(), split, records).map(Some)
}

fn write_text(directory: &Path, name: &str, text: &str) -> Result<Written> {
    let path = directory.join(name);
    fs::write(&path, text).map_err(|e| copy::file_error("write", &path, &e))?;
    copy::open_up(&path, 0o644)?;
    written(&path, name.to_owned(), None, 0)
}

/// Size and checksum, read back from the file.
fn written(path: &Path, file: String, split: Option<&'static str>, records: u64) -> Result<Written> {
    let failed = |e: std::io::Error| copy::file_error("read", path, &e);
    let mut input = fs::File::open(path).map_err(failed)?;
    let mut digest = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = input.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
        bytes += read as u64;
        session::check_for_interrupts();
    }
    let sha256 = digest.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Ok(Written { file, split, records, bytes, tokens: directory::tokens(bytes), sha256 })
}

/// Files that the format's readers look for beside the data.
fn beside(
    format: Format,
    layout: &str,
    name: &str,
    db_id: &str,
    files: &[Written],
) -> Result<Vec<(&'static str, String)>> {
    let schema = || {
        let mut schema = introspect::catalog(None)?;
        schema.tables.retain(|t| !t.is_child() && !t.columns.is_empty());
        Ok::<_, Error>(schema)
    };
    Ok(match format {
        Format::Spider | Format::Bird => vec![("tables.json", pretty(&databases::tables(&schema()?, db_id)))],
        Format::Csv => vec![("metadata.json", pretty(&databases::metadata(&schema()?)))],
        _ => directory::dataset_info(format, layout, name, files)
            .map(|info| ("dataset_info.json", pretty(&info)))
            .into_iter()
            .collect(),
    })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// How the files came about: enough to make them again, and to find out whether they were changed.
fn manifest(
    format: Format,
    layout: &str,
    db_id: &str,
    options: &ExportOptions,
    files: &[Written],
    facts: &Value,
) -> Value {
    // the keys that were given
    let given = serde_json::to_value(options).unwrap_or_default();
    let given: Map<String, Value> = given.as_object().into_iter().flatten().filter(is_given).map(owned).collect();
    json!({
        "nlsql": env!("CARGO_PKG_VERSION"),
        "postgresql": session::setting(c"server_version"),
        "database": db_id,
        "format": format.name(),
        "layout": (!layout.is_empty()).then_some(layout),
        "options": given,
        "runs": facts["runs"],
        "schema_hash": facts["schema_hash"],
        "measures": facts["measures"],
        "files": files,
    })
}

fn is_given((_, value): &(&String, &Value)) -> bool {
    !value.is_null() && *value != &json!(false) && *value != &json!([])
}

fn owned((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// What the runs were made with, and measures of their records.
fn facts(sources: &[Source]) -> Result<Value> {
    let text = FACTS.replace("{ids}", &dataset::ids(sources));
    let text = spi::first(grouping_records(|| spi::select(&text, &[]))?);
    spi::json(&text.ok_or_else(|| Error::internal("the runs have no facts"))?)
}

const FACTS: &str = include_str!("../../sql/facts.sql");
