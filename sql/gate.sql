-- The gate's functions: what they are for, and who may call them.

COMMENT ON FUNCTION nlsql.check_sql(text, jsonb) IS
  'runs one statement through the gate, as the calling role and without a trace, and says how far it came and why.
Option proof: mutation counts the one-step changes of the statement (a condition dropped, a comparison turned, a constant
moved by one, another join, aggregate, order, set operation) that ran, and those that its result tells apart.
Difficulty is Spider''s hardness rule, carried over to PostgreSQL, by three counts. a: 1 each for WHERE, GROUP BY, ORDER BY
and LIMIT of the outermost query (of a set operation, its first branch), and each of its joins, ORs and pattern matches
(LIKE, ILIKE, ~). b: each subquery, CTE, set operation and window clause, at all levels. c: 1 each for more than one
aggregate, output column, condition and grouping key of the outermost query.
easy: a <= 1, b = 0, c = 0. medium: b = 0 and either a <= 1, c <= 2 or a <= 2, c <= 1. hard: b = 0 and either a <= 2, c > 2
or a = 3, c <= 2; or a <= 1, b = 1, c = 0. extra: everything else.';
COMMENT ON FUNCTION nlsql.bounded_(anyelement, int) IS
  'hands its argument on unless it is too long for a function that no time limit stops; the gate puts it in place';
