-- What src/schema/ddl.rs writes definitions from, as one jsonb: the relations, what they need (schemas, extensions,
-- types, functions, sequences, servers), and which object depends on which. Keys are 'class:oid' of the catalogs.
-- Read-only, one statement; run as the caller, so that its privileges decide; search_path is pg_catalog alone, so
-- that the server's own pg_get_* functions qualify every other name.
-- $1 = oid[] of relations (their partitions come with them), NULL for all that the caller may read.
WITH RECURSIVE
asked AS (
  SELECT c.oid FROM pg_class c
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ($1 IS NULL OR c.oid = ANY ($1))
   UNION
  SELECT c.oid FROM asked a JOIN pg_inherits i ON i.inhparent = a.oid
    JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
),
relation AS MATERIALIZED (
  SELECT c.*, n.nspname, has_table_privilege(c.oid, 'SELECT') AS readable
    FROM asked JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relpersistence <> 't' AND n.nspname NOT IN ('information_schema', 'nlsql') AND n.nspname !~ '^pg_'
     AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                        AND d.deptype = 'e')
),
attribute AS MATERIALIZED (
  SELECT a.* FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
   WHERE a.attnum > 0 AND NOT a.attisdropped
     AND (r.readable OR has_column_privilege(r.oid, a.attnum, 'SELECT'))
),
hidden AS MATERIALIZED (
  SELECT r.oid, count(*) AS columns FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
   WHERE NOT r.readable AND a.attnum > 0 AND NOT a.attisdropped
     AND NOT has_column_privilege(r.oid, a.attnum, 'SELECT')
   GROUP BY r.oid
),
-- nothing is said of columns that may not be read
constr AS MATERIALIZED (
  SELECT con.* FROM relation r JOIN pg_constraint con ON con.conrelid = r.oid
   WHERE con.contype IN ('p', 'u', 'x', 'c', 'f')
     AND (r.readable OR NOT EXISTS (
       SELECT FROM unnest(con.conkey) k
        WHERE NOT EXISTS (SELECT FROM attribute a WHERE a.attrelid = r.oid AND a.attnum = k)))
     AND (con.contype <> 'f' OR con.conparentid = 0
          AND has_schema_privilege((SELECT p.relnamespace FROM pg_class p WHERE p.oid = con.confrelid), 'USAGE')
          AND has_any_column_privilege(con.confrelid, 'SELECT'))
),
index AS MATERIALIZED (
  SELECT i.*, c.relname, c.relkind, c.reloptions, con.oid AS constraint_oid
    FROM relation r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.conrelid = r.oid
                               AND con.contype IN ('p', 'u', 'x')
   WHERE (i.indisvalid OR r.relkind = 'p')
     AND (r.readable OR i.indexprs IS NULL AND i.indpred IS NULL AND NOT EXISTS (
       SELECT FROM unnest(i.indkey::int2[]) k
        WHERE NOT EXISTS (SELECT FROM attribute a WHERE a.attrelid = r.oid AND a.attnum = k)))
),
start AS (
  SELECT 'pg_class'::regclass::oid AS class, oid FROM relation
   UNION ALL
  SELECT 'pg_class'::regclass::oid, d.objid
    FROM relation r JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
     AND d.refobjsubid > 0 AND d.classid = 'pg_class'::regclass AND d.deptype = 'a'
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
),
-- what an object leans on; a part (default, check, index, body of a view) stands for its owner
lean AS NOT MATERIALIZED (
  SELECT d.classid AS class, d.objid AS oid, d.refclassid AS on_class, d.refobjid AS on_oid FROM pg_depend d
   WHERE d.refobjid >= 16384
     -- a sequence stands before the table that owns it
     AND NOT (d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass AND d.refobjsubid > 0)
   UNION ALL
  SELECT 'pg_class'::regclass::oid, adrelid, 'pg_attrdef'::regclass::oid, oid FROM pg_attrdef
   UNION ALL
  SELECT 'pg_class'::regclass::oid, conrelid, 'pg_constraint'::regclass::oid, oid FROM pg_constraint
   WHERE contype <> 'f'
   UNION ALL
  SELECT 'pg_type'::regclass::oid, contypid, 'pg_constraint'::regclass::oid, oid FROM pg_constraint
   UNION ALL
  SELECT 'pg_class'::regclass::oid, indrelid, 'pg_class'::regclass::oid, indexrelid FROM pg_index
   UNION ALL
  SELECT 'pg_class'::regclass::oid, stxrelid, 'pg_statistic_ext'::regclass::oid, oid FROM pg_statistic_ext
   UNION ALL
  SELECT 'pg_class'::regclass::oid, ev_class, 'pg_rewrite'::regclass::oid, oid FROM pg_rewrite
   WHERE rulename = '_RETURN'
   UNION ALL
  SELECT 'pg_type'::regclass::oid, oid, 'pg_class'::regclass::oid, typrelid FROM pg_type WHERE typtype = 'c'
),
reached AS (
  SELECT class, oid FROM start
   UNION
  SELECT l.on_class, l.on_oid FROM reached r JOIN lean l ON l.class = r.class AND l.oid = r.oid
   -- what belongs to an extension comes with it, and relations that nobody asked for speak for themselves
   WHERE r.class NOT IN ('pg_extension'::regclass, 'pg_namespace'::regclass)
     AND NOT (r.class = 'pg_class'::regclass
              AND r.oid IN (SELECT c.oid FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f'))
              AND r.oid NOT IN (SELECT oid FROM relation))
),
member AS MATERIALIZED (
  SELECT o.class, o.oid,
         (SELECT d.refobjid FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e'
             AND d.refclassid = 'pg_extension'::regclass) AS extension
    FROM reached o
),
object AS MATERIALIZED (SELECT class, oid FROM member WHERE extension IS NULL),
column_list AS (
  SELECT a.attrelid, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'name', a.attname,
           'type', format_type(a.atttypid, a.atttypmod),
           'collation', CASE WHEN a.attcollation <> t.typcollation THEN col.name END,
           'not_null', a.attnotnull,
           'default', pg_get_expr(def.adbin, def.adrelid),
           'generated', NULLIF(a.attgenerated, ''),
           'identity', CASE WHEN seq.objid IS NOT NULL THEN NULLIF(a.attidentity, '') END,
           'sequence', seq.objid::text,
           'storage', CASE WHEN a.attstorage <> t.typstorage AND r.relkind NOT IN ('v', 'c') THEN a.attstorage END,
           'compression', NULLIF(a.attcompression, ''),
           'statistics', NULLIF(COALESCE(a.attstattarget, -1), -1),
           'options', (SELECT string_agg(quote_ident(o.option_name) || '=' || quote_literal(o.option_value), ', ')
                         FROM pg_options_to_table(a.attoptions) o
                        -- the server keeps marks of its own there, which ALTER TABLE does not take
                        WHERE o.option_name IN ('n_distinct', 'n_distinct_inherited')),
           'fdw_options', (SELECT string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value), ', ')
                             FROM pg_options_to_table(a.attfdwoptions) o),
           'inherited', CASE WHEN NOT a.attislocal AND NOT r.relispartition THEN
              (SELECT jsonb_strip_nulls(jsonb_build_object(
                        'not_null', bool_or(p.attnotnull), 'default', max(pg_get_expr(pd.adbin, pd.adrelid))))
                 FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
                 LEFT JOIN pg_attrdef pd ON pd.adrelid = p.attrelid AND pd.adnum = p.attnum
                WHERE i.inhrelid = a.attrelid) END,
           'comment', col_description(a.attrelid, a.attnum)
         )) ORDER BY a.attnum) AS list
    FROM attribute a
    JOIN relation r ON r.oid = a.attrelid
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef def ON a.atthasdef AND def.adrelid = a.attrelid AND def.adnum = a.attnum
    LEFT JOIN LATERAL (SELECT d.objid FROM pg_depend d
                        WHERE a.attidentity <> '' AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
                          AND d.refobjsubid = a.attnum AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
                          AND EXISTS (SELECT FROM pg_sequence s WHERE s.seqrelid = d.objid)) seq ON true
    LEFT JOIN LATERAL (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname) AS name
                         FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
                        WHERE c.oid = a.attcollation) col ON true
   GROUP BY a.attrelid
),
constraint_list AS (
  SELECT con.conrelid, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'name', con.conname, 'kind', con.contype, 'definition', pg_get_constraintdef(con.oid),
           'validated', con.convalidated, 'comment', obj_description(con.oid, 'pg_constraint')
         )) ORDER BY position(con.contype::text IN 'puxcf'), con.conname) AS list
    FROM constr con JOIN relation r ON r.oid = con.conrelid
   WHERE con.conislocal OR r.relispartition OR con.contype <> 'c'
   GROUP BY con.conrelid
),
index_list AS (
  SELECT i.indrelid, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'name', i.relname,
           'definition', CASE WHEN i.constraint_oid IS NULL THEN pg_get_indexdef(i.indexrelid) END,
           'options', CASE WHEN i.constraint_oid IS NOT NULL THEN
              (SELECT string_agg(quote_ident(o.option_name) || '=' || quote_literal(o.option_value), ', ')
                 FROM pg_options_to_table(i.reloptions) o) END,
           'statistics', (SELECT jsonb_agg(jsonb_build_array(a.attnum, a.attstattarget) ORDER BY a.attnum)
                            FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0
                             AND NOT a.attisdropped),
           'clustered', i.indisclustered, 'replica_identity', i.indisreplident,
           'comment', obj_description(i.indexrelid, 'pg_class')
         )) ORDER BY i.relname) AS list
    FROM index i GROUP BY i.indrelid
),
relation_list AS (
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'key', 'pg_class'::regclass::oid || ':' || r.oid, 'oid', r.oid::text,
           'schema', r.nspname, 'name', r.relname, 'kind', r.relkind,
           'unlogged', r.relpersistence = 'u',
           'hidden_columns', h.columns,
           'hidden_partitions', CASE WHEN r.relkind = 'p' THEN
              (SELECT NULLIF(count(*), 0) FROM pg_inherits i
                WHERE i.inhparent = r.oid AND NOT EXISTS (SELECT FROM relation p WHERE p.oid = i.inhrelid)) END,
           'of_type', CASE WHEN r.reloftype <> 0 THEN format_type(r.reloftype, NULL) END,
           'parents', par.list,
           'partition_bound', CASE WHEN r.relispartition THEN pg_get_expr(r.relpartbound, r.oid) END,
           'partition_key', CASE WHEN r.relkind = 'p' THEN pg_get_partkeydef(r.oid) END,
           'view', CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END,
           'method', (SELECT am.amname FROM pg_am am WHERE am.oid = r.relam AND am.amname <> 'heap'),
           'options', (SELECT string_agg(o.prefix || quote_ident(o.option_name) || '=' || quote_literal(o.option_value), ', ')
                         FROM (SELECT '' AS prefix, * FROM pg_options_to_table(r.reloptions)
                                UNION ALL
                               SELECT 'toast.', t.* FROM pg_class tc, pg_options_to_table(tc.reloptions) t
                                WHERE tc.oid = r.reltoastrelid) o),
           'server', ft.srvname,
           'fdw_options', (SELECT string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value), ', ')
                             FROM pg_options_to_table(ft.ftoptions) o),
           'replica_identity', CASE WHEN r.relkind IN ('r', 'p', 'm') THEN NULLIF(r.relreplident, 'd') END,
           'comment', obj_description(r.oid, 'pg_class'),
           'columns', COALESCE(cl.list, '[]'), 'constraints', con.list, 'indexes', ix.list,
           'statistics', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                   'schema', n.nspname, 'name', s.stxname,
                                   'definition', pg_get_statisticsobjdef(s.oid),
                                   'target', NULLIF(COALESCE(s.stxstattarget, -1), -1),
                                   'comment', obj_description(s.oid, 'pg_statistic_ext'))) ORDER BY n.nspname, s.stxname)
                            FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
                           WHERE s.stxrelid = r.oid AND r.readable)
         )) ORDER BY position(r.relkind::text IN 'rpfvm') > 3, r.nspname, r.relname) AS list
    FROM relation r
    LEFT JOIN hidden h ON h.oid = r.oid
    LEFT JOIN column_list cl ON cl.attrelid = r.oid
    LEFT JOIN constraint_list con ON con.conrelid = r.oid
    LEFT JOIN index_list ix ON ix.indrelid = r.oid
    LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_array(n.nspname, p.relname) ORDER BY i.inhseqno) AS list
                         FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                         JOIN pg_namespace n ON n.oid = p.relnamespace WHERE i.inhrelid = r.oid) par ON true
    LEFT JOIN LATERAL (SELECT f.ftoptions, s.srvname FROM pg_foreign_table f
                         JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = r.oid) ft ON true
),
sequence_list AS (
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'key', o.class || ':' || o.oid, 'oid', o.oid::text, 'schema', n.nspname, 'name', c.relname,
           'type', format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement,
           'min', s.seqmin, 'max', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle,
           'owner', own.refobjid::text, 'owner_column', own.attname, 'identity', COALESCE(own.deptype = 'i', false),
           'comment', obj_description(o.oid, 'pg_class'))) ORDER BY n.nspname, c.relname) AS list
    FROM (SELECT * FROM object
           UNION SELECT 'pg_class'::regclass, d.objid FROM relation r JOIN pg_depend d
              ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.refobjsubid > 0
             AND d.classid = 'pg_class'::regclass AND d.deptype = 'i') o
    JOIN pg_sequence s ON s.seqrelid = o.oid AND o.class = 'pg_class'::regclass
    JOIN pg_class c ON c.oid = o.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN LATERAL (SELECT d.refobjid, d.deptype, a.attname FROM pg_depend d
                         JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                        WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype IN ('a', 'i')
                          AND d.refclassid = 'pg_class'::regclass) own ON true
),
type_list AS (
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'key', o.class || ':' || o.oid, 'schema', n.nspname, 'name', t.typname, 'kind', t.typtype,
           'labels', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
           'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
           'collation', CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation THEN
              (SELECT quote_ident(cn.nspname) || '.' || quote_ident(c.collname)
                 FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace WHERE c.oid = t.typcollation) END,
           'not_null', t.typnotnull,
           'default', CASE WHEN t.typtype = 'd' THEN pg_get_expr(t.typdefaultbin, 0) END,
           'constraints', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                    'name', k.conname, 'kind', k.contype, 'definition', pg_get_constraintdef(k.oid),
                                    'validated', k.convalidated, 'comment', obj_description(k.oid, 'pg_constraint')))
                                    ORDER BY k.conname)
                             FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
           'attributes', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                   'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                                   'collation', CASE WHEN a.attcollation <> at.typcollation THEN
                                     (SELECT quote_ident(cn.nspname) || '.' || quote_ident(c.collname)
                                        FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
                                       WHERE c.oid = a.attcollation) END,
                                   'comment', col_description(a.attrelid, a.attnum))) ORDER BY a.attnum)
                            FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid
                           WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
           'range', (SELECT concat_ws(', ', 'SUBTYPE = ' || format_type(g.rngsubtype, NULL),
                              (SELECT 'SUBTYPE_OPCLASS = ' || quote_ident(qn.nspname) || '.' || quote_ident(q.opcname)
                                 FROM pg_opclass q JOIN pg_namespace qn ON qn.oid = q.opcnamespace
                                WHERE q.oid = g.rngsubopc AND NOT q.opcdefault),
                              (SELECT 'COLLATION = ' || quote_ident(cn.nspname) || '.' || quote_ident(c.collname)
                                 FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
                                 JOIN pg_type st ON st.oid = g.rngsubtype
                                WHERE c.oid = g.rngcollation AND g.rngcollation <> st.typcollation),
                              'SUBTYPE_DIFF = ' || NULLIF(g.rngsubdiff, 0)::regproc,
                              'MULTIRANGE_TYPE_NAME = ' || format_type(g.rngmultitypid, NULL))
                       FROM pg_range g WHERE g.rngtypid = t.oid),
           'comment', obj_description(t.oid, 'pg_type')
         )) ORDER BY n.nspname, t.typname) AS list
    FROM object o JOIN pg_type t ON t.oid = o.oid AND o.class = 'pg_type'::regclass
    JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_type b ON b.oid = t.typbasetype
    LEFT JOIN pg_class tc ON tc.oid = t.typrelid
   -- not the row types of relations, nor array types: these come by themselves
   WHERE t.typtype IN ('e', 'd') OR t.typtype = 'c' AND tc.relkind = 'c'
      OR t.typtype = 'r' AND EXISTS (SELECT FROM pg_range g WHERE g.rngtypid = t.oid AND g.rngcanonical = 0)
),
function_list AS (
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'key', o.class || ':' || o.oid,
           'signature', quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '('
                        || CASE WHEN ag.aggnumdirectargs IS NOT NULL AND pg_get_function_identity_arguments(p.oid) = ''
                                THEN '*' ELSE pg_get_function_identity_arguments(p.oid) END || ')',
           'aggregate', ag.aggfnoid IS NOT NULL,
           'definition', CASE WHEN ag.aggfnoid IS NULL THEN pg_get_functiondef(p.oid) ELSE
             concat_ws(', ', 'SFUNC = ' || ag.aggtransfn, 'STYPE = ' || format_type(ag.aggtranstype, NULL),
               'SSPACE = ' || NULLIF(ag.aggtransspace, 0),
               'FINALFUNC = ' || NULLIF(ag.aggfinalfn, 0::regproc),
               CASE WHEN ag.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
               CASE WHEN ag.aggfinalmodify <> CASE WHEN ag.aggkind = 'n' THEN 'r' ELSE 'w' END
                    THEN 'FINALFUNC_MODIFY = ' || CASE ag.aggfinalmodify WHEN 'r' THEN 'READ_ONLY'
                      WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
               'COMBINEFUNC = ' || NULLIF(ag.aggcombinefn, 0::regproc),
               'SERIALFUNC = ' || NULLIF(ag.aggserialfn, 0::regproc),
               'DESERIALFUNC = ' || NULLIF(ag.aggdeserialfn, 0::regproc),
               'INITCOND = ' || quote_literal(ag.agginitval),
               'MSFUNC = ' || NULLIF(ag.aggmtransfn, 0::regproc),
               'MINVFUNC = ' || NULLIF(ag.aggminvtransfn, 0::regproc),
               'MSTYPE = ' || CASE WHEN ag.aggmtranstype <> 0 THEN format_type(ag.aggmtranstype, NULL) END,
               'MSSPACE = ' || NULLIF(ag.aggmtransspace, 0),
               'MFINALFUNC = ' || NULLIF(ag.aggmfinalfn, 0::regproc),
               CASE WHEN ag.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
               'MINITCOND = ' || quote_literal(ag.aggminitval),
               'SORTOP = operator(' || NULLIF(ag.aggsortop, 0)::regoperator::text || ')',
               CASE WHEN ag.aggkind = 'h' THEN 'HYPOTHETICAL' END,
               'PARALLEL = ' || CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END) END,
           'comment', obj_description(p.oid, 'pg_proc')
         )) ORDER BY n.nspname, p.proname, p.oid) AS list
    FROM object o JOIN pg_proc p ON p.oid = o.oid AND o.class = 'pg_proc'::regclass
    JOIN pg_namespace n ON n.oid = p.pronamespace
    LEFT JOIN pg_aggregate ag ON ag.aggfnoid = p.oid
),
schema_list AS (
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'key', o.class || ':' || n.oid, 'name', n.nspname, 'comment', obj_description(n.oid, 'pg_namespace')))
           ORDER BY n.nspname) AS list
    FROM object o JOIN pg_namespace n ON n.oid = o.oid AND o.class = 'pg_namespace'::regclass
),
extension_list AS (
  SELECT jsonb_agg(jsonb_build_object('key', 'pg_extension'::regclass::oid || ':' || x.oid, 'name', x.extname,
                                      'schema', n.nspname) ORDER BY x.extname) AS list
    FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace
   WHERE x.oid IN (SELECT extension FROM member)
),
server_list AS (
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'key', o.class || ':' || s.oid, 'name', s.srvname, 'type', s.srvtype, 'version', s.srvversion,
           'wrapper', w.fdwname,
           'options', (SELECT string_agg(quote_ident(p.option_name) || ' ' || quote_literal(p.option_value), ', ')
                         FROM pg_options_to_table(s.srvoptions) p),
           'comment', obj_description(s.oid, 'pg_foreign_server'))) ORDER BY s.srvname) AS list
    FROM object o JOIN pg_foreign_server s ON s.oid = o.oid AND o.class = 'pg_foreign_server'::regclass
    JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
),
-- needed, but not written
other_list AS (
  SELECT jsonb_agg(jsonb_build_object('key', o.class || ':' || o.oid, 'name', pg_describe_object(o.class, o.oid, 0))
                   ORDER BY pg_describe_object(o.class, o.oid, 0)) AS list
    FROM object o
   WHERE o.class IN ('pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_am'::regclass, 'pg_collation'::regclass,
                     'pg_ts_config'::regclass, 'pg_ts_dict'::regclass, 'pg_language'::regclass,
                     'pg_foreign_data_wrapper'::regclass)
      OR o.class = 'pg_type'::regclass AND EXISTS (
           SELECT FROM pg_type t LEFT JOIN pg_range g ON g.rngtypid = t.oid
            WHERE t.oid = o.oid AND (t.typtype IN ('b', 'p') AND t.typelem = 0 OR g.rngcanonical <> 0))
)
SELECT jsonb_strip_nulls(jsonb_build_object(
         'relations', (SELECT list FROM relation_list), 'sequences', (SELECT list FROM sequence_list),
         'types', (SELECT list FROM type_list), 'functions', (SELECT list FROM function_list),
         'schemas', (SELECT list FROM schema_list), 'extensions', (SELECT list FROM extension_list),
         'servers', (SELECT list FROM server_list), 'others', (SELECT list FROM other_list),
         'edges', (SELECT jsonb_agg(jsonb_build_array(l.class || ':' || l.oid, l.on_class || ':' || l.on_oid)
                                    ORDER BY l.class, l.oid, l.on_class, l.on_oid)
                     FROM object o JOIN lean l USING (class, oid) WHERE (l.on_class, l.on_oid) <> (l.class, l.oid))))
