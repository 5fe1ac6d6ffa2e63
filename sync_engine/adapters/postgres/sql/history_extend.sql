-- Indexes the events of a tick by every name under which their record can be asked for. Parameters: seq that all of
-- them are above, previous and current snapshot. A name is cut to what an index entry can hold. An event that says
-- that the whole table was emptied has the empty name.
INSERT INTO sync_engine.sync_history (name, mapping, seq)
SELECT left(n.name, 512), e.mapping, e.seq
  FROM sync_engine.sync_events e, LATERAL (VALUES (e.key), (e.old_key), (e.page_id)) n(name)
 WHERE e.seq > $1::bigint
   AND NOT pg_visible_in_snapshot(e.txid, $2::pg_snapshot)
   AND pg_visible_in_snapshot(e.txid, $3::pg_snapshot)
   AND (n.name <> '' OR n.name = '' AND e.op = 't')
    ON CONFLICT DO NOTHING
