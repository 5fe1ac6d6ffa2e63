e.seq, e.txid::text::bigint, e.source, e.mapping, e.key, e.op, e.before::text, e.after::text, e.occurred,
       e.occurred_until, e.recorded_at, e.actor::text, e.origin, e.old_key, e.page_id, e.snapshot::text, e.schema_version
