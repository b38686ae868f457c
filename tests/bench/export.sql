-- A run of :pairs pairs from the run base, for tests/bench/export.sh.
INSERT INTO nlsql.run (role, name, status, seed, settings, search_path)
SELECT role, 'r_' || :pairs, status, seed, settings, search_path FROM nlsql.run WHERE name = 'base';
INSERT INTO nlsql.run_phase (run_id, phase, ordinal, engine, status, seed, options)
SELECT (SELECT id FROM nlsql.run WHERE name = 'r_' || :pairs), phase, ordinal, engine, p.status, p.seed, p.options
  FROM nlsql.run_phase p JOIN nlsql.run r ON r.id = p.run_id WHERE r.name = 'base';
CREATE TEMPORARY TABLE base AS
SELECT i.*, row_number() OVER (ORDER BY i.phase, i.slot) AS place, count(*) OVER () AS every
  FROM nlsql.item i JOIN nlsql.run r ON r.id = i.run_id WHERE r.name = 'base';

-- some copies a transaction: the triggers hold what a statement changed
CREATE PROCEDURE pg_temp.multiply(pairs bigint) LANGUAGE plpgsql AS $$
DECLARE
  most  int := ceil(pairs::numeric / (SELECT max(every) FROM base)) - 1;
  first int := 0;
BEGIN
  WHILE first <= most LOOP
    INSERT INTO nlsql.item (run_id, phase, slot, kind, question, sql, style, difficulty, tables, columns, functions,
           features, skeleton, template, literals, result, evidence, reasoning, checks, split, engine, seed, schema_hash)
    SELECT (SELECT id FROM nlsql.run WHERE name = 'r_' || pairs), phase, slot + c * 100000, kind,
           regexp_replace(question, '(\w+)', '\1' || c, 'g'), sql || ' -- ' || c, style, difficulty, tables, columns,
           functions, features, skeleton || c, template || c, literals, result, evidence, reasoning, checks, split,
           engine, seed, schema_hash
      FROM base, generate_series(first, least(first + 24, most)) AS c
     WHERE c * every + place <= pairs;
    first := first + 25;
    COMMIT;
  END LOOP;
END $$;
CALL pg_temp.multiply(:pairs);
-- in nlsql's own schema, or the audit takes it for a subject, and its lines for values to be protected
SELECT format('CREATE TABLE nlsql.line_%s AS SELECT l.line FROM nlsql.item_line l JOIN nlsql.run r ON r.id = l.run_id
  WHERE r.name = %L ORDER BY l.phase, l.slot', :pairs, 'r_' || :pairs) \gexec
