-- What a report says of a run that has to be grouped over all of its records, as one jsonb: counts, rejections, shapes,
-- duplicates, leakage, cost and pace. $1 = the run's id. Read as the caller, under row security; grouping is the
-- server's, which spills to disk, so memory does not grow with the run. Deserialised by src/dataset/report/stored.rs.
WITH
phase AS MATERIALIZED (
  SELECT p.phase, p.ordinal, p.engine, p.status, p.reason, p.requested, p.options, t.accepted, t.rejected, t.seconds
    FROM nlsql.run_phase p
   CROSS JOIN LATERAL (
     SELECT COALESCE(sum(t.accepted), 0)::bigint AS accepted, COALESCE(sum(t.rejected), 0)::bigint AS rejected,
            EXTRACT(epoch FROM COALESCE(p.finished_at, max(t.finished_at)) - p.started_at)::float8 AS seconds
       FROM nlsql.task t WHERE t.run_id = p.run_id AND t.phase = p.phase) t
   WHERE p.run_id = $1
),
pair AS NOT MATERIALIZED (
  SELECT i.skeleton, i.template, i.split, i.checks FROM nlsql.item i WHERE i.run_id = $1 AND i.kind = 'pair'
),
skeleton AS MATERIALIZED (
  SELECT p.skeleton, count(*) AS n, min(p.template) AS example,
         count(*) FILTER (WHERE p.split = 'train') AS train, count(*) FILTER (WHERE p.split = 'dev') AS dev,
         count(*) FILTER (WHERE p.split = 'test') AS test
    FROM pair p GROUP BY p.skeleton
),
template AS MATERIALIZED (
  SELECT md5(p.template) AS template, count(*) AS n, count(*) FILTER (WHERE p.split = 'train') AS train,
         count(*) FILTER (WHERE p.split = 'dev') AS dev, count(*) FILTER (WHERE p.split = 'test') AS test
    FROM pair p GROUP BY 1
),
question AS (
  SELECT count(*) AS n, count(DISTINCT i.result ->> 'hash') AS results
    FROM nlsql.item i WHERE i.run_id = $1 AND i.question_key IS NOT NULL GROUP BY i.question_key HAVING count(*) > 1
),
refused AS MATERIALIZED (
  SELECT r.stage, r.sqlstate, count(*) AS n, count(*) FILTER (WHERE r.message = $2) AS empty,
         count(*) FILTER (WHERE r.phase NOT IN ('schema_docs', 'schema_relationship', 'sample_data')) AS of_pairs,
         count(*) FILTER (WHERE r.fix IS NOT NULL) AS repaired, min(r.message) AS example
    FROM nlsql.reject r WHERE r.run_id = $1 GROUP BY r.stage, r.sqlstate
),
-- pairs that the composer drew again, by why; kinds without SQL have nothing to fail at
redrawn AS (
  SELECT x.key AS why, sum(x.value::bigint)::bigint AS n
    FROM nlsql.task t, jsonb_each_text(t.redraws) x
   WHERE t.run_id = $1 AND t.phase NOT IN ('schema_docs', 'schema_relationship', 'sample_data') GROUP BY 1
),
-- names and numbers aside, so that one mistake is one reason
reason AS (
  SELECT left(regexp_replace(regexp_replace(r.message, '"[^"]*"', '".."', 'g'), '\d+', '..', 'g'), 200) AS reason, count(*) AS n
    FROM nlsql.reject r WHERE r.run_id = $1 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20
),
call AS (
  SELECT q.model, count(*) AS calls, count(*) FILTER (WHERE q.status = 'ok') AS ok,
         sum(q.prompt_tokens)::bigint AS prompt_tokens, sum(q.completion_tokens)::bigint AS completion_tokens,
         sum(COALESCE(q.usd, q.reserved_usd)) AS usd,
         count(*) FILTER (WHERE q.status = 'ok' AND q.usd IS NULL) AS unpriced
    FROM nlsql.request q WHERE q.run_id = $1 GROUP BY q.model
)
SELECT json_build_object(
  'name', r.name, 'role', r.role, 'status', r.status, 'seed', r.seed, 'created_at', r.created_at,
  'database', current_database(), 'server', current_setting('server_version'),
  'phases', (SELECT COALESCE(json_agg(p ORDER BY p.ordinal), '[]') FROM phase p),
  'seconds', EXTRACT(epoch FROM COALESCE(r.finished_at, (SELECT max(t.finished_at) FROM nlsql.task t WHERE t.run_id = r.id)) - r.started_at)::float8,
  'kinds', (SELECT COALESCE(json_object_agg(k.kind, k.n), '{}') FROM (SELECT i.kind, count(*) AS n FROM nlsql.item i WHERE i.run_id = r.id GROUP BY 1) k),
  'executed', (SELECT count(*) FILTER (WHERE (p.checks ->> 'executed')::bool) FROM pair p),
  'refused', (SELECT COALESCE(json_agg(f ORDER BY f.n DESC, f.stage, f.sqlstate), '[]') FROM refused f),
  'redrawn', (SELECT COALESCE(json_object_agg(d.why, d.n ORDER BY d.why), '{}') FROM redrawn d),
  'reasons', (SELECT COALESCE(json_agg(x), '[]') FROM reason x),
  'skeletons', (SELECT count(*) FROM skeleton),
  'top_skeletons', (SELECT COALESCE(json_agg(s), '[]') FROM
      (SELECT s.skeleton, s.n, s.example FROM skeleton s ORDER BY s.n DESC, s.skeleton LIMIT 10) s),
  'templates', (SELECT count(*) FROM template),
  'duplicates', (SELECT COALESCE(sum(q.n - 1), 0)::bigint FROM question q),
  'conflicts', (SELECT count(*) FROM question q WHERE q.results > 1),
  'splits', (SELECT COALESCE(json_object_agg(s.split, s.n), '{}') FROM
      (SELECT COALESCE(i.split, 'none') AS split, count(*) AS n FROM nlsql.item i WHERE i.run_id = r.id GROUP BY 1) s),
  'leaked_skeletons', (SELECT COALESCE(sum(s.dev + s.test) FILTER (WHERE s.train > 0), 0)::bigint FROM skeleton s),
  'leaked_templates', (SELECT COALESCE(sum(t.dev + t.test) FILTER (WHERE t.train > 0), 0)::bigint FROM template t),
  'held_out', (SELECT COALESCE(sum(s.dev + s.test), 0)::bigint FROM skeleton s),
  'calls', (SELECT COALESCE(json_agg(c ORDER BY c.calls DESC, c.model), '[]') FROM call c))::text
  FROM nlsql.run r WHERE r.id = $1
