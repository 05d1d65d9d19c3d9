// tedious against the tests' TDS peer, over TLS: types, prepared statements, transactions, bulk load, attention, as JSON.
'use strict';
const fs = require('fs');
const path = require('path');
const [, , modules, port, user, password, database, ca] = process.argv;
const { Connection, Request, TYPES } = require(path.join(modules, 'tedious'));

const found = {};
const config = {
  server: '127.0.0.1',
  authentication: { type: 'default', options: { userName: user, password } },
  options: {
    port: Number(port), database, encrypt: true, trustServerCertificate: false, serverName: 'localhost',
    cryptoCredentialsDetails: { ca: fs.readFileSync(ca) }, rowCollectionOnRequestCompletion: true, useUTC: true,
  },
};

const connect = (more = {}) => new Promise((done, failed) => {
  const db = new Connection({ ...config, options: { ...config.options, ...more } });
  db.connect((error) => (error ? failed(error) : done(db)));
});
const call = (db, how, sql, params = []) => new Promise((done, failed) => {
  const request = new Request(sql, (error, count, rows) => {
    if (error) return failed(error);
    return done({ count, rows: (rows || []).map((row) => row.map((column) => column.value)) });
  });
  for (const [name, type, value, options] of params) request.addParameter(name, type, value, options);
  db[how](request);
});
const said = async (work) => {
  try { await work; } catch (error) { return error.number || error.code || error.message; }
  return null;
};

(async () => {
  const db = await connect();
  const all = await call(db, 'execSqlBatch', 'SELECT * FROM dbo.js ORDER BY id');
  found.rows = all.rows;
  await call(db, 'execSql', 'INSERT INTO dbo.js (id, text, raw, amount, moment, guid) VALUES (@id, @text, @raw, @amount, @moment, @guid)', [
    ['id', TYPES.Int, 7], ['text', TYPES.NVarChar, 'Ünïcødé 🦀'], ['raw', TYPES.VarBinary, Buffer.from([0, 255])],
    ['amount', TYPES.Decimal, 123.45, { precision: 10, scale: 2 }], ['moment', TYPES.DateTime2, new Date('2024-02-29T12:30:15.123Z'), { scale: 7 }],
    ['guid', TYPES.UniqueIdentifier, '00112233-4455-6677-8899-aabbccddeeff'],
  ]);
  found.kept = (await call(db, 'execSql', 'SELECT text, raw, amount, moment, guid FROM dbo.js WHERE id = @id', [['id', TYPES.Int, 7]])).rows;
  found.missing = await said(call(db, 'execSqlBatch', 'SELECT * FROM dbo.nowhere'));
  found.duplicate = await said(call(db, 'execSqlBatch', 'INSERT INTO dbo.js (id) VALUES (7)'));

  const prepared = await new Promise((done, failed) => {
    const rows = [];
    const request = new Request('SELECT id FROM dbo.js WHERE id >= @least', (error) => error && failed(error));
    request.addParameter('least', TYPES.Int);
    request.on('prepared', () => db.execute(request, { least: 7 }));
    request.on('row', (row) => rows.push(row[0].value));
    request.on('requestCompleted', () => { if (request.handle && rows.length) done({ request, rows }); });
    db.prepare(request);
  });
  found.prepared = prepared.rows;
  await new Promise((done) => { prepared.request.on('requestCompleted', done); db.unprepare(prepared.request); });
  found.procedure = (await call(db, 'callProcedure', 'dbo.above', [['least', TYPES.Int, 7]])).rows;

  found.copied = await new Promise((done, failed) => {
    const load = db.newBulkLoad('dbo.js', (error, count) => (error ? failed(error) : done(count)));
    load.addColumn('id', TYPES.Int, { nullable: false });
    load.addColumn('text', TYPES.NVarChar, { length: 'max', nullable: true });
    load.addColumn('amount', TYPES.Decimal, { precision: 10, scale: 2, nullable: true });
    const rows = Array.from({ length: 2000 }, (_, i) => [1000 + i, i % 3 ? `row ${i}` : null, i / 4]);
    db.execBulkLoad(load, rows);
  });
  found.loaded = (await call(db, 'execSqlBatch', 'SELECT COUNT(*) FROM dbo.js WHERE id >= 1000')).rows[0][0];

  // A wait that is cancelled, by an attention; the connection is good for more.
  found.cancelled = await new Promise((done) => {
    const request = new Request("WAITFOR DELAY '00:00:30'", (error) => done(error && (error.code || error.message)));
    db.execSqlBatch(request);
    setTimeout(() => db.cancel(), 200);
  });
  found.after = (await call(db, 'execSqlBatch', 'SELECT 1')).rows[0][0];

  await new Promise((done, failed) => db.beginTransaction((error) => (error ? failed(error) : done())));
  await call(db, 'execSqlBatch', 'INSERT INTO dbo.js (id) VALUES (9000)');
  await new Promise((done, failed) => db.rollbackTransaction((error) => (error ? failed(error) : done())));
  await new Promise((done, failed) => db.beginTransaction((error) => (error ? failed(error) : done())));
  await call(db, 'execSqlBatch', 'INSERT INTO dbo.js (id) VALUES (9001)');
  await new Promise((done, failed) => db.commitTransaction((error) => (error ? failed(error) : done())));
  found.committed = (await call(db, 'execSqlBatch', 'SELECT id FROM dbo.js WHERE id >= 9000')).rows.map((row) => row[0]);
  db.close();

  config.authentication.options.password = 'wrong';
  found.login = await said(connect());
  console.log(JSON.stringify(found, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
})().catch((error) => { console.error(error); process.exit(1); });
