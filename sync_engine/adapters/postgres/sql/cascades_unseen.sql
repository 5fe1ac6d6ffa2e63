-- Tables without capture whose rows a delete of a row of this table may take along, at any distance: their names, and
-- how many rows of them this transaction has deleted so far. Parameter: the table's name.
WITH RECURSIVE edge AS (
    SELECT c.confrelid AS parent, c.conrelid AS child,
           EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
                    WHERE t.tgrelid = c.conrelid AND t.tgenabled <> 'D'
                      AND p.pronamespace = to_regnamespace('sync_engine')) AS captured
      FROM pg_catalog.pg_constraint c
     WHERE c.contype = 'f' AND c.confdeltype = 'c' AND c.conparentid = 0),
reached AS (
    SELECT child, captured FROM edge WHERE parent = $1::text::regclass
     UNION
    SELECT e.child, e.captured FROM reached r JOIN edge e ON e.parent = r.child),
unseen AS (
    SELECT DISTINCT child FROM reached WHERE NOT captured)
SELECT u.child::regclass::text,
       (SELECT coalesce(sum(pg_catalog.pg_stat_get_xact_tuples_deleted(l.oid)), 0)::bigint
          FROM (SELECT relid::oid AS oid FROM pg_catalog.pg_partition_tree(u.child)
                UNION SELECT u.child) l)
  FROM unseen u ORDER BY 1
