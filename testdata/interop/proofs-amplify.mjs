// Sign-ins whose proof is broken on its way, with AWS Amplify. It prints how each ended.
import { Amplify } from "aws-amplify";
import { confirmSignIn, fetchAuthSession, signIn, signOut } from "aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "aws-amplify/auth/cognito";
import { assert, pool } from "./check.mjs";
import { outcomes, control } from "./proofs-cases.mjs";

// Amplify names a device after the browser, which Node.js does not have in all versions.
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "interop", platform: "node" }, configurable: true });

Amplify.configure({
  Auth: { Cognito: { userPoolId: pool.poolId, userPoolClientId: pool.clientId, userPoolEndpoint: pool.endpoint } },
});

// browse gives Amplify a storage, which may hold a device.
function browse(items = new Map()) {
  cognitoUserPoolsTokenProvider.setKeyValueStorage({
    getItem: async (key) => items.get(key) ?? null,
    setItem: async (key, value) => void items.set(key, value),
    removeItem: async (key) => void items.delete(key),
    clear: async () => items.clear(),
  });
}

// tokens signs in, sends a code where it is asked for one, and signs out.
async function tokens(username, items, options = {}) {
  browse(items);
  let out = await signIn({ username, password: pool.password, options });
  if (out.nextStep.signInStep === "CONFIRM_SIGN_IN_WITH_TOTP_CODE") {
    out = await confirmSignIn({ challengeResponse: await control("/totp") });
  }
  assert.equal(out.nextStep.signInStep, "DONE");
  const session = await fetchAuthSession();
  await signOut();
  return session.tokens.accessToken;
}

let known; // the browser with a device

await outcomes({
  srp: () => tokens(pool.username),
  choice: () => tokens(pool.username, new Map(), { authFlowType: "USER_AUTH", preferredChallenge: "PASSWORD_SRP" }),
  totp: () => tokens("totp"),
  device: async () => {
    if (!known) {
      known = new Map();
      await tokens(pool.username, known);
    }
    return tokens(pool.username, new Map(known)); // a case may cost the device
  },
}, (token) => assert.ok(token.payload.sub));
