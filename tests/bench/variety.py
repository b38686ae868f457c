#!/usr/bin/env python3
"""How varied are composed pairs? Draws N pairs over four phases in each database and prints one table of what
nlsql.report() says of them, whose rows tell what they mean.

    tests/bench/variety.py [-n 5000] [-s SEED] DATABASE...

Databases hold the extension; connection by libpq's environment (PGHOST, PGUSER, ..). A database whose tables hold no
rows is asked for pairs with schema_only. `tests/bench/variety.sh` makes a cluster with the public databases first.
"""
import argparse, json, re, subprocess, sys

PHASES = ["single_table", "joins", "complex_sqls", "builtins"]
# what the report does not part by phase
BY_PHASE = """
SELECT jsonb_build_object(
    'functions in builtins / elsewhere',
    (SELECT count(DISTINCT f) FILTER (WHERE phase = 'builtins') || '/' || count(DISTINCT f) FILTER (WHERE phase <> 'builtins')
       FROM pair, unnest(functions) f),
    'joins a query in joins',
    (SELECT round(avg((checks ->> 'joins')::int), 2) FROM pair WHERE phase = 'joins'),
    'complex: CTE/window/subquery/set',
    (SELECT concat_ws('/', round(avg((features && '{cte}')::int), 2), round(avg((features && '{window}')::int), 2),
                      round(avg((features && '{subq_scalar,subq_in,subq_exists,subq_from}')::int), 2),
                      round(avg((features && '{set_op}')::int), 2))
       FROM pair WHERE phase = 'complex_sqls'),
    'short',
    (SELECT coalesce(string_agg(phase || ': ' || last_error, '; '), '-') FROM nlsql.progress
      WHERE run = current_setting('variety.run') AND status = 'short'))
"""


# relations that a role may read and that hold a row: of others nothing can be asked that data would prove
FILLED = """
SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('nlsql', 'information_schema') AND n.nspname !~ '^pg_'
   AND has_table_privilege(c.oid, 'SELECT')
   AND CASE WHEN c.relispopulated THEN
           query_to_xml(format('SELECT 1 FROM %I.%I LIMIT 1', n.nspname, c.relname), false, false, '')::text LIKE '%<row>%' END
"""


def psql(database, *statements):
    command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database]
    for sql in statements:
        command += ["-c", sql]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{database}: {done.stderr.strip()}")
    return done.stdout


def is_empty(database):
    return psql(database, "SELECT count(*) FROM jsonb_array_elements(nlsql.schema_json() -> 'tables') t WHERE (t ->> 'pages')::int > 0").strip() == "0"


def generate(database, count, seed):
    run = f"variety_{seed}"
    empty = is_empty(database)
    psql(database, f"SELECT nlsql.drop_run(name) FROM nlsql.run WHERE name = '{run}'")
    for phase in PHASES:
        # the phase that shows functions shows all of them here
        options = {"seed": seed, **({"schema_only": True} if empty else {}), **({"functions": ["all"]} if phase == "builtins" else {})}
        psql(database, f"SELECT nlsql.generate('{phase}', {count // len(PHASES)}, '{run}', '{json.dumps(options)}')")
    psql(database, "SET client_min_messages = error", f"CALL nlsql.wait('{run}')")
    return run


def parts(name):
    """The parts of a dotted name, quoted ones whole."""
    return re.findall(r'"(?:[^"]|"")*"|[^."]+', name)


def relation(column):
    return [".".join(parts(column)[:2])]


def ends(edge):
    """Both tables of "child(columns) -> parent"."""
    child, parent = edge.split(" \u2192 ")
    return [child[: child.rindex("(")], parent]


def measure(database, run, asked):
    lines = psql(database, f"SELECT jsonb_build_array(section, metric, value, detail) FROM nlsql.report('{run}')").splitlines()
    found = {(s, m): (v, d) for s, m, v, d in map(json.loads, lines)}
    value = lambda s, m: found.get((s, m), (0, {}))[0] or 0
    filled = None if is_empty(database) else set(psql(database, FILLED).splitlines())

    def used(what, relations):
        """What is used of what there is in relations that hold rows."""
        found_of = found["coverage", what][1]
        missing = found_of["not_covered"]
        all_used, of = found_of["used"], found_of["of"]
        if filled is None:
            return f"{all_used}/{of}"
        left = [name for name in missing if all(r in filled for r in relations(name))]
        return f"{all_used}/{all_used + len(left)}"

    stored = value("ladder", "stored")
    pair = f"WITH pair AS (SELECT * FROM nlsql.dataset WHERE run = '{run}' AND kind = 'pair')"
    phases = json.loads(psql(database, f"SET variety.run = '{run}'", pair + BY_PHASE))
    levels = "/".join(f"{value('difficulty', d) / max(1, stored):.2f}" for d in ("easy", "medium", "hard", "extra"))
    return {
        "stored / asked": f"{stored}/{asked}",
        "executed": found["ladder", "executed"][0],
        "asked = measured difficulty": value("difficulty", "as_asked"),
        "easy/medium/hard/extra": levels,
        "skeletons / collapsed in 200": f"{value('statements', 'skeletons_in_200')}/{value('statements', 'collapsed_in_200')}",
        "skeletons in 1,000": value("statements", "skeletons_in_1000"),
        "top-10 share": f"{value('statements', 'top_10_skeletons'):.3f}",
        "features used": f"{value('features', 'used')}/{found['features', 'used'][1]['of']}",
        "features missing": " ".join(found["features", "used"][1]["not_used"]) or "-",
        **phases,
        "tables with rows used": used("tables", lambda name: [name]),
        "edges between such used": used("edges", ends),
        "their columns used": used("columns", relation),
        "column use max/median": f"{value('coverage', 'most_used_column'):.1f}",
        "question templates in 200": value("questions", "templates_in_200"),
        "distinct-2 of 200": f"{value('questions', 'distinct_2_in_200'):.2f}",
        "top-4 openings": f"{value('questions', 'top_4_openings'):.2f}",
        "duplicates / conflicts": f"{value('duplicates', 'questions')}/{value('duplicates', 'conflicts')}",
        "alike in letters": f"{value('duplicates', 'alike_in_letters'):.3f}",
        "snake_case": value("questions", "snake_case"),
        "words a question": f"{value('questions', 'words'):.1f}",
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("databases", nargs="+")
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("-s", "--seed", type=int, default=1)
    arguments = parser.parse_args()
    found = {}
    for database in arguments.databases:
        run = generate(database, arguments.n, arguments.seed)
        found[database] = measure(database, run, arguments.n // len(PHASES) * len(PHASES))
        print(f"{database}: {found[database]['stored / asked']}", file=sys.stderr)
    width = {d: max(len(d), 14) for d in found}
    print(f"{'':36}" + " ".join(f"{d:>{width[d]}}" for d in found))
    for metric in next(iter(found.values())):
        values = {d: str(f[metric]) for d, f in found.items()}
        if any(len(v) > width[d] for d, v in values.items()):
            for database, text in values.items():
                print(f"{metric + ' ' + database:36} {text}")
        else:
            print(f"{metric:36}" + " ".join(f"{v:>{width[d]}}" for d, v in values.items()))


main()
