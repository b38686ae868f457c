-- What a user reads. All views run with the reader's rights, so that row security decides.

CREATE VIEW nlsql.dataset WITH (security_invoker) AS
SELECT i.id, r.name AS run, r.role, i.phase, i.slot, i.kind, i.question, i.sql, i.answer, i.turns, i.style,
       i.difficulty, i.tables, i.columns, i.functions, i.features, i.skeleton, i.template, i.literals, i.rows,
       i.result, i.evidence, i.reasoning, i.checks, i.split, i.engine, i.model, i.seed, i.schema_hash, i.created_at
  FROM nlsql.item i JOIN nlsql.run r ON r.id = i.run_id;
COMMENT ON VIEW nlsql.dataset IS 'accepted pairs, questions and answers, rows and relationships of the reader''s runs';

CREATE VIEW nlsql.rejected WITH (security_invoker) AS
SELECT x.id, r.name AS run, r.role, x.phase, x.task, x.question, x.sql, x.answer, x.stage, x.sqlstate, x.message,
       x.detail, x.hint, x.fix, x.score, x.engine, x.model, x.created_at
  FROM nlsql.reject x JOIN nlsql.run r ON r.id = x.run_id;
COMMENT ON VIEW nlsql.rejected IS 'candidates that failed, with stage, SQLSTATE and message, and the fix if there was one';

-- Pace and time left go by what was stored since the phase was last taken up: a pause counts for neither.
CREATE VIEW nlsql.progress WITH (security_invoker) AS
SELECT r.name AS run, p.phase, p.status, p.requested, t.accepted, t.rejected,
       COALESCE(q.in_flight, 0) AS in_flight, t.tasks_done, t.tasks_total,
       p.started_at, COALESCE(p.finished_at, pg_catalog.clock_timestamp()) - p.started_at AS elapsed,
       CASE WHEN t.lately > 0 AND e.seconds > 0 THEN pg_catalog.round((t.lately * 60 / e.seconds)::numeric, 1) END
         AS pairs_per_minute,
       -- unknown before the first pair since then, and without a fixed count
       CASE WHEN p.status = 'running' AND t.lately > 0 AND p.requested > t.accepted THEN
         pg_catalog.make_interval(secs => pg_catalog.round((e.seconds * (p.requested - t.accepted) / t.lately)::numeric)::float8)
       END AS eta,
       COALESCE(q.requests, 0) AS requests, q.prompt_tokens, q.completion_tokens, q.usd,
       COALESCE(p.last_error, r.last_error) AS last_error
  FROM nlsql.run r
  JOIN nlsql.run_phase p ON p.run_id = r.id
  CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*) AS tasks_total, pg_catalog.count(*) FILTER (WHERE status NOT IN ('open', 'claimed')) AS tasks_done,
           COALESCE(pg_catalog.sum(accepted), 0)::bigint AS accepted, COALESCE(pg_catalog.sum(rejected), 0)::bigint AS rejected,
           COALESCE(pg_catalog.sum(accepted) FILTER (WHERE finished_at >= p.running_since), 0)::bigint AS lately
      FROM nlsql.task t WHERE t.run_id = p.run_id AND t.phase = p.phase) t
  CROSS JOIN LATERAL (
    SELECT EXTRACT(epoch FROM COALESCE(p.finished_at, pg_catalog.clock_timestamp()) - p.running_since)::float8 AS seconds) e
  LEFT JOIN LATERAL (
    SELECT pg_catalog.count(*) AS requests, pg_catalog.count(*) FILTER (WHERE status = 'sent') AS in_flight,
           pg_catalog.sum(prompt_tokens)::bigint AS prompt_tokens, pg_catalog.sum(completion_tokens)::bigint AS completion_tokens,
           pg_catalog.sum(COALESCE(usd, reserved_usd)) AS usd
      FROM nlsql.request q WHERE q.run_id = p.run_id AND q.phase = p.phase) q ON true
 ORDER BY r.id, p.ordinal;
COMMENT ON VIEW nlsql.progress IS 'how the reader''s runs stand, a row a phase, live; usd counts calls in flight at their reservation';

CREATE VIEW nlsql.phases WITH (security_invoker) AS
SELECT s.name,
       COALESCE(mine.enabled, everyone.enabled, s.enabled) AS enabled,
       COALESCE(mine.count, everyone.count, s.count) AS count,
       COALESCE(mine.parallelism, everyone.parallelism) AS parallelism,
       COALESCE(mine.api_answer_count, everyone.api_answer_count, s.api_answer_count) AS api_answer_count,
       COALESCE(mine.min_joins, everyone.min_joins, s.min_joins) AS min_joins,
       COALESCE(mine.n_rows, everyone.n_rows, s.n_rows) AS n_rows,
       COALESCE(mine.engine, everyone.engine) AS engine,
       COALESCE(mine.critic, everyone.critic) AS critic,
       COALESCE(mine.budget_usd, everyone.budget_usd) AS budget_usd,
       COALESCE(mine.template, everyone.template) AS template,
       COALESCE(everyone.options, '{}') || COALESCE(mine.options, '{}') AS options
  FROM nlsql.shipped_phases() s
  LEFT JOIN nlsql.phase mine ON mine.name = s.name AND mine.role = CURRENT_USER
  LEFT JOIN nlsql.phase everyone ON everyone.name = s.name AND everyone.role IS NULL;
COMMENT ON VIEW nlsql.phases IS 'settings of the phases in force for the reader: shipped values under the rows of nlsql.phase; NULL = by the setting';

CREATE VIEW nlsql.endpoints WITH (security_invoker) AS
SELECT e.name, e.model, e.api_style, e.parallelism, e.requests_per_minute, e.tokens_per_minute, false AS shipped
  FROM nlsql.endpoint e
UNION ALL
SELECT s ->> 'name', s ->> 'model', s ->> 'api_style', (s ->> 'parallelism')::int, (s ->> 'requests_per_minute')::int,
       (s ->> 'tokens_per_minute')::int, true
  FROM nlsql.shipped_endpoints() s
 WHERE NOT EXISTS (SELECT FROM nlsql.endpoint e WHERE e.name = s ->> 'name')
 ORDER BY 1;
COMMENT ON VIEW nlsql.endpoints IS 'model servers that a run may name; addresses, headers and keys stand in nlsql.endpoint, for superusers';

CREATE VIEW nlsql.prices WITH (security_invoker) AS
SELECT p.model, p.input_usd_per_mtok, p.cached_usd_per_mtok, p.output_usd_per_mtok, p.source, p.as_of, false AS shipped
  FROM nlsql.price p
UNION ALL
SELECT s.model, s.input_usd_per_mtok, s.cached_usd_per_mtok, s.output_usd_per_mtok, 'shipped', s.as_of::date, true
  FROM nlsql.shipped_prices() s
 WHERE NOT EXISTS (SELECT FROM nlsql.price p WHERE p.model = s.model)
 ORDER BY 1;
COMMENT ON VIEW nlsql.prices IS 'USD a million tokens: rows of nlsql.price over the shipped list';

-- an endpoint that could not be called is refused when it is written
CREATE FUNCTION nlsql.endpoint_trigger_() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM nlsql.check_endpoint_(to_jsonb(NEW));
  -- what was learned of it may not hold any more
  DELETE FROM nlsql.learned l WHERE l.endpoint = NEW.name;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION nlsql.endpoint_trigger_() IS 'internal';
CREATE TRIGGER check_row BEFORE INSERT OR UPDATE ON nlsql.endpoint
  FOR EACH ROW EXECUTE FUNCTION nlsql.endpoint_trigger_();
