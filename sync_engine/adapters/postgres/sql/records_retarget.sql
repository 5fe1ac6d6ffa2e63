-- The target of a relation has a new key: what is agreed, and what pages show, is the same record as before.
-- Of a relation to many the key is one of a sorted list.
-- Reads all records of the mapping; primary keys change seldom.
UPDATE sync_engine.sync_records
   SET base = CASE WHEN base @> jsonb_build_object($2::text, $3::text)
                   THEN jsonb_set(base, ARRAY[$2], to_jsonb($4::text))
                   WHEN base -> $2 @> jsonb_build_array($3::text)
                   THEN jsonb_set(base, ARRAY[$2], (SELECT jsonb_agg(k ORDER BY k COLLATE "C")
                                                      FROM jsonb_array_elements_text(base -> $2) AS e(old),
                                                           LATERAL (SELECT CASE old WHEN $3 THEN $4::text
                                                                                ELSE old END) AS t(k)))
                   ELSE base END,
       notion = CASE WHEN notion -> $2 ->> 'value' = $3
                     THEN jsonb_set(notion, ARRAY[$2, 'value'], to_jsonb($4::text))
                     WHEN notion -> $2 -> 'value' @> jsonb_build_array($3::text)
                     THEN jsonb_set(notion, ARRAY[$2, 'value'],
                                    (SELECT jsonb_agg(k ORDER BY k COLLATE "C")
                                       FROM jsonb_array_elements_text(notion -> $2 -> 'value') AS e(old),
                                            LATERAL (SELECT CASE old WHEN $3 THEN $4::text ELSE old END) AS t(k)))
                     ELSE notion END
 WHERE mapping = $1
   AND (base @> jsonb_build_object($2::text, $3::text) OR base -> $2 @> jsonb_build_array($3::text)
        OR notion -> $2 ->> 'value' = $3 OR notion -> $2 -> 'value' @> jsonb_build_array($3::text))
