-- Ordinary and partitioned tables of the given schemas, and those that their foreign keys lead to, however far.
-- Parameter: schema names. Partitions are left out: their parent stands for them; so are views and temporary tables.
WITH RECURSIVE wanted AS (
    SELECT c.oid
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    UNION
    SELECT k.confrelid
      FROM wanted w JOIN pg_catalog.pg_constraint k ON k.conrelid = w.oid AND k.contype = 'f'
)
SELECT c.oid,
       n.nspname AS schema,
       c.relname AS name,
       coalesce(obj_description(c.oid, 'pg_class'), '') AS comment,
       c.relkind = 'p' AS partitioned,
       -- Never analysed is -1 since 14 and 0 before; a partitioned table counts its partitions.
       greatest(0, (SELECT sum(greatest(0, l.reltuples))
                      FROM pg_catalog.pg_partition_tree(c.oid) p JOIN pg_catalog.pg_class l ON l.oid = p.relid
                     WHERE p.isleaf), CASE WHEN c.relkind = 'r' THEN c.reltuples END)::bigint AS estimated_rows
  FROM wanted w
  JOIN pg_catalog.pg_class c ON c.oid = w.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT c.relispartition AND c.relkind IN ('r', 'p')
 ORDER BY n.nspname, c.relname
