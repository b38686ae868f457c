#!/usr/bin/env bash
# check_sql on 10,000 accepted three-table statements in one backend, against a PL/pgSQL loop that EXPLAINs and runs the
# same texts: in one run, medians of five. Then the memory of a backend over 100,000 checks in one statement.
#
#     tests/bench/gate.sh [TEXTS] [CHECKS]
#
# The loop does less: it knows no limits, no roles, no facts, and an error would end it.
source "$(dirname "$0")/cluster.sh"
texts=${1:-10000} checks=${2:-100000}

start_cluster
load_demo bench
psql -Xq -d bench -c 'GRANT EXECUTE ON FUNCTION pg_read_file(text) TO demo; GRANT pg_read_server_files TO demo'
sql() { psql -XqAt -v ON_ERROR_STOP=1 -U demo -d bench "$@"; }

sql -v texts="$texts" -f "$root/tests/bench/gate.sql"
found=$(sql -c "SELECT count(*) FROM bench_text")
[ "$found" -eq "$texts" ] || fail "only $found texts were accepted"

gate() {
    sql -c "SET search_path = insurer" -c '\timing on' \
        -c "SELECT count(*) FILTER (WHERE c.ok) FROM public.bench_text t, LATERAL nlsql.check_sql(t.sql, '$1') AS c"
}
loop() {
    sql -c "SET search_path = insurer; SET jit = off" -c '\timing on' -c "SELECT public.bench_loop('$1')"
}
# what psql timed, in microseconds a text; fails unless every text went through
microseconds() {
    awk -v texts="$texts" 'NR == 1 && $1 != texts { exit 1 } /^Time:/ { printf "%.1f\n", $2 * 1000 / texts }' ||
        fail "not every text went through"
}
names=('check_sql' 'check_sql, mutation proof' 'loop of EXPLAIN and EXECUTE' 'loop of EXPLAIN (FORMAT json) and EXECUTE')
measure() {
    case $1 in
        0) gate '{}' ;;
        1) gate '{"proof": true}' ;;
        2) loop 'EXPLAIN ' ;;
        3) loop 'EXPLAIN (FORMAT json) ' ;;
    esac | microseconds
}
for round in 1 2 3 4 5; do
    for way in 0 2 3; do measure $way >>"$dir/way_$way"; done
done
# some ten times the work: once is enough
measure 1 >"$dir/way_1"
median() { sort -n "$dir/way_$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
printf '%s accepted three-table statements, one backend, median of 5 runs (with mutation proof, of 1)\n' "$texts"
for way in 0 1 2 3; do
    printf '%-42s %8s us a text, rate %5s of the loop\n' "${names[way]}" "$(median $way)" \
        "$(echo "scale=2; $(median 2) / $(median $way)" | bc)"
done

sql -v checks="$checks" <<'END'
SET search_path = insurer;
-- only the samples are kept: neither a sort nor a table grows in the backend meanwhile
CREATE TEMP TABLE seen AS
SELECT i, pages
FROM (SELECT i, c.ok, CASE WHEN i % (:checks / 200) = 0 THEN pg_read_file('/proc/self/statm') END AS pages
      FROM generate_series(1, :checks) AS i
      JOIN public.bench_text t ON t.n = 1 + i % (SELECT count(*) FROM public.bench_text), LATERAL nlsql.check_sql(t.sql) AS c
      OFFSET 0) AS checked
WHERE pages IS NOT NULL;
WITH point AS (
    SELECT i::float8 AS x, 4096 * (split_part(pages, ' ', 2)::float8 - split_part(pages, ' ', 3)::float8) AS y
    FROM seen WHERE pages IS NOT NULL AND i > :checks / 10
), fit AS (
    SELECT regr_slope(y, x) AS slope, min(y) AS least, max(y) AS most,
           sqrt(greatest(regr_syy(y, x) - regr_slope(y, x) * regr_sxy(y, x), 0) / (count(*) - 2) / regr_sxx(y, x)) AS error
    FROM point
)
SELECT format('memory of the backend over %s checks after the first tenth: %s to %s kB; %s bytes a check, upper 95 %% bound %s',
    :checks, least / 1024, most / 1024, round(slope::numeric, 3), round((slope + 1.97 * error)::numeric, 3))
FROM fit;
END
