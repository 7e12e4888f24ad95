// A real OpenID Provider for the tests: signs in whoever is named in the form, asks nobody for a password.
// Settings come as JSON in the first argument; the first line of stdout says where it listens.
import * as http from 'node:http';
import { Provider } from 'oidc-provider';

const given = JSON.parse(process.argv[2]);
const { claim, numbers } = given;
const server = http.createServer();

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: given.clientId,
        redirect_uris: [given.redirectUri],
        post_logout_redirect_uris: [given.leftUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        id_token_signed_response_alg: 'ES256',
        jwks: given.jwks,
      },
    ],
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'], clientAuthSigningAlgValues: ['ES256'] },
    jwks: { keys: [given.key] },
    cookies: { keys: ['a key for tests'] },
    claims: { openid: ['sub'], identity: [claim] },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: true },
      pushedAuthorizationRequests: { enabled: given.pushes },
      rpInitiatedLogout: { enabled: true },
    },
    pkce: { required: () => true },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, [claim]: numbers[id] }),
    }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
