-- ALTER EXTENSION nlsql UPDATE, from 0.1.0. What stands here has to leave the database exactly as sql/ makes a new one:
-- tests/upgrade.rs compares the two. See docs/release.md.
SET LOCAL search_path = pg_catalog, pg_temp;

ALTER TABLE nlsql.task ADD COLUMN redraws jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN nlsql.task.redraws IS
  'offline: candidates that gave way to another draw of their slot, by why; they are not among the rejected';

CREATE INDEX item_template ON nlsql.item (run_id, pg_catalog.hashtextextended(template, 0)) WHERE template IS NOT NULL;

DROP FUNCTION nlsql.finish_(bigint, text, int, int, text, jsonb, jsonb, text, text, text);
CREATE FUNCTION nlsql.finish_(run_id_ bigint, phase_ text, number_ int, attempt_ int, schema_hash_ text,
                              items jsonb, rejects jsonb, status_ text, reason_ text, message_ text,
                              redraws_ jsonb) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p        nlsql.run_phase;
  stored   int;
BEGIN
  PERFORM nlsql.lock_run_(run_id_);
  SELECT * INTO p FROM nlsql.run_phase WHERE run_id = run_id_ AND phase = phase_;
  UPDATE nlsql.task SET status = status_, accepted = jsonb_array_length(items), rejected = rejected + jsonb_array_length(rejects),
         redraws = redraws_, reason = reason_, last_error = message_, pid = NULL, backend_start = NULL, finished_at = clock_timestamp()
   WHERE run_id = run_id_ AND phase = phase_ AND number = number_ AND attempt = attempt_ AND status = 'claimed'
     AND pid = pg_backend_pid();
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  stored := nlsql.put_items_(p, schema_hash_, items);
  PERFORM nlsql.put_rejects_(p, number_, rejects);
  -- an offline task that could find nothing at all: the ones after it would not either
  IF stored = 0 AND reason_ = 'exhausted' AND p.engine = 'offline' THEN
    UPDATE nlsql.task SET status = 'cancelled', reason = 'exhausted', pid = NULL, backend_start = NULL
     WHERE run_id = run_id_ AND phase = phase_ AND number > number_ AND status IN ('open', 'claimed');
  END IF;
  PERFORM nlsql.settle_(run_id_);
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION nlsql.finish_ FROM PUBLIC;
COMMENT ON FUNCTION nlsql.finish_ IS 'internal: called by nlsql itself';
