-- The version of these rules: the newest one of the mapping if it has them, else one more.
WITH newest AS (
    SELECT version, rules FROM sync_engine.sync_policies
     WHERE mapping = %(mapping)s ORDER BY version DESC LIMIT 1),
made AS (
    INSERT INTO sync_engine.sync_policies (mapping, version, rules)
    SELECT %(mapping)s, coalesce((SELECT version FROM newest), 0) + 1, %(rules)s::jsonb
     WHERE NOT EXISTS (SELECT FROM newest WHERE rules = %(rules)s::jsonb)
    RETURNING version)
SELECT version FROM made
UNION ALL
SELECT version FROM newest WHERE NOT EXISTS (SELECT FROM made)
