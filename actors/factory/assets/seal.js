// Seals a credential in the browser: a compact JWE (RFC 7516) to the certificate of a gateway. Nothing but WebCrypto is used.
// The factory gets the sealed text only. `sluice-seal` on the node opens it; the form is described in docs/security.md.

const encoder = new TextEncoder();

/** Bytes as base64url without padding. */
export const base64url = bytes => {
  let text = '';
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
};

/** The bytes of a base64 text. */
export const bytesOf = text => Uint8Array.from(atob(text), char => char.charCodeAt(0));

const concat = (...parts) => {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

const number = value => new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);

// One element of DER: where its content begins, and where the next element does.
const element = (der, at) => {
  let length = der[at + 1];
  let begin = at + 2;
  if (length & 0x80) {
    let count = length & 0x7f;
    if (count === 0 || count > 4) throw new Error('The certificate is damaged.');
    for (length = 0; count > 0; count -= 1) {
      length = length * 256 + der[begin];
      begin += 1;
    }
  }
  const end = begin + length;
  if (!(end <= der.length)) throw new Error('The certificate is cut.');
  return { tag: der[at], begin, end };
};

/** The SubjectPublicKeyInfo of an X.509 certificate. */
export const publicKeyOf = certificate => {
  const tbs = element(certificate, element(certificate, 0).begin);
  let at = tbs.begin;
  // The version is optional; serial number, algorithm, issuer, validity and subject come before the key.
  if (element(certificate, at).tag === 0xa0) at = element(certificate, at).end;
  for (let skipped = 0; skipped < 5; skipped += 1) at = element(certificate, at).end;
  return certificate.slice(at, element(certificate, at).end);
};

/** The SHA-256 of a certificate, base64url: what `sluice gateway certificate show` prints on a node. */
export const thumbprint = async certificate => base64url(await crypto.subtle.digest('SHA-256', certificate));

// rsaEncryption, and id-ecPublicKey on prime256v1, as they stand in a key.
const RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const P256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const holds = (bytes, part) => bytes.some((_, at) => part.every((byte, i) => bytes[at + i] === byte));

const wrap = async (spki, header) => {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const head = spki.slice(0, 40);
  if (holds(head, RSA)) {
    const key = await crypto.subtle.importKey('spki', spki, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['encrypt']);
    const encrypted = await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, key, secret);
    return { header: { alg: 'RSA-OAEP-256', ...header }, secret, encrypted: new Uint8Array(encrypted) };
  }
  if (!holds(head, P256)) throw new Error('The gateway has a key of a kind that this page does not seal to.');
  const curve = { name: 'ECDH', namedCurve: 'P-256' };
  const key = await crypto.subtle.importKey('spki', spki, curve, false, []);
  const own = await crypto.subtle.generateKey(curve, true, ['deriveBits']);
  const agreed = new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: key }, own.privateKey, 256));
  // Concat KDF of RFC 7518, 4.6.2: one round; the parties have no names.
  const name = encoder.encode('A256GCM');
  const info = concat(number(1), agreed, number(name.length), name, number(0), number(0), number(256));
  const derived = new Uint8Array(await crypto.subtle.digest('SHA-256', info));
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', own.publicKey);
  return { header: { alg: 'ECDH-ES', ...header, epk: { kty, crv, x, y } }, secret: derived, encrypted: new Uint8Array(0) };
};

/**
 * Seals a credential.
 * @param {Uint8Array} certificate The gateway's certificate, DER.
 * @param {{type: string, bind: object, secret: object, by?: string}} credential What is sealed, and what for.
 * @returns {Promise<string>} The compact JWE.
 */
export const seal = async (certificate, { type, bind, secret, by = 'browser' }) => {
  const header = { enc: 'A256GCM', 'x5t#S256': await thumbprint(certificate), typ: 'sluice-cred', cty: 'json' };
  const wrapped = await wrap(publicKeyOf(certificate), header);
  const plaintext = encoder.encode(JSON.stringify({ v: 1, type, bind, secret, iat: Math.floor(Date.now() / 1000), by }));
  const head = base64url(encoder.encode(JSON.stringify(wrapped.header)));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const key = await crypto.subtle.importKey('raw', wrapped.secret, 'AES-GCM', false, ['encrypt']);
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: encoder.encode(head) }, key, plaintext));
  const [content, tag] = [sealed.slice(0, -16), sealed.slice(-16)];
  wrapped.secret.fill(0);
  return [head, base64url(wrapped.encrypted), base64url(iv), base64url(content), base64url(tag)].join('.');
};
