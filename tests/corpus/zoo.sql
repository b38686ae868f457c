-- A second schema beside the demo's, for what that one has not: enums, domains, composite and range types, arrays,
-- documents for full-text search, composite keys, partitions, views over views, network and geometric types.

CREATE SCHEMA zoo;
SET search_path = zoo, pg_catalog;

CREATE TYPE kingdom AS ENUM ('mammal', 'bird', 'reptile', 'fish');
CREATE DOMAIN weight_kg AS numeric(8, 2) CHECK (VALUE > 0);
CREATE DOMAIN tag AS text CHECK (VALUE ~ '^[a-z]+$');
CREATE TYPE address AS (street text, city text);

CREATE TABLE species (
    id          int PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    kingdom     kingdom NOT NULL,
    traits      jsonb NOT NULL DEFAULT '{}',
    tags        text[] NOT NULL DEFAULT '{}',
    weight      numrange NOT NULL,
    description text NOT NULL,
    document    tsvector GENERATED ALWAYS AS (to_tsvector('english', description)) STORED
);
CREATE INDEX ON species USING gin (document);
CREATE INDEX ON species USING gin (tags);
INSERT INTO species (id, name, kingdom, traits, tags, weight, description)
SELECT i, 'Species ' || i, (ARRAY['mammal', 'bird', 'reptile', 'fish'])[1 + i % 4]::kingdom,
       jsonb_build_object('legs', CASE i % 4 WHEN 0 THEN 4 WHEN 1 THEN 2 ELSE 0 END, 'diet', (ARRAY['meat', 'plants'])[1 + i % 2],
                          'habitats', jsonb_build_array('forest', 'river'), 'size', jsonb_build_object('height', i * 3)),
       CASE WHEN i % 3 = 0 THEN ARRAY['rare', 'protected'] ELSE ARRAY['common'] END,
       numrange(i, i + 50), CASE WHEN i % 2 = 0 THEN 'Lives in forests and hunts small animals' ELSE 'Grazes on open land near rivers' END
FROM generate_series(1, 24) AS i;

CREATE TABLE enclosure (
    zone   text NOT NULL,
    number int NOT NULL,
    area   numeric(8, 1) NOT NULL,
    open   daterange NOT NULL,
    keeper address,
    PRIMARY KEY (zone, number)
);
INSERT INTO enclosure
SELECT (ARRAY['north', 'south', 'east'])[1 + i % 3], i, 100 + i * 12.5, daterange('2020-01-01', '2020-01-01'::date + i * 100),
       ROW('Street ' || i, 'City ' || i % 4)::address
FROM generate_series(1, 15) AS i;

CREATE TABLE animal (
    id         int PRIMARY KEY,
    species_id int NOT NULL REFERENCES species,
    name       text,
    zone       text NOT NULL,
    number     int NOT NULL,
    born       date NOT NULL,
    weight     weight_kg NOT NULL,
    mother_id  int REFERENCES animal,
    father_id  int REFERENCES animal,
    FOREIGN KEY (zone, number) REFERENCES enclosure
);
INSERT INTO animal
SELECT i, 1 + i % 24, CASE WHEN i % 10 <> 0 THEN 'Animal ' || i END, (ARRAY['north', 'south', 'east'])[1 + n % 3], n,
       '2015-01-01'::date + i * 17, 5 + (i * 37) % 90, CASE WHEN i > 40 THEN i - 40 END, CASE WHEN i > 60 THEN i - 59 END
FROM generate_series(1, 160) AS i, LATERAL (SELECT 1 + i % 15 AS n) AS x;

CREATE TABLE feeding (
    animal_id int NOT NULL REFERENCES animal,
    fed_at    timestamptz NOT NULL,
    food      text NOT NULL,
    grams     int NOT NULL,
    PRIMARY KEY (animal_id, fed_at)
) PARTITION BY RANGE (fed_at);
CREATE TABLE feeding_2024_1 PARTITION OF feeding FOR VALUES FROM ('2024-01-01Z') TO ('2024-07-01Z');
CREATE TABLE feeding_2024_2 PARTITION OF feeding FOR VALUES FROM ('2024-07-01Z') TO ('2025-01-01Z');
INSERT INTO feeding
SELECT 1 + i % 160, '2024-01-01 08:00Z'::timestamptz + i * interval '7 hours', (ARRAY['hay', 'fish', 'meat'])[1 + i % 3], 100 + (i * 13) % 900
FROM generate_series(1, 1200) AS i;

CREATE TABLE ticket (
    id      uuid PRIMARY KEY,
    sold_at timestamp NOT NULL,
    kind    text NOT NULL,
    price   numeric(6, 2) NOT NULL,
    seats   int[] NOT NULL,
    extra   json NOT NULL
);
INSERT INTO ticket
SELECT md5(i::text)::uuid, '2024-03-01 09:00'::timestamp + i * interval '37 minutes', (ARRAY['adult', 'child', 'family'])[1 + i % 3],
       10 + i % 7, ARRAY[i, i + 1, i * 2], json_build_object('guide', i % 2 = 0, 'language', (ARRAY['en', 'fr'])[1 + i % 2])
FROM generate_series(1, 400) AS i;

CREATE TABLE sensor (
    id      int PRIMARY KEY,
    ip      inet NOT NULL,
    mac     macaddr NOT NULL,
    place   point NOT NULL,
    flags   bit(8) NOT NULL,
    payload bytea NOT NULL,
    every   interval NOT NULL,
    starts  time NOT NULL,
    closed  datemultirange NOT NULL
);
INSERT INTO sensor
SELECT i, ('10.0.' || i % 3 || '.' || i)::inet, ('08:00:2b:01:02:' || lpad(to_hex(i), 2, '0'))::macaddr, point(i, i * 2), i::bit(8),
       decode(md5(i::text), 'hex'), i * interval '15 minutes', '06:00'::time + i * interval '10 minutes',
       datemultirange(daterange('2024-01-01', '2024-01-10'), daterange('2024-06-01', '2024-06-01'::date + i))
FROM generate_series(1, 30) AS i;

CREATE VIEW living AS SELECT a.id, a.name, a.weight, s.name AS species, s.kingdom FROM animal a JOIN species s ON s.id = a.species_id;
CREATE VIEW heavy AS SELECT id, name, species FROM living WHERE weight > 50;
CREATE MATERIALIZED VIEW kingdom_count AS SELECT kingdom, count(*) AS species FROM species GROUP BY kingdom;
CREATE TABLE "Odd Names" ("Key" int PRIMARY KEY, "select" text, "with ""quotes""" text);
INSERT INTO "Odd Names" VALUES (1, 'a', 'b'), (2, 'c', NULL);
ANALYZE;
