-- What a change of state brings with it, whoever makes it: a line in the run's log, and NOTIFY nlsql with the run's id.

CREATE FUNCTION nlsql.run_changed_() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO nlsql.event (run_id, level, message)
  VALUES (NEW.id,
          CASE NEW.status WHEN 'failed' THEN 'error' WHEN 'waiting' THEN 'warning' WHEN 'short' THEN 'notice'
                          WHEN 'budget' THEN 'notice' ELSE 'info' END,
          'run ' || NEW.status || COALESCE(' (' || NEW.reason || ')', '') || COALESCE(': ' || NEW.last_error, ''));
  PERFORM pg_notify('nlsql', NEW.id::text);
  RETURN NULL;
END $$;
CREATE TRIGGER made AFTER INSERT ON nlsql.run FOR EACH ROW EXECUTE FUNCTION nlsql.run_changed_();
CREATE TRIGGER changed AFTER UPDATE ON nlsql.run FOR EACH ROW WHEN (NEW.status <> OLD.status)
  EXECUTE FUNCTION nlsql.run_changed_();

CREATE FUNCTION nlsql.phase_changed_() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('nlsql', NEW.run_id::text);
  RETURN NULL;
END $$;
CREATE TRIGGER changed AFTER UPDATE ON nlsql.run_phase FOR EACH ROW WHEN (NEW.status <> OLD.status)
  EXECUTE FUNCTION nlsql.phase_changed_();
