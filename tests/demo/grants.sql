-- What a role needs to use nlsql; the same lines stand in README.md.
GRANT USAGE ON SCHEMA nlsql TO demo;
GRANT EXECUTE ON FUNCTION nlsql.generate, nlsql.generate_all, nlsql.cancel, nlsql.resume, nlsql.resume_all, nlsql.drop_run,
    nlsql.schema_json, nlsql.ddl, nlsql.relationships, nlsql.anonymize, nlsql.anonymize_plan, nlsql.audit, nlsql.check_sql, nlsql.jsonl, nlsql.export_jsonl,
    nlsql.export_dataset, nlsql.validate_export, nlsql.split, nlsql.report, nlsql.report_html TO demo;
GRANT EXECUTE ON PROCEDURE nlsql.wait TO demo;
