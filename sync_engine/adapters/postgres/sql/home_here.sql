-- The number of this database, and the timeline on which its server writes.
SELECT d.oid::bigint, left(pg_walfile_name(pg_current_wal_lsn()), 8)
  FROM pg_catalog.pg_database d WHERE d.datname = current_database()
