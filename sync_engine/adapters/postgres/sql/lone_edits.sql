-- Records that are in sync but for edits of their rows, all of which are to be taken back: what `compensate` of
-- domain/compensation.py decides of them is to set each edited field to its base (proved in
-- tests/contract/store/test_lone_edits.py). Parameters: mapping, plain fields, seq and journal entry of the mark.
-- A key that starts with quotation marks is left out: it may be the spelling of another text.
r.mapping = $1::integer AND NOT r.quiet AND NOT r.detached AND r.key IS NOT NULL AND left(r.key, 1) <> '"'
AND r.postgres_presence = 'p' AND r.notion_presence = 'p' AND r.notion = '{}' AND r.postgres <> '{}'
AND NOT EXISTS (
    SELECT FROM jsonb_each(r.postgres) c
     WHERE NOT (c.key = ANY ($2::text[]) AND (c.value ->> 'seq')::bigint > $3::bigint AND r.base ? c.key)
        OR r.base -> c.key = c.value -> 'value'
        OR jsonb_typeof(r.base -> c.key) IN ('object', 'array')
        OR jsonb_typeof(c.value -> 'value') IN ('object', 'array'))
AND NOT EXISTS (SELECT FROM sync_engine.sync_changes j
                 WHERE j.mapping = r.mapping AND j.key = r.key AND j.id > $4::bigint)
AND NOT EXISTS (SELECT FROM sync_engine.sync_records n
                 WHERE n.mapping = r.mapping AND n.key = r.key AND n.incarnation > r.incarnation)
AND NOT EXISTS (SELECT FROM sync_engine.sync_held h WHERE h.record_id = r.id)
AND NOT EXISTS (SELECT FROM sync_engine.sync_braked b WHERE b.record_id = r.id)
