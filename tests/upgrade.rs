//! Every version that was ever released can be updated to this one, and then is what a new installation is: objects,
//! columns, bodies, grants, comments, row security, what a dump carries. A change of the SQL without a line in the
//! update script fails here.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use support::{Cluster, Database};

/// One line for everything that the extension consists of.
const CATALOG: &str = "
WITH member AS (
  SELECT classid, objid FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
   WHERE e.extname = 'nlsql' AND d.deptype = 'e'),
relation AS (SELECT c.* FROM pg_class c WHERE c.relnamespace = 'nlsql'::regnamespace),
sorted AS (SELECT a.acl, (SELECT string_agg(i::text, ' ' ORDER BY i::text) FROM unnest(a.acl) i) AS text
             FROM (SELECT relacl FROM relation UNION SELECT proacl FROM pg_proc WHERE pronamespace = 'nlsql'::regnamespace
                   UNION SELECT attacl FROM pg_attribute WHERE attrelid IN (SELECT oid FROM relation)
                   UNION SELECT initprivs FROM pg_init_privs) a(acl))
SELECT regexp_replace(line, '\\s+', ' ', 'g') FROM (
  SELECT format('member %s: %s', pg_describe_object(classid, objid, 0), obj_description(objid, classid::regclass::text::name)) FROM member
  UNION ALL
  SELECT format('schema %s %s', nspacl, obj_description(oid, 'pg_namespace')) FROM pg_namespace WHERE nspname = 'nlsql'
  UNION ALL
  SELECT format('initial privileges %s: %s %s', pg_describe_object(classoid, i.objoid, objsubid), privtype, s.text)
    FROM pg_init_privs i JOIN member m ON m.classid = i.classoid AND m.objid = i.objoid LEFT JOIN sorted s ON s.acl = i.initprivs
  UNION ALL
  SELECT format('dump %s %s', c.oid::regclass, c.condition)
    FROM (SELECT unnest(extconfig) AS oid, unnest(extcondition) AS condition FROM pg_extension WHERE extname = 'nlsql') c
  UNION ALL
  SELECT format('function %s %s owner %s', pg_get_functiondef(p.oid), s.text, p.proowner::regrole)
    FROM pg_proc p LEFT JOIN sorted s ON s.acl = p.proacl WHERE p.pronamespace = 'nlsql'::regnamespace
  UNION ALL
  SELECT format('relation %s kind %s persistence %s security %s %s options %s owner %s acl %s', relname, relkind, relpersistence,
                relrowsecurity, relforcerowsecurity, reloptions, relowner::regrole, s.text)
    FROM relation r LEFT JOIN sorted s ON s.acl = r.relacl
  UNION ALL
  SELECT format('column %s.%s %s %s not null %s default %s identity %s generated %s storage %s acl %s: %s', r.relname,
                row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum), a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attstorage, s.text, col_description(r.oid, a.attnum))
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum LEFT JOIN sorted s ON s.acl = a.attacl
   WHERE r.relkind <> 'i'
  UNION ALL
  SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'nlsql'::regnamespace
  UNION ALL
  SELECT format('index %s', pg_get_indexdef(oid)) FROM relation WHERE relkind = 'i'
  UNION ALL
  SELECT format('trigger %s %s', pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
  UNION ALL
  SELECT format('policy %s', p) FROM pg_policies p WHERE schemaname = 'nlsql'
  UNION ALL
  SELECT format('view %s %s', relname, pg_get_viewdef(oid)) FROM relation WHERE relkind = 'v'
  UNION ALL
  SELECT format('sequence %s %s %s %s %s %s', sequencename, start_value, increment_by, cycle, cache_size, data_type) FROM pg_sequences WHERE schemaname = 'nlsql'
) x(line)";

fn catalog(root: &Database) -> BTreeSet<String> {
    root.run(CATALOG).lines().map(str::to_owned).collect()
}

/// What makes each function of the extension, with all that belongs to it, by its signature.
const FUNCTIONS: &str = "
SELECT jsonb_build_object('name', p.oid::regprocedure::text, 'result', pg_get_function_result(p.oid), 'sql', pg_get_functiondef(p.oid) || ';'
         || E'\nREVOKE ALL ON ' || k.kind || ' ' || p.oid::regprocedure || ' FROM PUBLIC;'
         || CASE WHEN has_function_privilege('public', p.oid, 'EXECUTE')
              THEN E'\nGRANT EXECUTE ON ' || k.kind || ' ' || p.oid::regprocedure || ' TO PUBLIC;' ELSE '' END
         || E'\nCOMMENT ON ' || k.kind || ' ' || p.oid::regprocedure || ' IS ' || quote_literal(obj_description(p.oid, 'pg_proc')) || ';')
  FROM pg_proc p, LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind) k
 WHERE p.pronamespace = 'nlsql'::regnamespace ORDER BY 1";

/// By signature: what it returns, and the statements that make it.
fn functions(root: &Database) -> BTreeMap<String, (Option<String>, String)> {
    let read = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        (text("name").expect("a name"), (text("result"), text("sql").expect("statements")))
    };
    root.run(FUNCTIONS).lines().map(read).collect()
}

/// The line of an update script behind which the functions stand, written by this test where NLSQL_WRITE_UPDATE is set.
const MARK: &str = "-- Functions that differ, written by NLSQL_WRITE_UPDATE=1 cargo test --test upgrade";

/// All that the functions need: none of it is written by hand.
fn write_functions(script: &Path, fresh: &Database, old: &Database) {
    let (wanted, had) = (functions(fresh), functions(old));
    // a function that returns something else cannot be replaced
    let stays = |k: &String, result: &Option<String>| wanted.get(k).is_some_and(|(now, _)| now == result);
    let gone = had.iter().filter(|(k, (was, _))| !stays(k, was)).map(|(k, _)| format!("DROP FUNCTION {k};"));
    let new = wanted.iter().filter(|(k, now)| had.get(*k) != Some(now)).map(|(_, (_, sql))| sql.clone());
    let statements = gone.chain(new).collect::<Vec<_>>().join("\n\n");
    let text = std::fs::read_to_string(script).expect("the update script");
    let by_hand = text.split(MARK).next().unwrap_or_default();
    std::fs::write(script, format!("{by_hand}{MARK}\n\n{statements}\n")).expect("the tree can be written");
}

fn sql() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sql")
}

/// Versions that have a frozen install script.
fn released() -> Vec<String> {
    let scripts = support::names(&sql());
    let version = |name: &String| Some(name.strip_prefix("nlsql--")?.strip_suffix(".sql")?.to_owned());
    scripts.iter().filter_map(version).filter(|v| !v.contains("--")).collect()
}

#[test]
fn an_updated_installation_is_a_new_one() {
    let cluster = Cluster::new();
    let root = cluster.database("postgres");
    root.run("CREATE DATABASE fresh; CREATE DATABASE recreated");
    let fresh = cluster.database("fresh");
    fresh.run("CREATE EXTENSION nlsql");
    let wanted = catalog(&fresh);
    assert!(wanted.len() > 300, "{} lines tell of the extension", wanted.len());
    let version = fresh.run("SELECT extversion FROM pg_extension WHERE extname = 'nlsql'");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    assert!(!released().is_empty(), "there is a version to come from");
    for (n, old) in released().iter().enumerate() {
        root.run(&format!("CREATE DATABASE old{n}"));
        let updated = cluster.database(&format!("old{n}"));
        updated.run(&format!("CREATE EXTENSION nlsql VERSION '{old}'"));
        let script = sql().join(format!("nlsql--{old}--{version}.sql"));
        if std::env::var_os("NLSQL_WRITE_UPDATE").is_some() && script.exists() {
            write_functions(&script, &fresh, &updated);
            panic!("{} is written: install it, and test again", script.display());
        }
        updated.run("SET search_path = public; ALTER EXTENSION nlsql UPDATE");
        let got = catalog(&updated);
        let (missing, extra) = (wanted.difference(&got), got.difference(&wanted));
        let lines: Vec<String> =
            missing.map(|l| format!("missing: {l}")).chain(extra.map(|l| format!("too much: {l}"))).collect();
        assert!(
            lines.is_empty(),
            "{old} updated to {version} is no new {version}; mend {}, see docs/release.md:\n{}",
            script.display(),
            lines.join("\n")
        );
        println!("{old} -> {version}: the same {} lines", got.len());
    }
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// What version 0.1.0 wrote into nlsql.run.settings.
const SETTINGS: &str = r#"{"engine": "offline", "endpoint": "openai", "model": null, "parallelism": 16, "workers": null,
    "request_timeout_ms": 120000, "max_retries": 5, "budget_usd": null, "values": null, "values_min_rows": 5,
    "check_timeout_ms": 5000, "check_memory_mb": 400, "db_sessions_max": 4}"#;

#[test]
fn what_was_made_with_an_old_version_goes_on_with_this_one() {
    let cluster = Cluster::new();
    let demo = cluster.demo("demo");
    let root = demo.as_superuser();
    root.run(&format!("DROP EXTENSION nlsql; CREATE EXTENSION nlsql VERSION '{}'", released()[0]));
    root.run(&support::grants("demo"));
    support::hostile::insert(&demo, "kept", "'a question'");
    // as it was made and left: three tasks, one of them in the hands of a worker that is gone
    for (run, settings) in [("left", SETTINGS), ("unreadable", "{}")] {
        root.run(&format!(
            "INSERT INTO nlsql.run (role, name, status, seed, settings, search_path) VALUES ('demo', '{run}', 'running', 7, '{settings}', '');
             INSERT INTO nlsql.run_phase (run_id, phase, ordinal, engine, status, requested, seed, options)
               SELECT id, 'joins', 1, 'offline', 'running', 30, 7, '{{}}' FROM nlsql.run WHERE name = '{run}';
             INSERT INTO nlsql.task (run_id, phase, number, slot, quota, status, attempt, pid, backend_start)
               SELECT r.id, 'joins', n, (n - 1) * 10, 10, CASE n WHEN 1 THEN 'claimed' ELSE 'open' END, 1,
                      CASE n WHEN 1 THEN 1 END, CASE n WHEN 1 THEN now() END
                 FROM nlsql.run r, generate_series(1, 3) n WHERE r.name = '{run}'"
        ));
    }
    let kept = root.raw("SELECT i::text FROM nlsql.item i ORDER BY id");
    // this library knows that the rows are not what it believes
    for call in ["SELECT nlsql.generate('joins', 5)", "SELECT nlsql.resume('left')"] {
        let error = demo.error(call);
        assert!(error.sqlstate == "55000" && error.hint.contains("ALTER EXTENSION nlsql UPDATE"), "{call}: {error}");
    }
    root.run("ALTER EXTENSION nlsql UPDATE");
    assert_eq!(root.raw("SELECT i::text FROM nlsql.item i ORDER BY id"), kept);
    assert_eq!(demo.number("SELECT nlsql.resume_all()"), 2);
    // what no worker can read is an error for whoever waits, not a worker after the other
    assert_eq!(demo.error("CALL nlsql.wait('unreadable')").sqlstate, "55000");
    demo.run("CALL nlsql.wait('left')");
    let state = "SELECT r.status, count(*) FROM nlsql.run r JOIN nlsql.dataset d ON d.run = r.name WHERE r.name = 'left' GROUP BY 1";
    assert_eq!(demo.run(state), "done|30");
    demo.generate("'schema_docs', 5, run => 'new'");
    assert_eq!(demo.number("SELECT count(*) FROM nlsql.dataset WHERE run = 'kept'"), 3);
    assert_eq!(cluster.alarms(), [""; 0]);
}
