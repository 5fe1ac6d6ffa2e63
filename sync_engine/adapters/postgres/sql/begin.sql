-- Settings of one engine transaction; all local to it, so that a connection pooler cannot carry them elsewhere.
SELECT set_config('sync_engine.origin', :origin, true),
       set_config('sync_engine.actor', :actor, true),
       -- Literals and images must not depend on how the role, the database or the environment is configured.
       set_config('TimeZone', 'UTC', true),
       set_config('DateStyle', 'ISO, YMD', true),
       set_config('IntervalStyle', 'postgres', true),
       set_config('extra_float_digits', '1', true),
       set_config('bytea_output', 'hex', true),
       set_config('lc_monetary', 'C', true),
       -- The journal must be on disk before a request leaves, whatever the database does for the application.
       set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                       ELSE current_setting('synchronous_commit') END, true),
       -- Wait for a lock of the application, but not for ever; a run that hangs must not keep the rows it locked.
       set_config('lock_timeout', '30s', true),
       set_config('idle_in_transaction_session_timeout', '10min', true)
