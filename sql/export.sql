-- The native line of every record, kept ready: an export reads lines in order and writes them as they are.
-- Triggers keep it in step with nlsql.item; a dump leaves it out, for they fill it again.
CREATE TABLE nlsql.item_line (
  run_id bigint NOT NULL,
  phase  text NOT NULL,
  slot   bigint NOT NULL,
  split  text,
  line   text NOT NULL,
  PRIMARY KEY (run_id, phase, slot)
);
COMMENT ON TABLE nlsql.item_line IS 'each record of nlsql.item as a line of JSON, for export';

ALTER TABLE nlsql.item_line ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON nlsql.item_line FOR SELECT USING (run_id IN (SELECT r.id FROM nlsql.run r));
GRANT SELECT ON nlsql.item_line TO PUBLIC;

-- How far a role found a run's records free of protected values; the owner's alone, and not dumped: found again.
CREATE TABLE nlsql.audited (
  run_id  bigint NOT NULL REFERENCES nlsql.run ON DELETE CASCADE,
  role    name NOT NULL,
  item_id bigint NOT NULL,
  policy  text NOT NULL,
  PRIMARY KEY (run_id, role)
);
COMMENT ON TABLE nlsql.audited IS 'the last record up to which an export found nothing that the audit looks for';
COMMENT ON COLUMN nlsql.audited.policy IS 'hash of nlsql.column_policy as it was: another one protects other values';

-- A record's line: no id, run, role or time, so that equal runs give equal bytes. row_to_json escapes every control
-- character. One query of it for all rows of a statement, since a function costs each row as much as all else.
CREATE FUNCTION nlsql.keep_lines_() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM nlsql.item_line l USING changed i
     WHERE l.run_id = i.run_id AND l.phase = i.phase AND l.slot = i.slot;
    RETURN NULL;
  END IF;
  INSERT INTO nlsql.item_line AS l (run_id, phase, slot, split, line)
  SELECT i.run_id, i.phase, i.slot, i.split, row_to_json(record)::text
    FROM changed i
   CROSS JOIN LATERAL (
     SELECT i.phase, i.slot, i.kind, i.question, i.sql, i.answer, i.turns, i.style, i.difficulty, i.tables, i.columns,
            i.functions, i.features, i.skeleton, i.template, i.literals, i.rows, i.result, i.evidence, i.reasoning,
            i.checks, i.split, i.engine, i.model, i.seed, i.schema_hash) record
  ON CONFLICT (run_id, phase, slot) DO UPDATE SET split = excluded.split, line = excluded.line;
  RETURN NULL;
END $$;

CREATE TRIGGER lines_insert AFTER INSERT ON nlsql.item REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION nlsql.keep_lines_();
CREATE TRIGGER lines_update AFTER UPDATE ON nlsql.item REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION nlsql.keep_lines_();
CREATE TRIGGER lines_delete AFTER DELETE ON nlsql.item REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION nlsql.keep_lines_();
