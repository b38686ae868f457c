-- What workers do to runs' rows, one function a step. pg/store.rs calls these as the extension's owner, each in a
-- short transaction; nobody else may execute them. A worker is known by (pid, backend start), so that a dead one's
-- claim is known at once and a reused pid never passes for it. An advisory lock would prove nothing more: any role
-- could take the same one.
-- Order of locks: the run's row, then the registry, then anything else of the run.

-- Serialises what changes a run: the statements that follow see all that was committed before.
CREATE FUNCTION nlsql.lock_run_(run_id_ bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM nlsql.run WHERE id = run_id_ FOR NO KEY UPDATE;
END $$;

-- Serialises registration in this database; 'nlsq' as a number.
CREATE FUNCTION nlsql.registry_lock_() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$ SELECT pg_advisory_xact_lock(1852601196, 1) $$;

-- Asked at every claim: PL/pgSQL keeps the plan.
CREATE FUNCTION nlsql.my_start_() RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT a.backend_start FROM pg_stat_get_activity(pg_backend_pid()) a);
END $$;

CREATE FUNCTION nlsql.alive_(pid int, backend_start timestamptz) RETURNS bool
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM pg_stat_get_activity($1) a WHERE a.backend_start = $2);
END $$;

-- Places that are free now. Dead workers' rows go on the way.
CREATE FUNCTION nlsql.free_places_(sessions_max int) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE run_id_ bigint;
BEGIN
  FOR run_id_ IN DELETE FROM nlsql.worker w WHERE NOT nlsql.alive_(w.pid, w.backend_start) RETURNING w.run_id LOOP
    -- one that died after its run was cancelled has left no task behind, and calls
    PERFORM nlsql.lose_calls_(run_id_);
  END LOOP;
  RETURN sessions_max - (SELECT count(*) FROM nlsql.worker);
END $$;

-- A run as its worker reads it.
CREATE FUNCTION nlsql.run_(run_id_ bigint) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object('id', r.id, 'name', r.name, 'search_path', r.search_path, 'settings', r.settings,
           'phases', (SELECT jsonb_agg(jsonb_build_object('phase', p.phase, 'ordinal', p.ordinal, 'engine', p.engine,
                               'seed', p.seed, 'options', p.options) ORDER BY p.ordinal)
                        FROM nlsql.run_phase p WHERE p.run_id = r.id))
    FROM nlsql.run r WHERE r.id = run_id_
$$;

CREATE FUNCTION nlsql.register_(run_id_ bigint, role_ text, sessions_max int) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

-- Calls that nobody waits for any more, for their task is in nobody's hands or in others'. They stay charged. A worker
-- that does wait writes how they ended all the same.
CREATE FUNCTION nlsql.lose_calls_(run_id_ bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE nlsql.request q SET status = 'lost', ended_at = clock_timestamp()
   WHERE q.id IN (SELECT c.id FROM nlsql.request c
                    JOIN nlsql.task t ON t.run_id = c.run_id AND t.phase = c.phase AND t.number = c.task
                   WHERE c.run_id = run_id_ AND c.status = 'sent' AND (t.status <> 'claimed' OR t.attempt > c.attempt)
                     FOR UPDATE OF c SKIP LOCKED)
$$;

-- Opens the tasks that dead workers held. A task that goes down with its worker again and again is given up.
CREATE FUNCTION nlsql.take_over_(run_id_ bigint) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

CREATE FUNCTION nlsql.claim_(run_id_ bigint, offline_only bool) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

-- Offline tasks are stored in (ordinal, number) order, so that duplicates between them fall the same way whoever
-- was faster.
CREATE FUNCTION nlsql.turn_(run_id_ bigint, phase_ text, number_ int) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

-- Accepted records of these tasks; number of rows.
CREATE FUNCTION nlsql.put_items_(p nlsql.run_phase, schema_hash_ text, items json, held int[]) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

CREATE FUNCTION nlsql.put_rejects_(p nlsql.run_phase, rejects json, held int[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO nlsql.reject (run_id, phase, task, question, sql, answer, stage, sqlstate, message, detail, hint, fix,
         score, engine, model)
  SELECT p.run_id, p.phase, x.task, x.question, x.sql, x.answer, x.stage, x.sqlstate, x.message, x.detail, x.hint, x.fix,
         x.score, p.engine, x.model
    FROM json_to_recordset(rejects) AS x(task int, question text, sql text, answer text, stage text, sqlstate text,
         message text, detail text, hint text, fix text, score float8, model text)
   WHERE x.task = ANY (held);
END $$;

CREATE FUNCTION nlsql.finish_(run_id_ bigint, phase_ text, number_ int, attempt_ int, schema_hash_ text,
                              items json, rejects json, status_ text, reason_ text, message_ text,
                              redraws_ jsonb) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

-- Ends phases whose tasks are all finished, and the run with its last phase.
CREATE FUNCTION nlsql.settle_(run_id_ bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
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
END $$;

CREATE FUNCTION nlsql.standing_(run_id_ bigint) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object(
    'elsewhere', (SELECT count(*) FROM nlsql.task t WHERE t.run_id + 0 = run_id_ AND t.unfinished AND t.status = 'claimed'
                     AND t.pid <> pg_backend_pid() AND nlsql.alive_(t.pid, t.backend_start)),
    'next_try_ms', (SELECT GREATEST(0, EXTRACT(epoch FROM min(t.next_try_at) - clock_timestamp()) * 1000)::bigint
                      FROM nlsql.task t WHERE t.run_id + 0 = run_id_ AND t.unfinished AND t.status = 'open'),
    'ended', NOT EXISTS (SELECT FROM nlsql.run r WHERE r.id = run_id_ AND r.status IN ('queued', 'running', 'waiting')))
$$;

CREATE FUNCTION nlsql.fail_(run_id_ bigint, reason_ text, message_ text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

-- Gives a task back that cannot be done just now (a full disk, a locked table) for the worker to try again after a pause.
CREATE FUNCTION nlsql.park_(run_id_ bigint, reason_ text, message_ text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM nlsql.lock_run_(run_id_);
  UPDATE nlsql.task SET status = 'open', pid = NULL, backend_start = NULL, reason = reason_, last_error = message_
   WHERE run_id + 0 = run_id_ AND unfinished AND status = 'claimed' AND pid = pg_backend_pid();
  UPDATE nlsql.run_phase SET status = 'waiting', reason = reason_, last_error = message_
   WHERE run_id = run_id_ AND status = 'running';
  UPDATE nlsql.run SET status = 'waiting', reason = reason_, last_error = message_
   WHERE id = run_id_ AND status = 'running';
END $$;

-- The unfinished runs without a worker, of whichever role, that free places go to. A run whose worker could not
-- start goes behind the others; a role that could not connect is passed over.
CREATE FUNCTION nlsql.queued_(free int, role_ text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH chosen AS (
    SELECT r.id, a.oid
      FROM nlsql.run r JOIN pg_roles a ON a.rolname = r.role
     WHERE r.status IN ('queued', 'running', 'waiting') AND (role_ IS NULL OR r.role = role_)
       AND (a.rolcanlogin OR current_setting('server_version_num')::int >= 170000)
       AND has_database_privilege(a.oid, current_database(), 'CONNECT')
       AND NOT EXISTS (SELECT FROM nlsql.worker w WHERE w.run_id = r.id AND nlsql.alive_(w.pid, w.backend_start))
     ORDER BY r.launched_at NULLS FIRST, r.id LIMIT GREATEST(free, 0)
       FOR NO KEY UPDATE OF r SKIP LOCKED),
  marked AS (
    UPDATE nlsql.run r SET launched_at = clock_timestamp() FROM chosen c WHERE r.id = c.id RETURNING r.id, c.oid)
  SELECT COALESCE(jsonb_agg(jsonb_build_object('run_id', m.id, 'role', m.oid::bigint) ORDER BY m.id), '[]') FROM marked m
$$;

-- Whether a run waits for a worker: none is at it, and none was asked for just now. The caller starts one.
CREATE FUNCTION nlsql.orphaned_(run_id_ bigint) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE nlsql.run r SET launched_at = clock_timestamp()
   WHERE r.id = (SELECT o.id FROM nlsql.run o
                  WHERE o.id = run_id_ AND o.status IN ('queued', 'running', 'waiting')
                    AND (o.launched_at IS NULL OR o.launched_at < clock_timestamp() - interval '300 milliseconds')
                    AND NOT EXISTS (SELECT FROM nlsql.worker w WHERE w.run_id = o.id AND nlsql.alive_(w.pid, w.backend_start))
                    FOR NO KEY UPDATE SKIP LOCKED);
  RETURN FOUND;
END $$;

CREATE FUNCTION nlsql.unregister_(sessions_max int) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM nlsql.worker w WHERE w.pid = pg_backend_pid();
  PERFORM nlsql.registry_lock_();
  RETURN nlsql.queued_(nlsql.free_places_(sessions_max));
END $$;

-- The processes that are at the run now, to be told that it changed.
CREATE FUNCTION nlsql.workers_(run_id_ bigint) RETURNS SETOF int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.pid FROM nlsql.worker w WHERE w.run_id = run_id_ AND nlsql.alive_(w.pid, w.backend_start)
$$;

CREATE FUNCTION nlsql.cancel_(run_id_ bigint, role_ text) RETURNS bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

CREATE FUNCTION nlsql.resume_(run_id_ bigint, role_ text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
END $$;

CREATE FUNCTION nlsql.drop_run_(run_id_ bigint, role_ text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE n bigint;
BEGIN
  PERFORM nlsql.cancel_(run_id_, role_);
  SELECT 1 + (SELECT count(*) FROM nlsql.run_phase WHERE run_id = run_id_) + (SELECT count(*) FROM nlsql.task WHERE run_id = run_id_)
       + (SELECT count(*) FROM nlsql.event WHERE run_id = run_id_) + (SELECT count(*) FROM nlsql.request WHERE run_id = run_id_)
       + (SELECT count(*) FROM nlsql.item WHERE run_id = run_id_) + (SELECT count(*) FROM nlsql.reject WHERE run_id = run_id_)
    INTO n;
  DELETE FROM nlsql.run WHERE id = run_id_ AND role = role_;
  RETURN CASE WHEN FOUND THEN n ELSE 0 END;
END $$;
