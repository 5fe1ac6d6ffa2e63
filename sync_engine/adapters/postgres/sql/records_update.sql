UPDATE sync_engine.sync_records r
   SET mapping = v.mapping, key = v.key, page_id = v.page_id, incarnation = v.incarnation, base = v.base,
       postgres = v.postgres, notion = v.notion, postgres_presence = v.postgres_presence,
       notion_presence = v.notion_presence, postgres_seq = v.postgres_seq, postgres_txid = v.postgres_txid::xid8,
       notion_observed_at = v.notion_observed_at, notion_edited_at = v.notion_edited_at,
       key_on_page = v.key_on_page, detached = v.detached, quiet = v.quiet
  FROM jsonb_to_recordset(%s) AS v(
       id bigint, mapping integer, key text, page_id text, incarnation integer, base jsonb, postgres jsonb,
       notion jsonb, postgres_presence "char", notion_presence "char", postgres_seq bigint, postgres_txid text,
       notion_observed_at timestamptz, notion_edited_at timestamptz, key_on_page boolean, detached boolean,
       quiet boolean)
 WHERE r.id = v.id
