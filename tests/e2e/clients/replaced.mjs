// The client and the credential of Microsoft's samples, for this factory; every exchange is written down.
import { createRequire } from 'node:module';

const { facts } = globalThis;
const require = createRequire(facts.modules + '/');
const arm = require('@azure/arm-datafactory');
const identity = require('@azure/identity');

export class DefaultAzureCredential extends identity.ClientSecretCredential {
  constructor() {
    super('sluice', facts.clientId, facts.clientSecret, { authorityHost: facts.url, disableInstanceDiscovery: true });
  }
}

const record = {
  name: 'record',
  async sendRequest(request, next) {
    globalThis.under += 1;
    const begun = new URL(request.url);
    const exchange = { sample: globalThis.sample, method: request.method, path: decodeURIComponent(begun.pathname) };
    globalThis.exchanges.push(exchange);
    try {
      const response = await next(request);
      exchange.status = response.status;
      exchange.body = response.bodyAsText ?? '';
      return response;
    } catch (error) {
      exchange.failure = String(error);
      throw error;
    } finally {
      globalThis.under -= 1;
    }
  },
};

export class DataFactoryManagementClient extends arm.DataFactoryManagementClient {
  constructor(credential, subscription) {
    super(credential, subscription, {
      endpoint: facts.url,
      credentialScopes: ['https://sluice.local/.default'],
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [{ policy: record, position: 'perRetry' }],
    });
  }
}
