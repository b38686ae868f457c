-- The ledger of API calls. Called as the extension's owner by pg/ledger.rs, each in a short transaction.

-- Writes a call before it is made and sets its price aside. NULL = the budget would be passed.
CREATE FUNCTION nlsql.call_begin_(run_id_ bigint, phase_ text, task_ int, attempt_ int, endpoint_ text, model_ text,
                                  reserve numeric, budget numeric) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  spent numeric;
  id_   bigint;
BEGIN
  IF budget IS NOT NULL THEN
    -- one call of the run at a time may look and write, or two could pass the budget together
    PERFORM FROM nlsql.run WHERE id = run_id_ FOR NO KEY UPDATE;
    SELECT COALESCE(sum(COALESCE(q.usd, q.reserved_usd)), 0) INTO spent FROM nlsql.request q WHERE q.run_id = run_id_;
    IF spent + reserve > budget THEN
      RETURN NULL;
    END IF;
  END IF;
  INSERT INTO nlsql.request (run_id, phase, task, attempt, endpoint, model, reserved_usd)
  VALUES (run_id_, phase_, task_, attempt_, endpoint_, model_, reserve)
  RETURNING id INTO id_;
  RETURN id_;
END $$;

CREATE FUNCTION nlsql.call_end_(id_ bigint, result jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE nlsql.request
     SET status = result ->> 'status', error = result ->> 'error', http_status = (result ->> 'http_status')::int,
         prompt_tokens = (result ->> 'prompt_tokens')::bigint, cached_tokens = (result ->> 'cached_tokens')::bigint,
         completion_tokens = (result ->> 'completion_tokens')::bigint,
         reasoning_tokens = (result ->> 'reasoning_tokens')::bigint, usd = (result ->> 'usd')::numeric,
         latency_ms = (result ->> 'latency_ms')::int, request_id = result ->> 'request_id',
         ended_at = clock_timestamp()
   WHERE id = id_
$$;

-- Ends the phases of a run that would cost more than is left; its open tasks wait for resume().
CREATE FUNCTION nlsql.over_budget_(run_id_ bigint, message_ text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE nlsql.run_phase SET status = 'budget', reason = 'budget', last_error = message_, finished_at = clock_timestamp()
   WHERE run_id = run_id_ AND engine <> 'offline' AND status IN ('queued', 'running', 'waiting');
  IF NOT EXISTS (SELECT FROM nlsql.run_phase WHERE run_id = run_id_ AND status IN ('queued', 'running', 'waiting')) THEN
    UPDATE nlsql.run SET status = 'budget', reason = 'budget', last_error = message_, finished_at = clock_timestamp()
     WHERE id = run_id_ AND status IN ('queued', 'running', 'waiting');
  END IF;
  INSERT INTO nlsql.event (run_id, level, message) VALUES (run_id_, 'notice', message_);
  PERFORM pg_notify('nlsql', run_id_::text);
END $$;
