-- The digests of events as they are in the log now. Parameter: their numbers.
SELECT e.seq, {digest} FROM sync_engine.sync_events e WHERE e.seq = ANY ($1::bigint[])
