-- Seals the events of a tick: appends them to the hash chain, so many a link. Parameters: seq that all of them are
-- above, previous and current snapshot, events a link.
--
-- A link's content is the hash over number and digest of each event, in order; its leaves are the numbers with the
-- first eight bytes of the digests, by which `audit verify` can tell which event it was. Its hash covers the link before.
WITH RECURSIVE fresh AS MATERIALIZED (
    SELECT e.seq, {digest} AS digest, (row_number() OVER (ORDER BY e.seq) - 1) / $4::bigint AS slice
      FROM sync_engine.sync_events e
     WHERE e.seq > $1::bigint
       AND NOT pg_visible_in_snapshot(e.txid, $2::pg_snapshot)
       AND pg_visible_in_snapshot(e.txid, $3::pg_snapshot)
), links AS MATERIALIZED (
    SELECT slice + 1 AS place, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS events,
           sha256(string_agg(int8send(seq) || digest, ''::bytea ORDER BY seq)) AS content,
           string_agg(int8send(seq) || substr(digest, 1, 8), ''::bytea ORDER BY seq) AS leaves
      FROM fresh GROUP BY slice
), chained AS (
    SELECT 0::bigint AS place, coalesce(max(c.id), 0) AS id,
           coalesce((SELECT n.hash FROM sync_engine.sync_chain n ORDER BY n.id DESC LIMIT 1), ''::bytea) AS hash
      FROM sync_engine.sync_chain c
    UNION ALL
    SELECT l.place, c.id + 1, sha256(c.hash || int8send(c.id + 1) || convert_to(($3::pg_snapshot)::text, 'UTF8') || l.content)
      FROM chained c JOIN links l ON l.place = c.place + 1
)
INSERT INTO sync_engine.sync_chain (id, first_seq, last_seq, events, snapshot, content, hash, leaves)
SELECT c.id, l.first_seq, l.last_seq, l.events, $3::pg_snapshot, l.content, c.hash, l.leaves
  FROM chained c JOIN links l USING (place)
