-- Who may do what. Nothing that costs CPU or money is PUBLIC's; reading is, under row security.

REVOKE ALL ON ALL ROUTINES IN SCHEMA nlsql FROM PUBLIC;

DO $$
DECLARE f pg_catalog.regprocedure;
BEGIN
  FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p
            WHERE p.pronamespace = 'nlsql'::pg_catalog.regnamespace AND p.proname ~ '_$'
              AND pg_catalog.obj_description(p.oid, 'pg_proc') IS NULL LOOP
    EXECUTE pg_catalog.format('COMMENT ON FUNCTION %s IS %L', f, 'internal: called by nlsql itself');
  END LOOP;
END $$;

ALTER TABLE nlsql.run ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON nlsql.run FOR SELECT USING (role = CURRENT_USER);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['run_phase', 'task', 'event', 'request', 'item', 'reject'] LOOP
    EXECUTE pg_catalog.format('ALTER TABLE nlsql.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE pg_catalog.format('CREATE POLICY own ON nlsql.%I FOR SELECT USING (run_id IN (SELECT r.id FROM nlsql.run r))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['phase', 'template'] LOOP
    EXECUTE pg_catalog.format('ALTER TABLE nlsql.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE pg_catalog.format('CREATE POLICY see ON nlsql.%I FOR SELECT USING (role IS NULL OR role = CURRENT_USER)', t);
    EXECUTE pg_catalog.format('CREATE POLICY own ON nlsql.%I FOR ALL USING (role = CURRENT_USER) WITH CHECK (role = CURRENT_USER)', t);
  END LOOP;
END $$;

-- the owner of a table says how its columns are anonymised
ALTER TABLE nlsql.column_policy ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON nlsql.column_policy FOR SELECT USING (true);
CREATE POLICY own ON nlsql.column_policy FOR ALL
  USING (EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                  WHERE n.nspname = table_schema AND c.relname = table_name
                    AND pg_catalog.pg_has_role(c.relowner, 'USAGE')))
  WITH CHECK (EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                  WHERE n.nspname = table_schema AND c.relname = table_name
                    AND pg_catalog.pg_has_role(c.relowner, 'USAGE')));

-- calls of ask() belong to no run
CREATE POLICY asked ON nlsql.request FOR SELECT USING (role = CURRENT_USER);

GRANT SELECT ON nlsql.run, nlsql.run_phase, nlsql.task, nlsql.event, nlsql.request, nlsql.item, nlsql.reject,
  nlsql.dataset, nlsql.rejected, nlsql.progress, nlsql.phases, nlsql.templates, nlsql.endpoints, nlsql.prices, nlsql.price, nlsql.allowed_function, nlsql.benchmark
  TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON nlsql.phase, nlsql.template, nlsql.column_policy TO PUBLIC;
-- a caller has to be able to name an endpoint, and may know its model; not its address, headers or key
GRANT SELECT (name, model, api_style, structured, parallelism, requests_per_minute, tokens_per_minute) ON nlsql.endpoint TO PUBLIC;
-- constants of this version that the views show, what nlsql.wait() calls and what the gate puts into a plan: they
-- touch the caller's own runs alone, or nothing
GRANT EXECUTE ON FUNCTION nlsql.shipped_phases, nlsql.shipped_endpoints, nlsql.shipped_prices, nlsql.shipped_templates, nlsql.check_template_, nlsql.nudge_,
  nlsql.bounded_, nlsql.in_transaction_block_ TO PUBLIC;
