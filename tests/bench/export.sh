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
sql -c "CALL nlsql.wait('base')" -c "SELECT count(*) FROM nlsql.split('base')" >/dev/null

# make PAIRS: a run of that many, and its lines in a table without anything else
make() {
    sql -v pairs="$1" -f "$root/tests/bench/export.sql" >/dev/null
    sql -c "VACUUM ANALYZE nlsql.item, nlsql.item_line, line_$1" -c CHECKPOINT
}
# seconds of a statement in a backend of its own, and the most memory that this backend had, in MB
measure() {
    sql -c "LOAD 'nlsql'" -c '\timing on' -c "$1" -c '\timing off' \
        -c "SELECT 'peak: ' || substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+)')" |
        awk '/^Time:/ { seconds = $2 / 1000 } /^peak:/ { peak = $2 / 1024 } END { printf "%.3f %.0f\n", seconds, peak }'
}
median() { sort -n "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
seconds() { measure "$1" | cut -d ' ' -f 1; }

for size in "${sizes[@]}"; do
    make "$size"
    rm -f "$dir/ours" "$dir/bare"
    # the first export searches the run for protected values; what was found clean is not searched again
    first=$(measure "SELECT nlsql.export_jsonl('r_$size', '$out/ours.jsonl')")
    for _ in 1 2 3; do
        rm -f "$out/"*.jsonl
        seconds "SELECT nlsql.export_jsonl('r_$size', '$out/ours.jsonl')" >>"$dir/ours"
        seconds "COPY line_$size (line) TO '$out/bare.jsonl'" >>"$dir/bare"
    done
    printf '%s pairs, %s MB: export_jsonl %s s, COPY %s s, rate %s of COPY\n' "$size" \
        "$(($(stat -c %s "$out/ours.jsonl") >> 20))" "$(median "$dir/ours")" "$(median "$dir/bare")" \
        "$(echo "scale=2; $(median "$dir/bare") / $(median "$dir/ours")" | bc)"
    report() { printf '  %-36s %8.1f s, peak %4.0f MB\n' "$1" $(measure "$2"); }
    printf '  %-36s %8.1f s, peak %4.0f MB\n' 'the first export, with the audit' $first
    report 'bare COPY' "COPY line_$size (line) TO '$out/bare.jsonl'"
    report export_jsonl "SELECT nlsql.export_jsonl('r_$size', '$out/ours.jsonl', options => '{\"overwrite\": true}')"
    report 'jsonl, counted' "SELECT count(*) FROM nlsql.jsonl('r_$size')"
    for format in chat preference spider csv; do
        report "export_dataset, $format" "SELECT nlsql.export_dataset('r_$size', '$out/$format', '$format')"
    done
    report 'validate_export, nlsql' "SELECT count(*) FROM nlsql.validate_export('$out/ours.jsonl')"
    report 'validate_export, spider' "SELECT count(*) FROM nlsql.validate_export('$out/spider/train.json', 'spider')"
    rm -rf "${out:?}/"*
    report split "SELECT count(*) FROM nlsql.split('r_$size', '{\"reset\": true}')"
    report report "SELECT count(*) FROM nlsql.report('r_$size')"
    sql -c "DROP TABLE line_$size" -c "TRUNCATE nlsql.item_line" -c "DELETE FROM nlsql.run WHERE name = 'r_$size'"
done
