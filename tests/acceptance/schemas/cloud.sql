-- Habits of a hosted database: row-level security with policies, forced for the owner too, uuid keys, a wide table,
-- CHECK lists, a trigger that minds updated_at and one that refuses, rows in another schema, a hidden tenant.
CREATE SCHEMA "Geo data";
CREATE TABLE "Geo data"."Länder" (
    code char(2) PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    area_km2 numeric CHECK (area_km2 > 0)
);
CREATE TABLE projects (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant text NOT NULL DEFAULT 'mine',
    name text NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'on hold', 'R&D')),
    priority integer CHECK (priority = ANY (ARRAY[1, 2, 3])),
    country char(2) REFERENCES "Geo data"."Länder",
    parent uuid REFERENCES projects ON DELETE CASCADE,
    api_key text DEFAULT 'sk-secret',
    embedding double precision[],
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant, name)
);
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON projects USING (tenant = 'mine') WITH CHECK (tenant = 'mine' AND name <> 'forbidden');
CREATE FUNCTION minded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.name = 'boom' THEN RAISE EXCEPTION 'projects may not be called %', NEW.name; END IF;
    NEW.name := btrim(NEW.name);
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER minded BEFORE INSERT OR UPDATE ON projects FOR EACH ROW EXECUTE FUNCTION minded();
CREATE TABLE wide (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    c01_integer integer,
    c02_boolean boolean,
    c03_numeric numeric(10,2),
    c04_date date,
    c05_timestamptz timestamptz,
    c06_jsonb jsonb,
    c07_texts text[],
    c08_uuid uuid,
    c09_varchar varchar(30),
    c10_text text,
    c11_integer integer,
    c12_boolean boolean,
    c13_numeric numeric(10,2),
    c14_date date,
    c15_timestamptz timestamptz,
    c16_jsonb jsonb,
    c17_texts text[],
    c18_uuid uuid,
    c19_varchar varchar(30),
    c20_text text,
    c21_integer integer,
    c22_boolean boolean,
    c23_numeric numeric(10,2),
    c24_date date,
    c25_timestamptz timestamptz,
    c26_jsonb jsonb,
    c27_texts text[],
    c28_uuid uuid,
    c29_varchar varchar(30),
    c30_text text,
    c31_integer integer,
    c32_boolean boolean,
    c33_numeric numeric(10,2),
    c34_date date,
    c35_timestamptz timestamptz,
    c36_jsonb jsonb,
    c37_texts text[],
    c38_uuid uuid,
    c39_varchar varchar(30),
    c40_text text,
    c41_integer integer,
    c42_boolean boolean,
    c43_numeric numeric(10,2),
    c44_date date,
    c45_timestamptz timestamptz,
    c46_jsonb jsonb,
    c47_texts text[],
    c48_uuid uuid,
    c49_varchar varchar(30),
    c50_text text,
    c51_integer integer,
    c52_boolean boolean,
    c53_numeric numeric(10,2),
    c54_date date,
    c55_timestamptz timestamptz,
    c56_jsonb jsonb,
    c57_texts text[],
    c58_uuid uuid,
    c59_varchar varchar(30),
    c60_text text,
    c61_integer integer,
    c62_boolean boolean,
    c63_numeric numeric(10,2),
    c64_date date,
    c65_timestamptz timestamptz,
    c66_jsonb jsonb,
    c67_texts text[],
    c68_uuid uuid,
    c69_varchar varchar(30),
    c70_text text,
    c71_integer integer,
    c72_boolean boolean,
    c73_numeric numeric(10,2),
    c74_date date,
    c75_timestamptz timestamptz,
    c76_jsonb jsonb,
    c77_texts text[],
    c78_uuid uuid,
    c79_varchar varchar(30),
    c80_text text,
    c81_integer integer,
    c82_boolean boolean,
    c83_numeric numeric(10,2),
    c84_date date,
    c85_timestamptz timestamptz,
    c86_jsonb jsonb,
    c87_texts text[],
    c88_uuid uuid,
    c89_varchar varchar(30),
    c90_text text
);
INSERT INTO "Geo data"."Länder" VALUES ('DE', 'Deutschland', 357588), ('FR', 'France', 543940), ('x', 'One letter', NULL);
INSERT INTO projects (name, status, priority, country, embedding) VALUES
    ('Alpha', 'open', 1, 'DE', '{0.1,2}'), ('Beta', 'R&D', NULL, 'x', NULL), ('Gamma', 'on hold', 3, NULL, '{}');
UPDATE projects SET parent = (SELECT id FROM projects WHERE name = 'Alpha') WHERE name <> 'Alpha';
INSERT INTO wide (name, c01_integer, c10_text, c03_numeric, c06_jsonb) SELECT 'Wide ' || i, i, 'text', i / 3.0, '{}' FROM generate_series(1, 3) i;
INSERT INTO wide (name) VALUES ('Empty');
-- edits
UPDATE projects SET priority = 2, country = 'FR' WHERE name = 'Beta';
UPDATE projects SET name = '  Delta ' WHERE name = 'Gamma';
UPDATE wide SET c90_text = 'last', c20_text = 'x', c77_texts = '{a,b}' WHERE name = 'Wide 2';
UPDATE "Geo data"."Länder" SET area_km2 = 1.5 WHERE code = 'x';
INSERT INTO projects (name) VALUES ('Epsilon');
DELETE FROM wide WHERE name = 'Wide 3';
