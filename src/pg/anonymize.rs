//! Reads tables as the current role and gives their rows back anonymised. Originals leave this file by no other way.

use super::owner::{as_owner, set_local, with_catalog_path};
use super::spi;
use crate::anonymize::group::{Groups, Place};
use crate::anonymize::key::Key;
use crate::anonymize::policy::Policy;
use crate::anonymize::query::{self, Source};
use crate::anonymize::rows::Rows;
use crate::anonymize::rule::{Given, Guard, Plan};
use crate::anonymize::session::Session;
use crate::anonymize::texts::Texts;
use crate::anonymize::{OriginalSet, Originals, among};
use crate::error::{Error, Result};
use crate::schema::model::{Schema, Table, TableKind};
use crate::schema::relationships::Relationship;
use std::collections::HashMap;

/// Which real values may stand: those that at least so many rows share, or none.
pub(crate) fn shared_rows(values: Option<&str>, min_rows: i32) -> Option<u64> {
    (values != Some("none")).then_some(min_rows.max(1) as u64)
}

fn secret() -> Result<[u8; 32]> {
    let text = as_owner(|| spi::select("SELECT pg_catalog.encode(s.value, 'hex') FROM nlsql.secret s", &[]))?;
    let text = spi::first(text).unwrap_or_default();
    let mut secret = [0u8; 32];
    for (i, byte) in secret.iter_mut().enumerate() {
        *byte = text.get(i * 2..i * 2 + 2).and_then(|h| u8::from_str_radix(h, 16).ok()).ok_or_else(|| {
            Error::internal("the installation has no secret").hint("DROP EXTENSION nlsql; CREATE EXTENSION nlsql;")
        })?;
    }
    Ok(secret)
}

pub(crate) fn run_key(role: &str, run: &str) -> Result<Key> {
    Ok(Key::of_run(&secret()?, role, run))
}

pub(crate) fn call_key(role: &str, seed: i64) -> Result<Key> {
    Ok(Key::of_call(&secret()?, role, seed))
}

fn policies() -> Result<Vec<Policy>> {
    let rows = with_catalog_path(|| {
        spi::select(
            "SELECT pg_catalog.json_build_object('schema', p.table_schema, 'table', p.table_name, 'column', p.column_name,
                      'policy', p.policy, 'fake', p.fake)::text FROM nlsql.column_policy p",
            &[],
        )
    })?;
    rows.iter().flatten().map(|t| spi::json(t)).collect()
}

/// Fakes rows of the tables of one schema under one key: equal keys get equal fakes in all of them.
pub(crate) struct Anonymiser {
    key: Key,
    groups: Groups,
    policies: Vec<Policy>,
    spans: HashMap<Place, (i128, i128)>,
    shared_rows: Option<u64>,
}

impl Anonymiser {
    /// Needs a transaction, as all of this.
    pub fn new(
        key: Key,
        schema: &Schema,
        relationships: &[Relationship],
        shared_rows: Option<u64>,
    ) -> Result<Anonymiser> {
        let groups = Groups::of(schema, relationships);
        Ok(Anonymiser { key, groups, policies: policies()?, spans: HashMap::new(), shared_rows })
    }

    /// Tables whose columns decide how those of `table` are faked.
    pub fn roots(&self, table: &Table) -> Vec<(String, String)> {
        let groups = table.columns.iter().filter_map(|c| self.groups.get(&table.schema, &table.name, &c.name));
        let mut roots: Vec<(String, String)> = groups.map(|g| (g.root.0.clone(), g.root.1.clone())).collect();
        roots.sort();
        roots.dedup();
        roots
    }

    pub fn plan(&mut self, schema: &Schema, table: &Table) -> Result<Plan> {
        self.read_spans(schema, table)?;
        let given = Given {
            schema,
            groups: &self.groups,
            policies: &self.policies,
            spans: &self.spans,
            shared_rows: self.shared_rows,
        };
        Ok(Plan::of(table, &given))
    }

    /// Ranges of the keys that the table holds or points to.
    fn read_spans(&mut self, schema: &Schema, table: &Table) -> Result<()> {
        for column in &table.columns {
            let Some(group) = self.groups.get(&table.schema, &table.name, &column.name) else { continue };
            let root = &group.root;
            let stored = schema.table(&root.0, &root.1).is_some_and(|t| t.kind != TableKind::View);
            if group.most.is_none() || self.spans.contains_key(root) || !stored {
                continue;
            }
            let text = with_catalog_path(|| spi::select(&query::span(root), &[]))?;
            let ends: Vec<Option<String>> = spi::json(&spi::first(text).unwrap_or_else(|| "[]".to_owned()))?;
            let number = |i: usize| ends.get(i).and_then(|e| e.as_deref()).and_then(|e| e.parse::<i128>().ok());
            if let (Some(low), Some(high)) = (number(0), number(1)) {
                self.spans.insert(root.clone(), (low, high));
            }
        }
        Ok(())
    }

    /// `count` rows of the table, each one JSON object: the same rows for the same seed and data.
    pub fn rows(&mut self, schema: &Schema, table: &Table, count: i64, seed: i64) -> Result<Texts> {
        let plan = self.plan(schema, table)?;
        let width = plan.rules.len();
        let query = query::rows(table, &plan, count, seed);
        let mut rows =
            if query.ordered { Rows::ordered(width) } else { Rows::unordered(width, table.rows.max(0.0) as usize) };
        with_reading_path(|| spi::each_text(&query.sql, width + 1, |text| rows.push(text)))?;
        let mut server = Server { guarded: query::guarded(table, &plan), whole: None };
        let mut session = Session::new(self.key.clone(), plan);
        // fewer than asked for are all there are: no need to ask the server for what is here
        if (rows.len() as i64) < count && !query::is_sampled(table, count) {
            server.whole = Some(session.originals(&rows));
        }
        let mut out = Texts::default();
        let (mut batches, mut batch) = (rows.into_batches(usize::try_from(count).unwrap_or(0)), Texts::default());
        while batches.next(&mut batch) {
            super::session::check_for_interrupts();
            session.rows(&batch, &mut server, &mut out)?;
        }
        Ok(out)
    }
}

/// Looks for texts among the originals by reading the tables.
struct Server {
    guarded: Vec<Source>,
    /// All originals of the table, where all of it was read.
    whole: Option<OriginalSet>,
}

impl Originals for Server {
    fn held(&self, guard: &Guard) -> Option<&OriginalSet> {
        self.whole.as_ref().filter(|_| *guard == Guard::Table)
    }

    fn among(&mut self, guard: &Guard, texts: &[String]) -> Result<Vec<String>> {
        match guard {
            Guard::Free => Ok(Vec::new()),
            Guard::Table => among_values(&self.guarded, texts),
            Guard::Root(root) => among_values(&[query::column(root)], texts),
        }
    }
}

/// Those of the texts (lower case, trimmed) that are values of the sources. They are compared here: to ask the server
/// which of its values are in a list takes several times as long as to read them.
pub(crate) fn among_values(sources: &[Source], texts: &[String]) -> Result<Vec<String>> {
    with_reading_path(|| {
        among(texts, |see| {
            sources
                .iter()
                .try_for_each(|s| spi::each_text(&s.sql, s.width, |value| value.into_iter().for_each(&mut *see)))
        })
    })
}

/// Texts of values have to look the same whatever the session's settings.
fn with_reading_path<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    with_catalog_path(|| {
        for (name, value) in [
            (c"synchronize_seqscans", c"off"),
            (c"datestyle", c"ISO, YMD"),
            (c"intervalstyle", c"postgres"),
            (c"timezone", c"UTC"),
            (c"bytea_output", c"hex"),
            (c"extra_float_digits", c"1"),
        ] {
            set_local(name, value);
        }
        work()
    })
}
