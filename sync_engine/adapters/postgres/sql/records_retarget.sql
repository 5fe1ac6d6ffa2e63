-- The target of a relation has a new key: what is agreed, and what pages show, is the same record as before.
-- Reads all records of the mapping; primary keys change seldom.
UPDATE sync_engine.sync_records
   SET base = CASE WHEN base @> jsonb_build_object($2::text, $3::text)
                   THEN jsonb_set(base, ARRAY[$2], to_jsonb($4::text)) ELSE base END,
       notion = CASE WHEN notion -> $2 ->> 'value' = $3
                     THEN jsonb_set(notion, ARRAY[$2, 'value'], to_jsonb($4::text)) ELSE notion END
 WHERE mapping = $1
   AND (base @> jsonb_build_object($2::text, $3::text) OR notion -> $2 ->> 'value' = $3)
