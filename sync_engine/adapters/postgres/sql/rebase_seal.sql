-- Seals, as chain_extend.sql does, the events above a number that no link of the chain has yet. Parameters: events a
-- link, number.
WITH RECURSIVE held AS MATERIALIZED (
    SELECT ('x' || encode(substr(c.leaves, place * 16 + 1, 8), 'hex'))::bit(64)::bigint AS seq
      FROM sync_engine.sync_chain c CROSS JOIN LATERAL generate_series(0, length(c.leaves) / 16 - 1) place
     WHERE c.last_seq > $2::bigint
), fresh AS MATERIALIZED (
    SELECT e.seq, {digest} AS digest, (row_number() OVER (ORDER BY e.seq) - 1) / $1::bigint AS slice
      FROM sync_engine.sync_events e
     WHERE e.seq > $2::bigint AND e.seq NOT IN (SELECT h.seq FROM held h)
), links AS MATERIALIZED (
    SELECT slice + 1 AS place, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS events,
           sha256(string_agg(int8send(seq) || digest, ''::bytea ORDER BY seq)) AS content,
           string_agg(int8send(seq) || substr(digest, 1, 8), ''::bytea ORDER BY seq) AS leaves
      FROM fresh GROUP BY slice
), now AS MATERIALIZED (
    SELECT pg_current_snapshot() AS snapshot
), chained AS (
    SELECT 0::bigint AS place, coalesce(max(c.id), 0) AS id,
           coalesce((SELECT n.hash FROM sync_engine.sync_chain n ORDER BY n.id DESC LIMIT 1), ''::bytea) AS hash
      FROM sync_engine.sync_chain c
    UNION ALL
    SELECT l.place, c.id + 1,
           sha256(c.hash || int8send(c.id + 1) || convert_to(now.snapshot::text, 'UTF8') || l.content)
      FROM chained c JOIN links l ON l.place = c.place + 1 CROSS JOIN now
)
INSERT INTO sync_engine.sync_chain (id, first_seq, last_seq, events, snapshot, content, hash, leaves)
SELECT c.id, l.first_seq, l.last_seq, l.events, now.snapshot, l.content, c.hash, l.leaves
  FROM chained c JOIN links l USING (place) CROSS JOIN now
