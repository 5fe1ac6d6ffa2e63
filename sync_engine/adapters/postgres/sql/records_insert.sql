-- In the order of i, so that the ids come back in the order of the batch.
INSERT INTO sync_engine.sync_records
       (mapping, key, page_id, incarnation, base, postgres, notion, postgres_presence, notion_presence,
        postgres_seq, postgres_txid, notion_observed_at, notion_edited_at, key_on_page, detached, quiet)
SELECT mapping, key, page_id, incarnation, base, postgres, notion, postgres_presence, notion_presence,
       postgres_seq, postgres_txid::xid8, notion_observed_at, notion_edited_at, key_on_page, detached, quiet
  FROM jsonb_to_recordset(%s) AS v(
       i integer, mapping integer, key text, page_id text, incarnation integer, base jsonb, postgres jsonb,
       notion jsonb, postgres_presence "char", notion_presence "char", postgres_seq bigint, postgres_txid text,
       notion_observed_at timestamptz, notion_edited_at timestamptz, key_on_page boolean, detached boolean,
       quiet boolean)
 ORDER BY i
RETURNING id
