-- Waiting for runs. A procedure, so that it can commit between looks: it holds no snapshot while it waits. Since a
-- procedure that commits can have no SET clause, every name and operator here is qualified.
CREATE PROCEDURE nlsql.wait(run text DEFAULT NULL, timeout interval DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
  until_ timestamptz := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) timeout;
  said   timestamptz := pg_catalog.clock_timestamp();
  pause  float8 := 0.02;
  last   text;
  names  text[];
  state  jsonb;
  r      jsonb;
  line   text;
BEGIN
  IF nlsql.in_transaction_block_() THEN
    RAISE EXCEPTION 'nlsql.wait() cannot run inside a transaction block'
      USING ERRCODE = 'active_sql_transaction',
            HINT = 'A run that this transaction made starts only when it commits: COMMIT, then CALL nlsql.wait().';
  END IF;
  LOOP
    state := COALESCE(nlsql.nudge_(run), '[]');
    -- all runs = those that were unfinished at the first look, and any that come meanwhile
    FOR r IN SELECT * FROM pg_catalog.jsonb_array_elements(state) LOOP
      IF r OPERATOR(pg_catalog.->>) 'status' OPERATOR(pg_catalog.=) 'failed' THEN
        RAISE EXCEPTION 'run "%" failed: %', r OPERATOR(pg_catalog.->>) 'name',
              COALESCE(r OPERATOR(pg_catalog.->>) 'last_error', r OPERATOR(pg_catalog.->>) 'reason')
          USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Mend the cause, then SELECT nlsql.resume(run). SELECT * FROM nlsql.event shows what happened.';
      END IF;
      IF NOT names OPERATOR(pg_catalog.@>) ARRAY[r OPERATOR(pg_catalog.->>) 'name'] OR names IS NULL THEN
        names := pg_catalog.array_append(names, r OPERATOR(pg_catalog.->>) 'name');
      END IF;
    END LOOP;
    -- with no name given, a run that failed while it was waited for is off the list of unfinished ones
    IF run IS NULL THEN
      SELECT pg_catalog.format('run "%s" failed: %s', x.name, COALESCE(x.last_error, x.reason)) INTO line
        FROM nlsql.run x
       WHERE x.role OPERATOR(pg_catalog.=) CURRENT_USER AND x.name OPERATOR(pg_catalog.=) ANY (names)
         AND x.status OPERATOR(pg_catalog.=) 'failed' LIMIT 1;
      IF line IS NOT NULL THEN
        RAISE EXCEPTION '%', line USING ERRCODE = 'object_not_in_prerequisite_state',
          HINT = 'Mend the cause, then SELECT nlsql.resume(run). SELECT * FROM nlsql.event shows what happened.';
      END IF;
    END IF;
    COMMIT;
    EXIT WHEN NOT EXISTS (SELECT FROM pg_catalog.jsonb_array_elements(state) e
                           WHERE e OPERATOR(pg_catalog.->>) 'status' OPERATOR(pg_catalog.=) ANY ('{queued,running,waiting}'));
    IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>=) until_ THEN
      RAISE NOTICE 'still running after %; the run goes on', timeout;
      EXIT;
    END IF;
    IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>=) (said OPERATOR(pg_catalog.+) '2 seconds'::interval) THEN
      said := pg_catalog.clock_timestamp();
      FOR line IN
        SELECT pg_catalog.format('%s %s: %s of %s, %s rejected%s', p.run, p.phase, p.accepted, p.requested, p.rejected,
                 CASE WHEN p.eta IS NULL THEN '' ELSE pg_catalog.format(', about %s left', p.eta) END)
          FROM nlsql.progress p
         WHERE p.run OPERATOR(pg_catalog.=) ANY (names) AND p.status OPERATOR(pg_catalog.=) ANY ('{running,waiting}')
      LOOP
        IF line IS DISTINCT FROM last THEN
          RAISE NOTICE '%', line;
          last := line;
        END IF;
      END LOOP;
    END IF;
    PERFORM pg_catalog.pg_sleep(pause);
    pause := LEAST(pause OPERATOR(pg_catalog.*) 1.5, 0.25);
  END LOOP;
END $$;
COMMENT ON PROCEDURE nlsql.wait(text, interval) IS
  'waits until a run (NULL = all unfinished runs of the current role) has ended; Ctrl-C leaves the run going';
