-- A realistic table: uuid key, 18 columns, about 1 KB a row.
CREATE TABLE {table} (
    id uuid PRIMARY KEY, name text NOT NULL, slug text, description text, system_prompt text, model text, avatar text,
    color text, temperature numeric(3,2), max_tokens integer, usage_count bigint, rating numeric(10,4),
    is_public boolean, status mood, tags text[], config jsonb, created_at timestamptz, updated_at timestamptz)
