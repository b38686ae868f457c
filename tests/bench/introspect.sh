#!/usr/bin/env bash
# Introspection of a large catalog: nlsql.schema_json() against its own bare query and against SQLAlchemy's reflection
# of the same tables, medians of three in the same run; then ddl() of everything and schema_docs of 1,000 pairs.
#     tests/bench/introspect.sh [TABLES]      10,000 unless given
source "$(dirname "$0")/cluster.sh"

tables=${1:-10000}
[ -e "$data/make_big_schema.sql" ] || fail "no make_big_schema.sql in $data: set NLSQL_DATA"
start_cluster max_locks_per_transaction=4000
export PGDATABASE=big
createdb big
psql -Xq -v n="$tables" -f "$data/make_big_schema.sql" >/dev/null
psql -Xq -c 'CREATE EXTENSION nlsql' -c ANALYZE

{
    echo 'SET jit = off; SET enable_nestloop = off; CREATE TEMPORARY TABLE bare AS SELECT ('
    sed 's/\$1/NULL::oid[]/g' "$root/sql/introspect.sql"
    echo ') AS catalog;'
} >"$dir/bare.sql"
echo 'CREATE TEMPORARY TABLE ours AS SELECT nlsql.schema_json() AS catalog;' >"$dir/ours.sql"
echo 'CREATE TEMPORARY TABLE ddl AS SELECT nlsql.ddl(NULL) AS text;' >"$dir/ddl.sql"
cat >"$dir/docs.sql" <<'SQL'
SELECT nlsql.generate('schema_docs', 1000, run => 'docs_' || pg_backend_pid()) AS run \gset
CALL nlsql.wait(:'run');
SQL
cat >"$dir/reflect.py" <<'PYTHON'
import os
import sqlalchemy as sa
engine = sa.create_engine(f"postgresql+psycopg://postgres@/big?host={os.environ['PGHOST']}")
inspector = sa.inspect(engine)
for schema in inspector.get_schema_names():
    if schema not in ("information_schema", "nlsql"):
        sa.MetaData().reflect(engine, schema=schema, resolve_fks=False, views=True)
PYTHON

median() {
    python3 - "$@" <<'PYTHON'
import os, subprocess, sys, time
took = []
for _ in range(3):
    start = time.monotonic()
    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took.append(time.monotonic() - start)
print(f"{sorted(took)[1]:.2f}")
PYTHON
}

bare=$(median psql -Xq -v ON_ERROR_STOP=1 -f "$dir/bare.sql")
ours=$(median psql -Xq -v ON_ERROR_STOP=1 -f "$dir/ours.sql")
ddl=$(median psql -Xq -v ON_ERROR_STOP=1 -f "$dir/ddl.sql")
docs=$(median psql -Xq -v ON_ERROR_STOP=1 -f "$dir/docs.sql")
reflect=
if python3 -m venv "$dir/venv" >/dev/null 2>&1 && "$dir/venv/bin/pip" install -q sqlalchemy 'psycopg[binary]' >/dev/null 2>&1; then
    reflect=$(median "$dir/venv/bin/python" "$dir/reflect.py")
else
    echo "SQLAlchemy cannot be installed here: it is left out" >&2
fi
ratio() { python3 -c "print(f'{$1 / $2:.2f}')"; }
printf '%-44s %10s %s\n' "$tables tables" seconds ratio
printf '%-44s %10s %s\n' 'bare query' "$bare" 1
printf '%-44s %10s %s\n' 'nlsql.schema_json()' "$ours" "$(ratio "$ours" "$bare") of the bare query"
[ -z "$reflect" ] || printf '%-44s %10s %s\n' 'SQLAlchemy reflection' "$reflect" "$(ratio "$reflect" "$ours") times schema_json()"
printf '%-44s %10s\n' 'nlsql.ddl(NULL)' "$ddl"
printf '%-44s %10s\n' 'schema_docs, 1,000 answers, to the end' "$docs"
