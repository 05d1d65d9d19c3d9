// Seals with the module that browsers get, and prints the result.
import { readFileSync } from 'node:fs';

const [, , module, certificate, credential] = process.argv;
globalThis.crypto ??= (await import('node:crypto')).webcrypto;
const { seal, thumbprint } = await import(module);
const pem = readFileSync(certificate, 'utf8').replace(/-----[^-]*-----/g, '').replace(/\s/g, '');
const der = Uint8Array.from(Buffer.from(pem, 'base64'));
console.log(JSON.stringify({ sealed: await seal(der, JSON.parse(credential)), thumbprint: await thumbprint(der) }));
