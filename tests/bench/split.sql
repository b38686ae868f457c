-- What tests/bench/split.sh counts of the one run that is there.
CREATE TEMPORARY TABLE d AS
SELECT id, split, skeleton, template, question, result ->> 'hash' AS hash FROM nlsql.dataset WHERE split IS NOT NULL;

-- Words as the extension cuts them, near enough: what is neither letter, digit nor a sign that decides the meaning parts them.
CREATE TEMPORARY TABLE word AS
SELECT id, split, regexp_split_to_array(trim(regexp_replace(lower(question), '[^[:alnum:].%<>=+]+', ' ', 'g')), ' ') AS words FROM d;
CREATE TEMPORARY TABLE gram AS
SELECT DISTINCT id, split, words[i] || ' ' || words[i + 1] || ' ' || words[i + 2] AS gram
  FROM word, generate_series(1, cardinality(words) - 2) AS i;
CREATE TEMPORARY TABLE size AS SELECT id, count(*) AS grams FROM gram GROUP BY id;
ANALYZE gram;
ANALYZE size;
-- Of a set's n grams at most n - ceil(0.8 n) may be missing in one that is alike, so the rarest of that many and one
-- more cannot all be: only questions that share one of these are compared.
CREATE TEMPORARY TABLE rare AS
SELECT r.id, r.split, r.gram
  FROM (SELECT g.id, g.split, g.gram, row_number() OVER (PARTITION BY g.id ORDER BY f.n, g.gram) AS place
          FROM gram g JOIN (SELECT gram, count(*) AS n FROM gram GROUP BY gram) f USING (gram)) r
  JOIN size s USING (id) WHERE r.place <= s.grams - ceil(0.8 * s.grams) + 1;
CREATE INDEX ON rare (gram);
ANALYZE rare;
CREATE TEMPORARY TABLE candidate AS
SELECT DISTINCT t.id AS test, r.id AS train FROM rare t JOIN rare r USING (gram) WHERE t.split = 'test' AND r.split = 'train';
CREATE INDEX ON gram (id);
ANALYZE candidate;
CREATE TEMPORARY TABLE near AS
SELECT c.test, c.train
  FROM candidate c JOIN size a ON a.id = c.test JOIN size b ON b.id = c.train,
       LATERAL (SELECT count(*) AS n FROM gram x JOIN gram y USING (gram) WHERE x.id = c.test AND y.id = c.train) shared
 WHERE shared.n >= 0.8 * (a.grams + b.grams - shared.n);

SELECT format('of %s test pairs in train: %s by skeleton, %s by template, %s by near-duplicate question (%s pairs compared)',
              count(*),
              count(*) FILTER (WHERE EXISTS (SELECT FROM d r WHERE r.split = 'train' AND r.skeleton = t.skeleton)),
              count(*) FILTER (WHERE EXISTS (SELECT FROM d r WHERE r.split = 'train' AND r.template = t.template)),
              count(*) FILTER (WHERE EXISTS (SELECT FROM near n WHERE n.test = t.id)),
              (SELECT count(*) FROM candidate))
  FROM d t WHERE t.split = 'test';
SELECT format('questions with two results: %s', count(*))
  FROM (SELECT FROM d GROUP BY lower(question) HAVING count(DISTINCT hash) > 1) x;
SELECT format('near-duplicate questions within train and test: see nlsql.report(); largest skeleton: %s pairs', max(n))
  FROM (SELECT count(*) AS n FROM d GROUP BY skeleton) x;
SELECT format('by phase, train / dev / test: %s', string_agg(format('%s %s', phase, shares), ', ' ORDER BY phase))
  FROM (SELECT phase, concat_ws(' / ', round(avg((split = 'train')::int), 3), round(avg((split = 'dev')::int), 3),
                                round(avg((split = 'test')::int), 3)) AS shares
          FROM nlsql.dataset GROUP BY phase) x;
