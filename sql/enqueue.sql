-- Writes a run, a phase and its tasks in one call. pg/enqueue.rs checked all of it and calls this as the owner;
-- nobody else may execute it.
CREATE FUNCTION nlsql.enqueue_(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role_   name := p ->> 'role';
  name_   text := p ->> 'name';
  base    text;
  n       int := 1;
  r       nlsql.run;
  old     nlsql.run_phase;
  seed_   bigint := (p ->> 'seed')::bigint;
  want    bigint := (p ->> 'requested')::bigint;
  quota_  bigint := (p ->> 'quota')::bigint;
  first_  int;
  slot_   bigint;
BEGIN
  IF name_ IS NULL THEN
    base := 'run_' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS');
    name_ := base;
    WHILE EXISTS (SELECT FROM nlsql.run WHERE role = role_ AND name = name_) LOOP
      n := n + 1;
      name_ := base || '_' || n;
    END LOOP;
  END IF;
  INSERT INTO nlsql.run (role, name, seed, settings, search_path)
  VALUES (role_, name_, seed_, p -> 'settings', p ->> 'search_path')
  ON CONFLICT (role, name) DO NOTHING RETURNING * INTO r;
  IF FOUND THEN
    PERFORM nlsql.tell_(r);
  END IF;
  SELECT * INTO r FROM nlsql.run WHERE role = role_ AND name = name_ FOR UPDATE;

  SELECT * INTO old FROM nlsql.run_phase WHERE run_id = r.id AND phase = p ->> 'phase' FOR UPDATE;
  IF FOUND THEN
    CASE p ->> 'if_exists'
      WHEN 'skip' THEN
        RETURN jsonb_build_object('id', r.id, 'name', r.name, 'started', false);
      WHEN 'error' THEN
        RAISE EXCEPTION 'run "%" already has phase "%"', r.name, old.phase
          USING ERRCODE = 'duplicate_object', HINT = 'Choose another run, or options => ''{"if_exists": "add"}''.';
      ELSE NULL;
    END CASE;
    IF old.engine <> p ->> 'engine' THEN
      RAISE EXCEPTION 'phase "%" of run "%" was begun with engine "%"', old.phase, r.name, old.engine
        USING ERRCODE = 'invalid_parameter_value', HINT = 'More of it must come from the same engine; for another one name a new run.';
    END IF;
    IF (p ->> 'seed_given')::bool AND old.seed <> seed_ THEN
      RAISE EXCEPTION 'phase "%" of run "%" was begun with seed %', old.phase, r.name, old.seed
        USING ERRCODE = 'invalid_parameter_value', HINT = 'More of it comes from the same seed; for another one name a new run.';
    END IF;
    UPDATE nlsql.run_phase
       SET requested = requested + want,
           options = CASE phase WHEN 'questions'
             THEN jsonb_set(options, '{questions}', (options -> 'questions') || (p -> 'options' -> 'questions')) ELSE options END,
           status = 'queued', reason = NULL, last_error = NULL, finished_at = NULL
     WHERE run_id = r.id AND phase = old.phase;
  ELSE
    INSERT INTO nlsql.run_phase (run_id, phase, ordinal, engine, requested, seed, options)
    SELECT r.id, p ->> 'phase', count(*) + 1, p ->> 'engine', want,
           -- a run that has a seed gives it to all its phases, unless another was asked for
           CASE WHEN (p ->> 'seed_given')::bool THEN seed_ ELSE r.seed END,
           (p -> 'options') - 'if_exists' - 'seed'
      FROM nlsql.run_phase WHERE run_id = r.id;
  END IF;

  SELECT COALESCE(max(number), 0), COALESCE(max(slot + quota), 0) INTO first_, slot_
    FROM nlsql.task WHERE run_id = r.id AND phase = p ->> 'phase';
  INSERT INTO nlsql.task (run_id, phase, number, slot, quota)
  SELECT r.id, p ->> 'phase', first_ + 1 + i, slot_ + i * quota_, least(quota_, want - i * quota_)
    FROM generate_series(0, (want - 1) / quota_) i;

  UPDATE nlsql.run SET status = CASE WHEN status IN ('running', 'waiting') THEN status ELSE 'queued' END,
         reason = NULL, last_error = NULL, finished_at = NULL, launched_at = clock_timestamp()
   WHERE id = r.id;
  RETURN jsonb_build_object('id', r.id, 'name', r.name, 'started', true,
    'company', EXISTS (SELECT FROM nlsql.worker w WHERE nlsql.alive_(w.pid, w.backend_start)));
END $$;
REVOKE ALL ON FUNCTION nlsql.enqueue_(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.enqueue_(jsonb) IS 'internal';
