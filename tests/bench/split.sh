#!/usr/bin/env bash
# A run of many pairs over four phases, split: what of the test split stands in train by skeleton, template and
# near-duplicate question, how many questions have two results, and how near the sizes come to their targets. In a
# cluster of its own, gone afterwards. The extension must be installed; a release build for the figures of speed.
#     tests/bench/split.sh [PAIRS] [DATABASE]
# All shares are counted anew in SQL, near-duplicates from their definition: word 3-grams, Jaccard of at least 0.8.
source "$(dirname "$0")/cluster.sh"
pairs=${1:-20000} database=${2:-sakila}

[ -e "$data/$database.sql.gz" ] || fail "no $database.sql.gz in $data: set NLSQL_DATA"
start_cluster
createdb "$database"
export PGDATABASE=$database PGOPTIONS='-c client_min_messages=warning'
gunzip -c "$data/$database.sql.gz" | psql -Xq -v ON_ERROR_STOP=1 >/dev/null
psql -Xq -v ON_ERROR_STOP=1 -c ANALYZE -c 'CREATE EXTENSION nlsql'
sql() { psql -XqAt -F ' ' -v ON_ERROR_STOP=1 "$@"; }

start=$(date +%s.%N)
for phase in single_table joins complex_sqls builtins; do
    sql -c "SELECT nlsql.generate('$phase', $((pairs / 4)), 'bench', '{\"seed\": 1}')" >/dev/null
done
sql -c "CALL nlsql.wait('bench')"
printf '%s: %s pairs in %.0f s\n' "$database" "$(sql -c "SELECT count(*) FROM nlsql.dataset")" \
    "$(echo "$(date +%s.%N) - $start" | bc)"
sql -c "SELECT '  ' || phase || ': ' || count(*) FROM nlsql.dataset GROUP BY phase ORDER BY phase"
sql -c "SELECT '  ' || phase || ' ' || status || ': ' || last_error FROM nlsql.progress WHERE status <> 'done'"
start=$(date +%s.%N)
split=$(sql -c "SELECT COALESCE(split, '-'), records, round(share::numeric, 4), target, reason FROM nlsql.split('bench')")
printf 'split in %.1f s: records, share, target\n%s\n' "$(echo "$(date +%s.%N) - $start" | bc)" "$split"
sql -f "$root/tests/bench/split.sql"
