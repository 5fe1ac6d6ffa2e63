jsonb_build_array(
    e.txid::text, e.source::text, e.mapping, e.schema_version, e.op::text, e.key, e.old_key, e.before, e.after,
    e.actor, e.origin, e.page_id, e.snapshot::text, encode(timestamptz_send(e.occurred), 'hex'),
    encode(timestamptz_send(e.occurred_until), 'hex'), encode(timestamptz_send(e.recorded_at), 'hex')
)::text
