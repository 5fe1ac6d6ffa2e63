-- Every reader stands here now. While the log is locked, whoever writes to it later draws a higher number, whatever its
-- transaction id: hence a bound that holds for all ids. Parameter: the newest number drawn.
UPDATE sync_engine.sync_cursors
   SET snapshot = pg_current_snapshot(), seq = $1::bigint, bounds = jsonb_build_array(jsonb_build_array(0, $1::bigint)),
       at = clock_timestamp()
