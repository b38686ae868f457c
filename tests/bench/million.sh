#!/usr/bin/env bash
# One run of a million distinct pairs, or of as many as told: time, memory of each worker, disk and WAL, printed every
# five minutes and at the end. In a cluster of its own with fsync, gone afterwards. The extension must be installed, as
# a release build.
#     tests/bench/million.sh [PAIRS] [DATABASE] [WORKERS]
# Memory is the most that a worker has had resident (VmHWM), the part of shared_buffers that it has touched among it.
source "$(dirname "$0")/cluster.sh"
pairs=${1:-1000000} database=${2:-sakila} workers=${3:-2}

[ -e "$data/$database.sql.gz" ] || fail "no $database.sql.gz in $data: set NLSQL_DATA"
start_cluster fsync=on max_wal_size=4GB
createdb "$database"
export PGDATABASE=$database PGOPTIONS='-c client_min_messages=warning'
gunzip -c "$data/$database.sql.gz" | psql -Xq -v ON_ERROR_STOP=1 >/dev/null
psql -Xq -v ON_ERROR_STOP=1 -c ANALYZE -c 'CREATE EXTENSION nlsql'
sql() { psql -XqAt -F ' ' -v ON_ERROR_STOP=1 "$@"; }

# what statements can say grows with the tables in them: shares in per cent
shares="joins 36 complex_sqls 34 builtins 18 single_table 12"
before=$(sql -c "SELECT pg_current_wal_lsn()")
began=$(date +%s)
set -- $shares
while [ $# -gt 0 ]; do
    sql -c "SELECT nlsql.generate('$1', $((pairs * $2 / 100)), 'million', '{\"seed\": 1, \"workers\": $workers}')" >/dev/null
    shift 2
done

declare -A cpu most
hertz=$(getconf CLK_TCK)
look() {
    local pid
    for pid in $(sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'nlsql worker'"); do
        most[$pid]=$(awk '/VmHWM/ {print int($2 / 1024)}' "/proc/$pid/status" 2>/dev/null || echo "${most[$pid]:-0}")
        cpu[$pid]=$(awk '{print $14 + $15}' "/proc/$pid/stat" 2>/dev/null || echo "${cpu[$pid]:-0}")
    done
}
total() { local sum=0 c; for c in "${cpu[@]}"; do sum=$((sum + c)); done; echo $((sum / hertz)); }
show() {
    local now=$(($(date +%s) - began))
    printf '%6d s, %6d s of processor; MB at most: %s; ' "$now" "$(total)" "${most[*]:-}"
    sql -c "SELECT sum(accepted) || ' pairs (' || string_agg(phase || ' ' || accepted, ', ') || '); database '
                   || pg_size_pretty(pg_database_size(current_database())) FROM nlsql.progress"
}
ended() { sql -c "SELECT bool_and(status NOT IN ('queued', 'running', 'waiting')) FROM nlsql.progress"; }
n=0
until [ "$(ended)" = t ]; do
    look
    [ $((n++ % 60)) -ne 0 ] || show
    sleep 5
done
show
sql -c "SELECT phase || ': ' || status || ', ' || accepted || ' of ' || requested || COALESCE(', ' || last_error, '') FROM nlsql.progress"
sql -c "SELECT 'distinct questions ' || count(DISTINCT question) || ', distinct statements ' || count(DISTINCT sql)
               || ' of ' || count(*) FROM nlsql.dataset"
sql -c "SELECT 'nlsql.item ' || pg_size_pretty(pg_total_relation_size('nlsql.item')) || ', database '
               || pg_size_pretty(pg_database_size(current_database())) || ', WAL '
               || pg_size_pretty(pg_current_wal_lsn() - '$before'::pg_lsn)"
