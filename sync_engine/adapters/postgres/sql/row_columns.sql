-- The columns of one table as writing needs them. Parameters: schema, table.
--
-- write_type: domains are resolved and modifiers left off. A cast to varchar(80) would cut a longer text silently;
-- without the modifier it is the assignment to the column that decides, and it raises. (A typmod of -1 gives
-- `bpchar`, where NULL would give `character`, which means character(1).)
-- comparison: the type as which two values are compared exactly, or empty for their own. `jsonb` for json, which
-- has no equality; `text` where equality is missing or looser than identity (geometry, citext, collations that
-- ignore case, composites).
-- base, is_array, is_enum: as in catalog_columns.sql, for the image.
WITH RECURSIVE columns AS (
    SELECT attnum, attname, atttypid, attcollation, attidentity, attgenerated, relkind = 'p' AS partitioned
      FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class ON pg_class.oid = attrelid
     WHERE attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND attnum > 0 AND NOT attisdropped
), types AS (
    SELECT oid, typname, typtype, typcategory, typnamespace, typelem, typbasetype,
           typcategory = 'A' AND typelem <> 0 AND typlen = -1 AS is_array
      FROM pg_catalog.pg_type
), resolved AS (
    SELECT attnum, atttypid AS type, false AS in_array FROM columns
    UNION ALL
    SELECT r.attnum, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END, r.in_array OR t.typtype <> 'd'
      FROM resolved r JOIN types t ON t.oid = r.type WHERE t.typtype = 'd' OR t.is_array
), comparable AS (
    SELECT DISTINCT opcintype AS type
      FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_am m ON m.oid = c.opcmethod
     WHERE c.opcdefault AND m.amname IN ('btree', 'hash')
)
SELECT c.attname AS name,
       format_type(t.oid, -1) AS write_type,
       CASE WHEN t.oid = 'json'::regtype THEN 'jsonb'
            WHEN t.oid = 'json[]'::regtype THEN 'jsonb[]'
            WHEN e.typtype = 'c' OR e.oid = 'record'::regtype THEN 'text'
            WHEN e.typcategory = 'S' AND e.typnamespace <> 'pg_catalog'::regnamespace THEN 'text'
            WHEN NOT coalesce(l.collisdeterministic, true) THEN 'text'
            WHEN e.typtype IN ('e', 'r', 'm') OR e.oid IN (SELECT type FROM comparable) THEN ''
            WHEN EXISTS (SELECT FROM pg_catalog.pg_cast k
                          WHERE k.castsource = e.oid AND k.castmethod = 'b' AND k.castcontext = 'i'
                            AND k.casttarget IN (SELECT type FROM comparable)) THEN ''
            ELSE 'text'
       END AS comparison,
       e.typname AS base,
       t.is_array,
       e.typtype = 'e' AS is_enum,
       c.attidentity = 'a' AS identity_always,
       c.attgenerated <> '' AS generated,
       c.partitioned
  FROM columns c
  JOIN resolved whole ON whole.attnum = c.attnum AND NOT whole.in_array
  JOIN types t ON t.oid = whole.type AND t.typtype <> 'd'
  JOIN resolved element ON element.attnum = c.attnum
  JOIN types e ON e.oid = element.type AND e.typtype <> 'd' AND NOT e.is_array
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = c.attcollation
 ORDER BY c.attnum
