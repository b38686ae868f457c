-- CREATE EXTENSION resolves names by the caller's first schema, where anybody may have laid an operator that fits better
-- than the server's own. From here to the end of the script only the server's own count.
SET LOCAL search_path = pg_catalog, pg_temp;

-- The schema is the extension's own: never IF NOT EXISTS, so that nobody can have put one there before.
CREATE SCHEMA nlsql;
COMMENT ON SCHEMA nlsql IS 'training and evaluation data for text-to-SQL models';
