-- Traps for the gate: everything that an ordinary role, and a careless superuser, can put in the way of a statement.
-- Loaded by the superuser into a database with the demo schema. Trap functions are called `*_ran` or live in schema
-- mallory; whoever enters one leaves a session-level advisory lock and a WAL message, which no rollback takes back.

CREATE ROLE mallory LOGIN;
CREATE ROLE reader LOGIN;
CREATE SCHEMA mallory AUTHORIZATION mallory;
GRANT USAGE ON SCHEMA mallory, insurer TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA insurer TO reader;
GRANT CREATE ON SCHEMA public TO mallory;
GRANT USAGE ON SCHEMA nlsql TO reader;
GRANT EXECUTE ON FUNCTION nlsql.check_sql TO reader;
GRANT TEMPORARY ON DATABASE trap TO reader;

CREATE SEQUENCE public.ticket;
GRANT ALL ON SEQUENCE public.ticket TO reader;
CREATE TABLE public.ledger (id int PRIMARY KEY, note text);
INSERT INTO public.ledger SELECT i, 'note ' || i FROM generate_series(1, 100) AS i;
GRANT ALL ON public.ledger TO reader;

-- What the role may not see --------------------------------------------------------------------------------
CREATE TABLE public.hidden (id int PRIMARY KEY, secret text);
INSERT INTO public.hidden VALUES (1, 'canary-7f3a');
CREATE TABLE public.half (id int PRIMARY KEY, shown text, secret text);
INSERT INTO public.half VALUES (1, 'seen', 'canary-7f3a');
GRANT SELECT (id, shown) ON public.half TO reader;
CREATE TABLE public.tenant (id int PRIMARY KEY, owner name, secret text);
INSERT INTO public.tenant VALUES (1, 'reader', 'mine'), (2, 'other', 'canary-7f3a');
ALTER TABLE public.tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.tenant USING (owner = current_user);
GRANT SELECT ON public.tenant TO reader;
CREATE VIEW public.window_view AS SELECT id, secret FROM public.hidden;
GRANT SELECT ON public.window_view TO reader;
CREATE VIEW public.invoker_view WITH (security_invoker) AS SELECT id, secret FROM public.hidden;
GRANT SELECT ON public.invoker_view TO reader;
CREATE VIEW public.barrier_view WITH (security_barrier) AS SELECT id, note FROM public.ledger WHERE id < 10;
GRANT SELECT ON public.barrier_view TO reader;
CREATE FUNCTION public.peek() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'SELECT secret FROM public.hidden LIMIT 1';
CREATE FUNCTION public.peek_now() RETURNS text LANGUAGE sql IMMUTABLE SECURITY DEFINER
    AS 'SELECT secret FROM public.hidden LIMIT 1';
CREATE TABLE public.measure (day date, value int) PARTITION BY RANGE (day);
CREATE TABLE public.measure_1 PARTITION OF public.measure FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO public.measure VALUES ('2024-05-05', 1);
GRANT SELECT ON public.measure TO reader;
CREATE MATERIALIZED VIEW public.stored_view AS SELECT id, note FROM public.ledger;
GRANT SELECT ON public.stored_view TO reader;
CREATE TYPE public.pair_type AS (a int, b text);

-- Outside the server
CREATE EXTENSION file_fdw;
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION dblink;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE public.passwd (line text) SERVER files OPTIONS (filename '/etc/hostname');
GRANT SELECT ON public.passwd TO reader;
CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/nowhere', dbname 'x', use_remote_estimate 'true');
CREATE USER MAPPING FOR PUBLIC SERVER away OPTIONS (user 'x', password_required 'false');
CREATE TABLE public.spread (id int) PARTITION BY LIST (id);
CREATE FOREIGN TABLE public.spread_away PARTITION OF public.spread FOR VALUES IN (1) SERVER away;
CREATE TABLE public.spread_here PARTITION OF public.spread FOR VALUES IN (2);
CREATE TABLE public.parent (id int);
CREATE FOREIGN TABLE public.child_away () INHERITS (public.parent) SERVER away;
CREATE VIEW public.away_view AS SELECT id FROM public.spread_away;
GRANT SELECT ON public.spread, public.parent, public.away_view TO reader;

-- What mallory lays -----------------------------------------------------------------------------------------
SET ROLE mallory;
SET search_path = mallory;

CREATE FUNCTION ran(what text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_catalog.pg_advisory_lock(666);
    PERFORM pg_catalog.pg_logical_emit_message(false, 'trap', what);
    RETURN true;
END $$;
CREATE FUNCTION now_i(what text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN mallory.ran(what); END';
CREATE FUNCTION now_s(what text) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN mallory.ran(what); END';
CREATE FUNCTION now_sql(what text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT mallory.ran(what)';
CREATE FUNCTION number_i(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM mallory.ran($$number$$); RETURN x; END';
CREATE FUNCTION many() RETURNS SETOF int LANGUAGE plpgsql STABLE ROWS 10 AS 'BEGIN PERFORM mallory.ran($$set$$); RETURN NEXT 1; END';
CREATE FUNCTION defaults(x int DEFAULT mallory.number_i(1)) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION looped() RETURNS int LANGUAGE plpgsql STABLE AS
    'BEGIN LOOP BEGIN PERFORM pg_sleep(1); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END';
CREATE FUNCTION lower(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM mallory.ran($$lower$$); RETURN $1; END';
CREATE PROCEDURE proc() LANGUAGE plpgsql AS 'BEGIN PERFORM mallory.ran($$proc$$); END';

-- operators: exact shadows, and combinations that pg_catalog has none for
CREATE FUNCTION same(int, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN mallory.ran($$same$$); END';
CREATE OPERATOR public.= (LEFTARG = int, RIGHTARG = int, FUNCTION = same);
CREATE OPERATOR public.<= (LEFTARG = int, RIGHTARG = int, FUNCTION = same);
CREATE OPERATOR public.@@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = same);
CREATE FUNCTION glue(text, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN mallory.ran($$glue$$); END';
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = int, FUNCTION = glue);
CREATE OPERATOR public.- (RIGHTARG = text, FUNCTION = now_i);
CREATE FUNCTION public.abs(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT mallory.number_i($1)';
CREATE FUNCTION public.count(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT mallory.number_i($1)';

-- aggregates and windows
CREATE FUNCTION step(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM mallory.ran($$step$$); RETURN 1; END';
CREATE AGGREGATE public.total (int) (SFUNC = mallory.step, STYPE = int, INITCOND = '0');
CREATE AGGREGATE public.plain_total (int) (SFUNC = pg_catalog.int4pl, STYPE = int, FINALFUNC = mallory.number_i, INITCOND = '0');

-- types
CREATE DOMAIN trapped_text AS text CHECK (mallory.now_i(VALUE));
CREATE DOMAIN locked_int AS int CHECK (pg_catalog.pg_try_advisory_lock(VALUE));
CREATE DOMAIN sleepy_int AS int CHECK (pg_catalog.pg_sleep(VALUE)::text = '');
CREATE DOMAIN dialed_text AS text CHECK (public.dblink_connect(VALUE, 'host=/nowhere') IS NOT NULL);
CREATE DOMAIN nested_dom AS trapped_text;
CREATE TYPE boxed AS (a int, t trapped_text);
CREATE TYPE locked_box AS (n locked_int);
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TYPE loud_range AS RANGE (subtype = locked_int);
CREATE FUNCTION colour_number(colour) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM mallory.ran($$cast$$); RETURN 1; END';
CREATE CAST (colour AS int) WITH FUNCTION colour_number(colour) AS IMPLICIT;
CREATE FUNCTION colour_text(colour) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM mallory.ran($$cast$$); RETURN $$x$$; END';
CREATE CAST (colour AS text) WITH FUNCTION colour_text(colour) AS IMPLICIT;
CREATE FUNCTION boxed_int(boxed) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM mallory.ran($$cast$$); RETURN 1; END';
CREATE CAST (boxed AS int) WITH FUNCTION boxed_int(boxed) AS ASSIGNMENT;

-- tables whose planning or reading calls functions
CREATE TABLE bait (id int PRIMARY KEY, c colour, tags trapped_text[], box boxed, lb locked_box, li locked_int[], note text);
CREATE TABLE bait_predicate (id int, note text);
CREATE INDEX ON bait_predicate (id) WHERE mallory.now_i('predicate') AND id > 0;
CREATE TABLE bait_expression (id int, note text);
CREATE INDEX ON bait_expression ((mallory.number_i(7)), id);
CREATE TABLE bait_check (id int CHECK (mallory.number_i(1) = id OR id > 0), note text);
CREATE TABLE bait_statistics (id int, note text);
CREATE STATISTICS bait_statistics_x ON (mallory.number_i(1) + id), note FROM bait_statistics;
CREATE TABLE bait_generated (id int, g int GENERATED ALWAYS AS (mallory.number_i(id)) STORED, d int DEFAULT mallory.number_i(1));
CREATE TABLE bait_partition (id int, note text) PARTITION BY LIST ((mallory.number_i(id)));
CREATE TABLE bait_partition_1 PARTITION OF bait_partition FOR VALUES IN (1);
CREATE TABLE bait_policy (id int, note text);
ALTER TABLE bait_policy ENABLE ROW LEVEL SECURITY;
CREATE POLICY trap ON bait_policy USING (mallory.now_s('policy'));
CREATE TABLE bait_policy_lock (id int, note text);
ALTER TABLE bait_policy_lock ENABLE ROW LEVEL SECURITY;
CREATE POLICY trap ON bait_policy_lock USING (pg_catalog.pg_try_advisory_lock(667));
CREATE VIEW bait_view AS SELECT id, mallory.now_s('view') AS x FROM bait;
CREATE VIEW bait_view_lock AS SELECT id, pg_catalog.pg_try_advisory_lock(668) AS x FROM public.ledger;
CREATE VIEW bait_view_over AS SELECT id FROM bait_view;
CREATE VIEW bait_view_policy AS SELECT id FROM bait_policy;
CREATE VIEW bait_view_domain AS SELECT id, (note || id)::trapped_text AS x FROM bait;
CREATE VIEW bait_view_secret AS SELECT public.peek() AS x;
CREATE VIEW double_0 AS SELECT 1 AS x;
GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO reader;
RESET search_path;
RESET ROLE;

-- views that double at each step: 2^20 relations behind the last
DO $$
BEGIN
    FOR i IN 1..20 LOOP
        EXECUTE format('CREATE VIEW mallory.double_%s AS SELECT a.x FROM mallory.double_%s a, mallory.double_%s b', i, i - 1, i - 1);
    END LOOP;
END $$;
-- rows whose columns' checks do not run at load
INSERT INTO mallory.bait (id, c, note) VALUES (1, 'red', 'a'), (2, 'green', 'b');
GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO reader;

-- a function that the superuser allows, and which takes a lock and forgets it
CREATE FUNCTION public.fine_i(x int) RETURNS int LANGUAGE plpgsql STABLE AS
    'BEGIN PERFORM pg_advisory_lock(900); PERFORM pg_advisory_lock_shared(901); PERFORM pg_advisory_lock(900); RETURN mallory_free(x); END';
CREATE FUNCTION public.mallory_free(x int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1 + 1';
INSERT INTO nlsql.allowed_function (function) VALUES ('public.fine_i(integer)');
SELECT pg_advisory_unlock_all();
ANALYZE public.ledger;
