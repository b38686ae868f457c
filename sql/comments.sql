-- What \df+ says of functions that have no SQL file of their own.
COMMENT ON FUNCTION nlsql.generate(text, bigint, text, jsonb) IS
  'adds a phase to a run, new or named, and returns the run''s name at once; work starts at COMMIT';
COMMENT ON FUNCTION nlsql.generate_all(text, jsonb) IS
  'adds every enabled phase of nlsql.phases to a run, new or named, and returns its name at once';
COMMENT ON FUNCTION nlsql.cancel(text) IS 'stops a run; what is stored stays; false where it had ended already';
COMMENT ON FUNCTION nlsql.resume(text) IS
  'goes on with a run that was cancelled, failed or lost its workers; number of tasks opened again';
COMMENT ON FUNCTION nlsql.resume_all() IS 'goes on with every unfinished run of the current role; number of runs';
COMMENT ON FUNCTION nlsql.drop_run(text) IS 'deletes a run with its records; number of rows deleted';
COMMENT ON FUNCTION nlsql.shipped_phases() IS 'phases with the settings of this version; nlsql.phases shows those in force';
COMMENT ON FUNCTION nlsql.shipped_endpoints() IS 'model servers of this version; nlsql.endpoints shows those in force';
COMMENT ON FUNCTION nlsql.shipped_prices() IS 'prices of this version; nlsql.prices shows those in force';
COMMENT ON FUNCTION nlsql.shipped_templates() IS 'prompt templates of this version; nlsql.templates shows those in force';
