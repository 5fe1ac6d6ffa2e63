            -- Who: the log-in and the application; more only when it is set. `session_user` and not `current_user`,
            -- which in here is the owner of this function. Then the engine's own origin.
            CASE WHEN concat(current_setting('role'), current_setting('sync_engine.actor', true),
                             current_setting('request.jwt.claims', true)) = 'none'
                 THEN jsonb_build_object('role', session_user, 'app', current_setting('application_name'))
                 ELSE sync_engine.capture_actor_v1() END,
            nullif(current_setting('sync_engine.origin', true), '')