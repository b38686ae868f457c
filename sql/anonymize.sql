-- The secret of this installation, under which the anonymiser hashes: made here, never dumped (no
-- pg_extension_config_dump), readable by the extension's owner alone. A restored database makes one of its own.
CREATE TABLE nlsql.secret (
  only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),
  value    bytea NOT NULL CHECK (pg_catalog.octet_length(value) = 32)
);
COMMENT ON TABLE nlsql.secret IS 'key of the anonymiser; whoever has it can link anonymised rows of different runs';
-- four times 122 bits from the server's strong random source
INSERT INTO nlsql.secret (value)
SELECT pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(pg_catalog.gen_random_uuid()::text, ' '), 'UTF8'))
  FROM pg_catalog.generate_series(1, 4);
