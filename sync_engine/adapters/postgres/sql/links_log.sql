-- A change of the links of one record, which rows of a junction hold, as an event of the record itself; the time of
-- recording says that it was folded when it was made. Parameters: mapping, key, links before and after.
INSERT INTO sync_engine.sync_events (mapping, source, op, key, before, after, recorded_at, actor, origin)
VALUES ($1, 'p', 'u', $2, $3::jsonb, $4::jsonb, clock_timestamp(),
{actor})
