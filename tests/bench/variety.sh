#!/usr/bin/env bash
# The table of tests/bench/variety.py over the public databases and the demo, in a cluster of its own that is removed
# afterwards. Install the extension first (scripts/install.sh).
#
#     tests/bench/variety.sh [PAIRS] [DATABASE...]
#
# The databases' dumps are looked for in $NLSQL_DATA, else in ../shared/data beside the repository.
source "$(dirname "$0")/../../scripts/common.sh"
pairs=${1:-5000}
shift || true
databases=("$@")
[ ${#databases[@]} -gt 0 ] || databases=(sakila chinook northwind pagila synthea evergreen omop_cdm54 demo)
data=${NLSQL_DATA:-$root/../shared/data}
bindir=$("$pg_config" --bindir)
cluster=$(mktemp -d /tmp/nlsql-variety-XXXXXX)
[ "$(id -u)" -ne 0 ] || chown postgres: "$cluster"

finish() {
    as_server "$bindir/pg_ctl" -D "$cluster/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$cluster"
}
trap finish EXIT

as_server "$bindir/initdb" -D "$cluster/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
as_server "$bindir/pg_ctl" -D "$cluster/data" -l "$cluster/log" -w \
    -o "-c fsync=off -c listen_addresses='' -c unix_socket_directories=$cluster" start >/dev/null
export PGHOST=$cluster PGUSER=postgres PATH=$bindir:$PATH
psql -XqAt -d postgres -c "CREATE ROLE app LOGIN"

for name in "${databases[@]}"; do
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
PGUSER=app "$root/tests/bench/variety.py" -n "$pairs" "${databases[@]}"
