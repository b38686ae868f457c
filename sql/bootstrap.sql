-- CREATE EXTENSION resolves names by the caller's first schema, where anybody may have laid an operator that fits better
-- than the server's own. From here to the end of the script only the server's own count.
SET LOCAL search_path = pg_catalog, pg_temp;

-- Names, values and questions travel as UTF-8 between the server, the extension and models. In another encoding the
-- first letter beyond ASCII would be an error in the middle of a run.
DO $$
BEGIN
  IF getdatabaseencoding() <> 'UTF8' THEN
    RAISE EXCEPTION 'nlsql needs a database with encoding UTF8, and this one has %', getdatabaseencoding()
      USING ERRCODE = 'feature_not_supported',
            HINT = 'Copy it: CREATE DATABASE .. TEMPLATE template0 ENCODING ''UTF8'', then restore a dump there, which converts.';
  END IF;
END $$;

-- The schema is the extension's own: never IF NOT EXISTS, so that nobody can have put one there before.
CREATE SCHEMA nlsql;
COMMENT ON SCHEMA nlsql IS 'training and evaluation data for text-to-SQL models';
