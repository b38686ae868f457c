-- Everything that nlsql knows of the catalog, as the text of one JSON document: relations that the current role may
-- read, with columns, keys, checks, comments and the statistics that pg_stats shows to that role.
-- Read-only, one statement, set-based; run as the run's role, so that its privileges decide; search_path is pg_catalog
-- alone, so that the server's own functions qualify every other name.
-- The document is put together as text: concat() passes over what is NULL, which is left out, and each key is written
-- once for many values. A jsonb for each column costs three times as much, and readers of ours want text anyway.
-- $1 = oid[] of relations to look at, NULL for all. Deserialised by src/schema/model.rs: keep the two in step.
WITH RECURSIVE
relation AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, c.relpages, c.relispartition, c.relpartbound,
         has_table_privilege(c.oid, 'SELECT') AS readable,
         CASE WHEN NOT c.relrowsecurity THEN 'none'
              WHEN row_security_active(c.oid) THEN 'applied' ELSE 'bypassed' END AS row_security
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND c.relpersistence <> 't'
     AND n.nspname NOT IN ('information_schema', 'nlsql')
     AND n.nspname !~ '^pg_'
     AND ($1 IS NULL OR c.oid = ANY ($1))
     AND has_schema_privilege(n.oid, 'USAGE')
     AND has_any_column_privilege(c.oid, 'SELECT')
     -- what an extension brought along is its own, not a subject
     AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
                        AND d.refclassid = 'pg_extension'::regclass)
),
attribute AS MATERIALIZED (
  SELECT r.oid AS relid, a.attnum, a.attname, to_json(a.attname)::text AS quoted, a.atttypid, a.atttypmod,
         a.attnotnull, a.attidentity, a.attgenerated, a.atthasdef
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid
   WHERE a.attnum > 0 AND NOT a.attisdropped
     AND (r.readable OR has_column_privilege(r.oid, a.attnum, 'SELECT'))
),
-- many columns are of few types
type_used AS MATERIALIZED (
  SELECT atttypid, atttypmod FROM attribute GROUP BY atttypid, atttypmod
),
-- the type under a domain, followed to the end
base AS (
  SELECT DISTINCT t.oid AS typid, t.oid AS baseid, t.typtype, t.typbasetype
    FROM type_used a JOIN pg_type t ON t.oid = a.atttypid
   UNION ALL
  SELECT b.typid, t.oid, t.typtype, t.typbasetype
    FROM base b JOIN pg_type t ON t.oid = b.typbasetype
   WHERE b.typtype = 'd'
),
label AS (
  SELECT enumtypid, json_agg(enumlabel ORDER BY enumsortorder)::text AS list FROM pg_enum GROUP BY enumtypid
),
type AS MATERIALIZED (
  SELECT u.atttypid, u.atttypmod, t.typcategory,
         concat(',"type":', to_json(format_type(u.atttypid, u.atttypmod)),
                ',"base":', to_json(t.typname),
                ',"category":', to_json(t.typcategory),
                ',"element":' || to_json(e.typname)::text,
                ',"element_category":' || to_json(e.typcategory)::text,
                ',"domain":' || to_json(CASE WHEN d.typtype = 'd'
                                             THEN quote_ident(dn.nspname) || '.' || quote_ident(d.typname) END)::text,
                ',"labels":' || COALESCE(label.list, element_label.list)) AS described
    FROM type_used u
    JOIN base b ON b.typid = u.atttypid AND b.typtype <> 'd'
    JOIN pg_type t ON t.oid = b.baseid
    JOIN pg_type d ON d.oid = b.typid
    JOIN pg_namespace dn ON dn.oid = d.typnamespace
    LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
    LEFT JOIN label ON label.enumtypid = t.oid
    LEFT JOIN label element_label ON element_label.enumtypid = e.oid
),
stats AS MATERIALIZED (
  SELECT r.oid AS relid, s.*
    FROM pg_stats s JOIN relation r ON r.nspname = s.schemaname AND r.relname = s.tablename
   WHERE NOT s.inherited
),
column_list AS (
  SELECT a.relid,
         string_agg(concat(
           '{"name":', a.quoted,
           ',"number":', a.attnum,
           t.described,
           ',"not_null":', a.attnotnull::text,
           ',"identity":' || to_json(NULLIF(a.attidentity, ''))::text,
           ',"generated":', (a.attgenerated <> '')::text,
           ',"default":' || to_json(pg_get_expr(def.adbin, def.adrelid))::text,
           ',"comment":' || to_json(com.description)::text,
           ',"stats":' || CASE WHEN s.attname IS NOT NULL THEN concat(
             '{"n_distinct":', s.n_distinct,
             ',"null_share":', s.null_frac,
             ',"width":', s.avg_width,
             ',"common":' || CASE WHEN t.typcategory NOT IN ('A', 'C', 'P') AND s.avg_width < 200 THEN
               (SELECT json_agg(json_build_array(v.value, v.freq) ORDER BY v.n)
                  FROM ROWS FROM (unnest(s.most_common_vals::text::text[]), unnest(s.most_common_freqs))
                       WITH ORDINALITY v(value, freq, n)
                 WHERE v.n <= 30)::text END,
             '}') END,
           '}'), ',' ORDER BY a.attnum) AS columns
    FROM attribute a
    JOIN type t ON t.atttypid = a.atttypid AND t.atttypmod = a.atttypmod
    LEFT JOIN pg_attrdef def ON a.atthasdef AND def.adrelid = a.relid AND def.adnum = a.attnum
    LEFT JOIN pg_description com
           ON com.objoid = a.relid AND com.objsubid = a.attnum AND com.classoid = 'pg_class'::regclass
    LEFT JOIN stats s ON s.relid = a.relid AND s.attname = a.attname
   GROUP BY a.relid
),
-- Columns of keys and indexes by name, set-based: a lookup for each key would grow with the square of the schema.
-- A key whose columns are not all readable is not shown.
key_part AS (
  SELECT con.oid, false AS parent, con.conrelid AS relid, unnest(con.conkey) AS attnum,
         generate_subscripts(con.conkey, 1) AS n
    FROM relation r JOIN pg_constraint con ON con.conrelid = r.oid
   UNION ALL
  SELECT con.oid, true, con.confrelid, unnest(con.confkey), generate_subscripts(con.confkey, 1)
    FROM relation r JOIN pg_constraint con ON con.conrelid = r.oid
   WHERE con.contype = 'f'
),
key_names AS (
  SELECT k.oid, k.parent, '[' || string_agg(a.quoted, ',' ORDER BY k.n) || ']' AS names,
         bool_and(a.attnum IS NOT NULL) AS readable
    FROM key_part k LEFT JOIN attribute a ON a.relid = k.relid AND a.attnum = k.attnum
   GROUP BY k.oid, k.parent
),
constr AS (
  SELECT con.conrelid, con.conname, con.contype, child.names AS columns,
         concat('{"name":', to_json(con.conname),
                ',"columns":' || child.names,
                CASE WHEN con.contype = 'f' THEN concat(
                  ',"ref_schema":', to_json(rr.nspname),
                  ',"ref_table":', to_json(rr.relname),
                  ',"ref_columns":', parent.names,
                  ',"on_update":"', con.confupdtype,
                  '","on_delete":"', con.confdeltype, '"') END,
                ',"definition":' || CASE WHEN con.contype IN ('c', 'x')
                                         THEN to_json(pg_get_constraintdef(con.oid))::text END,
                ',"comment":' || to_json(com.description)::text,
                '}') AS described
    FROM relation r
    JOIN pg_constraint con ON con.conrelid = r.oid
    LEFT JOIN relation rr ON rr.oid = con.confrelid
    LEFT JOIN key_names child ON child.oid = con.oid AND NOT child.parent
    LEFT JOIN key_names parent ON parent.oid = con.oid AND parent.parent
    LEFT JOIN pg_description com ON com.objoid = con.oid AND com.classoid = 'pg_constraint'::regclass
   WHERE (con.contype IN ('p', 'u', 'c', 'x') OR con.contype = 'f' AND rr.oid IS NOT NULL)
     -- a check may have no column
     AND COALESCE(child.readable, true) AND COALESCE(parent.readable, true)
),
keys AS (
  SELECT conrelid,
         string_agg(columns, ',') FILTER (WHERE contype = 'p') AS primary_key,
         string_agg(columns, ',' ORDER BY conname) FILTER (WHERE contype = 'u') AS uniques,
         string_agg(described, ',' ORDER BY conname) FILTER (WHERE contype = 'f') AS foreign_keys,
         string_agg(described, ',' ORDER BY conname) FILTER (WHERE contype IN ('c', 'x')) AS checks
    FROM constr
   GROUP BY conrelid
),
index_part AS (
  SELECT i.indexrelid, i.indrelid, unnest(i.indkey::int2[]) AS attnum, generate_subscripts(i.indkey, 1) AS n,
         i.indnkeyatts, i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND con.oid IS NULL AS plain_unique
    FROM relation r
    JOIN pg_index i ON i.indrelid = r.oid
    LEFT JOIN pg_constraint con
           ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u')
   WHERE i.indisvalid
),
index_column AS MATERIALIZED (
  SELECT p.indexrelid, p.indrelid, p.n, p.indnkeyatts, p.plain_unique, a.attname
    FROM index_part p LEFT JOIN attribute a ON a.relid = p.indrelid AND a.attnum = p.attnum
),
-- unique indexes without a constraint are keys to a reader all the same (plain columns, no predicate)
unique_index AS (
  SELECT indrelid, array_agg(attname::text ORDER BY n) AS columns
    FROM index_column
   WHERE plain_unique AND n < indnkeyatts
   GROUP BY indexrelid, indrelid
  HAVING bool_and(attname IS NOT NULL)
),
unique_indexes AS (
  SELECT indrelid, json_agg(columns ORDER BY cardinality(columns), columns)::text AS list
    FROM unique_index
   GROUP BY indrelid
),
-- columns of unique indexes that hold for some rows only, or for expressions
partly_unique AS (
  SELECT i.indrelid, to_json(array_agg(DISTINCT a.attname))::text AS columns
    FROM relation r
    JOIN pg_index i ON i.indrelid = r.oid
    JOIN attribute a ON a.relid = i.indrelid
     AND (a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) OR i.indexprs::text ~ concat(':varattno ', a.attnum, ' '))
   WHERE i.indisunique AND i.indisvalid AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL)
   GROUP BY i.indrelid
),
indexed AS (
  SELECT indrelid, to_json(array_agg(DISTINCT attname))::text AS columns
    FROM index_column
   WHERE n = 0 AND attname IS NOT NULL
   GROUP BY indrelid
),
parent AS (
  SELECT i.inhrelid, json_agg(json_build_array(n.nspname, p.relname) ORDER BY i.inhseqno) AS list
    FROM pg_inherits i
    JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_namespace n ON n.oid = p.relnamespace
   GROUP BY i.inhrelid
),
table_list AS (
  SELECT string_agg(concat(
           '{"schema":', to_json(r.nspname),
           ',"name":', to_json(r.relname),
           ',"kind":', CASE r.relkind WHEN 'r' THEN '"table"' WHEN 'p' THEN '"partitioned"' WHEN 'v' THEN '"view"'
                                      WHEN 'm' THEN '"materialized_view"' ELSE '"foreign_table"' END,
           ',"comment":' || to_json(com.description)::text,
           ',"rows":', GREATEST(r.reltuples, -1),
           ',"pages":', r.relpages,
           ',"row_security":"', r.row_security, '"',
           CASE WHEN r.relispartition THEN ',"partition_of":' || (p.list -> 0)::text
                ELSE ',"inherits":' || p.list::text END,
           ',"partition_key":' || CASE WHEN r.relkind = 'p' THEN to_json(pg_get_partkeydef(r.oid))::text END,
           ',"partition_bound":' || CASE WHEN r.relispartition
                                         THEN to_json(pg_get_expr(r.relpartbound, r.oid))::text END,
           ',"definition":' || CASE WHEN r.relkind IN ('v', 'm') THEN to_json(pg_get_viewdef(r.oid))::text END,
           ',"columns":[', cl.columns, ']',
           ',"primary_key":' || k.primary_key,
           ',"uniques":[' || k.uniques || ']',
           ',"unique_indexes":' || ui.list,
           ',"partly_unique":' || pu.columns,
           ',"indexed":' || ix.columns,
           ',"foreign_keys":[' || k.foreign_keys || ']',
           ',"checks":[' || k.checks || ']',
           '}'), ',' ORDER BY r.nspname, r.relname) AS tables
    FROM relation r
    LEFT JOIN column_list cl ON cl.relid = r.oid
    LEFT JOIN keys k ON k.conrelid = r.oid
    LEFT JOIN indexed ix ON ix.indrelid = r.oid
    LEFT JOIN unique_indexes ui ON ui.indrelid = r.oid
    LEFT JOIN partly_unique pu ON pu.indrelid = r.oid
    LEFT JOIN parent p ON p.inhrelid = r.oid
    LEFT JOIN pg_description com
           ON com.objoid = r.oid AND com.objsubid = 0 AND com.classoid = 'pg_class'::regclass
)
SELECT concat('{"database":', to_json(current_database()),
              ',"server_version":', current_setting('server_version_num'),
              ',"tables":[', (SELECT tables FROM table_list), ']}')
