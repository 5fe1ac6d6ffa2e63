-- What a name is that is no table to sync; no row when there is no such name, or it is a table. Parameters: schema, name.
SELECT CASE WHEN c.relispartition THEN 'partition'
            WHEN c.relpersistence = 't' THEN 'temporary table'
            WHEN c.relkind = 'v' THEN 'view'
            WHEN c.relkind = 'm' THEN 'materialized view'
            WHEN c.relkind = 'f' THEN 'foreign table'
       END
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1 AND c.relname = $2 AND (c.relkind IN ('v', 'm', 'f') OR c.relispartition OR c.relpersistence = 't')
