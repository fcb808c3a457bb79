/*
 * usage: node server.mjs CONFIG.json
 *
 * An OAuth server that we did not write, as a peer for tokend: oidc-provider (npm), set up as one tenant. Everything of the
 * protocol is oidc-provider's own: device authorization (RFC 8628), tokens, id_tokens, keys, rotation of refresh tokens, its pages. Ours is
 * where it lies (TENANT/v2.0, as the client expects it of an authority), Graph's /v1.0/me, and for tests:
 *
 *	POST /_peer/next {"lifetime": s}       of the device codes from now on
 *	POST /_peer/next {"slow_down": n}      the next n polls are answered slow_down (RFC 8628 section 3.5)
 *	GET /_peer/polls                       [{time, code (the device code's first 8 characters), error}]
 *	GET /_peer/refreshes                   the same of refresh tokens
 *
 * CONFIG: port, cert, key (files), tenant, oid, client_id, redirect_uri, scopes.
 */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

import Provider, { errors } from 'oidc-provider';

const config = JSON.parse(readFileSync(process.argv[2]));
const origin = `https://127.0.0.1:${config.port}`;
const mount = `/${config.tenant}/v2.0`;
const next = { lifetime: 900, slow_down: 0 };
const polls = [];
const refreshes = [];

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: 'peer', use: 'sig', alg: 'RS256' };
}

const provider = new Provider(origin + mount, {
  clients: [{
    client_id: config.client_id,
    client_name: 'Provider Voice',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: [config.redirect_uri],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code'],
  }],
  scopes: config.scopes,
  claims: { openid: ['sub', 'tid', 'oid'], profile: ['preferred_username', 'name'] },
  conformIdTokenClaims: false,
  features: { deviceFlow: { enabled: true } },
  jwks: { keys: [signingKey()] },
  cookies: { keys: ['one of this process only'] },
  rotateRefreshToken: true,
  ttl: {
    DeviceCode: () => next.lifetime, AccessToken: 3600, IdToken: 3600, RefreshToken: 86400,
    Grant: 86400, Interaction: 3600, Session: 3600, AuthorizationCode: 60,
  },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, tid: config.tenant, oid: config.oid, preferred_username: id, name: id,
    }),
  }),
});

/* What a token request asked and got; a few are told to slow down. */
provider.use(async (ctx, go) => {
  await go();
  const { params } = ctx.oidc ?? {};
  const note = (list, secret) => list.push({
    time: Date.now(), code: secret.slice(0, 8), error: ctx.body?.error ?? null,
  });
  if (ctx.path.endsWith('/token') && params?.device_code) note(polls, params.device_code);
  if (ctx.path.endsWith('/token') && params?.refresh_token) note(refreshes, params.refresh_token);
});
provider.on('grant.error', () => {});

const find = provider.DeviceCode.find.bind(provider.DeviceCode);
provider.DeviceCode.find = async (code, options) => {
  if (next.slow_down > 0) {
    next.slow_down -= 1;
    throw new errors.SlowDown();
  }
  return find(code, options);
};

async function body(request) {
  let text = '';
  for await (const part of request) text += part;
  return JSON.parse(text);
}

async function me(request) {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '');
  const token = bearer && await provider.AccessToken.find(bearer[1]);
  return token && { id: config.oid, userPrincipalName: token.accountId };
}

const ours = {
  '/v1.0/me': me,
  '/_peer/next': async (request) => Object.assign(next, await body(request)),
  '/_peer/polls': async () => polls,
  '/_peer/refreshes': async () => refreshes,
};

const protocol = provider.callback();

// Node closes an idle connection after 5 s, which is how often a flow is polled: the two would race.
const options = {
  cert: readFileSync(config.cert), key: readFileSync(config.key), keepAliveTimeout: 60000,
};
createServer(options, async (request, response) => {
  const handler = ours[request.url.split('?')[0]];

  if (handler) {
    const answer = await handler(request);
    response.writeHead(answer ? 200 : 401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: { code: 'InvalidAuthenticationToken' } }));
  } else if (request.url.startsWith(`${mount}/`)) {
    /* As frameworks mount an application: it sees the path below, and finds its own place by originalUrl. */
    request.originalUrl = request.url;
    request.url = request.url.slice(mount.length);
    protocol(request, response);
  } else {
    response.writeHead(404).end();
  }
}).listen(config.port, '127.0.0.1', () => console.log('peer: ready'));

process.on('SIGTERM', () => process.exit(0));
