-- Rows for the tables of make_big_schema.sql (psql -v rows=1000): keys from 1 on, references to any of the parent's rows.
SELECT set_config('fill.rows', :'rows', false);
DO $$
DECLARE
    -- a value of each type, by the row's number
    made jsonb := '{"int4": "i", "int8": "i", "numeric": "i / 4.0", "text": "''text '' || i % 50", "varchar": "''word '' || i % 50",
        "bool": "i % 2 = 0", "date": "date ''2020-01-01'' + i", "timestamptz": "timestamptz ''2020-01-01'' + i * interval ''1 hour''",
        "uuid": "md5(i::text)::uuid", "jsonb": "jsonb_build_object(''a'', i)", "_text": "ARRAY[''a'' || i % 9]",
        "interval": "i * interval ''1 minute''", "inet": "inet ''10.0.0.0'' + i", "int4range": "int4range(i, i + 5)", "state": "''open''"}';
    parts text;
    one record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT c.oid, c.oid::regclass AS name FROM pg_class c
                WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text ~ '^big_' ORDER BY c.oid LOOP
        SELECT string_agg(format('(%s)::%s', CASE WHEN k.conrelid IS NULL THEN made ->> t.typname
                              ELSE format('1 + (i * %s) %% %s', 7 + a.attnum, current_setting('fill.rows')) END,
                          format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) INTO parts
          FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
          LEFT JOIN pg_constraint k ON k.contype = 'f' AND k.conrelid = a.attrelid AND k.conkey = ARRAY[a.attnum]
         WHERE a.attrelid = one.oid AND a.attnum > 0 AND NOT a.attisdropped;
        EXECUTE format('INSERT INTO %s SELECT %s FROM generate_series(1, %s) AS i', one.name, parts, current_setting('fill.rows'));
    END LOOP;
END $$;
