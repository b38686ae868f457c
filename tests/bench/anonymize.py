#!/usr/bin/env python3
"""Called by anonymize.sh (head, DATABASE, rates): the promises on anonymised rows, measured over whole tables.

A1  survivors: values of faked columns that are values of the same column, or texts of 5 or more characters in them
A2  foreign keys whose join, over the anonymised tables, has not the rows that it had over the originals
A3  tables whose rows do not go back into a clone with all constraints (foreign keys: see A2)
A4  AUC of a matcher that is to tell the same row under two keys from two rows, on faked columns and keys; 0.5 = chance.
    The mean of independent pairs of keys and its standard error, which comes of the pairs: a column of few values is
    like by chance under one pair and unlike under another, and so are all rows that share them.
"""
import json, random, statistics, subprocess, sys, time
from collections import defaultdict

SEED = 11
ALL = 1_000_000_000
# each role has keys of its own
ROLES = [f"reader{i}" for i in range(16)]
LINKED = 0.55
SEP = "\x1f"


def psql(database, sql, role="postgres"):
    """The lines that a session prints; many statements are one session, which looks for relationships once."""
    command = ["psql", "-XqAt", "-F", SEP, "-v", "ON_ERROR_STOP=1", "-U", role, "-d", database, "-f", "-"]
    done = subprocess.run(command, input=sql, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{database}: {done.stderr.strip()}\nin: {sql[:300]}")
    return done.stdout.split("\n")[:-1]


def by_table(database, statements, role="postgres"):
    """Runs `SELECT <number>, <text>` for many tables; the texts by number."""
    found = defaultdict(list)
    for line in psql(database, "\n".join(statements), role):
        number, text = line.split(SEP, 1)
        found[int(number)].append(text)
    return found


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def ident(name):
    return '"' + name.replace('"', '""') + '"'


def tables(database):
    return psql(database, """SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema|nlsql)' AND NOT c.relispartition
          AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) ORDER BY 1""")


def leaves(value):
    if isinstance(value, dict):
        for v in value.values():
            yield from leaves(v)
    elif isinstance(value, list):
        for v in value:
            yield from leaves(v)
    elif isinstance(value, str):
        yield value


def survivors(database, names, plans, outputs):
    """Distinct originals of faked columns that come out again, whole or (5 characters and more) as a part."""
    columns = [(i, c) for i, plan in plans.items() if outputs[i]
               for c, p in plan.items() if p["method"] == "faked" and p["kind"] != "binary"]
    sources = by_table(database, [
        f"SELECT DISTINCT {n}, to_jsonb({ident(c)}) FROM {names[i]} WHERE {ident(c)} IS NOT NULL;"
        for n, (i, c) in enumerate(columns)])
    for n, (i, column) in enumerate(columns):
        originals = {t.strip().lower() for line in sources[n] for t in leaves(json.loads(line)) if len(t.strip()) >= 2}
        fakes = {t.strip().lower() for row in outputs[i] for t in leaves(row.get(column))}
        whole = originals & fakes
        text = "\n".join(fakes)
        long = sorted(o for o in originals if len(o) >= 5)
        part = {o for o in random.Random(1).sample(long, min(len(long), 3000)) if o in text}
        if whole | part:
            kind = plans[i][column]["kind"]
            yield f"{names[i]}.{column}", kind, len(whole), len(part - whole), sorted(whole | part)[:3]


def is_kept(value):
    """That NULL and the empty text stay as they are is declared."""
    return value is None or value == ""


def score(a, b, columns):
    """How alike the values are: equal, of equal length, of one beginning."""
    s, n = 0.0, 0
    for c in columns:
        x, y = a.get(c), b.get(c)
        if is_kept(x) or is_kept(y):
            continue
        n += 1
        x, y = str(x), str(y)
        s += 3.0 if x == y else 0.0
        s += 0.3 if len(x) == len(y) else 0.0
        s += 0.3 if x[:2].lower() == y[:2].lower() else 0.0
    return s / max(n, 1)


def auc(one, two, columns):
    """Each row against itself and against another one in which the same values are kept."""
    alike = defaultdict(list)
    for i in range(min(len(one), len(two), 1500)):
        alike[tuple(is_kept(two[i].get(c)) for c in columns)].append(i)
    pick = random.Random(2)
    true, other = [], []
    for rows in alike.values():
        for at, i in enumerate(rows if len(rows) > 1 else []):
            j = pick.randrange(len(rows) - 1)
            true.append(score(one[i], two[i], columns))
            other.append(score(one[i], two[rows[j if j < at else j + 1]], columns))
    n = len(true)
    if n < 30:
        return None
    ranked = sorted([(s, 1) for s in true] + [(s, 0) for s in other])
    # ranks, equal scores sharing theirs
    total, i = 0.0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        total += sum(t for _, t in ranked[i:j]) * (i + j + 1) / 2
        i = j
    return (total - n * (n + 1) / 2) / (n * n), n


def foreign_keys(database):
    """Each key once; a partition's key is its parent's, since rows move between partitions as their dates do."""
    lines = psql(database, """WITH RECURSIVE top(oid, root) AS (
          SELECT c.oid, c.oid FROM pg_class c WHERE c.relkind IN ('r', 'p')
          UNION ALL SELECT t.oid, i.inhparent FROM top t JOIN pg_inherits i ON i.inhrelid = t.root)
        SELECT DISTINCT c.root::regclass || E'\\x1f' || p.root::regclass || E'\\x1f' ||
        (SELECT string_agg(format('c.%I = p.%I', a.attname, b.attname), ' AND ') FROM unnest(conkey, confkey) k(x, y)
           JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = x JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = y)
        FROM pg_constraint k
        CROSS JOIN LATERAL (SELECT t.root FROM top t WHERE t.oid = conrelid
           AND (SELECT bool_and(EXISTS (SELECT FROM pg_attribute b WHERE b.attrelid = t.root AND b.attname = a.attname))
                  FROM pg_attribute a WHERE a.attrelid = conrelid AND a.attnum = ANY (conkey))
           ORDER BY EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = t.root) LIMIT 1) c
        CROSS JOIN LATERAL (SELECT confrelid AS root) p
        WHERE contype = 'f' AND connamespace <> 'nlsql'::regnamespace ORDER BY 1""")
    return [line.split("\x1f") for line in lines]


def join_sizes(database, keys):
    sql = "\n".join(f"SELECT count(*) FROM {c} c JOIN {p} p ON {on};" for c, p, on in keys)
    return psql(database, sql) if keys else []


def put_back(copy, names, plans):
    """Puts the rows into the clone, where every constraint but the foreign keys is in force: these are counted by their
    joins. The errors by table."""
    psql(copy, "SET session_replication_role = replica; TRUNCATE " + ", ".join(names) + " CASCADE")
    columns = by_table(copy, [
        f"""SELECT {i}, string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = {literal(name)}::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';"""
        for i, name in enumerate(names)])
    # null in a document that cannot be NULL is JSON's
    values = by_table(copy, [
        f"""SELECT {i}, string_agg(CASE WHEN attnotnull AND atttypid IN ('json'::regtype, 'jsonb'::regtype)
                                        THEN format('(a -> %L)::%s', attname, atttypid::regtype)
                                        ELSE format('r.%I', attname) END, ', ' ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = {literal(name)}::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';"""
        for i, name in enumerate(names)])
    steps = ["SET session_replication_role = replica; CREATE TEMP TABLE failed (i int, message text);"]
    for i, name in enumerate(names):
        insert = f"""INSERT INTO {name} ({columns[i][0]}) OVERRIDING SYSTEM VALUE SELECT {values[i][0]}
            FROM nlsql.out{i} CROSS JOIN LATERAL jsonb_populate_record(NULL::{name}, a) r"""
        steps.append(f"""DO $do$ BEGIN EXECUTE {literal(insert)};
            EXCEPTION WHEN OTHERS THEN INSERT INTO failed VALUES ({i}, SQLERRM); END $do$;""")
    return by_table(copy, steps + ["SELECT i, message FROM failed;"])


def measure(database):
    out = defaultdict(int)
    worst, notes = None, []
    keys = foreign_keys(database)
    before = join_sizes(database, keys)
    copy = database + "_clone"
    psql("postgres", f'CREATE DATABASE "{copy}" TEMPLATE "{database}"')
    names = tables(database)
    plans = {i: {} for i in range(len(names))}
    described = by_table(database, [
        f"SELECT {i}, to_json(p) FROM nlsql.anonymize_plan({literal(name)}) p;" for i, name in enumerate(names)])
    for i, lines in described.items():
        plans[i] = {p["column"]: p for p in map(json.loads, lines)}
    # the first call of a session looks for relationships: it is no part of the rate
    steps = [f"SET ROLE {ROLES[0]}; SELECT nlsql.anonymize({literal(names[0])}, 1, {SEED}) \\g /dev/null\n"]
    clock = "SELECT {}, extract(epoch FROM clock_timestamp());"
    for i, name in enumerate(names):
        steps += [clock.format(i), f"CREATE TABLE nlsql.out{i} AS SELECT nlsql.anonymize({literal(name)}, {ALL}, {SEED}) AS a;", clock.format(i)]
    times = by_table(copy, steps)
    rows = by_table(copy, [f"SELECT {i}, a FROM nlsql.out{i};" for i in range(len(names))])
    one = {i: [json.loads(line) for line in rows[i]] for i in range(len(names))}
    rate_rows, rate_time = 0, 0.0
    for i in range(len(names)):
        out["tables"] += 1
        out["rows"] += len(one[i])
        out["columns"] += len(plans[i])
        if len(one[i]) >= 2000:
            rate_rows += len(one[i])
            rate_time += float(times[i][1]) - float(times[i][0])
    for name, kind, whole, part, some in survivors(database, names, plans, one):
        out["survivors"] += whole + part
        notes.append(f"A1 {database} {name} ({kind}): {whole} whole, {part} in part, as {some}")
    # one seed gives the same rows in the same order, the role another key
    told = {i: [c for c, p in plans[i].items() if p["method"] == "faked" or p["kind"] in ("integer_key", "opaque_key")]
            for i in range(len(names)) if len(one[i]) >= 30}
    told = {i: columns for i, columns in told.items() if columns}
    under = [by_table(database, [f"SELECT {i}, nlsql.anonymize({literal(names[i])}, 1500, {SEED});" for i in told], role=r) for r in ROLES]
    aucs = []
    for i, columns in told.items():
        same = [[json.loads(line) for line in of_role[i]] for of_role in under]
        got = [auc(a, b, columns) for a, b in zip(same[::2], same[1::2])]
        if None in got:
            continue
        error = statistics.stdev(g[0] for g in got) / len(got) ** 0.5
        aucs.append((statistics.mean(g[0] for g in got), error, got[0][1], names[i]))
    for i, messages in put_back(copy, names, plans).items():
        out["failed"] += 1
        notes.append(f"A3 {database} {names[i]}: {messages[0]}")
    after = join_sizes(copy, keys)
    for (child, parent, on), a, b in zip(keys, before, after):
        if a != b:
            out["broken"] += 1
            notes.append(f"A2 {database} {child} -> {parent} on {on}: {a} rows, then {b}")
    out["keys"] = len(keys)
    n = sum(w for _, _, w, _ in aucs)
    mean = sum(a * w for a, _, w, _ in aucs) / n if n else None
    if aucs:
        # the tables that are over by more than two standard errors, and the highest
        over = sorted((a, e, w, t) for a, e, w, t in aucs if a - 2 * e > LINKED)
        out["linked"], out["told"] = len(over), len(aucs)
        for a, e, w, t in over[-5:] or [max(aucs)]:
            notes.append(f"A4 {database}: {'over' if over else 'highest'}: {a:.3f} +- {e:.3f} ({t}, {w} rows)")
    psql("postgres", f'DROP DATABASE "{copy}"')
    return out, mean, rate_rows, rate_time, notes


def faker_rate():
    try:
        from faker import Faker
    except ImportError:
        return None
    fake = Faker()
    start, n = time.time(), 0
    while time.time() - start < 3:
        # the columns of a customer: two names, mail, phone, street, city, code, country, birth date, number
        (fake.first_name(), fake.last_name(), fake.email(), fake.phone_number(), fake.street_address(), fake.city(),
         fake.postcode(), fake.country(), fake.date_of_birth(), fake.pyint())
        n += 1
    return n / (time.time() - start)


def our_rate():
    """The same ten columns, 200,000 rows."""
    psql("postgres", """CREATE EXTENSION IF NOT EXISTS nlsql; DROP TABLE IF EXISTS customer; CREATE TABLE customer AS
        SELECT md5(i::text || 'f') AS first_name, md5(i::text || 'l') AS last_name, 'p' || i || '@mail.test' AS email,
               '+1 555 ' || (1000000 + i) AS phone, i || ' Old Road' AS street, 'City ' || i % 5000 AS city,
               lpad((i % 99999)::text, 5, '0') AS postal_code, (ARRAY['Peru','Chad','Fiji','Iran'])[1 + i % 4] AS country,
               date '1950-01-01' + i % 20000 AS birth_date, i AS visits
          FROM generate_series(1, 200000) i; ANALYZE customer;""")
    start = time.time()
    # as a worker takes them, one after the other: in FROM the server would write all of them to a file first
    psql("postgres", f"SELECT count(a) FROM (SELECT nlsql.anonymize('customer', {ALL}, 1) AS a OFFSET 0) s")
    return 200_000 / (time.time() - start)


def main():
    if sys.argv[1] == "rates":
        ours, faker = our_rate(), faker_rate()
        print(f"\nten columns of a customer: {ours:,.0f} rows/s a session" + (f"; python Faker {faker:,.0f} rows/s; {ours / faker:.1f} times" if faker else ""))
        return
    database = sys.argv[1]
    if database == "head":
        print(f"{'database':<10} {'tables':>6} {'rows':>7} {'columns':>7} {'A1 survivors':>12} {'A2 broken':>12} {'A3 failed':>9} {'A4 AUC':>7} {'A4 over':>12} {'rows/s':>8}")
        return
    out, mean, rows, spent, notes = measure(database)
    rate = f"{rows / spent:,.0f}" if spent else "-"
    joins = f"{out['broken']} of {out['keys']}"
    linked = f"{out['linked']} of {out['told']}"
    print(f"{database:<10} {out['tables']:>6} {out['rows']:>7,} {out['columns']:>7} {out['survivors']:>12} {joins:>12} {out['failed']:>9} {mean if mean is None else round(mean, 3)!s:>7} {linked:>12} {rate:>8}")
    for note in notes:
        print(f"           {note}")


if __name__ == "__main__":
    main()
