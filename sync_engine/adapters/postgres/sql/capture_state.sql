-- The capture triggers of one table and their functions. Parameters: table oid, trigger names.
-- A partition has its own copy of a row trigger, which can be disabled on its own; the worst state counts.
SELECT t.tgname AS trigger,
       p.pronamespace::regnamespace::text AS schema,
       p.proname AS function,
       p.prosrc AS body,
       p.prosecdef AS security_definer,
       coalesce(p.proconfig, '{}') AS settings,
       t.tgtype AS kind,
       t.tgenabled = 'A' AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_partition_tree(t.tgrelid) l
             JOIN pg_catalog.pg_trigger c ON c.tgrelid = l.relid AND c.tgfoid = t.tgfoid
            WHERE c.tgenabled <> 'A'
       ) AS always
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
 WHERE t.tgrelid = $1::oid AND t.tgname = ANY ($2::text[]) AND NOT t.tgisinternal
