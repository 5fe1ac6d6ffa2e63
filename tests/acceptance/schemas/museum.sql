-- Every kind of value, at its ends.
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE EXTENSION hstore;
CREATE TYPE point3 AS (x integer, y text, z numeric);
CREATE TYPE span AS RANGE (subtype = time);
CREATE TYPE size AS ENUM ('S', 'M', 'L');
CREATE DOMAIN tagset AS text[];
CREATE TABLE exhibits (
    id serial PRIMARY KEY,
    name citext NOT NULL,
    t_char char(5), t_varchar varchar(20), t_onechar "char", t_name name,
    n_small smallint, n_big bigint, n_num numeric, n_scaled numeric(12, -2), n_fine numeric(3, 5), n_real real, n_double double precision,
    n_oid oid, n_money money,
    d_date date, d_ts timestamp, d_tz timestamptz, d_time time, d_timetz timetz, d_interval interval,
    b_bool boolean, b_bytea bytea, b_bit bit(3), b_varbit varbit,
    j_json json, j_jsonb jsonb, u_uuid uuid,
    i_inet inet, i_cidr cidr, i_mac macaddr, i_mac8 macaddr8,
    r_int int4range, r_num numrange, r_tz tstzrange, r_multi int4multirange, r_own span,
    g_point point, g_box box, g_poly polygon, g_circle circle,
    s_vector tsvector, s_query tsquery, l_ltree ltree, h_hstore hstore, c_point point3, e_size size,
    a_text text[], a_int int[], a_num numeric[], a_tz timestamptz[], a_size size[], a_json jsonb[], a_bool bool[], a_domain tagset,
    a_bytea bytea[], a_comp point3[], x_xid xid, x_lsn pg_lsn, x_reg regclass, x_jsonpath jsonpath
);
INSERT INTO exhibits (name) VALUES ('All NULL');
INSERT INTO exhibits VALUES (DEFAULT, 'Usual', 'ab', 'short', 'x', 'a_name',
    1, 2, 3.5, 1200, 0.00123, 0.5, 0.25, 17, '12.50',
    '2026-02-03', '2026-02-03 04:05:06.123456', '2026-02-03 04:05:06.123456+02', '04:05:06.5', '04:05+02', '1 mon 2 days 03:04:05.6',
    true, '\xdeadbeef', '101', '1', '{"b": 1, "a": [1, 2.50]}', '{"b": 1, "a": [1, 2.50]}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    '10.0.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
    '[1,5)', '(1.5,]', '[2026-01-01 00:00+00,)', '{[1,3),[5,8)}', '[08:00,09:00)',
    '(1,2)', '((0,0),(1,1))', '((0,0),(1,0),(1,1))', '<(0,0),2>',
    'a fat cat', 'fat & cat', 'a.b.c', 'k=>v, n=>NULL', '(1,"two, 2",3.50)', 'M',
    '{a,b}', '{1,2}', '{1.10,2}', '{"2026-01-01 00:00:00.5+00"}', '{S,L}', '{"{\"a\": 1}"}', '{t,f}', '{x,y}',
    '{"\\x00ff"}', '{"(1,a,2.0)"}', '3', '0/16B3748', 'exhibits', '$.a[*]');
INSERT INTO exhibits VALUES (DEFAULT, 'Ends', '', '', '', '',
    -32768, 9223372036854775807, 'NaN', -99999999999900, 0.00001, '1e38', '-Infinity', 4294967295, '-92233720368547758.08',
    '-infinity', 'infinity', '0044-03-15 12:00:00+00 BC', '24:00', '00:00:00.000001-15:59', '-178000000 years',
    false, '', '000', '', ' {"a" : 1, "a": 2} ', '[1e400, 12345678901234567890.10]', '00000000-0000-0000-0000-000000000000',
    '::1', '::/0', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00:00:00',
    'empty', '(,)', 'empty', '{}', '(,)',
    '(Infinity,NaN)', '((1e308,0),(-1e308,0))', '((0,0))', '<(0,0),0>',
    '', '', '', '', '(,,)', 'S',
    '{"a,b",NULL,"",a,a," x "}', '{{1,2},{3,4}}', '{NaN,1e50,NULL}', '{infinity,NULL,"0001-01-01 00:00:00+00 BC"}', '{}', '{"null",NULL,"\"s\""}', '{NULL}', '{}',
    '{NULL,""}', '{NULL,"(,,)"}', '4294967295', 'FFFFFFFF/FFFFFFFF', 'pg_catalog.pg_class', 'strict $');
INSERT INTO exhibits (name, d_date, d_ts, d_tz, j_jsonb, a_text, n_num, a_int) VALUES
    ('Far', '5874897-12-31', '294276-12-31 23:59:59.999999', 'infinity',
     (SELECT jsonb_agg(jsonb_build_object('n', i, 'text', repeat('x', 100))) FROM generate_series(1, 3000) i),
     (SELECT array_agg('element ' || i) FROM generate_series(1, 150) i),
     ('1' || repeat('0', 300) || '.' || repeat('7', 300))::numeric, '[0:1]={7,8}');
INSERT INTO exhibits (name, d_date, d_ts, d_tz, j_jsonb, n_num, n_double, d_interval) VALUES
    ('Edges', '4713-01-01 BC', '4713-01-01 00:00 BC', '9999-12-31 23:59:59.9999999-15', 'null', -0.0, '-0', 'P-1Y2M3DT-4H5M6.7S');
-- Not every server is built with it.
DO $$ BEGIN
    ALTER TABLE exhibits ADD t_xml xml;
    UPDATE exhibits SET t_xml = '<?xml version="1.0"?><r a="b">c</r>' WHERE name = 'usual';
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$;
-- edits
UPDATE exhibits SET t_char = 'xyz', n_big = n_big - 1, d_tz = '2026-02-03 04:05:07+02', j_jsonb = '{"a": [1, 2.5], "b": 1.0}' WHERE name = 'usual';
UPDATE exhibits SET a_text = '{"no comma",b}', a_int = '{1}', d_date = '2000-02-29', n_num = 1.5 WHERE name = 'Ends';
UPDATE exhibits SET r_int = '[2,3]', i_inet = '10.0.0.2', d_interval = '90 minutes', h_hstore = 'k=>w' WHERE name = 'Usual';
UPDATE exhibits SET name = 'ALL null', b_bytea = '\x01', s_vector = 'dog' WHERE name = 'All NULL';
