# A cluster of a measurement's own, gone when the script ends; to be sourced. Sets `root`, `dir`, `bindir`, `data` and
# libpq's environment. The extension must be installed; a release build for figures of speed.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

bindir=$(dirname "$pg_config")
data=${NLSQL_DATA:-$root/../shared/data}
dir=$(mktemp -d /tmp/nlsql-bench.XXXXXX)
chmod 755 "$dir"
[ "$(id -u)" -ne 0 ] || chown postgres: "$dir"

stop() {
    as_server "$bindir/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap stop EXIT

# start_cluster [SETTING...]: settings as `name=value`
start_cluster() {
    local setting options="-c listen_addresses='' -c unix_socket_directories='$dir' -c fsync=off"
    for setting in "$@"; do options+=" -c $setting"; done
    as_server "$bindir/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    as_server env -u RUST_BACKTRACE "$bindir/pg_ctl" -D "$dir/data" -l "$dir/log" -w -o "$options" start >/dev/null
    export PGHOST=$dir PGUSER=postgres PATH=$bindir:$PATH
}

# load_demo NAME: a database with the demo schema, owned by role demo, who may use the extension
load_demo() {
    psql -Xq -d postgres -c 'CREATE ROLE demo LOGIN' -c "CREATE DATABASE $1 OWNER demo"
    psql -Xq -v ON_ERROR_STOP=1 -d "$1" -c 'CREATE EXTENSION nlsql' -f "$root/tests/demo/grants.sql"
    psql -Xq -v ON_ERROR_STOP=1 -U demo -d "$1" -f "$root/tests/demo/schema.sql"
}
