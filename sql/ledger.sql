-- The ledger of API calls, and what a worker that talks to a model writes. Called as the extension's owner by
-- pg/ledger.rs, each in a short transaction.

-- Statements here look up single rows, in loops, and name a run as run_id + 0 where another index than the one that is
-- meant could serve (tables.sql): a plan that was made while the tables were empty is kept, and would read all of a run
-- again and again. PL/pgSQL keeps plans; SQL functions would be planned at each call.
CREATE FUNCTION nlsql.calls_end_(run_id_ bigint, ended jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE e record;
BEGIN
  FOR e IN
    SELECT * FROM jsonb_to_recordset(ended) AS e(id bigint, status text, error text, http_status int,
      prompt_tokens bigint, cached_tokens bigint, completion_tokens bigint, reasoning_tokens bigint, usd numeric,
      latency_ms int, request_id text)
  LOOP
    UPDATE nlsql.request q
       SET status = e.status, error = e.error, http_status = e.http_status, prompt_tokens = e.prompt_tokens,
           cached_tokens = e.cached_tokens, completion_tokens = e.completion_tokens,
           reasoning_tokens = e.reasoning_tokens, usd = e.usd, latency_ms = e.latency_ms, request_id = e.request_id,
           ended_at = clock_timestamp()
     WHERE q.id = e.id AND q.run_id + 0 = run_id_;
  END LOOP;
END $$;

-- What a run has spent, calls in flight and lost ones at their reservation.
CREATE FUNCTION nlsql.spent_(run_id_ bigint) RETURNS numeric
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT COALESCE(sum(COALESCE(q.usd, q.reserved_usd)), 0) FROM nlsql.request q WHERE q.run_id = run_id_
$$;

-- All that a worker has to write about the calls and tasks of one phase, in one statement, so that a thousand pairs a
-- second cost a few transactions: calls that ended, tasks that ended or are put off with what they brought, calls about
-- to be sent, and further tasks. Returns the ids of the new calls in order, the claimed tasks, and how the run stands.
CREATE FUNCTION nlsql.exchange_(run_id_ bigint, phase_ text, b jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  finished bool := jsonb_array_length(b -> 'finished') > 0;
  want     int := (b ->> 'claim')::int;
  ids      jsonb := '[]';
  claimed  jsonb := '[]';
  standing text;
BEGIN
  -- the same order as everybody's; a mere look at the run writes nothing
  IF want > 0 OR finished THEN
    PERFORM nlsql.lock_run_(run_id_);
  END IF;
  IF jsonb_array_length(b -> 'ended') > 0 THEN
    PERFORM nlsql.calls_end_(run_id_, b -> 'ended');
  END IF;
  IF jsonb_array_length(b -> 'recalled') > 0 THEN
    DELETE FROM nlsql.request q
     WHERE q.id = ANY (ARRAY(SELECT v::bigint FROM jsonb_array_elements_text(b -> 'recalled') v))
       AND q.run_id + 0 = run_id_ AND q.status = 'sent';
  END IF;
  IF finished THEN
    PERFORM nlsql.tasks_end_(run_id_, phase_, b);
    PERFORM nlsql.settle_(run_id_);
  END IF;
  IF jsonb_array_length(b -> 'sent') > 0 THEN
    WITH new AS (
      INSERT INTO nlsql.request (run_id, phase, task, attempt, endpoint, model, reserved_usd)
      SELECT run_id_, phase_, (s.v ->> 'task')::int, (s.v ->> 'attempt')::int, b ->> 'endpoint', b ->> 'model',
             (s.v ->> 'reserved')::numeric
        FROM jsonb_array_elements(b -> 'sent') WITH ORDINALITY AS s(v, n) ORDER BY s.n
      RETURNING id)
    SELECT jsonb_agg(id ORDER BY id) INTO ids FROM new;
  END IF;
  SELECT r.status INTO standing FROM nlsql.run r WHERE r.id = run_id_;
  IF want > 0 AND standing IN ('running', 'waiting') THEN
    claimed := nlsql.claim_some_(run_id_, phase_, want);
  END IF;
  RETURN jsonb_build_object('ids', ids, 'claimed', claimed,
    'running', standing IN ('queued', 'running', 'waiting'));
END $$;

-- Tasks that ended or are opened again, and their records. A task that is not this worker's any more was cancelled or
-- taken over: what it brought does not count.
CREATE FUNCTION nlsql.tasks_end_(run_id_ bigint, phase_ text, b jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  p       nlsql.run_phase;
  f       record;
  held    int[] := '{}';
  brought int := 0;
BEGIN
  SELECT * INTO p FROM nlsql.run_phase WHERE run_id = run_id_ AND phase = phase_;
  FOR f IN
    SELECT * FROM jsonb_to_recordset(b -> 'finished') AS f(number int, attempt int, status text, reason text,
      message text, pause_ms bigint, accepted int, rejected int)
  LOOP
    UPDATE nlsql.task k
       SET status = f.status, accepted = k.accepted + f.accepted, rejected = k.rejected + f.rejected,
           reason = f.reason, last_error = f.message,
           next_try_at = CASE WHEN f.pause_ms IS NOT NULL THEN clock_timestamp() + f.pause_ms * interval '1 ms' END,
           pid = NULL, backend_start = NULL,
           finished_at = CASE WHEN f.status <> 'open' THEN clock_timestamp() END
     WHERE k.run_id = run_id_ AND k.phase = phase_ AND k.number = f.number AND k.attempt = f.attempt
       AND k.status = 'claimed' AND k.pid = pg_backend_pid();
    IF FOUND THEN
      held := held || f.number;
      brought := brought + f.accepted;
    END IF;
  END LOOP;
  IF brought > 0 AND nlsql.put_items_(p, b ->> 'schema_hash', b -> 'items', held) < brought THEN
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
  IF jsonb_array_length(b -> 'rejects') > 0 THEN
    PERFORM nlsql.put_rejects_(p, b -> 'rejects', held);
  END IF;
END $$;

-- Claims up to so many tasks of one phase.
CREATE FUNCTION nlsql.claim_some_(run_id_ bigint, phase_ text, want int) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  claimed  jsonb := '[]';
  ordinal_ int;
  start    timestamptz := nlsql.my_start_();
  n        int;
  got      nlsql.task;
BEGIN
  SELECT p.ordinal INTO ordinal_ FROM nlsql.run_phase p
   WHERE p.run_id = run_id_ AND p.phase = phase_ AND p.status IN ('queued', 'running', 'waiting');
  IF NOT FOUND THEN
    RETURN claimed;
  END IF;
  FOR try IN 1 .. 2 LOOP
    FOR n IN
      SELECT t.number FROM nlsql.task t
       WHERE t.run_id + 0 = run_id_ AND t.phase = phase_ AND t.status = 'open'
         AND (t.next_try_at IS NULL OR t.next_try_at <= clock_timestamp())
       ORDER BY t.number LIMIT want FOR UPDATE SKIP LOCKED
    LOOP
      UPDATE nlsql.task k SET status = 'claimed', attempt = k.attempt + 1, pid = pg_backend_pid(),
             backend_start = start, next_try_at = NULL
       WHERE k.run_id = run_id_ AND k.phase = phase_ AND k.number = n
      RETURNING * INTO got;
      claimed := claimed || jsonb_build_object('phase', phase_, 'ordinal', ordinal_, 'number', n, 'slot', got.slot,
        'quota', got.quota, 'attempt', got.attempt, 'accepted', got.accepted);
    END LOOP;
    EXIT WHEN claimed <> '[]' OR try = 2 OR nlsql.take_over_(run_id_) = 0;
  END LOOP;
  RETURN claimed;
END $$;

-- Which of these questions and statements, in normal form, the run has already.
CREATE FUNCTION nlsql.known_(run_id_ bigint, keys jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  k     record;
  known bool[] := '{}';
BEGIN
  FOR k IN SELECT md5(e.v ->> 0)::uuid AS question, md5(e.v ->> 1)::uuid AS sql
             FROM jsonb_array_elements(keys) WITH ORDINALITY AS e(v, n) ORDER BY e.n
  LOOP
    known := known || (
      EXISTS (SELECT FROM nlsql.item i WHERE i.question_key = k.question AND i.run_id + 0 = run_id_)
      OR EXISTS (SELECT FROM nlsql.item i WHERE i.sql_key = k.sql AND i.run_id + 0 = run_id_));
  END LOOP;
  RETURN to_jsonb(known);
END $$;

-- The questions that the run has stored on templates, {template: last record known of it}, beyond the known ones:
-- template, question and id. Whoever stores holds the run's lock, so that ids become visible in their order.
CREATE FUNCTION nlsql.meet_(run_id_ bigint, wanted jsonb) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE w record;
BEGIN
  FOR w IN SELECT t.key AS template, hashtextextended(t.key, 0) AS hash, t.value::bigint AS last FROM jsonb_each(wanted) t
  LOOP
    RETURN QUERY
      SELECT jsonb_build_array(i.template, i.question, i.id) FROM nlsql.item i
       WHERE (hashtextextended(i.template, 0), i.run_id, i.id) > (w.hash, run_id_, w.last)
         AND (hashtextextended(i.template, 0), i.run_id, i.id) <= (w.hash, run_id_, 9223372036854775807)
         AND i.template = w.template AND i.question IS NOT NULL;
  END LOOP;
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
