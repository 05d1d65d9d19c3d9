// @azure/arm-datafactory with @azure/identity, unmodified, against a factory: everything up to a copy that ran.
//
//   node arm.cjs FACTS.json     prints what it found as JSON
'use strict';
const assert = require('node:assert');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { DataFactoryManagementClient } = require(path.join(facts.modules, '@azure/arm-datafactory'));
const { ClientSecretCredential } = require(path.join(facts.modules, '@azure/identity'));

const [GROUP, FACTORY] = ['rg', 'df'];

const credentialOf = (secret) =>
  new ClientSecretCredential('sluice', facts.clientId, secret, { authorityHost: facts.url, disableInstanceDiscovery: true });
const connect = (secret) =>
  new DataFactoryManagementClient(credentialOf(secret), 'sub', {
    endpoint: facts.url,
    credentialScopes: ['https://sluice.local/.default'],
  });

async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

async function main() {
  await assert.rejects(connect('wrong').factories.get(GROUP, FACTORY), /SL4052|invalid_client/);
  const client = connect(facts.clientSecret);
  const made = await client.factories.createOrUpdate(GROUP, FACTORY, { location: 'onprem', tags: { from: 'node' } });
  assert.strictEqual(made.provisioningState, 'Succeeded');
  assert.ok(made.createTime instanceof Date);
  const status = await client.integrationRuntimes.getStatus(GROUP, FACTORY, 'onprem');
  assert.strictEqual(status.properties.state, 'Online');
  for (const [name, document] of Object.entries(facts.linkedServices)) {
    const stored = await client.linkedServices.createOrUpdate(GROUP, FACTORY, name, document);
    assert.strictEqual(stored.name, name);
  }
  for (const [name, document] of Object.entries(facts.datasets)) {
    await client.datasets.createOrUpdate(GROUP, FACTORY, name, document);
  }
  const copy = await client.pipelines.createOrUpdate(GROUP, FACTORY, 'FromNode', facts.pipeline);
  assert.strictEqual(copy.activities.length, 1);
  const { runId } = await client.pipelines.createRun(GROUP, FACTORY, 'FromNode');
  let run;
  const deadline = Date.now() + 180_000;
  do {
    assert.ok(Date.now() < deadline, `the run is still ${run?.status}`);
    await new Promise((done) => setTimeout(done, 200));
    run = await client.pipelineRuns.get(GROUP, FACTORY, runId);
  } while (['Queued', 'InProgress'].includes(run.status));
  const window = { lastUpdatedAfter: new Date(Date.now() - 3_600_000), lastUpdatedBefore: new Date(Date.now() + 3_600_000) };
  const activities = await client.activityRuns.queryByPipelineRun(GROUP, FACTORY, runId, window);
  const found = await client.pipelineRuns.queryByFactory(GROUP, FACTORY, {
    ...window,
    filters: [{ operand: 'PipelineName', operator: 'Equals', values: ['FromNode'] }],
    orderBy: [{ orderBy: 'RunStart', order: 'DESC' }],
  });
  // More than a page, so that the client follows links.
  for (let i = 0; i < 105; i += 1) {
    await client.pipelines.createOrUpdate(GROUP, FACTORY, `Page${String(i).padStart(3, '0')}`, { activities: [] });
  }
  const pipelines = await all(client.pipelines.listByFactory(GROUP, FACTORY));
  const same = await client.pipelines.get(GROUP, FACTORY, 'FromNode', { ifNoneMatch: copy.etag });
  await assert.rejects(
    client.pipelines.createOrUpdate(GROUP, FACTORY, 'FromNode', facts.pipeline, { ifMatch: 'another' }),
    (error) => error.statusCode === 412,
  );
  await assert.rejects(client.pipelines.get(GROUP, FACTORY, 'nothing'), (error) => error.statusCode === 404);
  await assert.rejects(
    client.changeDataCapture.get(GROUP, FACTORY, 'c'),
    (error) => error.code === 'OperationNotSupported' && /change data capture/.test(error.message),
  );
  const operations = await all(client.operations.list());
  console.log(
    JSON.stringify({
      status: run.status,
      message: run.message,
      activity: activities.value[0],
      runs: found.value.map((item) => item.runId),
      runId,
      pipelines: pipelines.length,
      unchanged: same === undefined || same.name === undefined,
      operations: operations.length,
    }),
  );
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
