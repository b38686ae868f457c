-- The schema is the extension's own: never IF NOT EXISTS, so that nobody can have put one there before.
CREATE SCHEMA nlsql;
COMMENT ON SCHEMA nlsql IS 'training and evaluation data for text-to-SQL models';
