// The console and a node's own page in a real browser.
//
//   node console.mjs FACTS.json     prints what was seen, as JSON
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { chromium } = createRequire(path.join(facts.modules, 'x.js'))('playwright-core');
const browser = await chromium.launch({
  executablePath: facts.browser,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
// The factory's certificate is of its own CA; nothing here is about trusting it.
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } });
const page = await context.newPage();
page.setDefaultTimeout(60_000);
const seen = { complaints: [], leaks: [], wide: {} };
page.on('console', (message) => {
  if (['error', 'warning'].includes(message.type())) seen.complaints.push(message.text());
});
page.on('pageerror', (error) => seen.complaints.push(String(error)));
context.on('request', (request) => {
  const sent = `${request.url()}\n${request.postData() ?? ''}`;
  if (sent.includes(facts.secret) || sent.includes(encodeURIComponent(facts.secret))) seen.leaks.push(request.url());
});
// What is there instead of what was waited for.
const explain = async (error) => {
  throw new Error(`${page.url()} ${await page.locator('body').innerText()} ${JSON.stringify(seen)}`, { cause: error });
};
const shoot = async (name) => {
  if (!facts.pictures) return;
  mkdirSync(facts.pictures, { recursive: true });
  await page.screenshot({ path: path.join(facts.pictures, `${name}.png`), fullPage: true });
};
// On a telephone nothing but tables may be wider than the screen, and those scroll in their frames.
const narrow = async (name) => {
  await page.setViewportSize({ width: 390, height: 800 });
  seen.wide[name] = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await shoot(`${name}-narrow`);
  await page.setViewportSize({ width: 1280, height: 800 });
};

await page.goto(facts.login);
await page.waitForURL(`${facts.url}/`);
await page.getByText('Online', { exact: true }).first().waitFor();
seen.gateway = await page.locator('tr[id^="gateway-"]').innerText();

// A run that begins while the page is open is announced, and followed to its end without loading the page again.
await page.evaluate(() => { window.sameDocument = true; });
const started = await context.request.post(facts.createRun, { headers: { authorization: `Bearer ${facts.token}` }, data: {} });
seen.run = (await started.json()).runId;
await page.locator('#news').filter({ hasText: 'new row' }).waitFor();
seen.reloaded = !(await page.evaluate(() => window.sameDocument));
await page.locator('#news').click();
const row = page.locator(`tr:has(a[href*="${seen.run}"])`);
await row.waitFor();
await page.evaluate(() => { window.sameDocument = true; });
await row.filter({ hasText: 'Succeeded' }).waitFor();
seen.reloadedBelow = !(await page.evaluate(() => window.sameDocument));
await shoot('home');
await narrow('home');
await row.getByRole('link').first().click();
await page.getByRole('heading', { level: 1 }).waitFor();
await page.getByText('rows copied').first().waitFor();
await shoot('run');
await narrow('run');

await page.getByRole('link', { name: 'Components' }).click();
const vault = page.locator('tr[id^="nodecomponent-"][id$="-CredentialVault"]');
await vault.waitFor();
seen.vault = await vault.innerText();
seen.own = await page.locator('[id="component-factory/leases"]').innerText();
await shoot('components');
await narrow('components');

// Credentials: sealed here, by the browser's own cryptography.
await page.getByRole('link', { name: 'Credentials' }).click();
await page.locator('tr', { hasText: facts.service }).getByRole('link', { name: 'Set credential' }).click();
await page.locator('#fingerprint').filter({ hasNotText: /^-$/ }).waitFor();
seen.fingerprint = await page.locator('#fingerprint').innerText();
// Tested before it is set: a wrong one first, then the right one. Neither is kept.
const test = async (secret) => {
  await page.getByLabel('Secret').fill(secret);
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.locator('dl.facts', { hasText: 'login' }).waitFor({ timeout: 30_000 }).catch(explain);
  await shoot(`tested-${secret === facts.secret ? 'right' : 'wrong'}`);
  return page.locator('main').innerText();
};
seen.wrong = await test('not-the-password');
seen.right = await test(facts.secret);
await page.getByLabel('Secret').fill(facts.secret);
await shoot('credential');
await page.getByRole('button', { name: 'Encrypt and set' }).click();
await page.getByRole('status').waitFor({ timeout: 30_000 }).catch(explain);
seen.set = await page.getByRole('status').innerText();
await narrow('credential');

for (const name of ['Access', 'Audit']) {
  await page.getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await shoot(name.toLowerCase());
  await narrow(name.toLowerCase());
}
await page.getByRole('button', { name: 'Log out' }).click();
await page.waitForURL(`${facts.url}/login`);
await shoot('login');

// The node's own page, without scripts. The secret goes to this node, and to nobody else.
seen.leaksToFactory = seen.leaks.splice(0);
await page.goto(facts.nodePage);
await page.getByLabel('Access code').fill(facts.code);
await page.getByLabel('Type of the linked service').fill('PostgreSqlV2');
await page.getByLabel('or server').fill('127.0.0.1');
await page.getByLabel('port').fill(String(facts.port));
await page.getByLabel('database').fill('postgres');
await page.getByLabel('Secret', { exact: true }).fill(facts.secret);
await page.getByRole('button', { name: 'Encrypt' }).click();
seen.sealed = await page.getByLabel('The sealed credential').inputValue();
await page.getByLabel('Access code').fill(facts.code);
await page.getByLabel('Type of the linked service').fill('PostgreSqlV2');
await page.getByLabel('or server').fill('127.0.0.1');
await page.getByLabel('port').fill(String(facts.port));
await page.getByLabel('database').fill('postgres');
await page.getByLabel('user name').fill(facts.user);
await page.getByLabel('Secret', { exact: true }).fill(facts.secret);
await page.getByRole('button', { name: 'Test connection' }).click();
await page.getByText('The store was').waitFor({ timeout: 30_000 }).catch(explain);
seen.nodeTest = await page.locator('main').innerText();
await shoot('node');
seen.leaksBesideNode = seen.leaks.filter((url) => !url.startsWith(facts.nodePage));
console.log(JSON.stringify(seen));
await browser.close();
