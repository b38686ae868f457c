#!/usr/bin/env bash
# Precision and recall of nlsql.relationships() at confidence 0.5 against the known foreign keys, all keys dropped first.
# In a cluster of its own, gone afterwards. The extension must be installed.
#     tests/bench/relationships.sh [--wrong] [DATABASE...]      --wrong lists what was missed and what was guessed wrong
source "$(dirname "$0")/../../scripts/common.sh"

bindir=$(dirname "$pg_config")
data=${NLSQL_DATA:-$root/../shared/data}
[ -e "$data/drop_fks.sql" ] || fail "no databases in $data: set NLSQL_DATA"
dir=$(mktemp -d /tmp/nlsql-relationships.XXXXXX)
chmod 755 "$dir"
[ "$(id -u)" -ne 0 ] || chown postgres: "$dir"

stop() {
    as_server "$bindir/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap stop EXIT

as_server "$bindir/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
as_server env -u RUST_BACKTRACE "$bindir/pg_ctl" -D "$dir/data" -l "$dir/log" -w \
    -o "-c listen_addresses='' -c unix_socket_directories='$dir' -c fsync=off -c max_locks_per_transaction=1024" start >/dev/null
export PGHOST=$dir PGUSER=postgres PATH=$bindir:$PATH NLSQL_DATA=$data
python3 "$root/tests/bench/relationships.py" "$@"
