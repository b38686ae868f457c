SELECT nlsql.generate('joins', 50, run => 'run_demo');
CALL nlsql.wait('run_demo');
SELECT run, phase, status, requested, accepted, rejected, elapsed FROM nlsql.progress;
SELECT question, sql FROM nlsql.dataset WHERE run = 'run_demo' ORDER BY slot LIMIT 10;
