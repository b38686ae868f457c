#!/usr/bin/env bash
# nlsql.export_jsonl() against a bare COPY of the same text column, in turns in one run, medians of three; then seconds
# and peak memory of the backend for each way out and for what else goes over all records, by number of pairs. In a
# cluster of its own, gone afterwards. The extension must be installed; a release build for the figures of speed.
#     tests/bench/export.sh [PAIRS...]
# A thousand pairs are composed on sakila and multiplied in nlsql.item, each copy with words, skeletons and templates
# of its own: drawing a million is another bench. A million takes some 8 GB of disk meanwhile.
source "$(dirname "$0")/cluster.sh"
sizes=("$@")
[ $# -gt 0 ] || sizes=(10000 100000 1000000)

[ -e "$data/sakila.sql.gz" ] || fail "no sakila.sql.gz in $data: set NLSQL_DATA"
# few shared buffers, since a backend's memory counts those that it touched; the system's cache serves both sides
start_cluster shared_buffers=16MB checkpoint_timeout=1h max_wal_size=8GB autovacuum=off wal_level=minimal max_wal_senders=0
createdb sakila
export PGDATABASE=sakila PGOPTIONS='-c client_min_messages=warning'
gunzip -c "$data/sakila.sql.gz" | psql -Xq -v ON_ERROR_STOP=1 >/dev/null
psql -Xq -v ON_ERROR_STOP=1 -c ANALYZE -c 'CREATE EXTENSION nlsql'
sql() { psql -XqAt -F ' ' -v ON_ERROR_STOP=1 "$@"; }
out=$dir/out
mkdir "$out"
[ "$(id -u)" -ne 0 ] || chown postgres: "$out"

for phase in single_table joins complex_sqls builtins; do
    sql -c "SELECT nlsql.generate('$phase', 250, 'base', '{\"seed\": 1}')" >/dev/null
done
# lines of all of them, so that evaluation pairs have the mutation proof, and their copies with them
sql -c "CALL nlsql.wait('base')" -c "SELECT count(*) FROM nlsql.split('base')" -c "SELECT count(*) FROM nlsql.jsonl('base')" >/dev/null

# make PAIRS: a run of that many, and its lines in a table without anything else
make() {
    sql -v pairs="$1" -f "$root/tests/bench/export.sql" >/dev/null
    sql -c "VACUUM ANALYZE nlsql.item, nlsql.item_line, nlsql.line_$1" -c CHECKPOINT
}
# wall seconds of a statement in a backend of its own, this backend's CPU seconds, and the most memory that it had, in MB
measure() {
    sql -c "LOAD 'nlsql'" -c "$cpu" -c '\timing on' -c "$1" -c '\timing off' -c "$cpu" \
        -c "SELECT 'peak: ' || substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+)')" |
        awk '/^cpu:/ { spent = $2 - before; before = $2 } /^Time:/ { seconds = $2 / 1000 } /^peak:/ { peak = $2 / 1024 }
             END { printf "%.2f %.2f %.0f\n", seconds, spent, peak }'
}
# user and system time, in ticks of a hundredth of a second
cpu="SELECT 'cpu: ' || (f[12]::numeric + f[13]::numeric) / 100
       FROM regexp_split_to_array(regexp_replace(pg_read_file('/proc/self/stat'), '^.*\) ', ''), ' ') f"
report() { printf '  %-36s %8.1f s, CPU %7.1f s, peak %4.0f MB\n' "$1" $2; }
# median FILE FIELD
median() { cut -d ' ' -f "$2" "$1" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
rate() { echo "scale=2; $(median "$dir/bare" "$1") / $(median "$dir/ours" "$1")" | bc; }

for size in "${sizes[@]}"; do
    make "$size"
    rm -f "$dir/ours" "$dir/bare"
    # the first export searches the run for protected values; what was found clean is not searched again
    first=$(measure "SELECT nlsql.export_jsonl('r_$size', '$out/ours.jsonl')")
    for _ in 1 2 3; do
        rm -f "$out/"*.jsonl
        measure "SELECT nlsql.export_jsonl('r_$size', '$out/ours.jsonl')" >>"$dir/ours"
        measure "COPY nlsql.line_$size (line) TO '$out/bare.jsonl'" >>"$dir/bare"
    done
    printf '%s pairs, %s MB: export_jsonl has %s of the rate of COPY, %s by CPU time\n' "$size" \
        "$(($(stat -c %s "$out/ours.jsonl") >> 20))" "$(rate 1)" "$(rate 2)"
    report 'COPY' "$(sort -n "$dir/bare" | sed -n 2p)"
    report 'export_jsonl' "$(sort -n "$dir/ours" | sed -n 2p)"
    report 'the first export, with the audit' "$first"
    report 'jsonl, counted' "$(measure "SELECT count(*) FROM nlsql.jsonl('r_$size')")"
    for format in chat preference spider csv; do
        report "export_dataset, $format" "$(measure "SELECT nlsql.export_dataset('r_$size', '$out/$format', '$format')")"
    done
    report 'validate_export, nlsql' "$(measure "SELECT count(*) FROM nlsql.validate_export('$out/ours.jsonl')")"
    report 'validate_export, spider' "$(measure "SELECT count(*) FROM nlsql.validate_export('$out/spider/train.json', 'spider')")"
    rm -rf "${out:?}/"*
    report 'split' "$(measure "SELECT count(*) FROM nlsql.split('r_$size', '{\"reset\": true}')")"
    report 'report' "$(measure "SELECT count(*) FROM nlsql.report('r_$size')")"
    sql -c "DROP TABLE nlsql.line_$size" -c "TRUNCATE nlsql.item_line" -c "DELETE FROM nlsql.run WHERE name = 'r_$size'"
done
