#!/usr/bin/env bash
# The table of tests/bench/variety.py over the public databases and the demo. Install the extension first.
#
#     tests/bench/variety.sh [PAIRS] [DATABASE...]
#
# The databases' dumps are looked for in $NLSQL_DATA, else in ../shared/data beside the repository.
source "$(dirname "$0")/cluster.sh"
pairs=${1:-5000}
shift || true
[ $# -gt 0 ] || set -- sakila chinook northwind pagila synthea evergreen omop_cdm54 demo
start_cluster
psql -XqAt -d postgres -c "CREATE ROLE app LOGIN"

for name in "$@"; do
    psql -XqAt -d postgres -c "CREATE DATABASE $name OWNER app"
    if [ "$name" = demo ]; then
        psql -XqAt -U app -v ON_ERROR_STOP=1 -d demo -f "$root/tests/demo/schema.sql" >/dev/null
    else
        gunzip -c "$data/$name.sql.gz" | psql -XqAt -U app -v ON_ERROR_STOP=1 -d "$name" >/dev/null
    fi
    psql -XqAt -v ON_ERROR_STOP=1 -d "$name" -c "CREATE EXTENSION nlsql"
    sed 's/TO demo/TO app/' "$root/tests/demo/grants.sql" | psql -XqAt -v ON_ERROR_STOP=1 -d "$name" -f -
    psql -XqAt -d "$name" -c "ANALYZE"
done
PGUSER=app "$root/tests/bench/variety.py" -n "$pairs" "$@"
