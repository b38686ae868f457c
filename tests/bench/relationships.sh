#!/usr/bin/env bash
# Precision and recall of nlsql.relationships() at confidence 0.5 against the known foreign keys, all keys dropped first.
#     tests/bench/relationships.sh [--wrong] [DATABASE...]      --wrong lists what was missed and what was guessed wrong
source "$(dirname "$0")/cluster.sh"

[ -e "$data/drop_fks.sql" ] || fail "no databases in $data: set NLSQL_DATA"
start_cluster max_locks_per_transaction=1024
NLSQL_DATA=$data python3 "$root/tests/bench/relationships.py" "$@"
