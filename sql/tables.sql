-- Runs, their work and what came of it. pg/store.rs alone writes here; users read under row security (grants.sql).

CREATE TABLE nlsql.run (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  role        name NOT NULL,
  name        text NOT NULL CHECK (name ~ '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$'),
  status      text NOT NULL DEFAULT 'queued'
              CHECK (status IN ('queued', 'running', 'waiting', 'done', 'short', 'budget', 'cancelled', 'failed')),
  reason      text,
  last_error  text,
  seed        bigint NOT NULL,
  settings    jsonb NOT NULL,
  search_path text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  started_at  timestamptz,
  finished_at timestamptz,
  launched_at timestamptz,
  UNIQUE (role, name)
);
CREATE INDEX run_unfinished ON nlsql.run (launched_at, id) WHERE status IN ('queued', 'running', 'waiting');
COMMENT ON TABLE nlsql.run IS 'one row a run: who asked, with which effective settings, and how it stands';
COMMENT ON COLUMN nlsql.run.settings IS 'settings in force when the run was made; a worker does not see the caller''s SET';
COMMENT ON COLUMN nlsql.run.launched_at IS 'when a worker was last asked for';
COMMENT ON COLUMN nlsql.run.search_path IS 'search_path of the caller, under which candidates are read';

CREATE TABLE nlsql.run_phase (
  run_id      bigint NOT NULL REFERENCES nlsql.run ON DELETE CASCADE,
  phase       text NOT NULL,
  ordinal     int NOT NULL,
  engine      text NOT NULL CHECK (engine IN ('offline', 'openai', 'reword')),
  status      text NOT NULL DEFAULT 'queued'
              CHECK (status IN ('queued', 'running', 'waiting', 'done', 'short', 'budget', 'cancelled', 'failed')),
  reason      text,
  last_error  text,
  requested   bigint CHECK (requested > 0),
  seed        bigint NOT NULL,
  options     jsonb NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  started_at  timestamptz,
  running_since timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (run_id, phase)
);
COMMENT ON COLUMN nlsql.run_phase.running_since IS 'when its tasks were last taken up, for the pace and the time left';
COMMENT ON TABLE nlsql.run_phase IS 'the phases of a run with their effective options; requested NULL = all there are';

CREATE TABLE nlsql.task (
  run_id        bigint NOT NULL,
  phase         text NOT NULL,
  number        int NOT NULL,
  slot          bigint NOT NULL,
  quota         int NOT NULL CHECK (quota > 0),
  status        text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'claimed', 'done', 'failed', 'cancelled')),
  attempt       int NOT NULL DEFAULT 0,
  lost          int NOT NULL DEFAULT 0,
  pid           int,
  backend_start timestamptz,
  next_try_at   timestamptz,
  accepted      int NOT NULL DEFAULT 0,
  rejected      int NOT NULL DEFAULT 0,
  reason        text,
  last_error    text,
  finished_at   timestamptz,
  redraws       jsonb NOT NULL DEFAULT '{}',
  unfinished    bool GENERATED ALWAYS AS (status IN ('open', 'claimed')) STORED,
  PRIMARY KEY (run_id, phase, number),
  FOREIGN KEY (run_id, phase) REFERENCES nlsql.run_phase ON DELETE CASCADE
) WITH (fillfactor = 30);
-- Each row is claimed and then ended, within its page where there is room. An index by status itself would get an entry
-- at the claim, and the table's other index another one: so it goes by what a claim leaves as it is.
COMMENT ON COLUMN nlsql.task.unfinished IS 'open or claimed';
-- What a worker looks up again and again has an index whose first column no other index of the table begins with, and
-- names a run as run_id + 0 there: so a plan that was made while the tables were empty, and is kept, takes that one.
CREATE INDEX task_unfinished ON nlsql.task ((run_id + 0), phase, number) WHERE unfinished;
COMMENT ON COLUMN nlsql.task.redraws IS
  'offline: candidates that gave way to another draw of their slot, by why; they are not among the rejected';
COMMENT ON COLUMN nlsql.task.lost IS 'workers that ended with this task in hand';
COMMENT ON TABLE nlsql.task IS 'the queue: each task fills quota slots from slot on; held by (pid, backend_start), fenced by attempt';

CREATE TABLE nlsql.event (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id  bigint NOT NULL REFERENCES nlsql.run ON DELETE CASCADE,
  phase   text,
  at      timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  level   text NOT NULL CHECK (level IN ('debug', 'info', 'notice', 'warning', 'error')),
  message text NOT NULL
);
CREATE INDEX event_run ON nlsql.event (run_id, id);
COMMENT ON TABLE nlsql.event IS 'what happened to a run; never holds data of subjects, prompts or keys';

CREATE TABLE nlsql.request (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id            bigint REFERENCES nlsql.run ON DELETE CASCADE,
  role              name,
  phase             text NOT NULL,
  task              int NOT NULL,
  attempt           int NOT NULL,
  endpoint          text NOT NULL,
  model             text NOT NULL,
  status            text NOT NULL DEFAULT 'sent' CHECK (status IN ('sent', 'ok', 'error', 'lost')),
  error             text,
  http_status       int,
  prompt_tokens     bigint,
  cached_tokens     bigint,
  completion_tokens bigint,
  reasoning_tokens  bigint,
  reserved_usd      numeric,
  usd               numeric,
  latency_ms        int,
  request_id        text,
  sent_at           timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  ended_at          timestamptz,
  CHECK ((run_id IS NULL) <> (role IS NULL))
) WITH (fillfactor = 50); -- each row is updated once, within its page
CREATE INDEX request_run ON nlsql.request (run_id, phase, task);
COMMENT ON COLUMN nlsql.request.role IS 'who called ask(); null for the calls of a run';
COMMENT ON TABLE nlsql.request IS 'the ledger: one row an API call, written when it is sent and completed when it ends';

CREATE TABLE nlsql.item (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id       bigint NOT NULL REFERENCES nlsql.run ON DELETE CASCADE,
  phase        text NOT NULL,
  slot         bigint NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('pair', 'qa', 'row', 'relationship')),
  question     text,
  sql          text,
  answer       text,
  turns        jsonb,
  style        text,
  difficulty   text CHECK (difficulty IN ('easy', 'medium', 'hard', 'extra')),
  tables       text[] NOT NULL DEFAULT '{}',
  columns      text[] NOT NULL DEFAULT '{}',
  functions    text[] NOT NULL DEFAULT '{}',
  features     text[] NOT NULL DEFAULT '{}',
  skeleton     text,
  template     text,
  literals     jsonb,
  rows         jsonb,
  result       jsonb,
  evidence     text,
  reasoning    text,
  checks       jsonb NOT NULL,
  split        text CHECK (split IN ('train', 'dev', 'test')),
  engine       text NOT NULL,
  model        text,
  seed         bigint NOT NULL,
  schema_hash  text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  question_key uuid,
  sql_key      uuid,
  UNIQUE (run_id, phase, slot),
  CHECK (kind <> 'pair' OR (question IS NOT NULL AND sql IS NOT NULL AND skeleton IS NOT NULL)),
  CHECK (kind <> 'qa' OR (question IS NOT NULL AND answer IS NOT NULL)),
  CHECK (kind <> 'row' OR rows IS NOT NULL)
);
CREATE UNIQUE INDEX item_question ON nlsql.item (question_key, run_id) WHERE question_key IS NOT NULL;
CREATE UNIQUE INDEX item_sql ON nlsql.item (sql_key, run_id) WHERE sql_key IS NOT NULL;
-- for near-duplicates: questions on one template, the newest of them alone
CREATE INDEX item_template ON nlsql.item (pg_catalog.hashtextextended(template, 0), run_id, id) WHERE template IS NOT NULL;
-- evaluation pairs without a mutation proof: an export asks for them each time, and there are none as a rule
CREATE INDEX item_unproved ON nlsql.item (run_id, phase, slot)
 WHERE kind = 'pair' AND split <> 'train' AND (checks ->> 'mutation') IS NULL;
COMMENT ON TABLE nlsql.item IS 'every accepted record; read it through the view nlsql.dataset';
COMMENT ON COLUMN nlsql.item.question_key IS 'md5 of the question in normal form: no two records of a run share it';
COMMENT ON COLUMN nlsql.item.sql_key IS 'md5 of the SQL in normal form: no two pairs of a run share it';

CREATE TABLE nlsql.reject (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id     bigint NOT NULL REFERENCES nlsql.run ON DELETE CASCADE,
  phase      text NOT NULL,
  task       int NOT NULL,
  question   text,
  sql        text,
  answer     text,
  stage      text NOT NULL,
  sqlstate   text,
  message    text NOT NULL,
  detail     text,
  hint       text,
  fix        text,
  score      float8,
  engine     text NOT NULL,
  model      text,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX reject_run ON nlsql.reject (run_id, id);
COMMENT ON TABLE nlsql.reject IS 'candidates that failed; read it through the view nlsql.rejected';

-- Workers that are registered now; a row whose process is gone counts for nothing. Owner's alone.
CREATE TABLE nlsql.worker (
  pid           int NOT NULL,
  backend_start timestamptz NOT NULL,
  run_id        bigint NOT NULL,
  PRIMARY KEY (pid, backend_start)
);
COMMENT ON TABLE nlsql.worker IS 'background workers at work, for nlsql.db_sessions_max';

-- Overrides, empty at install: the shipped values live in code and show, merged with these, in the views.
CREATE TABLE nlsql.phase (
  role             name,
  name             text NOT NULL,
  enabled          bool,
  count            bigint CHECK (count > 0),
  parallelism      int CHECK (parallelism BETWEEN 1 AND 1024),
  api_answer_count int CHECK (api_answer_count BETWEEN 1 AND 100),
  min_joins        int CHECK (min_joins BETWEEN 1 AND 16),
  n_rows           int CHECK (n_rows BETWEEN 1 AND 10000),
  engine           text CHECK (engine IN ('offline', 'openai', 'reword', 'auto')),
  critic           text,
  budget_usd       numeric,
  template         text,
  options          jsonb NOT NULL DEFAULT '{}' CHECK (pg_catalog.jsonb_typeof(options) = 'object'),
  UNIQUE NULLS NOT DISTINCT (role, name)
);
COMMENT ON TABLE nlsql.phase IS 'settings of phases that override the shipped ones; role NULL = for all (superuser only)';

CREATE TABLE nlsql.template (
  role name,
  name text NOT NULL,
  body text NOT NULL,
  UNIQUE NULLS NOT DISTINCT (role, name)
);
COMMENT ON TABLE nlsql.template IS 'prompt templates (Jinja) that replace shipped ones; role NULL = for all (superuser only)';

CREATE TABLE nlsql.endpoint (
  name                text PRIMARY KEY,
  base_url            text NOT NULL,
  model               text,
  api_style           text NOT NULL DEFAULT 'auto',
  structured          text NOT NULL DEFAULT 'auto'
                      CHECK (structured IN ('auto', 'json_schema', 'json_object', 'tools', 'text')),
  headers             jsonb NOT NULL DEFAULT '{}' CHECK (pg_catalog.jsonb_typeof(headers) = 'object'),
  key                 text CHECK (key ~ '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$'),
  parallelism         int CHECK (parallelism BETWEEN 1 AND 1024),
  requests_per_minute int CHECK (requests_per_minute > 0),
  tokens_per_minute   int CHECK (tokens_per_minute > 0),
  allow_http          bool NOT NULL DEFAULT false,
  allow_private       bool NOT NULL DEFAULT false
);
COMMENT ON COLUMN nlsql.endpoint.api_style IS 'chat or responses; auto = chat, which every compatible server has';
COMMENT ON COLUMN nlsql.endpoint.structured IS
  'how replies get their form: json_schema, json_object, tools or text; auto = json_schema, and simpler ones where it is refused';
COMMENT ON TABLE nlsql.endpoint IS 'model servers, written by a superuser alone; the key is named (env: or file:), never stored';

CREATE TABLE nlsql.price (
  model                text PRIMARY KEY,
  input_usd_per_mtok   numeric NOT NULL CHECK (input_usd_per_mtok >= 0),
  cached_usd_per_mtok  numeric CHECK (cached_usd_per_mtok >= 0),
  output_usd_per_mtok  numeric NOT NULL CHECK (output_usd_per_mtok >= 0),
  source               text,
  as_of                date
);
COMMENT ON TABLE nlsql.price IS 'prices in USD a million tokens that override the shipped ones; a model matches by its longest prefix';

CREATE TABLE nlsql.allowed_function (
  function text PRIMARY KEY,
  note     text
);
COMMENT ON TABLE nlsql.allowed_function IS
  'functions beyond the shipped rule that the gate lets through, as regprocedure text, qualified; superuser only';

CREATE TABLE nlsql.column_policy (
  table_schema text NOT NULL,
  table_name   text NOT NULL,
  column_name  text NOT NULL,
  policy       text NOT NULL CHECK (policy IN ('keep', 'mask', 'drop', 'fake')),
  fake         text,
  PRIMARY KEY (table_schema, table_name, column_name)
);
COMMENT ON TABLE nlsql.column_policy IS 'what the anonymiser does with a column, where its own finding is wrong; the table''s owner writes it';

-- Looked for in the rows once a run, so that all its workers join alike; the owner's alone, and not dumped: found again.
CREATE TABLE nlsql.inferred (
  run_id      bigint NOT NULL REFERENCES nlsql.run ON DELETE CASCADE,
  schema_hash text NOT NULL,
  edges       jsonb NOT NULL,
  PRIMARY KEY (run_id, schema_hash)
);
COMMENT ON TABLE nlsql.inferred IS 'the undeclared relationships that a run goes by, found once for all its workers';

CREATE TABLE nlsql.benchmark (
  name     text NOT NULL,
  question text,
  sql      text,
  CHECK (question IS NOT NULL OR sql IS NOT NULL)
);
COMMENT ON TABLE nlsql.benchmark IS 'foreign questions and SQL to keep out of a dataset (nlsql.split)';

-- What pg_dump has to carry; nothing here is filled at install. One call a statement: each updates the same row.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['run', 'run_phase', 'task', 'event', 'request', 'item', 'reject', 'phase', 'template',
      'endpoint', 'price', 'allowed_function', 'column_policy', 'benchmark',
      'run_id_seq', 'event_id_seq', 'request_id_seq', 'item_id_seq', 'reject_id_seq'] LOOP
    PERFORM pg_catalog.pg_extension_config_dump(('nlsql.' || t)::pg_catalog.regclass, '');
  END LOOP;
END $$;
