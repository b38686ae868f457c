"""Loads the databases, drops their foreign keys, and scores nlsql.relationships(); called by relationships.sh."""

import json
import os
import pathlib
import subprocess
import sys
import time

DATA = pathlib.Path(os.environ["NLSQL_DATA"])
PUBLIC = ["pagila", "sakila", "chinook", "northwind", "synthea", "omop_cdm54", "evergreen"]


def psql(db, sql, script=None):
    args = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", db]
    done = subprocess.run(args, input=script if script is not None else sql, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"{db}: {done.stderr[:800]}")
    return done.stdout


def load(name, path):
    db = name
    subprocess.run(["createdb", db], check=True)
    text = subprocess.run(["gunzip", "-c", path], capture_output=True, check=True).stdout.decode() if path.suffix == ".gz" else path.read_text()
    psql(db, None, text)
    # a child by inheritance stands for the table that it is a part of
    parts = json.loads(psql(db, """
        SELECT coalesce(json_object_agg(c.oid::regclass::text, p.oid::regclass::text), '{}') FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent"""))
    psql(db, None, (DATA / "drop_fks.sql").read_text())
    psql(db, "CREATE EXTENSION IF NOT EXISTS nlsql")
    return db, parts


def quoted(db, pairs):
    """regclass's own spelling of schema and table."""
    wanted = json.dumps(sorted(set(pairs)))
    sql = "SELECT json_agg(json_build_array(s, t, to_regclass(quote_ident(s) || '.' || quote_ident(t))::text)) FROM json_array_elements($x$%s$x$) e(v), LATERAL (SELECT v->>0 AS s, v->>1 AS t) n" % wanted
    return {(s, t): r for s, t, r in json.loads(psql(db, sql))}


def gold(db, path):
    lines = [l.split("\t") for l in path.read_text().splitlines() if l.strip()]
    names = quoted(db, [(l[0], l[1]) for l in lines] + [(l[3], l[4]) for l in lines])
    return {(names[(l[0], l[1])], l[2], names[(l[3], l[4])], l[5]) for l in lines}


def folded(edges, parts):
    def top(table):
        while table in parts:
            table = parts[table]
        return table
    return {(top(c), cc, top(p), pc) for c, cc, p, pc in edges}


def score(name, sql_path, gold_path, wrong):
    db, parts = load(name, sql_path)
    start = time.monotonic()
    found = json.loads(psql(db, "SELECT coalesce(json_agg(json_build_array(child::text, array_to_string(child_columns, ','), parent::text, array_to_string(parent_columns, ','))), '[]') FROM nlsql.relationships() WHERE confidence >= 0.5"))
    took = time.monotonic() - start
    truth = folded(gold(db, gold_path), parts)
    guess = folded({tuple(e) for e in found}, parts)
    right = len(truth & guess)
    if wrong:
        for edge in sorted(truth - guess):
            print("  missed ", *edge)
        for edge in sorted(guess - truth):
            print("  guessed", *edge)
    subprocess.run(["dropdb", db], check=True)
    return right, len(guess), len(truth), took


def table(title, cases, wrong):
    print(f"\n{title:<34} {'right':>6} {'found':>6} {'known':>6} {'precision':>10} {'recall':>7} {'F1':>6} {'seconds':>8}")
    total = [0, 0, 0]
    for name, sql_path, gold_path in cases:
        right, guessed, known, took = score(name, sql_path, gold_path, wrong)
        total = [total[0] + right, total[1] + guessed, total[2] + known]
        line(name, right, guessed, known, f"{took:8.2f}")
    line("all (micro)", *total, "")


def line(name, right, guessed, known, took):
    precision, recall = right / max(guessed, 1), right / max(known, 1)
    f1 = 2 * right / max(guessed + known, 1)
    print(f"{name:<34} {right:>6} {guessed:>6} {known:>6} {precision:>10.3f} {recall:>7.3f} {f1:>6.3f} {took}", flush=True)


def main():
    wrong = "--wrong" in sys.argv
    names = [a for a in sys.argv[1:] if not a.startswith("--")]
    public = [(n, DATA / f"{n}.sql.gz", DATA / f"{n}.fks.tsv") for n in PUBLIC if not names or n in names]
    table("from the schema alone", public, wrong)


main()
