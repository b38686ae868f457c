-- Everything that nlsql knows of the catalog, as one jsonb: relations that the current role may read, with
-- columns, keys, checks, comments and the statistics that pg_stats shows to that role.
-- Read-only, one statement, set-based; run as the run's role, so that its privileges decide.
-- $1 = oid[] of relations to look at, NULL for all. Deserialised by src/schema/model.rs: keep the two in step.
WITH RECURSIVE
relation AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, c.relpages, c.relispartition,
         pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
         CASE WHEN NOT c.relrowsecurity THEN 'none'
              WHEN pg_catalog.row_security_active(c.oid) THEN 'applied' ELSE 'bypassed' END AS row_security
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND c.relpersistence <> 't'
     AND n.nspname NOT IN ('information_schema', 'nlsql')
     AND n.nspname !~ '^pg_'
     AND ($1 IS NULL OR c.oid = ANY ($1))
     AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
     AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
     -- what an extension brought along is its own, not a subject
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND d.objid = c.oid AND d.deptype = 'e')
),
attribute AS MATERIALIZED (
  SELECT r.oid AS relid, r.nspname, r.relname, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
         a.attidentity, a.attgenerated, a.atthasdef
    FROM relation r
    JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
   WHERE a.attnum > 0 AND NOT a.attisdropped
     AND (r.readable OR pg_catalog.has_column_privilege(r.oid, a.attnum, 'SELECT'))
),
-- the type under a domain, followed to the end
base AS (
  SELECT DISTINCT t.oid AS typid, t.oid AS baseid, t.typtype, t.typbasetype
    FROM attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
   UNION ALL
  SELECT b.typid, t.oid, t.typtype, t.typbasetype
    FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype
   WHERE b.typtype = 'd'
),
type AS MATERIALIZED (
  SELECT b.typid, t.typname, t.typcategory, t.typtype, tn.nspname AS typschema,
         CASE WHEN t.typcategory = 'A' THEN e.typname END AS element,
         CASE WHEN t.typcategory = 'A' THEN e.typcategory END AS element_category,
         CASE WHEN d.typtype = 'd'
              THEN pg_catalog.quote_ident(dn.nspname) || '.' || pg_catalog.quote_ident(d.typname) END AS domain,
         COALESCE(lab.labels, elab.labels) AS labels
    FROM base b
    JOIN pg_catalog.pg_type t ON t.oid = b.baseid
    JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
    JOIN pg_catalog.pg_type d ON d.oid = b.typid
    JOIN pg_catalog.pg_namespace dn ON dn.oid = d.typnamespace
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
    LEFT JOIN LATERAL (SELECT pg_catalog.jsonb_agg(l.enumlabel ORDER BY l.enumsortorder) AS labels
                         FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid) lab ON t.typtype = 'e'
    LEFT JOIN LATERAL (SELECT pg_catalog.jsonb_agg(l.enumlabel ORDER BY l.enumsortorder) AS labels
                         FROM pg_catalog.pg_enum l WHERE l.enumtypid = e.oid) elab ON e.typtype = 'e'
   WHERE b.typtype <> 'd'
),
column_list AS (
  SELECT a.relid,
         pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
           'name', a.attname,
           'number', a.attnum,
           'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
           'base', t.typname,
           'category', t.typcategory,
           'element', t.element,
           'element_category', t.element_category,
           'domain', t.domain,
           'labels', t.labels,
           'not_null', a.attnotnull,
           'identity', NULLIF(a.attidentity, ''),
           'generated', a.attgenerated <> '',
           'default', pg_catalog.pg_get_expr(def.adbin, def.adrelid),
           'comment', com.description,
           'stats', CASE WHEN s.attname IS NOT NULL THEN pg_catalog.jsonb_build_object(
             'n_distinct', s.n_distinct,
             'null_share', s.null_frac,
             'width', s.avg_width,
             'common', CASE WHEN t.typcategory NOT IN ('A', 'C', 'P') AND s.avg_width < 200 THEN
               (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(v.value, f.freq) ORDER BY v.n)
                  FROM pg_catalog.unnest(s.most_common_vals::pg_catalog.text::pg_catalog.text[])
                       WITH ORDINALITY v(value, n)
                  JOIN pg_catalog.unnest(s.most_common_freqs) WITH ORDINALITY f(freq, n) ON f.n = v.n
                 WHERE v.n <= 30) END) END
         )) ORDER BY a.attnum) AS columns
    FROM attribute a
    JOIN type t ON t.typid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef def ON a.atthasdef AND def.adrelid = a.relid AND def.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_description com
           ON com.objoid = a.relid AND com.objsubid = a.attnum
          AND com.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    LEFT JOIN pg_catalog.pg_stats s
           ON s.schemaname = a.nspname AND s.tablename = a.relname AND s.attname = a.attname AND NOT s.inherited
   GROUP BY a.relid
),
-- Columns of keys and indexes by name, set-based: a lookup for each key would grow with the square of the schema.
-- A key whose columns are not all readable is not shown.
key_part AS (
  SELECT con.oid, false AS parent, con.conrelid AS relid,
         pg_catalog.unnest(con.conkey) AS attnum, pg_catalog.generate_subscripts(con.conkey, 1) AS n
    FROM relation r JOIN pg_catalog.pg_constraint con ON con.conrelid = r.oid
   UNION ALL
  SELECT con.oid, true, con.confrelid,
         pg_catalog.unnest(con.confkey), pg_catalog.generate_subscripts(con.confkey, 1)
    FROM relation r JOIN pg_catalog.pg_constraint con ON con.conrelid = r.oid
   WHERE con.contype = 'f'
),
key_names AS (
  SELECT k.oid, k.parent, pg_catalog.jsonb_agg(a.attname ORDER BY k.n) AS names,
         pg_catalog.bool_and(a.attnum IS NOT NULL) AS readable
    FROM key_part k LEFT JOIN attribute a ON a.relid = k.relid AND a.attnum = k.attnum
   GROUP BY k.oid, k.parent
),
constr AS (
  SELECT con.conrelid, con.conname, con.contype, con.confrelid, con.confupdtype, con.confdeltype,
         child.names AS columns, parent.names AS ref_columns,
         CASE WHEN con.contype IN ('c', 'x') THEN pg_catalog.pg_get_constraintdef(con.oid) END AS definition,
         com.description AS comment
    FROM relation r
    JOIN pg_catalog.pg_constraint con ON con.conrelid = r.oid
    LEFT JOIN key_names child ON child.oid = con.oid AND NOT child.parent
    LEFT JOIN key_names parent ON parent.oid = con.oid AND parent.parent
    LEFT JOIN pg_catalog.pg_description com
           ON com.objoid = con.oid AND com.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
   WHERE con.contype IN ('p', 'u', 'f', 'c', 'x')
     -- a check may have no column
     AND COALESCE(child.readable, true) AND COALESCE(parent.readable, true)
),
index_part AS (
  SELECT i.indexrelid, i.indrelid, pg_catalog.unnest(i.indkey::pg_catalog.int2[]) AS attnum,
         pg_catalog.generate_subscripts(i.indkey, 1) AS n, i.indnkeyatts,
         i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND con.oid IS NULL AS plain_unique
    FROM relation r
    JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
    LEFT JOIN pg_catalog.pg_constraint con
           ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u')
   WHERE i.indisvalid
),
index_column AS MATERIALIZED (
  SELECT p.indexrelid, p.indrelid, p.n, p.indnkeyatts, p.plain_unique, a.attname
    FROM index_part p LEFT JOIN attribute a ON a.relid = p.indrelid AND a.attnum = p.attnum
),
-- unique indexes without a constraint are keys to a reader all the same (plain columns, no predicate)
unique_index AS (
  SELECT indrelid, pg_catalog.jsonb_agg(attname ORDER BY n) AS columns
    FROM index_column
   WHERE plain_unique AND n < indnkeyatts
   GROUP BY indexrelid, indrelid
  HAVING pg_catalog.bool_and(attname IS NOT NULL)
),
indexed AS (
  SELECT indrelid, pg_catalog.jsonb_agg(DISTINCT attname) AS columns
    FROM index_column
   WHERE n = 0 AND attname IS NOT NULL
   GROUP BY indrelid
),
keys AS (
  SELECT conrelid,
         pg_catalog.jsonb_agg(columns) FILTER (WHERE contype = 'p') -> 0 AS primary_key,
         pg_catalog.jsonb_agg(columns ORDER BY conname) FILTER (WHERE contype = 'u') AS uniques,
         pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
           'name', conname, 'columns', columns, 'ref_schema', rr.nspname, 'ref_table', rr.relname,
           'ref_columns', ref_columns, 'on_update', confupdtype, 'on_delete', confdeltype,
           'comment', constr.comment)) ORDER BY conname) FILTER (WHERE contype = 'f' AND rr.oid IS NOT NULL) AS foreign_keys,
         pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
           'name', conname, 'columns', columns, 'definition', definition,
           'comment', constr.comment)) ORDER BY conname) FILTER (WHERE contype IN ('c', 'x')) AS checks
    FROM constr LEFT JOIN relation rr ON rr.oid = constr.confrelid
   GROUP BY conrelid
),
table_list AS (
  SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
           'schema', r.nspname,
           'name', r.relname,
           'kind', CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned' WHEN 'v' THEN 'view'
                                  WHEN 'm' THEN 'materialized_view' ELSE 'foreign_table' END,
           'comment', com.description,
           'rows', GREATEST(r.reltuples, -1),
           'pages', r.relpages,
           'row_security', r.row_security,
           'partition_of', CASE WHEN r.relispartition THEN par.parent END,
           'inherits', CASE WHEN NOT r.relispartition THEN par.parents END,
           'partition_key', CASE WHEN r.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END,
           'partition_bound', CASE WHEN r.relispartition THEN
              (SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid) FROM pg_catalog.pg_class c WHERE c.oid = r.oid) END,
           'definition', CASE WHEN r.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(r.oid) END,
           'columns', COALESCE(cl.columns, '[]'),
           'primary_key', k.primary_key,
           'uniques', k.uniques,
           'unique_indexes', ui.list,
           'indexed', ix.columns,
           'foreign_keys', k.foreign_keys,
           'checks', k.checks
         )) ORDER BY r.nspname, r.relname) AS tables
    FROM relation r
    LEFT JOIN column_list cl ON cl.relid = r.oid
    LEFT JOIN keys k ON k.conrelid = r.oid
    LEFT JOIN indexed ix ON ix.indrelid = r.oid
    LEFT JOIN (SELECT indrelid, pg_catalog.jsonb_agg(columns ORDER BY columns) AS list
                 FROM unique_index GROUP BY indrelid) ui ON ui.indrelid = r.oid
    LEFT JOIN (SELECT i.inhrelid,
                      pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(n.nspname, p.relname)
                                           ORDER BY i.inhseqno) AS parents,
                      pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(n.nspname, p.relname)
                                           ORDER BY i.inhseqno) -> 0 AS parent
                 FROM pg_catalog.pg_inherits i
                 JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
                 JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
                GROUP BY i.inhrelid) par ON par.inhrelid = r.oid
    LEFT JOIN pg_catalog.pg_description com
           ON com.objoid = r.oid AND com.objsubid = 0
          AND com.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
)
SELECT pg_catalog.jsonb_build_object(
         'database', pg_catalog.current_database(),
         'server_version', pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
         'tables', COALESCE((SELECT tables FROM table_list), '[]'))
