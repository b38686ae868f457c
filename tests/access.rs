//! Who sees and may do what: every table, view and function of the extension, so that a new one is covered too.

mod support;

use support::{Cluster, Database, grants};

const ROLES: [&str; 3] = ["ann", "bob", "cid"];

/// What anyone may see in full, for nobody's runs stand there.
const SHARED: [&str; 8] =
    ["allowed_function", "benchmark", "column_policy", "endpoint", "endpoints", "phases", "price", "prices"];

/// What PUBLIC may call: constants of the version, what the gate puts into a plan, checks of a row that the caller
/// writes, and what nlsql.wait() looks at.
const PUBLIC: [&str; 8] = [
    "bounded_", "check_template_", "in_transaction_block_", "nudge_", "shipped_endpoints", "shipped_phases",
    "shipped_prices", "shipped_templates",
];

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Three roles with a row of their own in every table that tells of runs.
fn three_roles(cluster: &Cluster) -> Database {
    let root = cluster.demo("demo").as_superuser();
    for role in ROLES {
        cluster.create_role(role);
        root.run(&grants(role));
        root.run(&format!(
            "GRANT USAGE ON SCHEMA insurer TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA insurer TO {role}"
        ));
        let database = root.as_role(role);
        database.generate("'schema_docs', 3, run => 'same_name'");
        database.generate("'joins', 3, run => 'same_name'");
        database.run("INSERT INTO nlsql.phase (role, name, count) VALUES (current_user, 'joins', 7)");
        database.run("INSERT INTO nlsql.template VALUES (current_user, 'joins', 'Write {{ count }} pairs.')");
        root.run(&format!(
            "INSERT INTO nlsql.request (role, phase, task, attempt, endpoint, model) VALUES ('{role}', 'ask', 0, 1, 'e', 'm');
             INSERT INTO nlsql.request (run_id, phase, task, attempt, endpoint, model)
               SELECT id, 'joins', 1, 1, 'e', 'm' FROM nlsql.run WHERE role = '{role}';
             INSERT INTO nlsql.reject (run_id, phase, task, stage, message, engine)
               SELECT id, 'joins', 1, 'parse', 'syntax error', 'offline' FROM nlsql.run WHERE role = '{role}'"
        ));
    }
    root
}

/// Which rows of a relation are the current user's, by its columns; none where no column tells.
fn mine(columns: &str) -> Option<&'static str> {
    let has = |name: &str| columns.split(',').any(|c| c == name);
    match (has("role"), has("run_id")) {
        (true, true) => Some(
            "role IS NOT DISTINCT FROM current_user OR (role IS NULL AND run_id IN (SELECT id FROM nlsql.run WHERE role = current_user))",
        ),
        (true, false) => Some("role IS NOT DISTINCT FROM current_user"),
        (false, true) => Some("run_id IN (SELECT id FROM nlsql.run WHERE role = current_user)"),
        // one name, three runs: what a view shows of runs is told apart by the count
        (false, false) => None,
    }
}

#[test]
fn each_role_sees_its_own_rows_alone() {
    let cluster = Cluster::new();
    let root = three_roles(&cluster);
    let relations = root.run(
        "SELECT c.relname, (SELECT string_agg(a.attname, ',') FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0)
           FROM pg_class c WHERE c.relnamespace = 'nlsql'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p') ORDER BY 1",
    );
    let (mut seen, mut refused) = (0, Vec::new());
    for line in relations.lines() {
        let (name, columns) = line.split_once('|').expect("a name and its columns");
        let all = root.number(&format!("SELECT count(*) FROM nlsql.{name}"));
        let mut counts = Vec::new();
        for role in ROLES {
            let reader = root.as_role(role);
            match reader.try_run(&format!("SELECT count(*) FROM nlsql.{name}")) {
                Ok(count) => counts.push(count.parse::<i64>().expect("a count")),
                Err(error) => assert_eq!(error.sqlstate, "42501", "{name}: {error}"),
            }
            if let (Some(mine), false) = (mine(columns), counts.is_empty()) {
                let others = format!("SELECT count(*) FROM nlsql.{name} WHERE ({mine}) IS NOT TRUE");
                assert_eq!(reader.number(&others), 0, "{role} sees others' rows in {name}");
            }
        }
        if counts.is_empty() {
            refused.push(name);
        } else if !SHARED.contains(&name) && name != "templates" {
            assert!(all > 0 || name == "progress", "{name} has no row to be seen: give it one here");
            assert!(counts.iter().all(|c| *c > 0), "{name}: {counts:?}");
            // a view that joins to the reader's own rows shows a superuser its own, which are none
            assert!(name == "progress" || counts.iter().sum::<i64>() == all, "{name}: {counts:?} of {all}");
            seen += 1;
        }
    }
    println!("{seen} tables and views, each role its own; no role reads {refused:?}");
    assert_eq!(refused, ["audited", "inferred", "learned", "secret", "worker"], "without the right to read");
    // of endpoints, what may be known
    let error = root.as_role("ann").error("SELECT base_url, headers, key FROM nlsql.endpoint");
    assert_eq!(error.sqlstate, "42501", "{error}");
    let views = root.run(
        "SELECT relname FROM pg_class WHERE relnamespace = 'nlsql'::regnamespace AND relkind = 'v'
            AND 'security_invoker=true' <> ALL (COALESCE(reloptions, '{}'))",
    );
    assert_eq!(views, "", "views run with the reader's rights");
    nobody_writes(&root);
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// Nobody writes where proved pairs stand; settings of phases and templates are each role's own.
fn nobody_writes(root: &Database) {
    let writable = root.run(
        "SELECT DISTINCT c.relname FROM pg_class c
          WHERE c.relnamespace = 'nlsql'::regnamespace AND c.relkind IN ('r', 'v', 'p', 'S')
            AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege('ann', c.oid, 'USAGE, UPDATE')
                ELSE has_table_privilege('ann', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES')
                  OR has_any_column_privilege('ann', c.oid, 'INSERT, UPDATE, REFERENCES') END
          ORDER BY 1",
    );
    assert_eq!(lines(&writable), ["column_policy", "phase", "template"], "tables that a role may write");
    let ann = root.as_role("ann");
    for statement in [
        "INSERT INTO nlsql.phase (role, name, count) VALUES ('bob', 'builtins', 1)",
        "INSERT INTO nlsql.phase (role, name, count) VALUES (NULL, 'builtins', 1)",
        "UPDATE nlsql.phase SET role = 'bob', name = 'builtins'",
        "INSERT INTO nlsql.template VALUES (NULL, 'joins', 'x')",
        "INSERT INTO nlsql.column_policy VALUES ('insurer', 'claim', 'billed_amt', 'keep')",
        "INSERT INTO nlsql.item (run_id, phase, slot, kind, checks, engine, seed, schema_hash) VALUES (1, 'joins', 99, 'qa', '{}', 'offline', 1, '')",
        "SELECT nlsql.finish_(1, 'joins', 1, 1, '', '[]', '[]', 'done', NULL, NULL, NULL)",
        "SELECT nlsql.enqueue_('{}')",
        "SET ROLE bob",
    ] {
        let error = ann.error(statement);
        assert_eq!(error.sqlstate, "42501", "{statement}: {error}");
    }
    let gone = ann.run("WITH d AS (DELETE FROM nlsql.phase RETURNING role) SELECT string_agg(role, ',') FROM d");
    assert_eq!(gone, "ann");
    // another's run of the same name is out of reach, whatever is done to one's own
    assert_eq!(ann.run("SELECT nlsql.cancel('same_name')"), "f");
    assert!(ann.number("SELECT nlsql.drop_run('same_name')") > 0);
    assert_eq!(root.number("SELECT count(*) FROM nlsql.run"), 2);
    assert_eq!(ann.error("SELECT nlsql.drop_run('same_name')").sqlstate, "42704");
}

#[test]
fn public_may_call_nothing_that_costs() {
    let cluster = Cluster::new();
    let root = cluster.demo("demo").as_superuser();
    let functions = |condition: &str| {
        lines(&root.run(&format!(
            "SELECT p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
               JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
               JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'nlsql'
              WHERE {condition} ORDER BY 1"
        )))
    };
    assert_eq!(functions("has_function_privilege('public', p.oid, 'EXECUTE')"), PUBLIC);
    assert_eq!(functions("p.prosecdef"), [""; 0], "none runs with its owner's rights");
    // a procedure that commits can have no SET clause, and qualifies all names instead; a body that is parsed at
    // install time is bound for good
    let loose = "l.lanname <> 'c' AND p.prosqlbody IS NULL AND NOT COALESCE(p.proconfig::text ~ 'search_path=pg_catalog, pg_temp', false)";
    assert_eq!(functions(loose), ["wait"], "search_path is pinned");
    assert_eq!(functions("obj_description(p.oid, 'pg_proc') IS NULL"), [""; 0], "each says what it is for");
    let bare = root.run(
        "SELECT relname FROM pg_class c WHERE relnamespace = 'nlsql'::regnamespace AND relkind IN ('r', 'v')
            AND obj_description(oid, 'pg_class') IS NULL",
    );
    assert_eq!(bare, "", "each says what it is for");
    // a role that was given nothing
    cluster.create_role("nobody");
    let nobody = root.as_role("nobody");
    assert_eq!(nobody.error("SELECT * FROM nlsql.dataset").sqlstate, "42501");
    root.run("GRANT USAGE ON SCHEMA nlsql TO nobody");
    for call in
        ["generate('joins', 5)", "generate_all()", "ddl('pg_class')", "check_sql('SELECT 1')", "ask('how many?')"]
    {
        let error = nobody.error(&format!("SELECT nlsql.{call}"));
        assert_eq!(error.sqlstate, "42501", "{call}: {error}");
    }
    assert_eq!(nobody.error("CALL nlsql.wait()").sqlstate, "42501");
}

#[test]
fn the_grants_of_the_readme_are_enough() {
    let block = include_str!("demo/grants.sql").trim();
    assert!(include_str!("../README.md").contains(block), "README and tests/demo/grants.sql say the same");
    let cluster = Cluster::new();
    let reader = cluster.create_database_of("demo", "reader");
    documented(&reader.as_superuser());
    assert_eq!(reader.run("SELECT has_function_privilege('nlsql.generate_all(text, jsonb)', 'EXECUTE')"), "t");
    reader.generate("'joins', 6, run => 'r'");
    for call in [
        "SELECT accepted FROM nlsql.progress",
        "SELECT count(*) FROM nlsql.dataset",
        "SELECT nlsql.resume('r') + nlsql.resume_all()",
        "SELECT length(nlsql.schema_json()::text)",
        "SELECT length(nlsql.ddl('insurer.claim'))",
        "SELECT count(*) FROM nlsql.anonymize('insurer.payer', 2)",
        "SELECT count(*) FROM nlsql.anonymize_plan('insurer.payer')",
        "SELECT count(*) FROM nlsql.audit('r')",
        "SELECT ok FROM nlsql.check_sql('SELECT count(*) FROM insurer.payer')",
        "SELECT count(*) FROM nlsql.split('r')",
        "SELECT count(*) FROM nlsql.jsonl('r')",
    ] {
        assert!(!reader.run(call).is_empty(), "{call}");
    }
    let error = reader.error("SELECT nlsql.export_jsonl('r')");
    assert!(error.sqlstate == "42501" && error.text.contains("pg_write_server_files"), "{error}");
    reader.as_superuser().run("GRANT pg_write_server_files TO reader");
    assert_eq!(reader.run("SELECT records FROM nlsql.export_jsonl('r')"), "6");
    assert_eq!(cluster.alarms(), [""; 0]);
}

/// What a user may call or set is in the reference and the README.
fn documented(root: &Database) {
    let (reference, readme) = (include_str!("../docs/reference.md"), include_str!("../README.md"));
    let functions = root.run(
        "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'nlsql'::regnamespace AND proname !~ '_$|^shipped_' ORDER BY 1",
    );
    let missing: Vec<_> = functions.lines().filter(|f| !reference.contains(&format!("{f}("))).collect();
    assert_eq!(missing, [""; 0], "functions without a word in docs/reference.md");
    let settings = root.run("LOAD 'nlsql'; SELECT name FROM pg_settings WHERE name LIKE 'nlsql.%'");
    assert!(settings.lines().count() > 10, "{settings}");
    let missing: Vec<_> = settings
        .lines()
        .filter(|s| !readme.contains(&format!("`{s}`")) && !reference.contains(&format!("`{s}`")))
        .collect();
    assert_eq!(missing, [""; 0], "settings that no page explains");
}

/// Operators in `public` for every pair of common types that pg_catalog has none of its own for, and functions that
/// suit arguments better than the server's polymorphic ones. Each notes who called it.
const TRAPS: &str = r#"
CREATE TABLE public.caught (who name, what text);
GRANT ALL ON public.caught TO PUBLIC;
DO $do$
DECLARE
  types text[] := '{text,name,int4,int8,jsonb,timestamptz,interval,numeric,float8,bool,oid,"\"char\"",regclass,text[],name[],uuid,varchar}';
  l text; r text; op text; f text; n int := 0;
BEGIN
  FOREACH l IN ARRAY types LOOP FOREACH r IN ARRAY types LOOP
    n := n + 1;
    f := format('trap_%s', n);
    EXECUTE format($f$CREATE FUNCTION public.%I(a %s, b %s) RETURNS bool LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO public.caught VALUES (current_user, '%s %s'); RETURN true; END $$$f$, f, l, r, replace(l, '"', ''), replace(r, '"', ''));
    FOREACH op IN ARRAY '{=,<>,<,>,<=,>=,||,+,-,*,/,->,->>,@>,~}'::text[] LOOP
      IF NOT EXISTS (SELECT FROM pg_catalog.pg_operator o WHERE o.oprname = op AND o.oprnamespace = 'pg_catalog'::regnamespace
                        AND o.oprleft = l::regtype AND o.oprright = r::regtype) THEN
        EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)', op, l, r, f);
      END IF;
    END LOOP;
  END LOOP; END LOOP;
  FOR f, l, r IN SELECT * FROM (VALUES ('format', 'text, text', 'text'), ('format', 'text, name', 'text'), ('concat_ws', 'text, text, text', 'text'),
      ('to_jsonb', 'text', 'jsonb'), ('jsonb_agg', 'jsonb', 'jsonb'), ('array_append', 'text[], text', 'text[]'), ('array_position', 'text[], text', 'int'),
      ('unnest', 'text[]', 'text'), ('string_agg', 'text, unknown', 'text'), ('lower', 'name', 'text'), ('md5', 'name', 'text')) v LOOP
    CONTINUE WHEN l ~ 'unknown';
    EXECUTE format($f$CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO public.caught VALUES (current_user, '%s'); RETURN NULL; END $$$f$, f, l, r, f);
  END LOOP;
END $do$;
"#;

#[test]
fn an_installation_is_not_taken_in() {
    let cluster = Cluster::new();
    cluster.create_role("mallory");
    let postgres = cluster.database("postgres");
    postgres.run("CREATE DATABASE squatted OWNER mallory; CREATE DATABASE trapped OWNER mallory");

    // a schema of that name is somebody's already
    let squatted = cluster.database("squatted");
    squatted.as_role("mallory").run("CREATE SCHEMA nlsql; CREATE TABLE nlsql.run (id int)");
    for statement in
        ["CREATE EXTENSION nlsql", "CREATE EXTENSION nlsql SCHEMA nlsql", "CREATE EXTENSION IF NOT EXISTS nlsql"]
    {
        let error = squatted.error(statement);
        assert_eq!(error.sqlstate, "42P06", "{statement}: {error}");
    }
    assert_eq!(squatted.run("SELECT count(*) FROM pg_extension WHERE extname = 'nlsql'"), "0");

    // a database owner lays traps, a superuser installs with whatever search_path, a third role works
    let trapped = cluster.database("trapped");
    let mallory = trapped.as_role("mallory");
    trapped.run("ALTER SCHEMA public OWNER TO mallory; CREATE SCHEMA AUTHORIZATION mallory");
    mallory.run(TRAPS);
    mallory.run("CREATE TABLE public.pg_class AS SELECT 1 AS oid; CREATE VIEW public.run AS SELECT 1 AS id; CREATE TYPE public.item AS (a int)");
    trapped.run("SET search_path = public, mallory, pg_catalog; CREATE EXTENSION nlsql");
    let outside = trapped.run(
        "SET search_path = pg_catalog; SELECT DISTINCT d.classid::regclass, d.objid, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
           FROM pg_depend d
           JOIN (SELECT oid, oprnamespace AS namespace FROM pg_operator UNION SELECT oid, pronamespace FROM pg_proc
                 UNION SELECT oid, relnamespace FROM pg_class UNION SELECT oid, typnamespace FROM pg_type) o ON o.oid = d.refobjid
           JOIN pg_namespace n ON n.oid = o.namespace
          WHERE n.nspname NOT IN ('nlsql', 'pg_catalog', 'pg_toast')
            AND (d.classid, d.objid) IN (
              SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = 'nlsql'::regnamespace
              UNION SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'nlsql'::regnamespace
              UNION SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE connamespace = 'nlsql'::regnamespace
              UNION SELECT 'pg_attrdef'::regclass, a.oid FROM pg_attrdef a JOIN pg_class c ON c.oid = a.adrelid WHERE c.relnamespace = 'nlsql'::regnamespace
              UNION SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'nlsql'::regnamespace
              UNION SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = 'nlsql'::regnamespace
              UNION SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relnamespace = 'nlsql'::regnamespace)",
    );
    assert_eq!(outside, "", "nothing of the extension leans on others' objects");

    cluster.create_role("worker");
    trapped.run(&grants("worker"));
    trapped.run("CREATE SCHEMA AUTHORIZATION worker");
    let worker = trapped.as_role("worker");
    worker.run(
        "CREATE TABLE worker.thing (thing_id int PRIMARY KEY, label text NOT NULL, price numeric);
                INSERT INTO worker.thing SELECT i, 'thing ' || i::text, i FROM generate_series(1, 50) i; ANALYZE",
    );
    let hostile = "SET search_path = public, mallory, pg_temp, pg_catalog;";
    worker.run(&format!(
        "CREATE TEMP TABLE pg_proc AS SELECT 1 AS oid; {hostile} SELECT nlsql.generate('schema_docs', 8, run => 'r'); CALL nlsql.wait('r')"
    ));
    for reader in [&worker, &trapped] {
        reader.run(&format!("{hostile} SELECT run, eta FROM nlsql.progress; SELECT * FROM nlsql.phases; SELECT * FROM nlsql.prices; SELECT * FROM nlsql.dataset"));
    }
    worker.run(&format!("{hostile} SELECT nlsql.cancel('r'), nlsql.resume('r'), nlsql.resume_all(); SELECT * FROM nlsql.jsonl('r'); SELECT nlsql.drop_run('r')"));
    let caught = trapped
        .run("SET search_path = pg_catalog; SELECT DISTINCT who, what FROM public.caught WHERE who NOT IN ('mallory')");
    assert_eq!(caught, "", "nobody stepped into a trap");
    assert_eq!(cluster.alarms(), [""; 0]);
}
