        -- Who: the log-in and the application; more, and the engine's own origin, only when one of them is set.
        -- `session_user` and not `current_user`, which in here is the owner of this function.
        IF concat(current_setting('role'), current_setting('sync_engine.origin', true),
                  current_setting('sync_engine.actor', true), current_setting('request.jwt.claims', true)) = 'none' THEN
            v_actor := jsonb_build_object('role', session_user, 'app', current_setting('application_name'));
        ELSE
            v_actor := sync_engine.capture_actor_v1();
            v_origin := nullif(current_setting('sync_engine.origin', true), '');
        END IF;
