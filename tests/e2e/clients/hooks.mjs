// Loads Microsoft's samples as they are published: modules they import come from the tests' own environment, and the three
// that say where Azure is and who asks are replaced by ours.
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import path from 'node:path';

let modules;

export function initialize(data) {
  modules = data.modules;
}

const here = path.dirname(fileURLToPath(import.meta.url));

export async function resolve(specifier, context, next) {
  if (context.parentURL?.includes('/samples-dev/')) {
    switch (specifier) {
      case '@azure/arm-datafactory':
      case '@azure/identity':
        return { url: pathToFileURL(path.join(here, 'replaced.mjs')).href, shortCircuit: true };
      case 'dotenv':
        return { url: 'data:text/javascript,export function config() {}', shortCircuit: true };
      case 'tslib':
        return { url: pathToFileURL(path.join(modules, 'tslib/tslib.es6.mjs')).href, shortCircuit: true };
    }
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  // Their package says CommonJS, their text is a module.
  if (url.includes('/samples-dev/')) {
    return { format: 'module', source: await readFile(fileURLToPath(url)), shortCircuit: true };
  }
  return next(url, context);
}
