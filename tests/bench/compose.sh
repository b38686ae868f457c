#!/usr/bin/env bash
# Pairs a minute through composer, gate and store with two workers, against two PL/pgSQL loops that EXPLAIN and run the
# very same statements: in one run, on one server. Connection by libpq's environment.
#
#     tests/bench/compose.sh DATABASE [PAIRS] [PHASE]
#
# The peer does less: it draws nothing, proves nothing by probes and stores nothing.
set -euo pipefail
database=$1 pairs=${2:-4000} phase=${3:-joins}
run="bench_compose_$$"

sql() { psql -XqAt -v ON_ERROR_STOP=1 -d "$database" "$@"; }

cleanup() { sql -c "SELECT nlsql.drop_run('$run')" -c "DROP TABLE IF EXISTS $run" >/dev/null 2>&1 || true; }
trap cleanup EXIT

start=$(date +%s.%N)
sql -c "SELECT nlsql.generate('$phase', $pairs, '$run', '{\"seed\": 1, \"workers\": 2}')" >/dev/null
sql -c "SET client_min_messages = error" -c "CALL nlsql.wait('$run')"
ours=$(echo "$(date +%s.%N) - $start" | bc)
stored=$(sql -c "SELECT count(*) FROM nlsql.dataset WHERE run = '$run'")
sql -c "CREATE TABLE $run AS SELECT row_number() OVER (ORDER BY slot) AS n, sql FROM nlsql.dataset WHERE run = '$run'"

# one half of the statements; rows are fetched and dropped
half() {
    sql -c "SET jit = off" -c "DO \$\$
        DECLARE statement text; plan text; line record;
        BEGIN
            FOR statement IN SELECT t.sql FROM $run t WHERE t.n % 2 = $1 LOOP
                FOR plan IN EXECUTE 'EXPLAIN ' || statement LOOP END LOOP;
                FOR line IN EXECUTE statement LOOP END LOOP;
            END LOOP;
        END \$\$"
}
start=$(date +%s.%N)
half 0 & first=$!
half 1 & second=$!
wait $first $second
peer=$(echo "$(date +%s.%N) - $start" | bc)

rate() { echo "scale=1; $stored / $1" | bc; }
printf '%s, phase %s: %s pairs stored\n' "$database" "$phase" "$stored"
printf 'composer, gate and store, 2 workers: %6.1f s, %8s pairs/s\n' "$ours" "$(rate "$ours")"
printf '2 loops of EXPLAIN and EXECUTE:      %6.1f s, %8s statements/s\n' "$peer" "$(rate "$peer")"
printf 'ratio: %s\n' "$(echo "scale=2; $peer / $ours" | bc)"
sql -c "SELECT 'stored rows: ' || pg_size_pretty(pg_total_relation_size('nlsql.item'))"
