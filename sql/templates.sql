-- Prompt templates: shipped ones under the rows of nlsql.template, which are checked when they are written.

CREATE VIEW nlsql.templates WITH (security_invoker) AS
SELECT COALESCE(t.name, s.name) AS name, COALESCE(t.body, s.body) AS body, t.name IS NULL AS shipped
  FROM nlsql.shipped_templates() s
  FULL JOIN (SELECT DISTINCT ON (x.name) x.name, x.body FROM nlsql.template x
              WHERE x.role IS NULL OR x.role = CURRENT_USER ORDER BY x.name, x.role NULLS LAST) t ON t.name = s.name
 ORDER BY 1;
COMMENT ON VIEW nlsql.templates IS 'prompt templates (Jinja) in force for the reader: shipped ones under the rows of nlsql.template';

CREATE FUNCTION nlsql.template_trigger_() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM nlsql.check_template_(NEW.name, NEW.body);
  RETURN NEW;
END $$;
COMMENT ON FUNCTION nlsql.template_trigger_() IS 'internal';
CREATE TRIGGER check_row BEFORE INSERT OR UPDATE ON nlsql.template
  FOR EACH ROW EXECUTE FUNCTION nlsql.template_trigger_();
