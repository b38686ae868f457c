"""Loads the databases, drops their foreign keys, and scores nlsql.relationships(); called by relationships.sh."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

DATA = pathlib.Path(os.environ["NLSQL_DATA"])
PUBLIC = ["pagila", "sakila", "chinook", "northwind", "synthea", "omop_cdm54", "evergreen"]
# references that nothing declares and that are true all the same, by a look at the schemas: database, child, parent
FINDS = [tuple(l.split("\t")) for l in (pathlib.Path(__file__).parent / "finds.tsv").read_text().splitlines()]
UNSEEN = sorted((pathlib.Path(__file__).parent.parent / "fixtures/relationships").glob("*.sql"))


def psql(db, sql, script=None):
    args = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", db]
    done = subprocess.run(args, input=script if script is not None else sql, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"{db}: {done.stderr[:800]}")
    return done.stdout


def load(db, path):
    subprocess.run(["createdb", db], check=True)
    packed = path.suffix == ".gz"
    text = subprocess.run(["gunzip", "-c", path], capture_output=True, check=True).stdout.decode() if packed else path.read_text()
    psql(db, None, text)
    # a child by inheritance stands for the table that it is a part of
    parts = json.loads(psql(db, """
        SELECT coalesce(json_object_agg(c.oid::regclass::text, p.oid::regclass::text), '{}') FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent"""))
    psql(db, None, (DATA / "drop_fks.sql").read_text())
    psql(db, "ANALYZE")
    psql(db, "CREATE EXTENSION IF NOT EXISTS nlsql")
    return parts


def quoted(db, pairs):
    """regclass's own spelling of schema and table."""
    wanted = json.dumps(sorted(set(pairs)))
    sql = "SELECT json_agg(json_build_array(s, t, to_regclass(quote_ident(s) || '.' || quote_ident(t))::text)) FROM json_array_elements($x$%s$x$) e(v), LATERAL (SELECT v->>0 AS s, v->>1 AS t) n" % wanted
    return {(s, t): r for s, t, r in json.loads(psql(db, sql))}


def listed(db, path):
    """The gold list beside a public database."""
    lines = [l.split("\t") for l in path.read_text().splitlines() if l.strip()]
    names = quoted(db, [(l[0], l[1]) for l in lines] + [(l[3], l[4]) for l in lines])
    return {(names[(l[0], l[1])], l[2], names[(l[3], l[4])], l[5]) for l in lines}, set()


def commented(path):
    """Of a schema of our own: `--> child.columns parent.columns`, and `--? child.type,id` for a polymorphic pair."""
    def end(text):
        table, columns = text.rsplit(".", 1)
        return table, columns.replace('"', "")
    lines = path.read_text().splitlines()
    edges = {end(c) + end(p) for c, p in (l[4:].split() for l in lines if l.startswith("--> "))}
    return edges, {end(l[4:].strip()) for l in lines if l.startswith("--? ")}


def folded(edges, parts):
    def top(table):
        while table in parts:
            table = parts[table]
        return table
    return {(top(c), cc, top(p), pc) for c, cc, p, pc in edges}


def score(db, known, parts, values, wrong):
    start = time.monotonic()
    found = json.loads(psql(db, f"""SELECT coalesce(json_agg(json_build_array(child::text, array_to_string(child_columns, ','),
        parent::text, array_to_string(parent_columns, ','))), '[]')
        FROM nlsql.relationships('{{"values": {str(values).lower()}}}') WHERE confidence >= 0.5"""))
    took = time.monotonic() - start
    truth, pairs = known
    truth = folded(truth, parts)
    guess = folded({tuple(e) for e in found if e[2] is not None}, parts)
    named = {tuple(e[:2]) for e in found if e[2] is None}
    if wrong:
        for mark, edges in (("missed", truth - guess), ("guessed", guess - truth), ("no pair", pairs - named), ("pair", named - pairs)):
            for edge in sorted(edges):
                print(f"  {mark:<8}", *edge)
    finds = folded({f[1:] for f in FINDS if f[0] == db}, parts)
    return len(truth & guess), len((finds - truth) & guess), len(guess), len(truth), took


HEAD = f"{'right':>6} {'finds':>6} {'found':>6} {'known':>6} {'precision':>10} {'recall':>7} {'F1':>6} {'valid':>6} {'seconds':>8}"


def line(name, right, finds, guessed, known, took):
    precision, recall = right / max(guessed, 1), right / max(known, 1)
    f1 = 2 * right / max(guessed + known, 1)
    took = took if isinstance(took, str) else f"{took:8.2f}"
    print(f"{name:<34} {right:>6} {finds:>6} {guessed:>6} {known:>6} {precision:>10.3f} {recall:>7.3f} {f1:>6.3f} {(right + finds) / max(guessed, 1):>6.3f} {took}", flush=True)


# the manifest excepts from the bounds what declares only a part of its references
MICRO = {"all (micro)": (), "all but evergreen (micro)": ("evergreen",)}


def measure(title, cases, wrong):
    """Both ways of each database, loaded once."""
    totals = {values: {name: [0, 0, 0, 0] for name in MICRO} for values in (False, True)}
    lines = {False: [], True: []}
    for name, path, gold in cases:
        parts = load(name, path)
        known = listed(name, gold) if gold else commented(path)
        for values in (False, True):
            if wrong:
                print(f"{name}, {'with rows' if values else 'from the schema alone'}")
            got = score(name, known, parts, values, wrong)
            for micro, but in MICRO.items():
                if name not in but:
                    totals[values][micro] = [a + b for a, b in zip(totals[values][micro], got)]
            lines[values].append((name, *got))
        subprocess.run(["dropdb", name], check=True)
    for values in (False, True):
        print(f"\n{title + (', with rows' if values else ', from the schema alone'):<34} {HEAD}")
        for entry in lines[values]:
            line(*entry)
        for micro, sums in totals[values].items():
            if micro == "all (micro)" or sums != totals[values]["all (micro)"]:
                line(micro, *sums, "")


def main():
    wrong = "--wrong" in sys.argv
    names = [a for a in sys.argv[1:] if not a.startswith("--")]
    chosen = lambda n: not names or n in names
    unseen = [(p.stem, p, None) for p in UNSEEN if chosen(p.stem)]
    public = [(n, DATA / f"{n}.sql.gz", DATA / f"{n}.fks.tsv") for n in PUBLIC if chosen(n)]
    print("Votes are rules of our own and none is fitted by machine, so there is none to leave a database out of; the rules were\n"
          "written with the public databases, and with misses of some of the unseen ones, in view.\n"
          "finds: true references that are not declared (finds.tsv); valid: right and finds of what was found")
    for title, cases in (("unseen", unseen), ("public", public)):
        if cases:
            measure(title, cases, wrong)


main()
