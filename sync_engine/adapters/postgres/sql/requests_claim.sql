-- Counts one more request, unless the budget is used or a pause is on. Under an advisory lock, so that the statement
-- sees every request counted before it.
WITH gone AS (
    DELETE FROM sync_engine.sync_requests WHERE counts_until <= %(now)s
), live AS (
    SELECT count(*) FILTER (WHERE NOT pause) AS used,
           max(counts_until) FILTER (WHERE pause) AS paused_until,
           min(counts_until) FILTER (WHERE NOT pause) AS free_at
    FROM sync_engine.sync_requests
    WHERE counts_until > %(now)s
), made AS (
    INSERT INTO sync_engine.sync_requests (counts_until)
    SELECT %(until)s FROM live WHERE paused_until IS NULL AND used < %(limit)s
    RETURNING id
)
SELECT (SELECT id FROM made), paused_until, free_at FROM live
