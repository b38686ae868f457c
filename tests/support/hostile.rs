//! Text that breaks careless writers of JSON, CSV and shell, put where the gate would never let it come.

use super::Database;

/// An SQL expression.
pub const HOSTILE: &str = "E'back\\\\slash \\\\n \"quotes\" ''single'' tab\\tnew\\nline\\r\\n \\x01\\x02\\x1f\\x7f \\u2028\\u2029 \
     \\U0001F600 \\\\. {{braces}} <script>alert(1)</script> \u{fffd}\u{feff} e\\u0301 \\\\u0000 ,;|'";

/// Three pairs as the gate stores them, the first with the text in every column that holds one.
pub fn insert(demo: &Database, run: &str, text: &str) {
    demo.as_superuser().run(&format!(
        "INSERT INTO nlsql.run (role, name, status, seed, settings, search_path) VALUES ('demo', '{run}', 'done', 1, '{{}}', '');
         INSERT INTO nlsql.run_phase (run_id, phase, ordinal, engine, status, seed, options)
         SELECT id, 'joins', 1, 'offline', 'done', 1, '{{}}' FROM nlsql.run WHERE name = '{run}';
         INSERT INTO nlsql.item (run_id, phase, slot, kind, question, sql, evidence, reasoning, tables, skeleton, template,
                literals, result, checks, engine, seed, schema_hash, difficulty)
         SELECT r.id, 'joins', n, 'pair', t, t || n, t, t, ARRAY[t], t, t, jsonb_build_array(t), jsonb_build_object(t, t),
                jsonb_build_object('mutant', jsonb_build_object('sql', t)), 'offline', 1, '', 'easy'
           FROM nlsql.run r, (VALUES (1, {text}), (2, '\\.'), (3, ' ')) v(n, t) WHERE r.name = '{run}'"
    ));
}
