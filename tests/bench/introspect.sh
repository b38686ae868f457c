#!/usr/bin/env bash
# What a large catalog costs, each time alone, medians of three:
# nlsql.schema_json() of 10,000 tables against its own bare query (read to the same jsonb) and against SQLAlchemy's
# reflection of the same tables, and ddl() of them all; relationships() without any foreign key, from the schema and
# with rows, and how that grows; schema_docs of 1,000 pairs on 2,000 tables. A release build for figures that mean
# something.
#     tests/bench/introspect.sh [TABLES]      10,000 unless given
source "$(dirname "$0")/cluster.sh"

tables=${1:-10000}
[ -e "$data/make_big_schema.sql" ] || fail "no make_big_schema.sql in $data: set NLSQL_DATA"
start_cluster max_locks_per_transaction=4000

# make TABLES [ROWS]: database big_TABLES or big_TABLES_ROWS, with so many rows in each table
make() {
    local name=big_$1${2:+_$2}
    createdb "$name"
    psql -Xq -d "$name" -v n="$1" -f "$data/make_big_schema.sql" >/dev/null
    [ -z "${2:-}" ] || psql -Xq -d "$name" -v rows="$2" -f "$root/tests/bench/fill.sql" >/dev/null
    psql -Xq -d "$name" -c 'CREATE EXTENSION nlsql' -c ANALYZE
}

{
    # as src/pg/introspect.rs runs it
    echo "SET search_path = pg_catalog, pg_temp; SET work_mem = '64MB';"
    echo 'SET jit = off; SET enable_nestloop = off; SET enable_mergejoin = off;'
    echo 'SELECT jsonb_typeof(('
    sed 's/\$1/NULL::oid[]/g' "$root/sql/introspect.sql"
    echo ')::jsonb);'
} >"$dir/bare.sql"
echo 'SELECT jsonb_typeof(nlsql.schema_json());' >"$dir/ours.sql"
echo 'SELECT length(nlsql.ddl(NULL));' >"$dir/ddl.sql"
echo "SELECT count(*) FROM nlsql.relationships('{\"values\": false}');" >"$dir/names.sql"
echo "SELECT count(*) FROM nlsql.relationships();" >"$dir/rows.sql"
cat >"$dir/docs.sql" <<'SQL'
SELECT nlsql.generate('schema_docs', 1000, run => 'docs_' || pg_backend_pid()) AS run \gset
CALL nlsql.wait(:'run');
SQL
cat >"$dir/reflect.py" <<'PYTHON'
import os
import sqlalchemy as sa
engine = sa.create_engine(f"postgresql+psycopg://postgres@/{os.environ['PGDATABASE']}?host={os.environ['PGHOST']}")
inspector = sa.inspect(engine)
for schema in inspector.get_schema_names():
    if schema not in ("information_schema", "nlsql"):
        sa.MetaData().reflect(engine, schema=schema, resolve_fks=False, views=True)
PYTHON

median() {
    python3 - "$@" <<'PYTHON'
import subprocess, sys, time
took = []
for _ in range(3):
    start = time.monotonic()
    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took.append(time.monotonic() - start)
print(f"{sorted(took)[1]:.2f}")
PYTHON
}
of_file() { median psql -Xq -v ON_ERROR_STOP=1 -f "$dir/$1.sql"; }
ratio() { python3 -c "print(f'{$1 / $2:.2f}')"; }
line() { printf '%-58s %10s %s\n' "$@"; }

line 'what' seconds ''
make "$tables"
export PGDATABASE=big_$tables
bare=$(of_file bare)
ours=$(of_file ours)
line "bare query, $tables tables" "$bare" 1
line "nlsql.schema_json()" "$ours" "$(ratio "$ours" "$bare") of the bare query (asked: 1.5 at most)"
if python3 -m venv "$dir/venv" >/dev/null 2>&1 && "$dir/venv/bin/pip" install -q sqlalchemy 'psycopg[binary]' >/dev/null 2>&1; then
    reflect=$(median "$dir/venv/bin/python" "$dir/reflect.py")
    line 'SQLAlchemy reflection' "$reflect" "$(ratio "$reflect" "$ours") times schema_json() (asked: 10 at least)"
else
    echo "SQLAlchemy cannot be installed here: it is left out" >&2
fi
line 'nlsql.ddl(NULL)' "$(of_file ddl)" ''

# grows WHAT FILE NAME COUNT..: times, and what of them falls to n log2 n
grows() {
    local what=$1 file=$2 rows=$3 count took
    shift 3
    for count in "$@"; do
        make "$count" $rows
        export PGDATABASE=big_$count${rows:+_$rows}
        psql -Xq -v ON_ERROR_STOP=1 -f "$data/drop_fks.sql"
        took=$(of_file "$file")
        line "relationships() $what, $count tables" "$took" \
            "$(python3 -c "import math; print(f'{1e6 * $took / ($count * math.log2($count)):.1f}')") us for each n log2 n"
    done
}
grows 'from the schema' names '' 250 500 1000 2000
grows 'with 1,000 rows a table' rows 1000 64 128 256 512

export PGDATABASE=big_2000
line 'schema_docs, 1,000 answers on 2,000 tables, to the end' "$(of_file docs)" '(asked: 30 at most)'
