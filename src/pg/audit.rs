//! The leak audit of a run: its stored texts against the protected values that the current role can read.

use super::anonymize::{self, Anonymiser};
use super::copy::Lines;
use super::owner::with_catalog_path;
use super::session;
use super::spi::{self, Arg};
use super::transaction::attempt;
use super::{dataset, guc, introspect};
use crate::anonymize::audit::{self, Haystack, MOST, Open, Protected, Stored};
use crate::anonymize::rule::{Method, Rule};
use crate::anonymize::{Kind, query};
use crate::error::Result;
use crate::schema::model::{Schema, Table, TableKind};
use crate::schema::{profile, relationships};

/// A protected value in something that a run stored. The value itself is not part of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    /// `schema.table` and column of the value, and what it is.
    pub source: String,
    pub column: String,
    pub kind: &'static str,
    /// `dataset`, `rejected` or `event`, with the record's id there.
    pub found_in: String,
    pub id: i64,
    /// Column of the record; a leaf of a row with its path.
    pub field: String,
    /// exact, folded or part.
    pub how: &'static str,
}

/// What the run of that name stored and must not have; for whoever wants to let a run out of the database.
pub(crate) fn findings(run: &str) -> Result<Vec<Finding>> {
    let source = dataset::source(run, None)?;
    let stored = stored(source.id)?;
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    let mut schema = introspect::catalog(None)?;
    introspect::keep_subjects(&mut schema);
    look_at(&mut schema)?;
    let haystack = Haystack::new(stored, open(&schema));
    let relationships = relationships::declared(&schema);
    let settings = guc::settings();
    let shared = Some(settings.values_min_rows.max(1) as u64);
    let key = anonymize::call_key("", 0)?;
    let mut anonymiser = Anonymiser::new(key, &schema, &relationships, shared)?;
    let mut found = Vec::new();
    // a partition's or a child's rows show in its parent
    for table in schema.tables.iter().filter(|t| !t.is_child()) {
        let plan = match attempt(|| anonymiser.plan(&schema, table)) {
            Ok(plan) => plan,
            Err(error) => pass(table, error).map(|()| Default::default())?,
        };
        for rule in plan.rules.iter().filter(|r| is_protected(r)) {
            session::check_for_interrupts();
            if let Err(error) = attempt(|| column(&haystack, table, rule, &mut found)) {
                pass(table, error)?;
            }
            if found.len() >= MOST {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// A view may fail in any way; a cancel goes on up.
fn pass(table: &Table, error: crate::error::Error) -> Result<()> {
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

fn column(haystack: &Haystack, table: &Table, rule: &Rule, found: &mut Vec<Finding>) -> Result<()> {
    let Some(column) = table.column(&rule.name) else { return Ok(()) };
    let Some(query) = query::values(table, column) else { return Ok(()) };
    let name = table.qualified();
    let mut values = Lines::open(&query)?;
    while let Some(text) = values.next()? {
        for (at, how) in haystack.search(&Protected { table: &name, text: &text }) {
            let stored = haystack.stored(at);
            found.push(Finding {
                source: name.clone(),
                column: rule.name.clone(),
                kind: rule.class.kind.word(),
                found_in: stored.found_in.clone(),
                id: stored.id,
                field: stored.field.clone(),
                how: how.word(),
            });
            if found.len() >= MOST {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Profiles, which the classes of columns lean on; of views too, as far as they can be read.
fn look_at(schema: &mut Schema) -> Result<()> {
    for table in schema.tables.iter_mut().filter(|t| t.kind != TableKind::ForeignTable) {
        session::check_for_interrupts();
        let Some(query) = profile::sql(table) else { continue };
        match attempt(|| introspect::profile(&query)) {
            Ok(Some(answer)) => drop(profile::apply(table, &answer)),
            Ok(None) => {}
            Err(error) => pass(table, error)?,
        }
    }
    Ok(())
}

/// Words of names and comments in the catalog, and values that may be shown.
fn open(schema: &Schema) -> Open {
    let mut open = Open::default();
    open.words.extend(CALENDAR.split_whitespace().map(str::to_owned));
    for table in &schema.tables {
        open.words.extend(audit::words(&table.name));
        open.words.extend(table.comment.iter().flat_map(|c| audit::words(c)));
        for column in &table.columns {
            open.words.extend(audit::words(&column.name));
            open.words.extend(column.comment.iter().flat_map(|c| audit::words(c)));
            open.words.extend(column.labels.iter().flatten().flat_map(|l| audit::words(l)));
            let class = crate::anonymize::classify(table, column);
            if class.personal || matches!(class.kind, Kind::FreeText | Kind::OpaqueKey) {
                continue;
            }
            for (value, _) in column.profile.iter().flat_map(|p| &p.common) {
                open.add_value(value);
                if matches!(class.kind, Kind::Category | Kind::Vocabulary) {
                    open.words.extend(audit::words(value));
                }
            }
        }
    }
    open
}

/// Names of people too, but mostly dates as people say them.
const CALENDAR: &str = "january february march april may june july august september october november december monday \
    tuesday wednesday thursday friday saturday sunday";

/// Every text that the run stored: records, rejected candidates, the log.
fn stored(run_id: i64) -> Result<Vec<Stored>> {
    let rows = with_catalog_path(|| spi::select(STORED, &[Arg::Int(run_id)]))?;
    rows.iter().flatten().map(|text| spi::json(text)).collect()
}

const STORED: &str = "
WITH item AS MATERIALIZED (SELECT * FROM nlsql.item i WHERE i.run_id = $1),
leaf AS (
  SELECT i.id, 'rows' AS field, i.rows AS doc, i.tables[1] AS tbl FROM item i WHERE i.rows IS NOT NULL
  UNION ALL SELECT i.id, 'turns', i.turns, NULL FROM item i WHERE i.turns IS NOT NULL
  UNION ALL SELECT i.id, 'literals', i.literals, NULL FROM item i WHERE i.literals IS NOT NULL
  UNION ALL SELECT i.id, 'result', i.result, NULL FROM item i WHERE i.result IS NOT NULL
),
walk AS (
  WITH RECURSIVE w(id, field, path, v, tbl) AS (
    SELECT l.id, l.field, l.field, l.doc, l.tbl FROM leaf l
    UNION ALL
    SELECT w.id, w.field, w.path || c.step, c.v, w.tbl FROM w
     CROSS JOIN LATERAL (
       SELECT '.' || e.key, e.value FROM jsonb_each(CASE jsonb_typeof(w.v) WHEN 'object' THEN w.v ELSE '{}' END) e
       UNION ALL
       SELECT '[]', a.value FROM jsonb_array_elements(CASE jsonb_typeof(w.v) WHEN 'array' THEN w.v ELSE '[]' END) a
     ) c(step, v)
  )
  SELECT w.id, w.field, w.path, w.v #>> '{}' AS text, w.tbl FROM w WHERE jsonb_typeof(w.v) = 'string'
)
SELECT json_build_object('found_in', s.found_in, 'id', s.id, 'field', s.field, 'form', s.form, 'table', s.tbl, 'text', s.text)::text
  FROM (
    SELECT 'dataset' AS found_in, i.id, f.field, 'prose' AS form, NULL AS tbl, f.text
      FROM item i, LATERAL (VALUES ('question', i.question), ('answer', i.answer), ('evidence', i.evidence),
                                   ('reasoning', i.reasoning), ('sql', i.sql)) f(field, text)
    UNION ALL
    SELECT 'dataset', i.id, 'sql', 'value', NULL, replace(m.m[1], '''''', '''')
      FROM item i, LATERAL regexp_matches(i.sql, '''((?:[^'']|'''')*)''', 'g') m(m)
    UNION ALL
    SELECT 'dataset', w.id, w.path, CASE WHEN w.field = 'turns' THEN 'prose' ELSE 'value' END, w.tbl, w.text FROM walk w
    UNION ALL
    SELECT 'rejected', r.id, f.field, 'prose', NULL, f.text
      FROM nlsql.reject r, LATERAL (VALUES ('question', r.question), ('answer', r.answer), ('sql', r.sql),
             ('message', r.message), ('detail', r.detail), ('hint', r.hint), ('fix', r.fix)) f(field, text)
     WHERE r.run_id = $1
    UNION ALL
    SELECT 'rejected', r.id, 'sql', 'value', NULL, replace(m.m[1], '''''', '''')
      FROM nlsql.reject r, LATERAL regexp_matches(r.sql, '''((?:[^'']|'''')*)''', 'g') m(m) WHERE r.run_id = $1
    UNION ALL
    SELECT 'event', e.id, 'message', 'prose', NULL, e.message FROM nlsql.event e WHERE e.run_id = $1
  ) s
 WHERE s.text <> ''";
