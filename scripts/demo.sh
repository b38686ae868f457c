#!/usr/bin/env bash
# The main job in a cluster of its own, which is gone afterwards: loads the demo schema as an ordinary role and
# shows what that role sees in tests/demo/session.sql. The extension must be installed (`make demo` does that).
source "$(dirname "$0")/common.sh"

bindir=$(dirname "$pg_config")
dir=$(mktemp -d /tmp/nlsql-demo.XXXXXX)
chmod 755 "$dir"
[ "$(id -u)" -ne 0 ] || chown postgres: "$dir"

stop() {
    as_server "$bindir/pg_ctl" -D "$dir/data" -m fast stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap stop EXIT

cd "$dir"
as_server "$bindir/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
# Sockets alone, in a folder of its own: it meets no other server on this machine.
as_server env -u RUST_BACKTRACE "$bindir/pg_ctl" -D "$dir/data" -l "$dir/log" -w \
    -o "-c listen_addresses='' -c unix_socket_directories='$dir'" start >/dev/null ||
    { cat "$dir/log"; fail "the demo's server did not start"; }

as() {
    local role=$1
    shift
    "$bindir/psql" -X -q -h "$dir" -U "$role" -v ON_ERROR_STOP=1 "$@"
}

as postgres -d postgres -c 'CREATE ROLE demo LOGIN IN ROLE pg_write_server_files' -c 'CREATE DATABASE demo OWNER demo'
as demo -d demo -f "$root/tests/demo/schema.sql"
as postgres -d demo -c 'CREATE EXTENSION nlsql' -f "$root/tests/demo/grants.sql"
as demo -d demo --echo-queries -P pager=off -P null='' -f "$root/tests/demo/session.sql"
printf '\nThe first two lines of that file:\n'
head -n 2 "$dir/data/nlsql_export/run_demo.jsonl"
