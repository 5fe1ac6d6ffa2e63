-- Events as their digest is made of them. Parameter: their numbers.
SELECT e.seq, {canonical} FROM sync_engine.sync_events e WHERE e.seq = ANY ($1::bigint[]) ORDER BY e.seq
