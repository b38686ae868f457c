-- ALTER EXTENSION nlsql UPDATE, from 0.1.0. What stands here has to leave the database exactly as sql/ makes a new one:
-- tests/upgrade.rs compares the two. See docs/release.md.
SET LOCAL search_path = pg_catalog, pg_temp;
-- functions stand in no order
SET LOCAL check_function_bodies = off;

ALTER TABLE nlsql.task ADD COLUMN redraws jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN nlsql.task.redraws IS
  'offline: candidates that gave way to another draw of their slot, by why; they are not among the rejected';

-- named by their first column, and rows change within their page, see tables.sql
DROP INDEX nlsql.task_unfinished;
ALTER TABLE nlsql.task SET (fillfactor = 30);
ALTER TABLE nlsql.task ADD COLUMN unfinished bool GENERATED ALWAYS AS (status IN ('open', 'claimed')) STORED;
COMMENT ON COLUMN nlsql.task.unfinished IS 'open or claimed';
CREATE INDEX task_unfinished ON nlsql.task ((run_id + 0), phase, number) WHERE unfinished;
ALTER TABLE nlsql.request SET (fillfactor = 50);
DROP INDEX nlsql.item_question, nlsql.item_sql;
CREATE UNIQUE INDEX item_question ON nlsql.item (question_key, run_id) WHERE question_key IS NOT NULL;
CREATE UNIQUE INDEX item_sql ON nlsql.item (sql_key, run_id) WHERE sql_key IS NOT NULL;
CREATE INDEX item_template ON nlsql.item (pg_catalog.hashtextextended(template, 0), run_id, id) WHERE template IS NOT NULL;
CREATE INDEX item_unproved ON nlsql.item (run_id, phase, slot)
 WHERE kind = 'pair' AND split <> 'train' AND (checks ->> 'mutation') IS NULL;

-- its rows come and go with those of nlsql.item
ALTER TABLE nlsql.item_line DROP CONSTRAINT item_line_run_id_fkey;

CREATE TABLE nlsql.audited (
  run_id  bigint NOT NULL REFERENCES nlsql.run ON DELETE CASCADE,
  role    name NOT NULL,
  item_id bigint NOT NULL,
  policy  text NOT NULL,
  PRIMARY KEY (run_id, role)
);
COMMENT ON TABLE nlsql.audited IS 'the last record up to which an export found nothing that the audit looks for';
COMMENT ON COLUMN nlsql.audited.policy IS 'hash of nlsql.column_policy as it was: another one protects other values';

CREATE TABLE nlsql.inferred (
  run_id      bigint NOT NULL REFERENCES nlsql.run ON DELETE CASCADE,
  schema_hash text NOT NULL,
  edges       jsonb NOT NULL,
  PRIMARY KEY (run_id, schema_hash)
);
COMMENT ON TABLE nlsql.inferred IS 'the undeclared relationships that a run goes by, found once for all its workers';

-- Functions that differ, written by NLSQL_WRITE_UPDATE=1 cargo test --test upgrade

DROP FUNCTION nlsql.bounded_(anyelement);

DROP FUNCTION nlsql.calls_end_(bigint,jsonb);

DROP FUNCTION nlsql.check_sql(text,jsonb);

DROP FUNCTION nlsql.exchange_(bigint,text,jsonb);

DROP FUNCTION nlsql.finish_(bigint,text,integer,integer,text,jsonb,jsonb,text,text,text);

DROP FUNCTION nlsql.line_(nlsql.item);

DROP FUNCTION nlsql.put_items_(nlsql.run_phase,text,jsonb);

DROP FUNCTION nlsql.put_rejects_(nlsql.run_phase,integer,jsonb);

CREATE OR REPLACE FUNCTION nlsql.alive_(pid integer, backend_start timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RETURN EXISTS (SELECT FROM pg_stat_get_activity($1) a WHERE a.backend_start = $2);
END $function$
;
REVOKE ALL ON FUNCTION nlsql.alive_(integer,timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.alive_(integer,timestamp with time zone) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.bounded_(value anyelement, bound integer)
 RETURNS anyelement
 LANGUAGE c
 IMMUTABLE PARALLEL SAFE STRICT
AS '$libdir/nlsql', $function$bounded__wrapper$function$
;
REVOKE ALL ON FUNCTION nlsql.bounded_(anyelement,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nlsql.bounded_(anyelement,integer) TO PUBLIC;
COMMENT ON FUNCTION nlsql.bounded_(anyelement,integer) IS 'hands its argument on unless it is too long for a function that no time limit stops; the gate puts it in place';

CREATE OR REPLACE FUNCTION nlsql.calls_end_(run_id_ bigint, ended json)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
BEGIN
  UPDATE nlsql.request q
     SET status = e.status, error = e.error, http_status = e.http_status, prompt_tokens = e.prompt_tokens,
         cached_tokens = e.cached_tokens, completion_tokens = e.completion_tokens,
         reasoning_tokens = e.reasoning_tokens, usd = e.usd, latency_ms = e.latency_ms, request_id = e.request_id,
         ended_at = clock_timestamp()
    FROM json_to_recordset(ended) AS e(id bigint, status text, error text, http_status int,
           prompt_tokens bigint, cached_tokens bigint, completion_tokens bigint, reasoning_tokens bigint, usd numeric,
           latency_ms int, request_id text)
   CROSS JOIN LATERAL (SELECT o.ctid FROM nlsql.request o
                        WHERE o.id = e.id AND o.run_id + 0 = run_id_ OFFSET 0) found
   WHERE q.ctid = found.ctid;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.calls_end_(bigint,json) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.calls_end_(bigint,json) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.cancel_(run_id_ bigint, role_ text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  UPDATE nlsql.run SET status = 'cancelled', reason = 'cancelled', finished_at = clock_timestamp()
   WHERE id = run_id_ AND role = role_ AND status IN ('queued', 'running', 'waiting');
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE nlsql.run_phase SET status = 'cancelled', reason = 'cancelled', finished_at = clock_timestamp()
   WHERE run_id = run_id_ AND status IN ('queued', 'running', 'waiting');
  UPDATE nlsql.task SET status = 'cancelled', reason = 'cancelled', pid = NULL, backend_start = NULL
   WHERE run_id + 0 = run_id_ AND unfinished;
  -- a worker that is there ends its calls itself
  IF NOT EXISTS (SELECT FROM nlsql.workers_(run_id_)) THEN
    PERFORM nlsql.lose_calls_(run_id_);
  END IF;
  RETURN true;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.cancel_(bigint,text) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.cancel_(bigint,text) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.check_sql(sql text, options jsonb DEFAULT '{}'::jsonb)
 RETURNS TABLE(ok boolean, stage text, sqlstate text, message text, hint text, rows bigint, tables text[], columns text[], functions text[], features text[], difficulty text, skeleton text, "position" integer, mutation jsonb, details jsonb)
 LANGUAGE c
AS '$libdir/nlsql', $function$check_sql_wrapper$function$
;
REVOKE ALL ON FUNCTION nlsql.check_sql(text,jsonb) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.check_sql(text,jsonb) IS 'runs one statement through the gate, as the calling role and without a trace, and says how far it came and why.
Option proof: mutation counts the one-step changes of the statement (a condition dropped, a comparison turned, a constant
moved by one, another join, aggregate, order, set operation) that ran, and those that its result tells apart.
Difficulty is Spider''s hardness rule, carried over to PostgreSQL, by three counts. a: 1 each for WHERE, GROUP BY, ORDER BY
and LIMIT of the outermost query (of a set operation, its first branch), and each of its joins, ORs and pattern matches
(LIKE, ILIKE, ~). b: each subquery, CTE, set operation and window clause, at all levels. c: 1 each for more than one
aggregate, output column, condition and grouping key of the outermost query.
easy: a <= 1, b = 0, c = 0. medium: b = 0 and either a <= 1, c <= 2 or a <= 2, c <= 1. hard: b = 0 and either a <= 2, c > 2
or a = 3, c <= 2; or a <= 1, b = 1, c = 0. extra: everything else.';

CREATE OR REPLACE FUNCTION nlsql.claim_(run_id_ bigint, offline_only boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  got      nlsql.task;
  ordinal_ int;
BEGIN
  PERFORM nlsql.lock_run_(run_id_);
  IF NOT EXISTS (SELECT FROM nlsql.run WHERE id = run_id_ AND status IN ('queued', 'running', 'waiting')) THEN
    RETURN NULL;
  END IF;
  -- first what a dead worker held: later tasks may wait for it
  PERFORM nlsql.take_over_(run_id_);
  SELECT k.* INTO got
    FROM nlsql.run_phase p
    CROSS JOIN LATERAL (SELECT * FROM nlsql.task t
                         WHERE t.run_id + 0 = run_id_ AND t.phase = p.phase AND t.unfinished AND t.status = 'open'
                           AND (t.next_try_at IS NULL OR t.next_try_at <= clock_timestamp())
                         ORDER BY t.number LIMIT 1 FOR UPDATE SKIP LOCKED) k
   WHERE p.run_id = run_id_ AND p.status IN ('queued', 'running', 'waiting')
     AND (NOT offline_only OR p.engine = 'offline')
   ORDER BY p.ordinal LIMIT 1;
  IF got.number IS NULL THEN
    RETURN NULL;
  END IF;
  UPDATE nlsql.task SET status = 'claimed', attempt = attempt + 1, pid = pg_backend_pid(),
         backend_start = nlsql.my_start_(), next_try_at = NULL
   WHERE run_id = got.run_id AND phase = got.phase AND number = got.number;
  UPDATE nlsql.run_phase SET status = 'running', reason = NULL, last_error = NULL, running_since = clock_timestamp(),
         started_at = COALESCE(started_at, clock_timestamp())
   WHERE run_id = got.run_id AND phase = got.phase AND status <> 'running';
  UPDATE nlsql.run SET status = 'running', reason = NULL, last_error = NULL WHERE id = run_id_ AND status <> 'running';
  SELECT ordinal INTO ordinal_ FROM nlsql.run_phase WHERE run_id = got.run_id AND phase = got.phase;
  RETURN jsonb_build_object('phase', got.phase, 'ordinal', ordinal_, 'number', got.number, 'slot', got.slot,
                            'quota', got.quota, 'attempt', got.attempt + 1, 'accepted', got.accepted);
END $function$
;
REVOKE ALL ON FUNCTION nlsql.claim_(bigint,boolean) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.claim_(bigint,boolean) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.claim_some_(run_id_ bigint, phase_ text, want integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
DECLARE
  claimed  jsonb;
  ordinal_ int;
  start    timestamptz := nlsql.my_start_();
BEGIN
  SELECT p.ordinal INTO ordinal_ FROM nlsql.run_phase p
   WHERE p.run_id = run_id_ AND p.phase = phase_ AND p.status IN ('queued', 'running', 'waiting');
  IF NOT FOUND THEN
    RETURN '[]';
  END IF;
  FOR try IN 1 .. 2 LOOP
    WITH free AS MATERIALIZED (
      SELECT t.ctid AS place FROM nlsql.task t
       WHERE t.run_id + 0 = run_id_ AND t.phase = phase_ AND t.unfinished AND t.status = 'open'
         AND (t.next_try_at IS NULL OR t.next_try_at <= clock_timestamp())
       ORDER BY t.number LIMIT want),
    got AS (
      UPDATE nlsql.task k SET status = 'claimed', attempt = k.attempt + 1, pid = pg_backend_pid(),
             backend_start = start, next_try_at = NULL
        FROM free f WHERE k.ctid = f.place AND k.status = 'open'
      RETURNING k.number, k.slot, k.quota, k.attempt, k.accepted)
    SELECT COALESCE(jsonb_agg(jsonb_build_object('phase', phase_, 'ordinal', ordinal_, 'number', g.number,
             'slot', g.slot, 'quota', g.quota, 'attempt', g.attempt, 'accepted', g.accepted) ORDER BY g.number), '[]')
      INTO claimed FROM got g;
    EXIT WHEN claimed <> '[]' OR try = 2 OR nlsql.take_over_(run_id_) = 0;
  END LOOP;
  RETURN claimed;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.claim_some_(bigint,text,integer) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.claim_some_(bigint,text,integer) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.ddl(tbl regclass DEFAULT NULL::regclass)
 RETURNS text
 LANGUAGE c
 STABLE
AS '$libdir/nlsql', $function$ddl_wrapper$function$
;
REVOKE ALL ON FUNCTION nlsql.ddl(regclass) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.ddl(regclass) IS 'statements that make a table or view, with its partitions and the types, sequences and functions that it needs; NULL = all relations that the current role may read, in an order that works in an empty database';

CREATE OR REPLACE FUNCTION nlsql.exchange_(run_id_ bigint, phase_ text, b jsonb, ended json, finished json, items json, rejects json, sent json)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
  want     int := (b ->> 'claim')::int;
  ids      jsonb := '[]';
  claimed  jsonb := '[]';
  standing text;
BEGIN
  -- the same order as everybody's; a mere look at the run writes nothing
  IF want > 0 OR finished IS NOT NULL THEN
    PERFORM nlsql.lock_run_(run_id_);
  END IF;
  IF ended IS NOT NULL THEN
    PERFORM nlsql.calls_end_(run_id_, ended);
  END IF;
  IF jsonb_array_length(b -> 'recalled') > 0 THEN
    DELETE FROM nlsql.request q
     WHERE q.id = ANY (ARRAY(SELECT v::bigint FROM jsonb_array_elements_text(b -> 'recalled') v))
       AND q.run_id + 0 = run_id_ AND q.status = 'sent';
  END IF;
  IF finished IS NOT NULL THEN
    PERFORM nlsql.tasks_end_(run_id_, phase_, b ->> 'schema_hash', finished, items, rejects);
  END IF;
  IF sent IS NOT NULL THEN
    WITH new AS (
      INSERT INTO nlsql.request (run_id, phase, task, attempt, endpoint, model, reserved_usd)
      SELECT run_id_, phase_, s.task, s.attempt, b ->> 'endpoint', b ->> 'model', s.reserved
        FROM ROWS FROM (json_to_recordset(sent) AS (task int, attempt int, reserved numeric))
             WITH ORDINALITY AS s(task, attempt, reserved, n) ORDER BY s.n
      RETURNING id)
    SELECT jsonb_agg(id ORDER BY id) INTO ids FROM new;
  END IF;
  SELECT r.status INTO standing FROM nlsql.run r WHERE r.id = run_id_;
  IF want > 0 AND standing IN ('running', 'waiting') THEN
    claimed := nlsql.claim_some_(run_id_, phase_, want);
  END IF;
  -- a phase that has further tasks is not at its end
  IF finished IS NOT NULL AND claimed = '[]' THEN
    PERFORM nlsql.settle_(run_id_);
    SELECT r.status INTO standing FROM nlsql.run r WHERE r.id = run_id_;
  END IF;
  RETURN jsonb_build_object('ids', ids, 'claimed', claimed,
    'running', standing IN ('queued', 'running', 'waiting'));
END $function$
;
REVOKE ALL ON FUNCTION nlsql.exchange_(bigint,text,jsonb,json,json,json,json,json) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.exchange_(bigint,text,jsonb,json,json,json,json,json) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.fail_(run_id_ bigint, reason_ text, message_ text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM nlsql.lock_run_(run_id_);
  UPDATE nlsql.run_phase SET status = 'failed', reason = reason_, last_error = message_, finished_at = clock_timestamp()
   WHERE run_id = run_id_ AND status IN ('queued', 'running', 'waiting');
  UPDATE nlsql.run SET status = 'failed', reason = reason_, last_error = message_, finished_at = clock_timestamp()
   WHERE id = run_id_ AND status IN ('queued', 'running', 'waiting');
  IF FOUND THEN
    UPDATE nlsql.task SET status = 'open', pid = NULL, backend_start = NULL
     WHERE run_id + 0 = run_id_ AND unfinished AND status = 'claimed' AND pid = pg_backend_pid();
  END IF;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.fail_(bigint,text,text) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.fail_(bigint,text,text) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.finish_(run_id_ bigint, phase_ text, number_ integer, attempt_ integer, schema_hash_ text, items json, rejects json, status_ text, reason_ text, message_ text, redraws_ jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  p        nlsql.run_phase;
  stored   int;
BEGIN
  PERFORM nlsql.lock_run_(run_id_);
  SELECT * INTO p FROM nlsql.run_phase WHERE run_id = run_id_ AND phase = phase_;
  UPDATE nlsql.task SET status = status_, accepted = json_array_length(items), rejected = rejected + json_array_length(rejects),
         redraws = redraws_, reason = reason_, last_error = message_, pid = NULL, backend_start = NULL, finished_at = clock_timestamp()
   WHERE run_id = run_id_ AND phase = phase_ AND number = number_ AND attempt = attempt_ AND status = 'claimed'
     AND pid = pg_backend_pid();
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  stored := nlsql.put_items_(p, schema_hash_, items, ARRAY[number_]);
  PERFORM nlsql.put_rejects_(p, rejects, ARRAY[number_]);
  -- an offline task that could find nothing at all: the ones after it would not either
  IF stored = 0 AND reason_ = 'exhausted' AND p.engine = 'offline' THEN
    UPDATE nlsql.task SET status = 'cancelled', reason = 'exhausted', pid = NULL, backend_start = NULL
     WHERE run_id = run_id_ AND phase = phase_ AND number > number_ AND unfinished;
  END IF;
  PERFORM nlsql.settle_(run_id_);
  RETURN true;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.finish_(bigint,text,integer,integer,text,json,json,text,text,text,jsonb) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.finish_(bigint,text,integer,integer,text,json,json,text,text,text,jsonb) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.free_places_(sessions_max integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE run_id_ bigint;
BEGIN
  FOR run_id_ IN DELETE FROM nlsql.worker w WHERE NOT nlsql.alive_(w.pid, w.backend_start) RETURNING w.run_id LOOP
    -- one that died after its run was cancelled has left no task behind, and calls
    PERFORM nlsql.lose_calls_(run_id_);
  END LOOP;
  RETURN sessions_max - (SELECT count(*) FROM nlsql.worker);
END $function$
;
REVOKE ALL ON FUNCTION nlsql.free_places_(integer) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.free_places_(integer) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.jsonl(run text, format text DEFAULT 'nlsql'::text, split text DEFAULT NULL::text, options jsonb DEFAULT '{}'::jsonb)
 RETURNS SETOF text
 LANGUAGE c
AS '$libdir/nlsql', $function$jsonl_wrapper$function$
;
REVOKE ALL ON FUNCTION nlsql.jsonl(text,text,text,jsonb) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.jsonl(text,text,text,jsonb) IS 'the records of a run as lines of JSON, in order; formats nlsql, chat, prompt_completion, preference, alpaca, sharegpt, eval.
Evaluation pairs (those of dev and test, and in eval, spider, bird and csv those without a split) get the mutation proof on their
way out, unless they have it or option proof is false or the transaction reads only; it stays with the pair in checks.mutation';

CREATE OR REPLACE FUNCTION nlsql.keep_lines_()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$
;
REVOKE ALL ON FUNCTION nlsql.keep_lines_() FROM PUBLIC;
COMMENT ON FUNCTION nlsql.keep_lines_() IS 'internal: keeps nlsql.item_line in step with nlsql.item';

CREATE OR REPLACE FUNCTION nlsql.known_(run_id_ bigint, keys jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
BEGIN
  RETURN (SELECT COALESCE(jsonb_agg(COALESCE(
            (SELECT 'sql' FROM nlsql.item i
              WHERE i.sql_key = (k.v ->> 1)::uuid AND i.run_id + 0 = run_id_ LIMIT 1),
            (SELECT 'question' FROM nlsql.item i
              WHERE i.question_key = (k.v ->> 0)::uuid AND i.run_id + 0 = run_id_ LIMIT 1)) ORDER BY k.n), '[]')
            FROM jsonb_array_elements(keys) WITH ORDINALITY AS k(v, n));
END $function$
;
REVOKE ALL ON FUNCTION nlsql.known_(bigint,jsonb) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.known_(bigint,jsonb) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.lock_run_(run_id_ bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM FROM nlsql.run WHERE id = run_id_ FOR NO KEY UPDATE;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.lock_run_(bigint) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.lock_run_(bigint) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.lose_calls_(run_id_ bigint)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  UPDATE nlsql.request q SET status = 'lost', ended_at = clock_timestamp()
   WHERE q.id IN (SELECT c.id FROM nlsql.request c
                    JOIN nlsql.task t ON t.run_id = c.run_id AND t.phase = c.phase AND t.number = c.task
                   WHERE c.run_id = run_id_ AND c.status = 'sent' AND (t.status <> 'claimed' OR t.attempt > c.attempt)
                     FOR UPDATE OF c SKIP LOCKED)
$function$
;
REVOKE ALL ON FUNCTION nlsql.lose_calls_(bigint) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.lose_calls_(bigint) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.meet_(run_id_ bigint, wanted jsonb)
 RETURNS SETOF jsonb
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
BEGIN
  RETURN QUERY
    SELECT found.line
      FROM (SELECT t.key AS template, hashtextextended(t.key, 0) AS hash, t.value::bigint AS last
              FROM jsonb_each(wanted) t OFFSET 0) w
     CROSS JOIN LATERAL (
       SELECT jsonb_build_array(i.template, i.question, i.id) AS line FROM nlsql.item i
        WHERE (hashtextextended(i.template, 0), i.run_id, i.id) > (w.hash, run_id_, w.last)
          AND (hashtextextended(i.template, 0), i.run_id, i.id) <= (w.hash, run_id_, 9223372036854775807)
          AND i.template = w.template AND i.question IS NOT NULL OFFSET 0) found;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.meet_(bigint,jsonb) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.meet_(bigint,jsonb) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.my_start_()
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RETURN (SELECT a.backend_start FROM pg_stat_get_activity(pg_backend_pid()) a);
END $function$
;
REVOKE ALL ON FUNCTION nlsql.my_start_() FROM PUBLIC;
COMMENT ON FUNCTION nlsql.my_start_() IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.park_(run_id_ bigint, reason_ text, message_ text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM nlsql.lock_run_(run_id_);
  UPDATE nlsql.task SET status = 'open', pid = NULL, backend_start = NULL, reason = reason_, last_error = message_
   WHERE run_id + 0 = run_id_ AND unfinished AND status = 'claimed' AND pid = pg_backend_pid();
  UPDATE nlsql.run_phase SET status = 'waiting', reason = reason_, last_error = message_
   WHERE run_id = run_id_ AND status = 'running';
  UPDATE nlsql.run SET status = 'waiting', reason = reason_, last_error = message_
   WHERE id = run_id_ AND status = 'running';
END $function$
;
REVOKE ALL ON FUNCTION nlsql.park_(bigint,text,text) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.park_(bigint,text,text) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.put_items_(p nlsql.run_phase, schema_hash_ text, items json, held integer[])
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE n int;
BEGIN
  INSERT INTO nlsql.item (run_id, phase, slot, kind, question, sql, answer, turns, style, difficulty, tables, columns,
         functions, features, skeleton, template, literals, rows, result, evidence, reasoning, checks, engine, model,
         seed, schema_hash, question_key, sql_key)
  SELECT p.run_id, p.phase, i.slot, i.kind, i.question, i.sql, i.answer, i.turns, i.style, i.difficulty, i.tables,
         i.columns, i.functions, i.features, i.skeleton, i.template, i.literals, i.rows, i.result, i.evidence,
         i.reasoning, i.checks, p.engine, i.model, p.seed, schema_hash_,
         i.question_key, i.sql_key
    FROM json_to_recordset(items) AS i(task int, slot bigint, kind text, question text, sql text, answer text, turns jsonb,
         style text, difficulty text, tables text[], columns text[], functions text[], features text[], skeleton text,
         template text, literals jsonb, rows jsonb, result jsonb, evidence text, reasoning text, checks jsonb,
         model text, question_key uuid, sql_key uuid)
   WHERE i.task = ANY (held)
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.put_items_(nlsql.run_phase,text,json,integer[]) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.put_items_(nlsql.run_phase,text,json,integer[]) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.put_rejects_(p nlsql.run_phase, rejects json, held integer[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO nlsql.reject (run_id, phase, task, question, sql, answer, stage, sqlstate, message, detail, hint, fix,
         score, engine, model)
  SELECT p.run_id, p.phase, x.task, x.question, x.sql, x.answer, x.stage, x.sqlstate, x.message, x.detail, x.hint, x.fix,
         x.score, p.engine, x.model
    FROM json_to_recordset(rejects) AS x(task int, question text, sql text, answer text, stage text, sqlstate text,
         message text, detail text, hint text, fix text, score float8, model text)
   WHERE x.task = ANY (held);
END $function$
;
REVOKE ALL ON FUNCTION nlsql.put_rejects_(nlsql.run_phase,json,integer[]) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.put_rejects_(nlsql.run_phase,json,integer[]) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.register_(run_id_ bigint, role_ text, sessions_max integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  r       nlsql.run;
  free    int;
  wanted  int;
  here    int;
BEGIN
  PERFORM nlsql.lock_run_(run_id_);
  PERFORM nlsql.registry_lock_();
  SELECT * INTO r FROM nlsql.run WHERE id = run_id_ AND role = role_;
  IF NOT FOUND OR r.status NOT IN ('queued', 'running', 'waiting') THEN
    RETURN jsonb_build_object('more', 0, 'reason', 'nothing to do');
  END IF;
  free := nlsql.free_places_(sessions_max);
  IF free < 1 THEN
    RETURN jsonb_build_object('more', 0, 'reason', 'slots');
  END IF;
  SELECT count(*) INTO here FROM nlsql.worker w WHERE w.run_id = run_id_;
  SELECT LEAST(max(COALESCE((p.options ->> 'workers')::int, CASE p.engine WHEN 'offline' THEN 2 ELSE 1 END)),
               (SELECT count(*) FROM nlsql.task t WHERE t.run_id + 0 = run_id_ AND t.unfinished))
    INTO wanted FROM nlsql.run_phase p
   WHERE p.run_id = run_id_ AND p.status IN ('queued', 'running', 'waiting');
  IF here >= GREATEST(wanted, 1) THEN
    RETURN jsonb_build_object('more', 0, 'reason', 'enough workers');
  END IF;
  INSERT INTO nlsql.worker (pid, backend_start, run_id) VALUES (pg_backend_pid(), nlsql.my_start_(), run_id_);
  UPDATE nlsql.run SET status = 'running', reason = NULL, started_at = COALESCE(started_at, clock_timestamp())
   WHERE id = run_id_ AND status = 'queued';
  RETURN jsonb_build_object('more', GREATEST(0, LEAST(wanted - here - 1, free - 1)), 'run', nlsql.run_(run_id_));
END $function$
;
REVOKE ALL ON FUNCTION nlsql.register_(bigint,text,integer) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.register_(bigint,text,integer) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.relationships(options jsonb DEFAULT '{}'::jsonb)
 RETURNS TABLE(child regclass, child_columns text[], parent regclass, parent_columns text[], declared boolean, confidence double precision, evidence jsonb)
 LANGUAGE c
 STABLE
AS '$libdir/nlsql', $function$relationships_wrapper$function$
;
REVOKE ALL ON FUNCTION nlsql.relationships(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.relationships(jsonb) IS 'references between the relations that the current role may read: foreign keys first, with confidence 1, then those that names, types, keys and values speak for, each with its votes; parent is null where a column says for each row of which table it is';

CREATE OR REPLACE FUNCTION nlsql.resume_(run_id_ bigint, role_ text)
 RETURNS bigint
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  n    bigint;
  held bigint;
BEGIN
  PERFORM FROM nlsql.run WHERE id = run_id_ AND role = role_ FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  held := nlsql.take_over_(run_id_);
  UPDATE nlsql.task SET status = 'open', reason = NULL, last_error = NULL, next_try_at = NULL, lost = 0
   WHERE run_id = run_id_ AND (status = 'failed' OR (status = 'cancelled' AND reason IS DISTINCT FROM 'exhausted'));
  GET DIAGNOSTICS n = ROW_COUNT;
  PERFORM nlsql.lose_calls_(run_id_);
  UPDATE nlsql.run_phase p SET status = 'queued', reason = NULL, last_error = NULL, finished_at = NULL
   WHERE p.run_id = run_id_ AND p.status NOT IN ('running', 'queued')
     AND EXISTS (SELECT FROM nlsql.task t WHERE t.run_id = p.run_id AND t.phase = p.phase AND t.unfinished);
  UPDATE nlsql.run r SET status = 'queued', reason = NULL, last_error = NULL, finished_at = NULL
   WHERE r.id = run_id_ AND r.status <> 'running'
     AND EXISTS (SELECT FROM nlsql.task t WHERE t.run_id = r.id AND t.unfinished);
  -- its worker is started by the caller at COMMIT
  UPDATE nlsql.run SET launched_at = clock_timestamp() WHERE id = run_id_;
  RETURN n + held;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.resume_(bigint,text) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.resume_(bigint,text) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.schema_json(tables regclass[] DEFAULT NULL::regclass[])
 RETURNS jsonb
 LANGUAGE c
 STABLE
AS '$libdir/nlsql', $function$schema_json_wrapper$function$
;
REVOKE ALL ON FUNCTION nlsql.schema_json(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.schema_json(regclass[]) IS 'the relations that the current role may read, with columns, keys, checks, comments and statistics; NULL = all';

CREATE OR REPLACE FUNCTION nlsql.settle_(run_id_ bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
DECLARE
  phase_ text;
  over   bool := false;
BEGIN
  PERFORM nlsql.lock_run_(run_id_);
  -- the sums below read every task, so only where some phase has no unfinished one; one look into the index a phase
  FOR phase_ IN
    SELECT p.phase FROM nlsql.run_phase p WHERE p.run_id = run_id_ AND p.status IN ('queued', 'running', 'waiting')
  LOOP
    over := over OR NOT EXISTS (SELECT FROM nlsql.task t WHERE t.run_id + 0 = run_id_ AND t.phase = phase_
                                   AND t.unfinished);
  END LOOP;
  IF NOT over THEN
    RETURN;
  END IF;
  UPDATE nlsql.run_phase p
     SET status = CASE WHEN s.failed THEN 'failed' WHEN s.accepted < p.requested AND NOT s.whole THEN 'short' ELSE 'done' END,
         reason = CASE WHEN s.accepted < p.requested AND NOT s.whole THEN COALESCE(s.reason, 'exhausted') END,
         last_error = CASE WHEN s.accepted < p.requested AND NOT s.whole THEN s.last_error END,
         finished_at = clock_timestamp()
    FROM (SELECT t.phase, sum(t.accepted) AS accepted, bool_or(t.status = 'failed') AND sum(t.accepted) = 0 AS failed,
                 max(t.reason) AS reason, max(t.last_error) AS last_error,
                 -- a table with fewer rows than asked for gives all that it has
                 t.phase = 'sample_data' AND max(t.reason) IS NULL AS whole
            FROM nlsql.task t WHERE t.run_id = run_id_ GROUP BY t.phase
          HAVING bool_and(t.status NOT IN ('open', 'claimed'))) s
   WHERE p.run_id = run_id_ AND p.phase = s.phase AND p.status IN ('queued', 'running', 'waiting');
  IF FOUND THEN
    UPDATE nlsql.run r
       SET status = s.status, reason = s.reason, last_error = s.last_error, finished_at = clock_timestamp()
      FROM (SELECT (array_agg(p.status ORDER BY array_position('{failed,budget,short,done}'::text[], p.status)))[1] AS status,
                   max(p.reason) AS reason, max(p.last_error) AS last_error,
                   bool_and(p.status IN ('done', 'short', 'budget', 'failed', 'cancelled')) AS ended
              FROM nlsql.run_phase p WHERE p.run_id = run_id_) s
     WHERE r.id = run_id_ AND s.ended AND r.status IN ('queued', 'running', 'waiting');
  END IF;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.settle_(bigint) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.settle_(bigint) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.standing_(run_id_ bigint)
 RETURNS jsonb
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT jsonb_build_object(
    'elsewhere', (SELECT count(*) FROM nlsql.task t WHERE t.run_id + 0 = run_id_ AND t.unfinished AND t.status = 'claimed'
                     AND t.pid <> pg_backend_pid() AND nlsql.alive_(t.pid, t.backend_start)),
    'next_try_ms', (SELECT GREATEST(0, EXTRACT(epoch FROM min(t.next_try_at) - clock_timestamp()) * 1000)::bigint
                      FROM nlsql.task t WHERE t.run_id + 0 = run_id_ AND t.unfinished AND t.status = 'open'),
    'ended', NOT EXISTS (SELECT FROM nlsql.run r WHERE r.id = run_id_ AND r.status IN ('queued', 'running', 'waiting')))
$function$
;
REVOKE ALL ON FUNCTION nlsql.standing_(bigint) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.standing_(bigint) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.take_over_(run_id_ bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE n int;
BEGIN
  UPDATE nlsql.task t
     SET status = CASE WHEN t.lost < 9 THEN 'open' ELSE 'failed' END, lost = t.lost + 1, pid = NULL, backend_start = NULL,
         reason = CASE WHEN t.lost < 9 THEN NULL ELSE 'crash' END,
         last_error = CASE WHEN t.lost < 9 THEN NULL ELSE 'ten workers ended in the middle of this task' END
   WHERE t.run_id + 0 = run_id_ AND t.unfinished AND t.status = 'claimed'
     AND (t.pid, t.backend_start) IS DISTINCT FROM (pg_backend_pid(), nlsql.my_start_())
     AND NOT nlsql.alive_(t.pid, t.backend_start);
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN
    PERFORM nlsql.lose_calls_(run_id_);
    INSERT INTO nlsql.event (run_id, level, message)
    VALUES (run_id_, 'warning', format('%s tasks of a worker that is gone are open again', n));
  END IF;
  RETURN n;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.take_over_(bigint) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.take_over_(bigint) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.tasks_end_(run_id_ bigint, phase_ text, schema_hash_ text, finished json, items json, rejects json)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
DECLARE
  p       nlsql.run_phase;
  f       record;
  held    int[];
  brought bigint;
BEGIN
  SELECT * INTO p FROM nlsql.run_phase WHERE run_id = run_id_ AND phase = phase_;
  WITH ended AS (
    UPDATE nlsql.task k
       SET status = n.status, accepted = k.accepted + n.accepted, rejected = k.rejected + n.rejected,
           reason = n.reason, last_error = n.message,
           next_try_at = CASE WHEN n.pause_ms IS NOT NULL THEN clock_timestamp() + n.pause_ms * interval '1 ms' END,
           pid = NULL, backend_start = NULL,
           finished_at = CASE WHEN n.status <> 'open' THEN clock_timestamp() END
      FROM json_to_recordset(finished) AS n(number int, attempt int, status text, reason text,
             message text, pause_ms bigint, accepted int, rejected int)
     CROSS JOIN LATERAL (SELECT o.ctid FROM nlsql.task o
                          WHERE o.run_id = run_id_ AND o.phase = phase_ AND o.number = n.number
                            AND o.attempt = n.attempt AND o.status = 'claimed' AND o.pid = pg_backend_pid()
                         OFFSET 0) found
     WHERE k.ctid = found.ctid
    RETURNING k.number, n.accepted)
  SELECT COALESCE(array_agg(e.number), '{}'), COALESCE(sum(e.accepted), 0) INTO held, brought FROM ended e;
  IF brought > 0 AND nlsql.put_items_(p, schema_hash_, items, held) < brought THEN
    -- another phase of the run was faster with the same question or statement
    FOR f IN
      SELECT k.number, k.accepted, (SELECT count(*) FROM nlsql.item i WHERE i.run_id = run_id_ AND i.phase = phase_
                                       AND i.slot >= k.slot AND i.slot < k.slot + k.quota) AS stored
        FROM nlsql.task k WHERE k.run_id = run_id_ AND k.phase = phase_ AND k.number = ANY (held)
    LOOP
      UPDATE nlsql.task k SET accepted = f.stored, reason = COALESCE(k.reason, 'duplicate')
       WHERE k.run_id = run_id_ AND k.phase = phase_ AND k.number = f.number AND f.stored < f.accepted;
    END LOOP;
  END IF;
  IF rejects IS NOT NULL THEN
    PERFORM nlsql.put_rejects_(p, rejects, held);
  END IF;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.tasks_end_(bigint,text,text,json,json,json) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.tasks_end_(bigint,text,text,json,json,json) IS 'internal: called by nlsql itself';

CREATE OR REPLACE FUNCTION nlsql.turn_(run_id_ bigint, phase_ text, number_ integer)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  waiting bool := false;
  status_ text;
  earlier record;
BEGIN
  SELECT p.status INTO status_ FROM nlsql.run_phase p JOIN nlsql.run r ON r.id = p.run_id
   WHERE p.run_id = run_id_ AND p.phase = phase_ AND r.status IN ('running', 'waiting');
  IF status_ IS NULL OR status_ NOT IN ('running', 'waiting') THEN
    RETURN 'ended';
  END IF;
  FOR earlier IN
    SELECT t.status, t.pid, t.backend_start
      FROM nlsql.run_phase me
      JOIN nlsql.run_phase p ON p.run_id = me.run_id AND p.ordinal <= me.ordinal AND p.engine = 'offline'
      JOIN nlsql.task t ON t.run_id + 0 = run_id_ AND t.phase = p.phase
     WHERE me.run_id = run_id_ AND me.phase = phase_ AND t.unfinished
       AND (p.ordinal < me.ordinal OR t.number < number_)
       AND p.status IN ('queued', 'running', 'waiting')
     ORDER BY p.ordinal, t.number
  LOOP
    IF earlier.status = 'open' THEN
      RETURN 'give_back';
    ELSIF nlsql.alive_(earlier.pid, earlier.backend_start) THEN
      waiting := true;
      EXIT;
    ELSE
      -- the next claim takes it over
      RETURN 'give_back';
    END IF;
  END LOOP;
  RETURN CASE WHEN waiting THEN 'wait' ELSE 'mine' END;
END $function$
;
REVOKE ALL ON FUNCTION nlsql.turn_(bigint,text,integer) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.turn_(bigint,text,integer) IS 'internal: called by nlsql itself';
