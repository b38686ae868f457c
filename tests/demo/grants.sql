-- What a role needs to use nlsql; the same lines stand in README.md.
GRANT USAGE ON SCHEMA nlsql TO demo;
