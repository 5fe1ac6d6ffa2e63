-- Stores what is left to do of a rollback, in order. Parameters: the rollback, records, mappings, remedies.
INSERT INTO sync_engine.sync_rollback_steps (rollback_id, position, record_id, mapping, remedy)
SELECT %s, s.place - 1, s.record_id, s.mapping, s.remedy
  FROM unnest(%s::bigint[], %s::integer[], %s::text[]) WITH ORDINALITY AS s(record_id, mapping, remedy, place)
