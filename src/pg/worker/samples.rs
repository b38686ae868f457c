//! Anonymised rows of a run's tables: the records of phase sample_data, and the sample rows of prompts.

use super::super::anonymize::{self, Anonymiser};
use super::super::session;
use super::super::store::{self, Run};
use super::super::transaction::transaction;
use super::subjects::Subjects;
use crate::anonymize::texts::Texts;
use crate::candidate::{Candidate, Kind};
use crate::error::Result;
use crate::plan::{Options, Phase};
use crate::schema::model::{Table, quote_ident};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(super) struct Samples {
    run_id: i64,
    subjects: &'static Subjects,
    anonymiser: Anonymiser,
    seed: i64,
    /// Rows drawn so far, by table; the count that was asked for, and what there was.
    drawn: HashMap<String, (i64, Vec<Value>)>,
}

impl Samples {
    /// Takes no transaction for longer than a look at one table.
    pub(super) fn open(run: &Run, options: &Options, seed: i64, subjects: &'static Subjects) -> Result<Samples> {
        let shared = anonymize::shared_rows(options.values.as_deref(), options.values_min_rows.unwrap_or(5));
        let anonymiser = transaction(|| {
            let key = anonymize::run_key(&session::role()?, &run.name)?;
            Anonymiser::new(key, &subjects.schema, &subjects.relationships, shared)
        })?;
        Ok(Samples { run_id: run.id, subjects, anonymiser, seed, drawn: HashMap::new() })
    }

    /// Up to `count` anonymised rows of the table, each an object: the same ones whenever a run asks for them.
    /// None of a table that cannot be read now.
    pub(super) fn rows(&mut self, table: &Table, count: i64) -> Result<&[Value]> {
        let name = table.qualified();
        if self.drawn.get(&name).is_none_or(|(asked, _)| *asked < count) {
            let rows = self.read(table, count)?;
            self.drawn.insert(name.clone(), (count, rows));
        }
        let rows = self.drawn.get(&name).map(|(_, rows)| rows.as_slice()).unwrap_or_default();
        Ok(&rows[..rows.len().min(count as usize)])
    }

    fn read(&mut self, table: &Table, count: i64) -> Result<Vec<Value>> {
        let Samples { anonymiser, subjects, seed, .. } = self;
        let texts = match transaction(|| anonymiser.rows(&subjects.schema, table, count, *seed)) {
            Ok(texts) => texts,
            Err(error) if error.code.sqlstate() == "57014" => return Err(error),
            Err(error) => {
                // its message may hold values of the table
                let message = format!("rows of {} cannot be read ({})", table.qualified(), error.code.sqlstate());
                transaction(|| store::event(self.run_id, Some(Phase::SampleData.name()), "warning", &message))?;
                Texts::default()
            }
        };
        Ok(texts.iter().flatten().filter_map(|t| serde_json::from_str(t).ok()).collect())
    }

    /// Slots go table by table, `n_rows` each; a second call of generate() goes on where the first one ended.
    pub(super) fn draw(&mut self, slot: i64, n_rows: i64) -> Result<Option<Candidate>> {
        let tables = self.subjects.schema.tables.len() as i64;
        let Some(table) = self.subjects.schema.tables.get(((slot / n_rows) % tables.max(1)) as usize) else {
            return Ok(None);
        };
        let at = slot / n_rows / tables * n_rows + slot % n_rows;
        let count = (at / n_rows + 1) * n_rows;
        let row = self.rows(table, count)?.get(at as usize).cloned();
        Ok(row.map(|row| candidate(table, row)))
    }
}

fn candidate(table: &Table, row: Value) -> Candidate {
    let shown = |name: &&String| table.column(name).is_some();
    let columns = row.as_object().map(|o| o.keys().collect::<Vec<_>>()).unwrap_or_default();
    let mut columns: Vec<String> =
        columns.iter().filter(|n| shown(n)).map(|n| format!("{}.{}", table.qualified(), quote_ident(n))).collect();
    columns.sort();
    Candidate {
        kind: Kind::Row,
        tables: vec![table.qualified()],
        columns,
        rows: Some(row),
        checks: Some(json!({"anonymised": true})),
        ..Candidate::default()
    }
}
