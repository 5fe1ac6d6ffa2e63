INSERT INTO source
SELECT gen_random_uuid(), 'Agent ' || n, 'agent-' || n, repeat('d', 120) || n,
       repeat('You are an expert. ', 22) || n, 'gpt-4', '/avatars/' || n || '.png', '#4CAF50', 0.70, 4000, n, 12.34,
       n % 2 = 0, 'active', ARRAY['a', 'b,c', 'd'],
       jsonb_build_object('k', n, 'list', ARRAY[1, 2, 3], 'n', jsonb_build_object('x', repeat('y', 60))),
       '2025-01-01 10:00+00', '2025-01-02 10:00+00'
  FROM generate_series(1, {rows}) n
