-- Transactions of another count say nothing about what comes now: every event until here is older than any later one.
UPDATE sync_engine.sync_records SET postgres_txid = NULL WHERE postgres_txid IS NOT NULL
