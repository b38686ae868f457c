-- The ledger of API calls, and what a worker that talks to a model writes. Called as the extension's owner by
-- pg/ledger.rs, each in a short transaction.

-- Statements here look up single rows, and name a run as run_id + 0 where another index than the one that is meant could
-- serve (tables.sql): a plan that was made while the tables were empty is kept, and would read all of a run again and
-- again. PL/pgSQL keeps plans; SQL functions would be planned at each call. What changes many rows finds each by the index in
-- a LATERAL query that OFFSET 0 keeps whole, and then by its place: no statistics can make another plan of it.
CREATE FUNCTION nlsql.calls_end_(run_id_ bigint, ended json) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
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
END $$;

-- What a run has spent, calls in flight and lost ones at their reservation.
CREATE FUNCTION nlsql.spent_(run_id_ bigint) RETURNS numeric
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT COALESCE(sum(COALESCE(q.usd, q.reserved_usd)), 0) FROM nlsql.request q WHERE q.run_id = run_id_
$$;

-- All that a worker has to write about the calls and tasks of one phase, in one statement, so that a thousand pairs a
-- second cost a few transactions: calls that ended, tasks that ended or are put off with what they brought, calls about
-- to be sent, and further tasks. Returns the ids of the new calls in order, the claimed tasks, and how the run stands.
-- A list is NULL where it is empty, and json, since each is read once: a jsonb would be built only to be taken apart.
CREATE FUNCTION nlsql.exchange_(run_id_ bigint, phase_ text, b jsonb, ended json, finished json, items json,
                                rejects json, sent json) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
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
END $$;

-- Tasks that ended or are opened again, and their records. A task that is not this worker's any more was cancelled or
-- taken over: what it brought does not count.
CREATE FUNCTION nlsql.tasks_end_(run_id_ bigint, phase_ text, schema_hash_ text, finished json, items json, rejects json)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
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
END $$;

-- Claims up to so many tasks of one phase. The caller holds the run's lock, as all do who change a task's status: the
-- rows need none of their own.
CREATE FUNCTION nlsql.claim_some_(run_id_ bigint, phase_ text, want int) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
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
END $$;

-- Whether the run has each of these questions and statements, by their keys, already: 'sql', 'question' or null. A
-- scalar query is looked up for each; EXISTS might be made into a hash of all that the run has.
CREATE FUNCTION nlsql.known_(run_id_ bigint, keys jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  RETURN (SELECT COALESCE(jsonb_agg(COALESCE(
            (SELECT 'sql' FROM nlsql.item i
              WHERE i.sql_key = (k.v ->> 1)::uuid AND i.run_id + 0 = run_id_ LIMIT 1),
            (SELECT 'question' FROM nlsql.item i
              WHERE i.question_key = (k.v ->> 0)::uuid AND i.run_id + 0 = run_id_ LIMIT 1)) ORDER BY k.n), '[]')
            FROM jsonb_array_elements(keys) WITH ORDINALITY AS k(v, n));
END $$;

-- The questions that the run has stored on templates, {template: last record known of it}, beyond the known ones:
-- template, question and id. Whoever stores holds the run's lock, so that ids become visible in their order.
CREATE FUNCTION nlsql.meet_(run_id_ bigint, wanted jsonb) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
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
END $$;

-- Ends the phases of a run that would cost more than is left; its open tasks wait for resume().
CREATE FUNCTION nlsql.over_budget_(run_id_ bigint, message_ text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM nlsql.lock_run_(run_id_);
  UPDATE nlsql.run_phase SET status = 'budget', reason = 'budget', last_error = message_, finished_at = clock_timestamp()
   WHERE run_id = run_id_ AND engine <> 'offline' AND status IN ('queued', 'running', 'waiting');
  IF NOT EXISTS (SELECT FROM nlsql.run_phase WHERE run_id = run_id_ AND status IN ('queued', 'running', 'waiting')) THEN
    UPDATE nlsql.run SET status = 'budget', reason = 'budget', last_error = message_, finished_at = clock_timestamp()
     WHERE id = run_id_ AND status IN ('queued', 'running', 'waiting');
  END IF;
  INSERT INTO nlsql.event (run_id, level, message) VALUES (run_id_, 'notice', message_);
END $$;

-- A budget of the caller's own session takes the place of the one that the run was begun with.
CREATE FUNCTION nlsql.set_budget_(run_id_ bigint, budget float8) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE nlsql.run_phase SET options = jsonb_set(options, '{budget_usd}', to_jsonb(budget))
   WHERE run_id = run_id_ AND engine <> 'offline' AND status NOT IN ('done', 'short')
$$;

-- What was found out about an endpoint, so that each lesson is paid for once. Of no use to anyone but nlsql.
CREATE TABLE nlsql.learned (
  endpoint text NOT NULL,
  model    text NOT NULL,
  lessons  jsonb NOT NULL,
  PRIMARY KEY (endpoint, model)
);
COMMENT ON TABLE nlsql.learned IS 'parts of a request that an endpoint refuses, and the form of replies that it can give';

CREATE FUNCTION nlsql.learn_(endpoint_ text, model_ text, lessons_ jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO nlsql.learned (endpoint, model, lessons) VALUES (endpoint_, model_, lessons_)
  ON CONFLICT (endpoint, model) DO UPDATE SET lessons = excluded.lessons
$$;
