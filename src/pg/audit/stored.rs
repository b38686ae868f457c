//! Every text that a run stored, or sent beyond what the catalog and the anonymiser give: records, rejected candidates,
//! the log, questions of a user's own, prompts of a user's own.

use crate::anonymize::audit::{Form, Names, Stored};
use crate::error::Result;
use crate::pg::copy::Lines;
use crate::pg::owner::with_catalog_path;
use crate::pg::spi::{self, Arg};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    found_in: String,
    id: i64,
    field: String,
    form: Form,
    tables: Vec<String>,
    columns: Vec<String>,
    place: Option<String>,
    text: Box<str>,
}

impl Row {
    fn stored(self, names: &mut Names) -> Stored {
        Stored {
            found_in: names.name(&self.found_in),
            id: self.id,
            field: names.name(&self.field),
            form: self.form,
            tables: names.list(&self.tables),
            columns: names.list(&self.columns),
            place: self.place.map(|place| names.name(&place)),
            text: self.text,
        }
    }
}

/// The records of these ids, and with the first of them what is there but once.
pub(super) fn texts(run_id: i64, after: i64, last: i64) -> Result<Vec<Stored>> {
    let numbers = [("{run}", run_id), ("{after}", after), ("{last}", last)];
    let query = numbers.iter().fold(STORED.to_owned(), |text, (name, n)| text.replace(name, &n.to_string()));
    let mut lines = Lines::open(&query)?;
    let (mut names, mut texts) = (Names::default(), Vec::new());
    while let Some(line) = lines.next()? {
        texts.push(spi::json::<Row>(&line)?.stored(&mut names));
    }
    Ok(texts)
}

/// The last of the next `count` records after the one with this id; None = there are none.
pub(super) fn last_of(run_id: i64, after: i64, count: i64) -> Result<Option<i64>> {
    let rows = with_catalog_path(|| {
        spi::select(
            "SELECT max(x.id)::text FROM (SELECT i.id FROM nlsql.item i WHERE i.run_id = $1 AND i.id > $2
              ORDER BY i.id LIMIT $3) x",
            &[Arg::Int(run_id), Arg::Int(after), Arg::Int(count)],
        )
    })?;
    Ok(spi::first(rows).and_then(|t| t.parse().ok()))
}

const STORED: &str = "
WITH item AS MATERIALIZED (SELECT * FROM nlsql.item i WHERE i.run_id = {run} AND i.id > {after} AND i.id <= {last}),
phase AS MATERIALIZED (SELECT p.* FROM nlsql.run_phase p WHERE p.run_id = {run} AND {after} = 0),
leaf AS (
  SELECT 'dataset' AS found_in, i.id, f.field, f.doc, i.tables, i.columns,
         CASE WHEN f.field = 'rows' THEN i.tables[1] END AS tbl
    FROM item i, LATERAL (VALUES ('rows', i.rows), ('turns', i.turns)) f(field, doc) WHERE f.doc IS NOT NULL
  UNION ALL SELECT 'run_phase', p.ordinal, 'options', p.options, '{}', '{}', NULL FROM phase p
),
walk AS (
  WITH RECURSIVE w(found_in, id, field, path, v, tables, columns, tbl, place) AS (
    SELECT l.found_in, l.id, l.field, l.field, l.doc, l.tables, l.columns, l.tbl, NULL::text FROM leaf l
    UNION ALL
    SELECT w.found_in, w.id, w.field, w.path || c.step, c.v, w.tables, w.columns, w.tbl,
           COALESCE(w.place, w.tbl || '.' || quote_ident(substr(c.step, 2))) FROM w
     CROSS JOIN LATERAL (
       SELECT '.' || e.key, e.value FROM jsonb_each(CASE jsonb_typeof(w.v) WHEN 'object' THEN w.v ELSE '{}' END) e
       UNION ALL
       SELECT '[]', a.value FROM jsonb_array_elements(CASE jsonb_typeof(w.v) WHEN 'array' THEN w.v ELSE '[]' END) a
     ) c(step, v)
  )
  SELECT w.*, w.v #>> '{}' AS text FROM w WHERE jsonb_typeof(w.v) = 'string'
),
query AS (
  SELECT 'dataset' AS found_in, i.id, 'sql' AS field, i.sql, i.tables, i.columns, i.literals FROM item i WHERE i.sql IS NOT NULL
  UNION ALL
  SELECT 'rejected', r.id, f.field, f.sql, '{}', '{}', NULL
    FROM nlsql.reject r, LATERAL (VALUES ('sql', r.sql), ('fix', r.fix)) f(field, sql) WHERE r.run_id = {run} AND {after} = 0
)
SELECT json_build_object('found_in', s.found_in, 'id', s.id, 'field', s.field, 'form', s.form, 'tables', s.tables,
         'columns', s.columns, 'place', s.place, 'text', s.text)::text
  FROM (
    SELECT 'dataset' AS found_in, i.id, f.field, 'prose' AS form, i.tables, i.columns, NULL AS place, f.text
      FROM item i, LATERAL (VALUES ('question', i.question), ('answer', i.answer), ('evidence', i.evidence),
                                   ('reasoning', i.reasoning)) f(field, text)
    UNION ALL
    SELECT q.found_in, q.id, q.field, 'code', q.tables, q.columns, NULL, regexp_replace(q.sql, '''(?:[^'']|'''')*''', '''''', 'g')
      FROM query q
    UNION ALL
    SELECT q.found_in, q.id, q.field, 'value', q.tables, q.columns,
           (SELECT l.l ->> 'column' FROM jsonb_array_elements(q.literals) l(l) WHERE l.l ->> 'value' = v.v LIMIT 1), v.v
      FROM query q, LATERAL regexp_matches(q.sql, '''((?:[^'']|'''')*)''', 'g') m(m), LATERAL replace(m.m[1], '''''', '''') v(v)
    UNION ALL
    SELECT 'dataset', i.id, 'literals[].value', 'value', i.tables, i.columns, l.l ->> 'column', l.l ->> 'value'
      FROM item i, LATERAL jsonb_array_elements(i.literals) l(l) WHERE COALESCE(l.l ->> 'type', '') NOT LIKE 'reg%'
    UNION ALL
    SELECT w.found_in, w.id, w.path, CASE WHEN w.field = 'rows' THEN 'cell' ELSE 'prose' END, w.tables, w.columns, w.place, w.text
      FROM walk w
    UNION ALL
    SELECT 'rejected', r.id, f.field, 'prose', '{}', '{}', NULL, f.text
      FROM nlsql.reject r, LATERAL (VALUES ('question', r.question), ('answer', r.answer), ('message', r.message),
             ('detail', r.detail), ('hint', r.hint)) f(field, text)
     WHERE r.run_id = {run} AND {after} = 0
    UNION ALL
    SELECT 'event', e.id, 'message', 'prose', '{}', '{}', NULL, e.message FROM nlsql.event e WHERE e.run_id = {run} AND {after} = 0
    UNION ALL
    SELECT 'template', 0, t.name, 'prose', '{}', '{}', NULL, t.body FROM nlsql.template t
     WHERE {after} = 0 AND (t.role IS NULL OR t.role = (SELECT r.role FROM nlsql.run r WHERE r.id = {run}))
  ) s
 WHERE s.text <> ''";
