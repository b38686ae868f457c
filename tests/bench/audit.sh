#!/usr/bin/env bash
# The leak audit on every database: what it finds in a clean run of all phases, how many of the values planted in five
# places it finds, its time, and what it costs an export. The extension must be installed; a release build for times.
#     tests/bench/audit.sh [DATABASE...]
source "$(dirname "$0")/cluster.sh"

start_cluster max_locks_per_transaction=1024
[ $# -gt 0 ] || set -- sakila pagila chinook northwind synthea demo evergreen

sql() { psql -XqAt -v ON_ERROR_STOP=1 -d "$1" -c "$2" 2>>"$dir/notices"; }

# seconds DATABASE SQL
seconds() {
    local start
    start=$(date +%s%N)
    sql "$1" "$2" >/dev/null
    echo $((($(date +%s%N) - start) / 10000000)) | sed -E 's/^(.*)(..)$/\1.\2/; s/^\./0./; s/^(.)$/0.0\1/'
}

# A value of a person's column that reads like one, and its table.
victim() {
    sql "$1" "
        CREATE FUNCTION pg_temp.some(t regclass, c text) RETURNS text LANGUAGE plpgsql AS \$f\$
        DECLARE v text; BEGIN
          EXECUTE format('SELECT max(x::text) FROM %s, LATERAL (SELECT %I) l(x) WHERE length(x::text) BETWEEN 7 AND 40', t, c) INTO v;
          RETURN v;
        END \$f\$;
        SELECT q.t || E'\t' || q.v FROM (
          SELECT format('%I.%I', n.nspname, c.relname) AS t, pg_temp.some(c.oid, p.\"column\") AS v
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL nlsql.anonymize_plan(c.oid) p
           WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema|nlsql)' AND NOT c.relispartition
             AND EXISTS (SELECT FROM nlsql.item i WHERE i.kind = 'row' AND i.tables[1] = format('%I.%I', n.nspname, c.relname))
             AND p.method = 'faked' AND p.kind IN ('full_name', 'last_name', 'email', 'user_name')) q
         WHERE q.v IS NOT NULL ORDER BY q.v ~ '^[[:alpha:]]+\$', q.t LIMIT 1"
}

plant() {
    sql "$1" "
        UPDATE nlsql.item SET question = 'What is there of ' || upper(\$v\$$3\$v\$) || '?'
         WHERE id = (SELECT min(id) FROM nlsql.item WHERE kind = 'pair');
        UPDATE nlsql.item SET sql = 'SELECT ' || quote_literal(\$v\$$3\$v\$) WHERE id = (SELECT max(id) FROM nlsql.item WHERE kind = 'pair');
        UPDATE nlsql.item SET rows = rows || jsonb_build_object('planted', \$v\$$3\$v\$, 'document', jsonb_build_object('a', jsonb_build_array('x ' || \$v\$$3\$v\$)))
         WHERE id = (SELECT min(id) FROM nlsql.item WHERE kind = 'row' AND tables[1] = '$2');
        INSERT INTO nlsql.template (role, name, body) VALUES ('postgres', 'system', 'You answer for ' || \$v\$$3\$v\$)"
}

printf '%-10s %8s %9s %8s %8s %16s %13s %13s\n' database records findings planted audit_s export_forced_s export_1st_s export_2nd_s
for name in "$@"; do
    if [ "$name" = demo ]; then
        createdb demo
        psql -Xq -v ON_ERROR_STOP=1 -d demo -f "$root/tests/demo/schema.sql" >/dev/null
    else
        createdb "$name"
        gunzip -c "$data/$name.sql.gz" | psql -Xq -v ON_ERROR_STOP=1 -d "$name" >/dev/null
    fi
    psql -Xq -d "$name" -c ANALYZE -c 'CREATE EXTENSION nlsql'
    sql "$name" "SELECT nlsql.generate_all('r', '{\"seed\": 5}')" >/dev/null
    sql "$name" "CALL nlsql.wait('r')"
    records=$(sql "$name" "SELECT count(*) FROM nlsql.dataset")
    audit=$(seconds "$name" "SELECT nlsql.audit('r')")
    findings=$(sql "$name" "SELECT count(*) FROM nlsql.audit('r')")
    forced=$(seconds "$name" "SELECT nlsql.jsonl('r', options => '{\"force\": true}')")
    first=$(seconds "$name" "SELECT nlsql.jsonl('r')")
    again=$(seconds "$name" "SELECT nlsql.jsonl('r')")
    IFS=$'\t' read -r table value < <(victim "$name") || true
    plant "$name" "$table" "${value//\'/}"
    planted=$(sql "$name" "SELECT count(DISTINCT (found_in, id, field)) FROM nlsql.audit('r') WHERE (found_in, field) IN
        (('dataset', 'question'), ('dataset', 'sql'), ('dataset', 'rows.planted'), ('dataset', 'rows.document.a[]'), ('template', 'system'))")
    printf '%-10s %8s %9s %8s %8s %16s %13s %13s\n' "$name" "$records" "$findings" "$planted/5" "$audit" "$forced" "$first" "$again"
    dropdb --force "$name"
done
