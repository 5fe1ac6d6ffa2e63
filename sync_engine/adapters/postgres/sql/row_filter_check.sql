-- What became of the CHECK that a row filter was made into: how many checks of its own the temporary table has, how
-- many columns, the expression as Postgres prints it, and a volatile function in it, if any. Parameter: the table.
-- The calls of an expression are in its tree (conbin) by number; the catalog does not list those of built-in functions.
SELECT (SELECT count(*) FROM pg_constraint c WHERE c.conrelid = t.oid AND c.contype = 'c'),
       (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT pg_get_expr(c.conbin, c.conrelid) FROM pg_constraint c
         WHERE c.conrelid = t.oid AND c.contype = 'c' AND c.conname = 'sync_engine_row_filter'),
       (SELECT min(p.oid::regprocedure::text)
          FROM pg_constraint c
         CROSS JOIN LATERAL regexp_matches(c.conbin::text, ':(?:funcid|opfuncid) ([0-9]+)', 'g') AS called(id)
          JOIN pg_proc p ON p.oid = called.id[1]::oid AND p.provolatile = 'v'
         WHERE c.conrelid = t.oid AND c.contype = 'c')
  FROM pg_class t WHERE t.relnamespace = pg_my_temp_schema() AND t.relname = $1
