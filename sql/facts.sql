-- What a dataset's card and manifest say of its runs ({ids}), as the reader sees them: no role, id or time, so that
-- equal runs give equal files. A statement for SPI, no part of the extension's script.
WITH item AS NOT MATERIALIZED (
  SELECT i.* FROM nlsql.item i WHERE i.run_id IN ({ids})
),
-- different skeletons and templates, and those of more than one split; by hash, for texts are long and memory is short
shape AS MATERIALIZED (
  SELECT x.what, count(*) AS n, count(*) FILTER (WHERE x.first <> x.last) AS crossing
    FROM (SELECT 'skeleton' AS what, min(split) AS first, max(split) AS last FROM item
           WHERE skeleton IS NOT NULL GROUP BY hashtextextended(skeleton, 0)
          UNION ALL
          SELECT 'template', min(split), max(split) FROM item
           WHERE template IS NOT NULL GROUP BY hashtextextended(template, 0)) x
   GROUP BY x.what
),
conflicts AS (
  SELECT count(*) AS questions FROM (
    SELECT 1 FROM item WHERE kind = 'pair' AND split IS NOT NULL AND question_key IS NOT NULL
     GROUP BY question_key HAVING min(result ->> 'hash') <> max(result ->> 'hash')) x
)
SELECT json_build_object(
  'runs', (SELECT json_agg(json_build_object('name', r.name, 'seed', r.seed, 'status', r.status, 'settings', r.settings,
             'phases', (SELECT json_agg(json_build_object('phase', p.phase, 'engine', p.engine, 'status', p.status,
                          'requested', p.requested, 'seed', p.seed, 'options', p.options,
                          'records', (SELECT count(*) FROM nlsql.item i WHERE i.run_id = p.run_id AND i.phase = p.phase))
                          ORDER BY p.ordinal)
                          FROM nlsql.run_phase p WHERE p.run_id = r.id)) ORDER BY r.id)
             FROM nlsql.run r WHERE r.id IN ({ids})),
  'schema_hash', (SELECT COALESCE(json_agg(x.schema_hash ORDER BY x.schema_hash), '[]')
     FROM (SELECT i.schema_hash FROM item i GROUP BY 1) x),
  'difficulty', (SELECT json_object_agg(x.difficulty, x.n) FROM (
     SELECT difficulty, count(*) AS n FROM item WHERE difficulty IS NOT NULL GROUP BY 1
      ORDER BY array_position(ARRAY['easy', 'medium', 'hard', 'extra'], difficulty)) x),
  'features', (SELECT json_object_agg(x.feature, x.n) FROM (
     SELECT f.feature, count(*) AS n FROM item, unnest(features) f(feature) GROUP BY 1 ORDER BY 2 DESC, 1) x),
  'example', (SELECT json_build_object('question', i.question, 'sql', i.sql) FROM item i
               WHERE i.kind = 'pair' AND i.split = 'train' ORDER BY i.run_id, i.phase, i.slot LIMIT 1),
  'measures', (SELECT json_build_object(
     'records', count(*),
     'records_without_split', count(*) FILTER (WHERE i.split IS NULL),
     'pairs', count(*) FILTER (WHERE i.kind = 'pair'),
     'pairs_executed', count(*) FILTER (WHERE i.kind = 'pair' AND (i.checks ->> 'executed')::bool),
     'tables', (SELECT count(*) FROM (SELECT FROM item, unnest(tables) t(name) GROUP BY t.name) x),
     'columns', (SELECT count(*) FROM (SELECT FROM item, unnest(columns) c(name) GROUP BY c.name) x),
     'functions', (SELECT count(*) FROM (SELECT FROM item, unnest(functions) f(name) GROUP BY f.name) x),
     'skeletons', COALESCE((SELECT s.n FROM shape s WHERE s.what = 'skeleton'), 0),
     'templates', COALESCE((SELECT s.n FROM shape s WHERE s.what = 'template'), 0),
     'skeletons_in_two_splits', COALESCE((SELECT s.crossing FROM shape s WHERE s.what = 'skeleton'), 0),
     'templates_in_two_splits', COALESCE((SELECT s.crossing FROM shape s WHERE s.what = 'template'), 0),
     'questions_with_two_results', (SELECT c.questions FROM conflicts c)) FROM item i)
)::text
