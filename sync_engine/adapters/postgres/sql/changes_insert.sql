-- In the order of i, so that the ids come back in the order of the batch.
INSERT INTO sync_engine.sync_changes
       (at, record_id, mapping, side, run_id, key, page_id, op, status, cause, error, seqs, before, after)
SELECT coalesce(at, clock_timestamp()), record_id, mapping, side, run_id, key, page_id, op, status, cause, error,
       seqs, before, after
  FROM jsonb_to_recordset(%s) AS v(
       i integer, at timestamptz, record_id bigint, mapping integer, side "char", run_id text, key text,
       page_id text, op text, status text, cause text, error text, seqs bigint[], before jsonb, after jsonb)
 ORDER BY i
RETURNING id, at
