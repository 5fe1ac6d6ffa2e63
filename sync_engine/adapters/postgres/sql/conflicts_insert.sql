-- A field value may be JSON null, which jsonb_to_recordset reads as SQL NULL: hence the coalesce.
-- The second clash of an open conflict brings it up to date; when it was first seen stays.
INSERT INTO sync_engine.sync_conflicts AS c
       (record_id, mapping, key, field, type, status, winner, reason, policy, policy_version, run_id, occurrences,
        base, postgres_value, postgres_since, postgres_until, postgres_actor, postgres_seq,
        notion_value, notion_since, notion_until, notion_actor, notion_seq,
        detected_at, resolved_at, resolved_by)
SELECT record_id, mapping, key, field, type, status, winner, reason, policy, policy_version, run_id, occurrences,
       coalesce(base, 'null'),
       coalesce(postgres_value, 'null'), postgres_since, postgres_until, postgres_actor, postgres_seq,
       coalesce(notion_value, 'null'), notion_since, notion_until, notion_actor, notion_seq,
       coalesce(detected_at, clock_timestamp()), resolved_at, resolved_by
  FROM jsonb_to_recordset(%s) AS v(
       i integer, record_id bigint, mapping integer, key text, field text, type text, status text, winner text,
       reason text, policy text, policy_version integer, run_id text, occurrences integer, base jsonb,
       postgres_value jsonb, postgres_since timestamptz, postgres_until timestamptz, postgres_actor jsonb,
       postgres_seq bigint, notion_value jsonb, notion_since timestamptz, notion_until timestamptz,
       notion_actor jsonb, notion_seq bigint, detected_at timestamptz, resolved_at timestamptz, resolved_by text)
 ORDER BY i
    ON CONFLICT (record_id, field) WHERE status = 'open'
    DO UPDATE SET key = EXCLUDED.key, type = EXCLUDED.type, reason = EXCLUDED.reason, policy = EXCLUDED.policy,
       policy_version = EXCLUDED.policy_version, run_id = EXCLUDED.run_id, base = EXCLUDED.base,
       postgres_value = EXCLUDED.postgres_value, postgres_since = EXCLUDED.postgres_since,
       postgres_until = EXCLUDED.postgres_until, postgres_actor = EXCLUDED.postgres_actor,
       postgres_seq = EXCLUDED.postgres_seq, notion_value = EXCLUDED.notion_value,
       notion_since = EXCLUDED.notion_since, notion_until = EXCLUDED.notion_until,
       notion_actor = EXCLUDED.notion_actor, notion_seq = EXCLUDED.notion_seq,
       occurrences = c.occurrences + EXCLUDED.occurrences
RETURNING id, detected_at, occurrences
