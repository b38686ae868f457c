-- What a change of state brings with it, whoever makes it: a line in the run's log, and NOTIFY nlsql with the run's id.

CREATE FUNCTION nlsql.tell_(r nlsql.run) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO nlsql.event (run_id, level, message)
  VALUES (r.id,
          CASE r.status WHEN 'failed' THEN 'error' WHEN 'waiting' THEN 'warning' WHEN 'short' THEN 'notice'
                        WHEN 'budget' THEN 'notice' ELSE 'info' END,
          'run ' || r.status || COALESCE(' (' || r.reason || ')', '') || COALESCE(': ' || r.last_error, ''));
  PERFORM pg_notify('nlsql', r.id::text);
END $$;

-- Not when a row is inserted: nlsql.enqueue_ tells of a new run, and a dump that is restored tells nothing.
CREATE FUNCTION nlsql.run_changed_() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM nlsql.tell_(NEW);
  RETURN NULL;
END $$;
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
