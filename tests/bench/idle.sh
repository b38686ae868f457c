#!/usr/bin/env bash
# What nlsql costs where it is installed and does nothing: connections and queries of its own (none), and pgbench's
# transactions without it, with the extension, and preloaded with its launcher: how many a second, and what each costs
# all processes of the server, which others at work on the machine sway less. Three clusters, their turns interleaved, so
# that whatever else the machine does falls on all alike; medians of ROUNDS=5.
#
#     tests/bench/idle.sh [TRANSACTIONS_A_TURN]
source "$(dirname "$0")/cluster.sh"
transactions=${1:-10000} rounds=${ROUNDS:-5}
base=$dir
names=(without installed preloaded)

cleanup() {
    local name
    for name in "${names[@]}"; do as_server "$bindir/pg_ctl" -D "$base/$name/data" -m immediate stop >/dev/null 2>&1 || true; done
    rm -rf "$base"
}
trap cleanup EXIT

at() { dir=$base/$1 PGHOST=$base/$1; }
for name in "${names[@]}"; do
    as_server mkdir "$base/$name"
    at "$name"
    settings=(autovacuum=off)
    [ "$name" != preloaded ] || settings+=(shared_preload_libraries=nlsql nlsql.databases=bench)
    start_cluster "${settings[@]}"
    at "$name"
    psql -Xq -d postgres -c 'CREATE DATABASE bench'
    [ "$name" = without ] || psql -Xq -d bench -c 'CREATE EXTENSION nlsql'
    pgbench -q -i -s 5 bench >/dev/null 2>&1
done

# a launcher that has done its work and every process of nlsql that there is
sleep 3
for name in installed preloaded; do
    at "$name"
    calls="SELECT sum(calls) FROM (SELECT xact_commit AS calls FROM pg_stat_database WHERE datname = 'bench') s"
    before=$(psql -XAt -d postgres -c "$calls")
    sleep 10
    found=$(psql -XAt -d postgres -c "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'nlsql%'")
    after=$(psql -XAt -d postgres -c "$calls")
    echo "$name: processes of nlsql: $found; transactions in its database within 10 idle seconds: $((after - before))"
done

# clock ticks of the server's processes, those that have ended included
ticks() {
    local main
    main=$(head -n 1 "$base/$1/data/postmaster.pid")
    { cat /proc/[0-9]*/stat 2>/dev/null || true; } | sed 's/.*) //' | awk -v main="$main" '$2 == main { sum += $12 + $13 } END { print sum + 0 }'
    sed 's/.*) //' "/proc/$main/stat" | awk '{ print $12 + $13 + $14 + $15 }'
}
total() { ticks "$1" | awk '{ sum += $1 } END { print sum }'; }
turn() {
    at "$1"
    local before tps
    before=$(total "$1")
    tps=$(pgbench -n -c 1 -t "$transactions" bench 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p')
    echo "$tps $(echo "scale=6; ($(total "$1") - $before) * 1000 / $(getconf CLK_TCK) / $transactions" | bc)"
}
declare -A speed cost
for ((round = 0; round < rounds; round++)); do
    # another one begins each round
    for ((i = 0; i < 3; i++)); do
        name=${names[(round + i) % 3]}
        read -r tps ms <<<"$(turn "$name")"
        speed[$name]+="$tps"$'\n' cost[$name]+="$ms"$'\n'
    done
done
median() { printf '%s' "$1" | sort -n | sed -n "$(((rounds + 1) / 2))p"; }
against() { echo "scale=6; 100 * ($1 / $2 - 1)" | bc; }
printf 'medians of %s turns of %s transactions, one client, fsync off:\n' "$rounds" "$transactions"
printf '%-10s %10s %8s %12s %8s\n' '' 'a second' '' 'CPU ms each' ''
for name in "${names[@]}"; do
    tps=$(median "${speed[$name]}") ms=$(median "${cost[$name]}")
    printf '%-10s %10.1f %+7.2f%% %12.4f %+7.2f%%\n' "$name" "$tps" "$(against "$tps" "$(median "${speed[without]}")")" \
        "$ms" "$(against "$ms" "$(median "${cost[without]}")")"
done
