-- The gate's functions: what they are for, and who may call them.

COMMENT ON FUNCTION nlsql.check_sql(text, jsonb) IS
  'runs one statement through the gate, as the calling role and without a trace, and says how far it came and why';
COMMENT ON FUNCTION nlsql.bounded_(anyelement) IS
  'hands its argument on unless it is too long for a function that no time limit stops; the gate puts it in place';
