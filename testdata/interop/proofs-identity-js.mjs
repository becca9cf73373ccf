// Sign-ins whose proof is broken on its way, with amazon-cognito-identity-js. It prints how each ended.
import identity from "amazon-cognito-identity-js";
import { assert, pool } from "./check.mjs";
import { outcomes, control } from "./proofs-cases.mjs";

const { AuthenticationDetails, CognitoUser, CognitoUserPool } = identity;

// browser is a Storage that lasts as long as the script. items may hold a device.
function browser(items = new Map()) {
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
    clear: () => items.clear(),
  };
}

// signIn resolves with the tokens, and sends a code where it is asked for one.
function signIn(Username, Storage = browser()) {
  const userPool = new CognitoUserPool({ UserPoolId: pool.poolId, ClientId: pool.clientId, endpoint: pool.endpoint, Storage });
  const user = new CognitoUser({ Username, Pool: userPool, Storage });
  return new Promise((resolve, reject) => {
    const callbacks = {
      onSuccess: resolve,
      onFailure: reject,
      totpRequired: () => control("/totp").then((code) => user.sendMFACode(code, callbacks, "SOFTWARE_TOKEN_MFA"), reject),
    };
    user.authenticateUser(new AuthenticationDetails({ Username, Password: pool.password }), callbacks);
  });
}

let known; // the browser with a device

await outcomes({
  srp: () => signIn(pool.username),
  totp: () => signIn("totp"),
  device: async () => {
    if (!known) {
      known = new Map();
      await signIn(pool.username, browser(known));
    }
    return signIn(pool.username, browser(new Map(known))); // a case may cost the device
  },
}, (tokens) => assert.ok(tokens.getAccessToken().getJwtToken()));
