-- The calls of nlsql.ask(): in the ledger of the role that asked, in its own transaction.

CREATE FUNCTION nlsql.asked_(role_ name, endpoint_ text, model_ text, ended jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO nlsql.request (role, phase, task, attempt, endpoint, model, status, error, http_status, prompt_tokens,
         cached_tokens, completion_tokens, reasoning_tokens, usd, latency_ms, request_id, sent_at, ended_at)
  SELECT role_, 'ask', 0, e.number, endpoint_, model_, e.status, e.error, e.http_status, e.prompt_tokens,
         e.cached_tokens, e.completion_tokens, e.reasoning_tokens, e.usd, e.latency_ms, e.request_id,
         clock_timestamp() - e.latency_ms * interval '1 ms', clock_timestamp()
    FROM jsonb_to_recordset(ended) AS e(number int, status text, error text, http_status int, prompt_tokens bigint,
         cached_tokens bigint, completion_tokens bigint, reasoning_tokens bigint, usd numeric, latency_ms int,
         request_id text)
$$;
REVOKE ALL ON FUNCTION nlsql.asked_(name, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION nlsql.asked_(name, text, text, jsonb) IS 'internal: called by nlsql as the extension''s owner';
COMMENT ON FUNCTION nlsql.ask(text, jsonb) IS
  'answers a question by SQL that the model writes and the gate proves; rows are shown without personal data unless rows is "real"';
