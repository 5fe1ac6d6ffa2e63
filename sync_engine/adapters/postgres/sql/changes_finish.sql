UPDATE sync_engine.sync_changes c
   SET record_id = v.record_id, key = v.key, page_id = v.page_id, status = v.status, error = v.error,
       after = v.after
  FROM jsonb_to_recordset(%s) AS v(
       id bigint, record_id bigint, key text, page_id text, status text, error text, after jsonb)
 WHERE c.id = v.id
