// AWS Amplify registers a passkey and signs in by it. The browser is a few names, the authenticator another's emulator.
import { Amplify } from "aws-amplify";
import {
  associateWebAuthnCredential, confirmSignIn, deleteWebAuthnCredential, fetchAuthSession, listWebAuthnCredentials, signIn, signOut,
} from "aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "aws-amplify/auth/cognito";
import emulator from "nid-webauthn-emulator";
import { assert, check, pool } from "./check.mjs";

const items = new Map();
cognitoUserPoolsTokenProvider.setKeyValueStorage({
  getItem: async (key) => items.get(key) ?? null,
  setItem: async (key, value) => void items.set(key, value),
  removeItem: async (key) => void items.delete(key),
  clear: async () => items.clear(),
});
Amplify.configure({
  Auth: { Cognito: { userPoolId: pool.poolId, userPoolClientId: pool.clientId, userPoolEndpoint: pool.endpoint } },
});

class PublicKeyCredential {}
class AuthenticatorAttestationResponse {}
class AuthenticatorAssertionResponse {}

const origin = "http://localhost";
const authenticator = new emulator.default();

// as makes what the emulator returns an instance of what a browser returns.
function as(credential, kind) {
  Object.setPrototypeOf(credential.response, Object.assign(Object.create(kind.prototype), Object.getPrototypeOf(credential.response)));
  return Object.setPrototypeOf(credential, PublicKeyCredential.prototype);
}
const credentials = {
  create: async (options) => as(authenticator.create(origin, options), AuthenticatorAttestationResponse),
  get: async (options) => as(authenticator.get(origin, options), AuthenticatorAssertionResponse),
};
Object.assign(globalThis, {
  window: globalThis, document: { querySelector: () => null, querySelectorAll: () => [] }, isSecureContext: true, PublicKeyCredential, AuthenticatorAttestationResponse, AuthenticatorAssertionResponse,
});
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "interop", credentials }, configurable: true });

await check("a passkey is registered", async () => {
  await signIn({ username: "plain", password: pool.password });
  await associateWebAuthnCredential();
  const { credentials: list } = await listWebAuthnCredentials();
  assert.equal(list.length, 1);
  assert.equal(list[0].relyingPartyId, "localhost");
  await signOut();
});

for (const preferredChallenge of ["WEB_AUTHN", undefined, "WEB_AUTHN"]) {
  await check(`a passkey signs in, preferred: ${preferredChallenge}`, async () => {
    let out = await signIn({ username: "plain", options: { authFlowType: "USER_AUTH", preferredChallenge } });
    if (!preferredChallenge) {
      assert.ok(out.nextStep.availableChallenges.includes("WEB_AUTHN"));
      out = await confirmSignIn({ challengeResponse: "WEB_AUTHN" });
    }
    assert.equal(out.nextStep.signInStep, "DONE");
    const session = await fetchAuthSession({ forceRefresh: true });
    assert.equal(session.tokens.accessToken.payload.username, "plain");
    await signOut();
  });
}

await check("a passkey is deleted", async () => {
  await signIn({ username: "plain", password: pool.password });
  const { credentials: list } = await listWebAuthnCredentials();
  await deleteWebAuthnCredential({ credentialId: list[0].credentialId });
  assert.equal((await listWebAuthnCredentials()).credentials.length, 0);
});
process.exit(0);
