-- Habits that grew over decades: no primary key but a unique index, keys that are dates, enums, floats, bytes and
-- intervals, nothing but a key, inheritance, very long names, dots in names, deferred checks, a table without any key.
CREATE TYPE kind AS ENUM ('big', 'small, cheap', 'odd');
CREATE TABLE "dotted.name" (code text NOT NULL, number integer NOT NULL, body text, UNIQUE (number, code));
CREATE TABLE loose (code varchar(5) NOT NULL, body text);
CREATE UNIQUE INDEX loose_code ON loose (code);
CREATE TABLE keyless (line text, at timestamptz);
CREATE TABLE deferred_key (code text NOT NULL UNIQUE DEFERRABLE);
CREATE TABLE halfkey (code text, body text, UNIQUE (code));
CREATE TABLE only_key (id uuid PRIMARY KEY);
CREATE TABLE by_day (day date PRIMARY KEY, note text);
CREATE TABLE by_moment (moment timestamptz PRIMARY KEY, note text);
CREATE TABLE by_kind (kind kind PRIMARY KEY, note text);
CREATE TABLE by_float (number double precision PRIMARY KEY, note text);
CREATE TABLE by_bytes (digest bytea PRIMARY KEY, note text);
CREATE TABLE by_span (span interval, day date, note text, PRIMARY KEY (span, day));
CREATE TABLE by_number (number numeric(10, 2) PRIMARY KEY, note text, up numeric(10, 2) REFERENCES by_number);
CREATE TABLE base (id serial PRIMARY KEY, label text);
CREATE TABLE derived (extra text) INHERITS (base);
CREATE TABLE a_table_whose_name_is_as_long_as_postgres_lets_a_name_ever_be_x (
    a_column_whose_name_is_as_long_as_postgres_lets_a_name_ever_be_ integer PRIMARY KEY,
    "another column, whose name is as long as Postgres lets it be, y" text,
    ranked integer UNIQUE DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO "dotted.name" VALUES ('a,b', 1, 'one'), ('c', 2, 'two');
INSERT INTO loose VALUES ('x', 'ex'), ('y', NULL);
INSERT INTO keyless VALUES ('a', now()), ('a', now());
INSERT INTO halfkey VALUES (NULL, 'n'), ('c', 'm');
INSERT INTO only_key VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
INSERT INTO by_day VALUES ('2026-01-01', 'a'), ('infinity', 'b'), ('0044-03-15 BC', 'c');
INSERT INTO by_moment VALUES ('2026-01-01 00:00:00.123456+02', 'a'), ('2026-01-01', 'b');
INSERT INTO by_kind VALUES ('big', 'a'), ('small, cheap', 'b');
INSERT INTO by_float VALUES (0.1, 'a'), (1e300, 'b'), ('NaN', 'c'), ('-0', 'd');
INSERT INTO by_bytes VALUES ('\x00ff', 'a'), ('', 'b');
INSERT INTO by_span VALUES ('1 day', '2026-01-01', 'a'), ('-00:00:01', '2026-01-02', 'b');
INSERT INTO by_number VALUES (1.50, 'a', NULL), (2, 'b', 1.5);
INSERT INTO base (label) VALUES ('parent');
INSERT INTO derived (label, extra) VALUES ('child', 'x');
INSERT INTO a_table_whose_name_is_as_long_as_postgres_lets_a_name_ever_be_x VALUES (1, 'a', 1), (2, 'b', 2);
-- edits
UPDATE "dotted.name" SET body = 'ONE' WHERE number = 1;
UPDATE loose SET body = 'why' WHERE code = 'y';
UPDATE by_day SET note = note || '!';
UPDATE by_moment SET note = note || '!';
UPDATE by_kind SET note = note || '!';
UPDATE by_float SET note = note || '!';
UPDATE by_bytes SET note = note || '!';
UPDATE by_span SET note = note || '!';
UPDATE by_number SET note = note || '!', up = NULL;
UPDATE derived SET label = 'kid';
UPDATE a_table_whose_name_is_as_long_as_postgres_lets_a_name_ever_be_x SET ranked = 3 - ranked;
INSERT INTO by_day VALUES ('2026-03-03', 'new');
DELETE FROM by_kind WHERE kind = 'big';
