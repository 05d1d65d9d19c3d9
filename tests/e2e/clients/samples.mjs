// Microsoft's official samples of @azure/arm-datafactory, as they are published, against a factory.
//
//   node samples.mjs FACTS.json     prints every exchange as JSON: sample, method, path, status, body
import { readFileSync, readdirSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
Object.assign(globalThis, { facts, exchanges: [], under: 0, sample: '' });
register('./hooks.mjs', import.meta.url, { data: { modules: facts.modules } });
// A pipe takes no more than 64 KiB at a time: the rest is lost when the process exits before it is written.
const print = (text) => new Promise((done) => process.stdout.write(`${text}\n`, done));
console.log = () => {};
console.error = () => {};
// A sample does not wait for what it starts: what fails there comes out here, and the exchange says why.
const failures = [];
process.on('unhandledRejection', (error) => failures.push(error));

const folder = path.join(facts.modules, '@azure/arm-datafactory/dist-esm/samples-dev');
// What makes something goes first and what deletes goes last, so that most of them find what they ask for.
const rank = (name) => {
  if (/^factoriesCreate/.test(name)) return 0;
  if (/^(integrationRuntimesCreateSample|integrationRuntimesCreateOr)/.test(name)) return 1;
  if (/^linkedServicesCreate/.test(name)) return 2;
  if (/Create|Update/.test(name) && !/^(dataFlowDebug|factoriesUpdate)/.test(name)) return 3;
  if (/^factoriesDelete/.test(name)) return 9;
  // What refers to others goes before them.
  if (/^(triggers|pipelines)Delete/.test(name)) return /^triggers/.test(name) ? 6 : 7;
  return /Delete/.test(name) ? 8 : 5;
};
const files = readdirSync(folder).filter((name) => name.endsWith('.js'));
files.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

for (const file of files) {
  globalThis.sample = file.replace(/Sample\.js$/, '');
  const before = [globalThis.exchanges.length, failures.length];
  await import(pathToFileURL(path.join(folder, file)).href);
  const deadline = Date.now() + 60_000;
  // Done when something was asked, and nothing is under way for a while.
  for (let quiet = 0; quiet < 3; ) {
    await pause(20);
    const something = globalThis.exchanges.length > before[0] || failures.length > before[1];
    quiet = something && globalThis.under === 0 ? quiet + 1 : 0;
    if (Date.now() > deadline) {
      globalThis.exchanges.push({ sample: globalThis.sample, failure: 'it did not end' });
      break;
    }
  }
}
await print(JSON.stringify({ samples: files.length, exchanges: globalThis.exchanges }));
process.exit(0);
