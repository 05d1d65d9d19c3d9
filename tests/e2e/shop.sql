-- A table with every kind of value that copies have lost before.
CREATE SCHEMA shop;
CREATE SCHEMA back;
CREATE TABLE shop.orders (
    id bigint PRIMARY KEY,
    customer text,
    note varchar(200),
    amount numeric(38,10),
    ordered_at timestamptz,
    shipped timestamp,
    due date,
    at_time time,
    photo bytea,
    paid boolean,
    weight double precision,
    ratio real,
    items integer,
    flags smallint,
    tag uuid,
    extra jsonb
);
INSERT INTO shop.orders VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (2, '', '', 0, 'epoch', 'epoch', '1970-01-01', '00:00', '', false, 0, 0, 0, 0,
     '00000000-0000-0000-0000-000000000000', '{}'),
    (3, 'O''Brien "Bob"', E'line one\nline two\r\nline\tthree', 1234567890123456789012345678.0123456789,
     '9999-12-31 23:59:59.999999+00', '0001-01-01', '9999-12-31', '23:59:59.999999', '\x00ff0a0d2200', true,
     1.7976931348623157e308, 3.4028235e38, 2147483647, 32767, 'ffffffff-ffff-ffff-ffff-ffffffffffff',
     '{"a": [1, null, "x\"y"], "ü": 1.50}'),
    (4, 'Ünïcödé 漢字 🦀 é', '\N', -9999999999999999999999999999.9999999999, '1900-01-01 00:00:00.000001-12',
     '1899-12-31 23:59:59.999999', '0001-01-01', '12:34:56', decode(repeat('00', 3000), 'hex'), false,
     -2.2250738585072014e-308, -1.1754944e-38, -2147483648, -32768, gen_random_uuid(), '[]'),
    (5, 'NULL', ' spaces , commas ; semicolons | pipes ', 0.0000000001, '2024-02-29 12:00:00.5+05:30', '2024-02-29',
     '2024-02-29', '00:00:00.000001', '\x5c4e', true, 'NaN', 'NaN', -1, -1, gen_random_uuid(), 'null'),
    (6, E'\\', E'"', -0.5, '2038-01-19 03:14:08+00', '2038-01-19 03:14:08', '2038-01-19', '12:00', '\x22', false,
     'Infinity', '-Infinity', 1, 1, gen_random_uuid(), '"\u00e9"');
INSERT INTO shop.orders
SELECT g, 'customer ' || g % 997, CASE WHEN g % 7 = 0 THEN NULL ELSE repeat('n', g % 40) END, g * 1.0000000001,
    timestamptz '2020-01-01' + g * interval '1 minute', timestamp '2020-01-01' + g * interval '1 minute',
    date '2020-01-01' + g % 3000, time '00:00' + g * interval '1 second', sha256(g::text::bytea), g % 2 = 0, g / 3.0,
    g / 7.0, g, g % 30000, gen_random_uuid(), jsonb_build_object('n', g)
FROM generate_series(7, 50000) g;

-- The same table elsewhere, empty: what comes back has to be equal.
CREATE TABLE back.orders (LIKE shop.orders INCLUDING ALL);

CREATE TABLE shop.lists (id bigint PRIMARY KEY, tags text[]);
INSERT INTO shop.lists VALUES (1, ARRAY['a', 'b']);
