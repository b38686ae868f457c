SELECT nlsql.generate('joins', 50, run => 'run_demo');
CALL nlsql.wait('run_demo');
SELECT run, phase, status, requested, accepted, rejected, elapsed FROM nlsql.progress;
\pset format unaligned
\pset tuples_only on
\pset recordsep '\n\n'
SELECT 'Q: ' || question || coalesce(E'\nEvidence: ' || evidence, '') || E'\n' || sql AS pair FROM nlsql.dataset WHERE run = 'run_demo' ORDER BY slot LIMIT 12;
\pset tuples_only off
\pset format aligned
\pset recordsep '\n'
SELECT * FROM nlsql.export_jsonl('run_demo');
