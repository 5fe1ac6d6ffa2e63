-- Primary keys, unique keys, foreign keys and CHECKs (the column's own and its domain's) of the given tables.
-- Parameter: table oids. A constraint that is NOT VALID still binds every new row, so it binds what we write.
WITH RECURSIVE domains AS (
    SELECT attrelid, attname, atttypid AS type
      FROM pg_catalog.pg_attribute
     WHERE attrelid = ANY ($1::oid[]) AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT d.attrelid, d.attname, t.typbasetype
      FROM domains d JOIN pg_catalog.pg_type t ON t.oid = d.type AND t.typtype = 'd'
), found AS (
    SELECT conrelid, conname, contype::text AS kind, conkey, confrelid, confkey, confdeltype, oid AS definition
      FROM pg_catalog.pg_constraint
     -- A foreign key to a partitioned table has a copy for each partition.
     WHERE conrelid = ANY ($1::oid[]) AND (contype IN ('p', 'c') OR contype = 'f' AND conparentid = 0)
    UNION ALL
    SELECT i.indrelid, c.relname, 'u', (i.indkey::int2[])[0:i.indnkeyatts - 1], 0, NULL, '', NULL
      FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND NOT i.indisprimary AND i.indisvalid AND i.indimmediate
       AND i.indpred IS NULL AND i.indexprs IS NULL
)
SELECT f.conrelid AS oid,
       f.conname AS name,
       f.kind,
       coalesce((SELECT array_agg(a.attname::text ORDER BY k.place)
                   FROM unnest(f.conkey) WITH ORDINALITY k(number, place)
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
                '{}') AS columns,
       coalesce(n.nspname, '') AS target_schema,
       coalesce(r.relname, '') AS target_table,
       coalesce((SELECT array_agg(a.attname::text ORDER BY k.place)
                   FROM unnest(f.confkey) WITH ORDINALITY k(number, place)
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number),
                '{}') AS target_columns,
       CASE f.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default'
                          WHEN 'r' THEN 'restrict' ELSE 'no action' END AS on_delete,
       CASE WHEN f.kind = 'c' THEN pg_get_constraintdef(f.definition) ELSE '' END AS definition
  FROM found f
  LEFT JOIN pg_catalog.pg_class r ON r.oid = f.confrelid
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
UNION ALL
SELECT d.attrelid, k.conname, 'c', ARRAY[d.attname::text], '', '', '{}', '', pg_get_constraintdef(k.oid)
  FROM domains d JOIN pg_catalog.pg_constraint k ON k.contypid = d.type AND k.contype = 'c'
 ORDER BY oid, name
