-- Folds edits of rows into their records as `fold_row_event` of domain/fold.py does, without the records' way to the
-- engine and back; tests/contract/store/test_folded_edits.py proves that both agree. Parameters: edits, mapping.
-- Returns the keys that it folded. It leaves out a record that an edit does more to: one that is held, one whose row
-- was not there, one that knows of a later change.
-- The newest record of each key is looked up one by one: a join may be planned as edits times records.
UPDATE sync_engine.sync_records r
   SET postgres = f.postgres, postgres_seq = f.seq, postgres_txid = f.txid, detached = false,
       quiet = f.postgres = '{}'::jsonb AND r.notion = '{}'::jsonb AND r.notion_presence = 'p' AND r.key_on_page
  FROM (SELECT o.id, e.seq, e.txid::xid8 AS txid, (o.postgres - told.names) || told.changes AS postgres
          FROM jsonb_to_recordset(%s) AS e(key text, seq bigint, txid text, changes jsonb),
               LATERAL (SELECT n.id, n.base, n.postgres, n.postgres_presence, n.postgres_seq
                          FROM sync_engine.sync_records n
                         WHERE n.mapping = %s AND n.key = e.key
                         ORDER BY n.incarnation DESC LIMIT 1) o,
               LATERAL (SELECT coalesce(array_agg(c.key), '{}') AS names,
                               coalesce(jsonb_object_agg(c.key, c.value)
                                   FILTER (WHERE o.base -> c.key IS DISTINCT FROM c.value -> 'value'), '{}') AS changes
                          FROM jsonb_each(e.changes) c) told
         WHERE o.postgres_presence = 'p'
           AND o.postgres_seq < e.seq
           AND NOT EXISTS (SELECT FROM sync_engine.sync_held h WHERE h.record_id = o.id)) f
 WHERE r.id = f.id
RETURNING r.key
