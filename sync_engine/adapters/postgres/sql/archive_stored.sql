-- Events as their digest is made of them, with the digest that was sealed where they were redacted since. Parameter:
-- their numbers.
SELECT e.seq, {canonical},
       (SELECT r.sealed FROM sync_engine.sync_redactions r WHERE r.seq = e.seq ORDER BY r.logged_seq LIMIT 1)
  FROM sync_engine.sync_events e
 WHERE e.seq = ANY ($1::bigint[])
 ORDER BY e.seq
