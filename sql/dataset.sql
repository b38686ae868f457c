-- What the functions on finished records are for, as \df+ shows it.

COMMENT ON FUNCTION nlsql.jsonl(text, text, text, jsonb) IS
  'the records of a run as lines of JSON, in order; formats nlsql, chat, prompt_completion, preference, alpaca, sharegpt, eval.
Evaluation pairs (those of dev and test, and in eval, spider, bird and csv those without a split) get the mutation proof on their
way out, unless they have it or option proof is false or the transaction reads only; it stays with the pair in checks.mutation';
COMMENT ON FUNCTION nlsql.export_jsonl(text, text, text, text, jsonb) IS
  'writes the lines of nlsql.jsonl() to a file of the server; needs the rights of pg_write_server_files';
COMMENT ON FUNCTION nlsql.export_dataset(text, text, text, jsonb) IS
  'writes a directory that datasets.load_dataset() opens: a file a split, README.md, manifest.json and what the format asks for';
COMMENT ON FUNCTION nlsql.split(text, jsonb) IS
  'assigns train, dev and test so that nothing alike crosses; what is assigned already stays';
COMMENT ON FUNCTION nlsql.keep_lines_() IS 'internal: keeps nlsql.item_line in step with nlsql.item';
