#!/usr/bin/env bash
# Anonymises every table of every public database and prints one table: survivors, joins, constraints, linkage, speed.
# In a cluster of its own, gone afterwards. The extension must be installed; a release build for the figures of speed.
#     tests/bench/anonymize.sh [DATABASE...]
source "$(dirname "$0")/cluster.sh"

[ -e "$data/chinook.sql.gz" ] || fail "no databases in $data: set NLSQL_DATA"
start_cluster max_locks_per_transaction=1024
for i in {0..15}; do echo "CREATE ROLE reader$i SUPERUSER LOGIN;"; done | psql -Xq -d postgres
# Faker for the comparison, where there is a package index to get it from
if python3 -m venv "$dir/venv" >/dev/null 2>&1 && "$dir/venv/bin/pip" install -q faker >/dev/null 2>&1; then
    python=$dir/venv/bin/python3
else
    echo "python Faker cannot be installed here: its rate is left out" >&2
    python=python3
fi
measure() { "$python" "$root/tests/bench/anonymize.py" "$@"; }

[ $# -gt 0 ] || set -- pagila sakila chinook northwind synthea evergreen
measure head
for name in "$@"; do
    createdb "$name"
    gunzip -c "$data/$name.sql.gz" | psql -Xq -v ON_ERROR_STOP=1 -d "$name" >/dev/null
    [ ! -e "$data/$name.add_fks.sql" ] || psql -Xq -v ON_ERROR_STOP=1 -d "$name" -f "$data/$name.add_fks.sql" >/dev/null
    psql -Xq -d "$name" -c ANALYZE -c 'CREATE EXTENSION nlsql'
    measure "$name"
    dropdb --force "$name"
done
measure rates
