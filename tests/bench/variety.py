#!/usr/bin/env python3
"""How varied are composed pairs? Draws N pairs over four phases in each database and prints one table.

    tests/bench/variety.py [-n 5000] [-s SEED] [--keep] DATABASE...

Databases hold the extension; connection by libpq's environment (PGHOST, PGUSER, ..). A database whose tables hold no
rows is asked for pairs with schema_only. `tests/bench/variety.sh` makes a cluster with the public databases first.
Definitions: T2 = statement with literals, names and aliases masked; T3 = T2 with equal neighbours of a list collapsed.
"""
import argparse, json, random, re, subprocess, sys
from collections import Counter

PHASES = ["single_table", "joins", "complex_sqls", "builtins"]
FEATURES = """aggregate group_by having order_by limit distinct distinct_on cte cte_recursive window subq_scalar subq_in
subq_exists subq_from subq_correlated set_op case lateral grouping_sets filter ordered_set_agg jsonb array range full_text
regex like date_fn self_join outer_join values join""".split()


def psql(database, *statements):
    command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database]
    for sql in statements:
        command += ["-c", sql]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{database}: {done.stderr.strip()}")
    return done.stdout


def generate(database, count, seed, empty):
    run = f"variety_{seed}"
    psql(database, f"SELECT nlsql.drop_run(name) FROM nlsql.run WHERE name = '{run}'")
    asked = {}
    for phase in PHASES:
        # the phase that shows functions shows all of them here
        options = {"seed": seed, **({"schema_only": True} if empty else {})}
        if phase == "builtins":
            options["functions"] = ["all"]
        asked[phase] = count // len(PHASES)
        psql(database, f"SELECT nlsql.generate('{phase}', {asked[phase]}, '{run}', '{json.dumps(options)}')")
    psql(database, "SET client_min_messages = error", f"CALL nlsql.wait('{run}')")
    columns = "phase, slot, question, sql, style, difficulty, tables, columns, functions, features, skeleton, template, literals, result, checks"
    lines = psql(database, f"SELECT to_jsonb(d) FROM (SELECT {columns} FROM nlsql.dataset WHERE run = '{run}' ORDER BY phase, slot) d")
    return run, asked, [json.loads(line) for line in lines.splitlines()]


def skeleton(template, collapse):
    tokens = re.findall(r'"(?:[^"]|"")*"|\w+|[^\w\s]+', template)
    out = []
    for at, token in enumerate(tokens):
        name = re.match(r'["a-z_]', token) and not (at + 1 < len(tokens) and tokens[at + 1].startswith("("))
        token = "_" if name else token
        if token == "_" and out[-2:] == ["_", "."]:
            out.pop()
            continue
        out.append(token)
    text = " ".join(out)
    if collapse:
        before = None
        while before != text:
            before = text
            text = re.sub(r"(?<![\w)] )(\b_|\?|_ = _|_ DESC)(?: , \1)+(?= |$)", r"\1", text)
            text = re.sub(r"(\bcount \( \? \)|\w+ \( _ \)) AS _ , \1 AS _", r"\1 AS _", text)
    return text


def words(text):
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.lower())


def question_template(pair, names):
    text = pair["question"]
    text = re.sub(r'"[^"]*"', "?", text)
    for literal in sorted(pair["literals"] or [], key=lambda l: -len(l["value"])):
        if len(literal["value"]) > 2:
            text = text.replace(literal["value"], "?")
    masked = ["?" if re.search(r"\d", w) else "_" if w in names else w for w in re.findall(r"[\w'?]+|[,.:()]", text.lower())]
    return re.sub(r"(_ )+", "_ ", " ".join(masked))


def near_duplicates(questions):
    grams = [set(q[i:i + 3] for i in range(len(q) - 2)) for q in (q.lower() for q in questions)]
    near = set()
    order = sorted(range(len(grams)), key=lambda i: len(grams[i]))
    for at, i in enumerate(order):
        for j in order[at + 1:]:
            if len(grams[i]) < 0.8 * len(grams[j]):
                break
            common = len(grams[i] & grams[j])
            if common >= 0.8 * (len(grams[i]) + len(grams[j]) - common):
                near.update((i, j))
    return len(near) / max(1, len(questions))


def schema_of(database):
    return json.loads(psql(database, "SELECT nlsql.schema_json()"))["tables"]


def schema_words(tables):
    names = set()
    for table in tables:
        for name in [table["name"], table["schema"], *(c["name"] for c in table["columns"])]:
            parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_\d]+", name)
            names.update(p.lower() for p in parts)
        for comment in [table.get("comment"), *(c.get("comment") for c in table["columns"])]:
            names.update(words(comment or ""))
    for name in list(names):
        names.update({name + "s", name + "es", re.sub("y$", "ies", name), name.rstrip("s"), name + "'s"})
    return names - {"the", "of", "in", "and", "for", "is", "a", "by", "to", "with", "or", "are", "that"}


def quote(name):
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


def coverage(tables, pairs):
    used_tables, used = set(), Counter()
    for pair in pairs:
        used_tables.update(pair["tables"])
        used.update(pair["columns"])
    subjects = [t for t in tables if not t.get("partition_of") and not t.get("inherits")]
    name = lambda s, t: f"{quote(s)}.{quote(t)}"
    all_columns = [f"{name(t['schema'], t['name'])}.{quote(c['name'])}" for t in subjects for c in t["columns"]]
    edges = {(name(t["schema"], t["name"]), tuple(k["columns"]), name(k["ref_schema"], k["ref_table"]))
             for t in subjects for k in t.get("foreign_keys") or []}
    met = set()
    for pair in pairs:
        tables_of, columns_of = set(pair["tables"]), set(pair["columns"])
        for edge in edges - met:
            child, columns, parent = edge
            if child in tables_of and parent in tables_of and all(f"{child}.{quote(c)}" in columns_of for c in columns):
                met.add(edge)
    counts = sorted(used[c] for c in all_columns if used[c])
    median = counts[len(counts) // 2] if counts else 0
    return {
        "tables used": f"{len(used_tables & {name(t['schema'], t['name']) for t in subjects})}/{len(subjects)}",
        "edges used": f"{len(met)}/{len(edges)}",
        "columns used": f"{sum(1 for c in all_columns if used[c])}/{len(all_columns)}",
        "column use max/median": f"{(counts[-1] / median if median else 0):.1f}",
        "most used column": max(used, key=used.get, default="-").split(".", 1)[-1],
    }


def share(pairs, *features):
    return f"{sum(1 for p in pairs if set(features) & set(p['features'])) / max(1, len(pairs)):.2f}"


def measure(database, run, asked, pairs, seed):
    tables = schema_of(database)
    names = schema_words(tables)
    rng = random.Random(seed)
    drawn = lambda n: rng.sample(pairs, min(n, len(pairs)))
    some, many = drawn(200), drawn(1000)
    by = {phase: [p for p in pairs if p["phase"] == phase] for phase in PHASES}
    t2 = lambda items: len({skeleton(p["template"], False) for p in items})
    t3 = lambda items: len({skeleton(p["template"], True) for p in items})
    top = Counter(skeleton(p["template"], False) for p in pairs).most_common(10)
    used = {f for p in pairs for f in p["features"]}
    functions = lambda items: len({f for p in items for f in p["functions"]})
    text = [w for p in some for w in words(p["question"])]
    bigrams = list(zip(text, text[1:]))
    openings = Counter(tuple(words(p["question"])[:2]) for p in pairs).most_common(4)
    complexes = by["complex_sqls"]
    normal = Counter(" ".join(words(p["question"])) for p in pairs)
    results = {}
    for p in pairs:
        results.setdefault(" ".join(words(p["question"])), set()).add((p["result"] or {}).get("hash"))
    rows = {
        "stored / asked": f"{len(pairs)}/{sum(asked.values())}",
        "short": " ".join(f"{phase} {len(by[phase])}" for phase in PHASES if len(by[phase]) < asked[phase]) or "-",
        "planned and run": f"{sum(1 for p in pairs if p['checks']['planned'] and p['checks']['executed'])}/{len(pairs)}",
        "asked = measured difficulty": f"{sum(1 for p in pairs if p['checks']['asked']['difficulty'] == p['difficulty'])}/{len(pairs)}",
        "easy/medium/hard/extra": "/".join(f"{sum(1 for p in pairs if p['difficulty'] == d) / max(1, len(pairs)):.2f}" for d in ("easy", "medium", "hard", "extra")),
        "T2 / T3 in 200": f"{t2(some)}/{t3(some)}",
        "T2 in 1,000": f"{t2(many)}",
        "top-10 share": f"{sum(n for _, n in top) / max(1, len(pairs)):.3f}",
        "features used": f"{len(used & set(FEATURES))}/{len(FEATURES)}",
        "features missing": " ".join(f for f in FEATURES if f not in used) or "-",
        "functions in builtins / elsewhere": f"{functions(by['builtins'])}/{functions([p for p in pairs if p['phase'] != 'builtins'])}",
        "joins a query in joins": f"{sum(p['checks']['joins'] for p in by['joins']) / max(1, len(by['joins'])):.2f}",
        "complex: CTE/window/subquery/set": "/".join([share(complexes, "cte"), share(complexes, "window"), share(complexes, "subq_scalar", "subq_in", "subq_exists", "subq_from"), share(complexes, "set_op")]),
        **coverage(tables, pairs),
        "question templates in 200": f"{len({question_template(p, names) for p in some})}",
        "distinct-2 of 200": f"{len(set(bigrams)) / max(1, len(bigrams)):.2f}",
        "top-4 openings": f"{sum(n for _, n in openings) / max(1, len(pairs)):.2f}",
        "duplicates / conflicts": f"{sum(n - 1 for n in normal.values())}/{sum(1 for r in results.values() if len(r) > 1)}",
        "near-duplicates (1,000 drawn)": f"{near_duplicates([p['question'] for p in many]):.3f}",
        "snake_case": f"{sum(1 for p in pairs if re.search(r'[a-z]_[a-z]', p['question'])) / max(1, len(pairs)):.3f}",
        "words a question": f"{sum(len(words(p['question'])) for p in pairs) / max(1, len(pairs)):.1f}",
    }
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("databases", nargs="+")
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("-s", "--seed", type=int, default=1)
    arguments = parser.parse_args()
    found = {}
    for database in arguments.databases:
        tables = schema_of(database)
        empty = not any((t.get("pages") or 0) > 0 for t in tables)
        run, asked, pairs = generate(database, arguments.n, arguments.seed, empty)
        found[database] = measure(database, run, asked, pairs, arguments.seed)
        print(f"{database}: {found[database]['stored / asked']}", file=sys.stderr)
    first = next(iter(found.values()))
    width = {d: max(len(d), *(len(str(v)) for v in f.values())) if len(found) < 3 else max(len(d), 14) for d, f in found.items()}
    print(f"{'':36}" + " ".join(f"{d:>{width[d]}}" for d in found))
    for metric in first:
        values = [str(f[metric]) for f in found.values()]
        if any(len(v) > width[d] for d, v in zip(found, values)):
            for d, v in zip(found, values):
                print(f"{metric + ' ' + d:36} {v}")
        else:
            print(f"{metric:36}" + " ".join(f"{v:>{width[d]}}" for d, v in zip(found, values)))


main()
