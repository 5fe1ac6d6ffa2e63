-- Takes both values and the base out of closed conflicts. Parameters: ids of records, names, names to keep when none is
-- named.
UPDATE sync_engine.sync_conflicts f
   SET base = '{{"redacted": true}}', postgres_value = '{{"redacted": true}}', notion_value = '{{"redacted": true}}'
 WHERE f.record_id = ANY ($1::bigint[]) AND f.status <> 'open' AND (cardinality($2::text[]) > 0 AND f.field = ANY ($2::text[])
       OR cardinality($2::text[]) = 0 AND f.field <> ALL ($3::text[]))
   AND f.base <> '{{"redacted": true}}'
