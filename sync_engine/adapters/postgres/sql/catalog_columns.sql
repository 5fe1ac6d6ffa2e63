-- Columns of the given tables. Parameter: table oids.
--
-- A domain is followed to what it stands for (also a domain over a domain, over an array, and an array of domains).
-- The first modifier on that way counts, so a domain over `numeric(10,2)` has its precision and scale; NOT NULL and
-- DEFAULT of a domain are those of the column, but not when only the elements of an array are of that domain.
WITH RECURSIVE given AS (
    SELECT attrelid, attnum, atttypid, atttypmod
      FROM pg_catalog.pg_attribute
     WHERE attrelid = ANY ($1::oid[]) AND attnum > 0 AND NOT attisdropped
), resolved AS (
    SELECT attrelid, attnum, atttypid AS type, atttypmod AS modifier, false AS is_array,
           false AS not_null, false AS has_default, 0 AS depth
      FROM given
    UNION ALL
    SELECT r.attrelid, r.attnum,
           CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
           CASE WHEN r.modifier >= 0 THEN r.modifier WHEN t.typtype = 'd' THEN t.typtypmod ELSE -1 END,
           r.is_array OR t.typtype <> 'd',
           r.not_null OR t.typnotnull AND NOT r.is_array,
           r.has_default OR t.typdefault IS NOT NULL AND t.typtype = 'd' AND NOT r.is_array,
           r.depth + 1
      FROM resolved r JOIN pg_catalog.pg_type t ON t.oid = r.type
     WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0 AND t.typlen = -1)
), final AS (
    SELECT DISTINCT ON (attrelid, attnum) * FROM resolved ORDER BY attrelid, attnum, depth DESC
), labels AS (
    SELECT enumtypid, array_agg(enumlabel::text ORDER BY enumsortorder) AS labels
      FROM pg_catalog.pg_enum GROUP BY enumtypid
)
SELECT a.attrelid AS oid,
       a.attname AS name,
       a.attnum AS number,
       format_type(a.atttypid, a.atttypmod) AS type,
       t.typname AS base,
       f.is_array,
       t.typtype = 'e' AS is_enum,
       coalesce(l.labels, '{}') AS enum_labels,
       a.attnotnull OR f.not_null AS not_null,
       a.atthasdef AND a.attgenerated = '' OR a.attidentity <> '' OR f.has_default AS has_default,
       CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' ELSE '' END AS generated,
       CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'default' ELSE '' END AS identity,
       -- numeric(p,s): the modifier is (p << 16 | s) + 4, and the scale has 11 bits and a sign since 15.
       CASE WHEN t.typname = 'numeric' AND f.modifier >= 4 THEN (f.modifier - 4) >> 16 & 65535 END AS precision,
       CASE WHEN t.typname = 'numeric' AND f.modifier >= 4
            THEN ((f.modifier - 4) & 2047 # 1024) - 1024 END AS scale,
       coalesce(col_description(a.attrelid, a.attnum), '') AS comment
  FROM final f
  JOIN pg_catalog.pg_attribute a ON a.attrelid = f.attrelid AND a.attnum = f.attnum
  JOIN pg_catalog.pg_type t ON t.oid = f.type
  LEFT JOIN labels l ON l.enumtypid = t.oid
 ORDER BY a.attrelid, a.attnum
