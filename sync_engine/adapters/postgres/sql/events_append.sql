-- Appends events in the order given. Parameter: a JSON array.
-- Numbers are drawn after the sort, and before them the transaction's id (see tick_bounds.py).
INSERT INTO sync_engine.sync_events
       (mapping, source, op, key, before, after, occurred, occurred_until, recorded_at, actor, origin, page_id)
SELECT mapping, source, op, key, before, after, occurred, occurred_until, clock_timestamp(), actor, origin, page_id
  FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (
           mapping integer, source "char", op "char", key text, before jsonb, after jsonb, occurred timestamptz,
           occurred_until timestamptz, actor jsonb, origin text, page_id text
       )) WITH ORDINALITY AS given(mapping, source, op, key, before, after, occurred, occurred_until, actor, origin,
                                   page_id, place)
 ORDER BY place
RETURNING seq
