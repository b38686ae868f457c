//! The leak audit of a run: its stored texts against the protected values that the current role can read.

mod stored;

use super::anonymize::{self, Anonymiser};
use super::copy::Lines;
use super::owner::{as_owner, with_catalog_path};
use super::spi::{self, Arg};
use super::transaction::attempt;
use super::{dataset, guc, introspect, relationships, session};
use crate::anonymize::audit::{Haystack, Judge, MOST, Open, Origins, Protected};
use crate::anonymize::rule::{Method, Rule};
use crate::anonymize::{Kind, query};
use crate::compose;
use crate::dataset::lines::Source;
use crate::error::{Code, Error, Result};
use crate::schema::model::{Column, Schema, Table, TableKind, quote_ident};
use crate::schema::profile;
use std::collections::{HashMap, HashSet};

/// A protected value in something that a run stored. The value itself is not part of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    /// `schema.table` and column of the value, and what it is.
    pub source: String,
    pub column: String,
    pub kind: &'static str,
    /// `dataset`, `rejected`, `event`, `run_phase` or `template`, with the record's id there.
    pub found_in: String,
    pub id: i64,
    /// Column of the record; a leaf of a row with its path.
    pub field: String,
    /// exact, folded or part.
    pub how: &'static str,
}

/// Records searched at a time, so that memory does not grow with the run.
const BATCH: i64 = 20_000;

/// What the run of that name stored and must not have.
pub(crate) fn findings(run: &str) -> Result<Vec<Finding>> {
    search(dataset::source(run, None)?.id, 0)
}

/// Refuses runs of which a record holds a protected value. What a role found clean once is not searched again, unless
/// other columns are protected since.
pub(crate) fn require_clean(sources: &[Source]) -> Result<()> {
    let role = session::role()?;
    let policy = spi::first(with_catalog_path(|| spi::select(POLICY, &[]))?).unwrap_or_default();
    for source in sources {
        let (last, clean) = audited(source.id, &role, &policy)?;
        if last <= clean {
            continue;
        }
        let found: Vec<Finding> = search(source.id, clean)?.into_iter().filter(|f| f.found_in == "dataset").collect();
        if let Some(first) = found.first() {
            return Err(refusal(&source.name, first, found.len()));
        }
        if !session::read_only() {
            let row = [Arg::Int(source.id), Arg::Text(&role), Arg::Int(last), Arg::Text(&policy)];
            as_owner(|| spi::execute(AUDITED, &row))?;
        }
    }
    Ok(())
}

fn refusal(run: &str, first: &Finding, count: usize) -> Error {
    Error::new(Code::ObjectNotInPrerequisiteState, format!("run \"{run}\" holds protected values"))
        .detail(format!("{count} found, the first of {}.{} in record {}.", first.source, first.column, first.id))
        .hint(format!(
            "SELECT * FROM nlsql.audit('{run}') shows them all; options => '{{\"force\": true}}' exports the run all the same."
        ))
}

/// Hash of what the owners of tables say of their columns: another one protects other values.
const POLICY: &str = "SELECT pg_catalog.md5(COALESCE(pg_catalog.string_agg(p::text, ' '
        ORDER BY p.table_schema, p.table_name, p.column_name), '')) FROM nlsql.column_policy p";

const AUDITED: &str = "INSERT INTO nlsql.audited AS a (run_id, role, item_id, policy) VALUES ($1, $2::name, $3, $4)
    ON CONFLICT (run_id, role) DO UPDATE SET item_id = EXCLUDED.item_id, policy = EXCLUDED.policy
     WHERE a.item_id < EXCLUDED.item_id OR a.policy <> EXCLUDED.policy";

/// The run's last record, and the last that the current role found clean with all before it.
fn audited(run_id: i64, role: &str, policy: &str) -> Result<(i64, i64)> {
    let text = as_owner(|| {
        spi::select(
            "SELECT json_build_array(COALESCE((SELECT max(i.id) FROM nlsql.item i WHERE i.run_id = $1), 0),
                    COALESCE((SELECT a.item_id FROM nlsql.audited a
                               WHERE a.run_id = $1 AND a.role = $2::name AND a.policy = $3), 0))::text",
            &[Arg::Int(run_id), Arg::Text(role), Arg::Text(policy)],
        )
    })?;
    spi::json(&spi::first(text).unwrap_or_else(|| "[0, 0]".to_owned()))
}

/// Searches the records after the one with id `after`; from 0 on, what else the run stored too.
fn search(run_id: i64, mut after: i64) -> Result<Vec<Finding>> {
    let mut subjects: Option<Subjects> = None;
    let mut found = Vec::new();
    loop {
        let last = match stored::last_of(run_id, after, BATCH)? {
            Some(last) => last,
            None if after > 0 => return Ok(found),
            None => i64::MAX,
        };
        let texts = stored::texts(run_id, after, last)?;
        if !texts.is_empty() {
            let subjects = match &mut subjects {
                Some(subjects) => subjects,
                None => subjects.insert(Subjects::read(run_id)?),
            };
            subjects.search(&Haystack::new(texts), &mut found)?;
        }
        if found.len() >= MOST || last == i64::MAX {
            return Ok(found);
        }
        after = last;
    }
}

/// The columns whose values are looked for, and what is open to all.
struct Subjects {
    schema: Schema,
    /// Protected columns: the table's number, and how the column is anonymised.
    rules: Vec<(usize, Rule)>,
    places: HashSet<String>,
    /// Those that tell who a person is. Prose does, but not by the words that many texts have.
    personal: HashSet<String>,
    open: Open,
    /// Rows that have to share a value for it to be shown.
    min_rows: u32,
}

impl Subjects {
    fn read(run_id: i64) -> Result<Subjects> {
        let mut schema = introspect::catalog(None)?;
        introspect::keep_subjects(&mut schema);
        let edges = relationships::of_run(run_id, &schema)?;
        look_at(&mut schema)?;
        let min_rows = min_rows(run_id)?;
        let mut anonymiser = Anonymiser::new(anonymize::call_key("", 0)?, &schema, &edges, Some(u64::from(min_rows)))?;
        let mut open = open(&schema);
        for (table, value) in compose::shown(&schema, &edges, min_rows) {
            open.add_value(&schema.tables[table].qualified(), &value);
        }
        let (mut rules, mut places, mut personal) = (Vec::new(), HashSet::new(), HashSet::new());
        for (number, table) in schema.tables.iter().enumerate() {
            session::check_for_interrupts();
            let plan = match attempt(|| anonymiser.plan(&schema, table)) {
                Ok(plan) => plan,
                Err(error) => pass(table, error).map(|()| Default::default())?,
            };
            for (column, rule) in table.columns.iter().zip(plan.rules) {
                if rule.class.personal && rule.class.kind != Kind::FreeText {
                    personal.insert(place(table, &rule.name));
                }
                if is_protected(&rule) {
                    places.insert(place(table, &rule.name));
                    rules.push((number, rule));
                } else {
                    shown(table, column, &mut open);
                }
            }
        }
        // a partition's or a child's rows show in its parent
        rules.retain(|(table, _)| !schema.tables[*table].is_child());
        Ok(Subjects { schema, rules, places, personal, open, min_rows })
    }

    fn search(&self, haystack: &Haystack, found: &mut Vec<Finding>) -> Result<()> {
        let judge = Judge { haystack, open: &self.open, protected: &self.places };
        let mut data = Data { subjects: self, asked: HashMap::new(), words: HashMap::new() };
        for (number, rule) in &self.rules {
            session::check_for_interrupts();
            let table = &self.schema.tables[*number];
            if let Err(error) = attempt(|| column(&judge, table, rule, &mut data, found)) {
                pass(table, error)?;
            }
            if found.len() >= MOST {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The fewest rows that had to share a value for it to be shown in the run.
fn min_rows(run_id: i64) -> Result<u32> {
    let text = with_catalog_path(|| {
        spi::select(
            "SELECT min((p.options ->> 'values_min_rows')::int)::text FROM nlsql.run_phase p WHERE p.run_id = $1",
            &[Arg::Int(run_id)],
        )
    })?;
    let least = spi::first(text).and_then(|t| t.parse().ok()).unwrap_or(guc::settings().values_min_rows);
    Ok(least.max(1) as u32)
}

fn place(table: &Table, column: &str) -> String {
    format!("{}.{}", table.qualified(), quote_ident(column))
}

/// A view may fail in any way; a cancel goes on up.
fn pass(table: &Table, error: Error) -> Result<()> {
    if matches!(error.code.sqlstate().as_str(), "57014" | "57P01" | "53200") {
        return Err(error);
    }
    pgrx::warning!("nlsql: {} could not be read for the audit ({})", table.qualified(), error.code.sqlstate());
    Ok(())
}

fn is_protected(rule: &Rule) -> bool {
    let kept = matches!(rule.method, Method::Keep | Method::Shared(_) | Method::Trait(_));
    let telling = rule.class.personal || matches!(rule.class.kind, Kind::FreeText | Kind::OpaqueKey);
    telling && !kept && rule.class.kind != Kind::Binary
}

fn column(judge: &Judge, table: &Table, rule: &Rule, data: &mut Data, found: &mut Vec<Finding>) -> Result<()> {
    let Some(column) = table.column(&rule.name) else { return Ok(()) };
    let Some(query) = query::values(table, column) else { return Ok(()) };
    let (name, place) = (table.qualified(), place(table, &rule.name));
    let mut values = Lines::open(&query)?;
    while let Some(text) = values.next()? {
        for (at, how) in judge.leaks(&Protected { table: &name, place: &place, text: &text }, data)? {
            let stored = judge.haystack.stored(at);
            found.push(Finding {
                source: name.clone(),
                column: rule.name.clone(),
                kind: rule.class.kind.word(),
                found_in: stored.found_in.to_string(),
                id: stored.id,
                field: stored.field.to_string(),
                how: how.word(),
            });
            if found.len() >= MOST {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Asks the tables, each question once.
struct Data<'a> {
    subjects: &'a Subjects,
    asked: HashMap<(String, String), bool>,
    /// Of words, whether they are shared.
    words: HashMap<(String, String), bool>,
}

impl Origins for Data<'_> {
    fn holds(&mut self, place: &str, text: &str) -> Result<bool> {
        let asked = (place.to_owned(), text.trim().to_lowercase());
        if let Some(known) = self.asked.get(&asked) {
            return Ok(*known);
        }
        let holds = match self.column(place) {
            Some((table, column)) => {
                let root = (table.schema.clone(), table.name.clone(), column.name.clone());
                !anonymize::among_values(&[query::column(&root)], std::slice::from_ref(&asked.1))?.is_empty()
            }
            None => false,
        };
        self.asked.insert(asked, holds);
        Ok(holds)
    }

    fn shares(&mut self, place: &str, word: &str) -> Result<bool> {
        let asked = (place.to_owned(), word.to_lowercase());
        if let Some(known) = self.words.get(&asked) {
            return Ok(*known);
        }
        let shares = match self.column(place) {
            Some((table, column)) if !self.subjects.personal.contains(place) => {
                let query = query::texts_with_word(table, &column.name, self.subjects.min_rows);
                let found = spi::select(&query, &[Arg::Text(&asked.1)])?;
                spi::first(found).is_some_and(|n| n == self.subjects.min_rows.to_string())
            }
            _ => false,
        };
        self.words.insert(asked, shares);
        Ok(shares)
    }
}

impl Data<'_> {
    fn column(&self, name: &str) -> Option<(&Table, &Column)> {
        let here = |t: &&Table| name.strip_prefix(&t.qualified()).is_some_and(|rest| rest.starts_with('.'));
        let table = self.subjects.schema.tables.iter().find(here)?;
        table.columns.iter().find(|c| place(table, &c.name) == name).map(|c| (table, c))
    }
}

/// Profiles, which the classes of columns lean on; of views too, as far as they can be read.
fn look_at(schema: &mut Schema) -> Result<()> {
    let mut unread = HashSet::new();
    for table in schema.tables.iter_mut().filter(|t| t.kind != TableKind::ForeignTable) {
        session::check_for_interrupts();
        let Some(query) = profile::sql_without_words(table) else { continue };
        match attempt(|| introspect::profile(&query)) {
            Ok(Some(answer)) => drop(profile::apply(table, &answer)),
            Ok(None) => {}
            Err(error) => {
                pass(table, error)?;
                unread.insert(table.qualified());
            }
        }
    }
    schema.tables.retain(|t| !unread.contains(&t.qualified()));
    Ok(())
}

/// What the catalog says to everybody.
fn open(schema: &Schema) -> Open {
    let mut open = Open::default();
    for table in &schema.tables {
        open.add_words(&table.name);
        let texts = table.comment.iter().chain(&table.definition).chain(table.checks.iter().map(|c| &c.definition));
        texts.for_each(|text| open.add_words(text));
        for column in &table.columns {
            open.add_words(&column.name);
            let labels = column.labels.iter().flatten();
            column.comment.iter().chain(&column.default).chain(labels).for_each(|text| open.add_words(text));
        }
    }
    open
}

/// Values of a column that is not protected.
fn shown(table: &Table, column: &Column, open: &mut Open) {
    let name = table.qualified();
    for (value, _) in column.profile.iter().flat_map(|p| &p.common) {
        open.add_value(&name, value);
    }
}
