// AWS's own client, amazon-cognito-identity-js, answers every challenge that it knows.
import identity from "amazon-cognito-identity-js";
import { assert, check, pool, refused } from "./check.mjs";
import { code, totp } from "./control.mjs";

const { AuthenticationDetails, CognitoRefreshToken, CognitoUser, CognitoUserPool } = identity;

// memory is a Storage that lasts as long as the script.
function memory() {
  const items = new Map();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
    clear: () => items.clear(),
  };
}

// newUser is a user at a browser, whose storage may hold a device.
function newUser(name, storage = memory()) {
  const userPool = new CognitoUserPool({
    UserPoolId: pool.poolId,
    ClientId: pool.clientId,
    endpoint: pool.endpoint,
    Storage: storage,
  });
  return new CognitoUser({ Username: name, Pool: userPool, Storage: storage });
}

const details = (name, password = pool.password) => new AuthenticationDetails({ Username: name, Password: password });

// step runs one step of a sign-in and tells how it ended.
function step(run) {
  return new Promise((resolve, reject) => {
    const ended = (kind) => (...values) => resolve({ kind, values });
    run({
      onSuccess: ended("tokens"),
      onFailure: reject,
      mfaRequired: ended("SMS_MFA"),
      totpRequired: ended("SOFTWARE_TOKEN_MFA"),
      selectMFAType: ended("SELECT_MFA_TYPE"),
      mfaSetup: ended("MFA_SETUP"),
      newPasswordRequired: ended("NEW_PASSWORD_REQUIRED"),
      customChallenge: ended("CUSTOM_CHALLENGE"),
      associateSecretCode: ended("secret"),
    });
  });
}

const signIn = (user, name) => step((callbacks) => user.authenticateUser(details(name), callbacks));
const sendCode = (user, given, type) => step((callbacks) => user.sendMFACode(given, callbacks, type));

// reached checks how a step ended.
async function reached(promise, kind) {
  const end = await promise;
  assert.equal(end.kind, kind);
  return end.values;
}

const scenarios = {
  async optional() {
    for (const flow of ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"]) {
      const begin = (name) => {
        const user = newUser(name);
        user.setAuthenticationFlowType(flow);
        return user;
      };
      await check(`${flow}: TOTP, after a wrong code`, async () => {
        const user = begin("totp");
        await reached(signIn(user, "totp"), "SOFTWARE_TOKEN_MFA");
        const right = await totp();
        const wrong = right === "000000" ? "000001" : "000000";
        await refused(() => sendCode(user, wrong, "SOFTWARE_TOKEN_MFA"), "CodeMismatchException", "Invalid code received for user");
        await reached(sendCode(user, right, "SOFTWARE_TOKEN_MFA"), "tokens");
      });
      await check(`${flow}: SMS, after a wrong code`, async () => {
        const user = begin("sms");
        const [, params] = await reached(signIn(user, "sms"), "SMS_MFA");
        assert.equal(params.CODE_DELIVERY_DESTINATION, "+*******0100");
        await refused(() => sendCode(user, "1"), "CodeMismatchException", "Invalid code or auth state for the user.");
        await reached(sendCode(user, await code("sms")), "tokens");
      });
      for (const [type, answer] of [["SMS_MFA", () => code("several")], ["SOFTWARE_TOKEN_MFA", () => totp()]]) {
        await check(`${flow}: ${type} out of several`, async () => {
          const user = begin("several");
          const [, params] = await reached(signIn(user, "several"), "SELECT_MFA_TYPE");
          assert.deepEqual(JSON.parse(params.MFAS_CAN_CHOOSE), ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]);
          await reached(step((callbacks) => user.sendMFASelectionAnswer(type, callbacks)), type);
          await reached(sendCode(user, await answer(), type), "tokens");
        });
      }
    }
    await check("a new password", async () => {
      const user = newUser("temporary");
      const [attributes, missing] = await reached(signIn(user, "temporary"), "NEW_PASSWORD_REQUIRED");
      assert.equal(attributes.email, "temporary@example.com");
      assert.deepEqual(missing, []);
      await reached(step((callbacks) => user.completeNewPasswordChallenge("Another-Horse-2", {}, callbacks)), "tokens");
    });
    await check("a new password and TOTP", async () => {
      const user = newUser("both");
      await reached(signIn(user, "both"), "NEW_PASSWORD_REQUIRED");
      await reached(step((callbacks) => user.completeNewPasswordChallenge("Another-Horse-2", {}, callbacks)), "SOFTWARE_TOKEN_MFA");
      await reached(sendCode(user, await totp(), "SOFTWARE_TOKEN_MFA"), "tokens");
    });
    await check("a software token set up while signed in", async () => {
      const user = newUser("plain");
      await reached(signIn(user, "plain"), "tokens");
      const [text] = await reached(step((callbacks) => user.associateSoftwareToken(callbacks)), "secret");
      const given = await totp(text);
      await reached(step((callbacks) => user.verifySoftwareToken(given, "phone", callbacks)), "tokens");
      await new Promise((resolve, reject) => {
        user.setUserMfaPreference(null, { Enabled: true, PreferredMfa: true }, (err, out) => (err ? reject(err) : resolve(out)));
      });
      const again = newUser("plain");
      const [, params] = await reached(signIn(again, "plain"), "SOFTWARE_TOKEN_MFA");
      assert.equal(params.FRIENDLY_DEVICE_NAME, "phone");
      await reached(sendCode(again, await totp(text), "SOFTWARE_TOKEN_MFA"), "tokens");
    });
  },

  async setup() {
    for (const name of ["plain", "temporary"]) {
      await check(`MFA set-up: ${name}`, async () => {
        const user = newUser(name);
        let end = await signIn(user, name);
        if (name === "temporary") {
          assert.equal(end.kind, "NEW_PASSWORD_REQUIRED");
          end = await step((callbacks) => user.completeNewPasswordChallenge("Another-Horse-2", {}, callbacks));
        }
        assert.equal(end.kind, "MFA_SETUP");
        const [text] = await reached(step((callbacks) => user.associateSoftwareToken(callbacks)), "secret");
        await refused(
          () => step((callbacks) => user.verifySoftwareToken("000000", "phone", callbacks)),
          "EnableSoftwareTokenMFAException",
          "Code mismatch",
        );
        const given = await totp(text);
        await reached(step((callbacks) => user.verifySoftwareToken(given, "phone", callbacks)), "tokens");
      });
    }
  },

  async custom() {
    const begin = {
      "without SRP": (user) => step((callbacks) => user.initiateAuth(details("plain"), callbacks)),
      "with SRP": (user) => {
        user.setAuthenticationFlowType("CUSTOM_AUTH");
        return signIn(user, "plain");
      },
    };
    for (const [how, start] of Object.entries(begin)) {
      const answer = (user, text) => step((callbacks) => user.sendCustomChallengeAnswer(text, callbacks));
      await check(`custom challenge ${how}, after wrong answers`, async () => {
        const user = newUser("plain");
        const [params] = await reached(start(user), "CUSTOM_CHALLENGE");
        assert.equal(params.question, "6 x 7");
        await reached(answer(user, "41"), "CUSTOM_CHALLENGE");
        await reached(answer(user, "43"), "CUSTOM_CHALLENGE");
        await reached(answer(user, "42"), "tokens");
      });
      await check(`custom challenge ${how}, failed`, async () => {
        const user = newUser("plain");
        await reached(start(user), "CUSTOM_CHALLENGE");
        await reached(answer(user, "1"), "CUSTOM_CHALLENGE");
        await reached(answer(user, "2"), "CUSTOM_CHALLENGE");
        await refused(() => answer(user, "3"), "NotAuthorizedException", "Incorrect username or password.");
      });
    }
  },

  async devices() {
    for (const flow of ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"]) {
      await check(`${flow}: a remembered device spares the code`, () => rememberedDevice(flow, "totp", "totp"));
    }
    await check("a remembered device after a custom challenge", async () => {
      const storage = memory();
      for (let i = 0; i < 3; i++) {
        const user = newUser("plain", storage);
        user.getCachedDeviceKeyAndPassword();
        user.setAuthenticationFlowType("CUSTOM_AUTH");
        await reached(signIn(user, "plain"), "CUSTOM_CHALLENGE");
        await reached(step((callbacks) => user.sendCustomChallengeAnswer("42", callbacks)), "tokens");
      }
      assert.equal((await devices(await signedIn("plain", storage))).length, 1);
    });
    // Padding of every length comes up in this many.
    await check("devices twenty times more", async () => {
      for (let i = 0; i < 10; i++) {
        const storage = memory();
        await signedIn("plain", storage);
        await signedIn("plain", storage);
      }
    });
  },

  async prompted() {
    await check("a device is remembered when the user says so", async () => {
      const storage = memory();
      const user = newUser("totp", storage);
      await reached(signIn(user, "totp"), "SOFTWARE_TOKEN_MFA");
      const [, necessary] = await reached(sendCode(user, await totp(), "SOFTWARE_TOKEN_MFA"), "tokens");
      assert.equal(necessary, true);

      const again = newUser("totp", storage);
      await reached(signIn(again, "totp"), "SOFTWARE_TOKEN_MFA");
      await reached(sendCode(again, await totp(), "SOFTWARE_TOKEN_MFA"), "tokens");
      await reached(step((callbacks) => again.setDeviceStatusRemembered(callbacks)), "tokens");
      await reached(signIn(newUser("totp", storage), "totp"), "tokens");
      await reached(step((callbacks) => again.setDeviceStatusNotRemembered(callbacks)), "tokens");
      await reached(signIn(newUser("totp", storage), "totp"), "SOFTWARE_TOKEN_MFA");
    });
  },

  async alias() {
    await check("a remembered device and an alias", () => rememberedDevice("USER_SRP_AUTH", "totp@example.com", "totp"));
  },
};

// signedIn signs in a user without MFA.
async function signedIn(name, storage) {
  const user = newUser(name, storage);
  await reached(signIn(user, name), "tokens");
  return user;
}

async function devices(user) {
  const [list] = await reached(step((callbacks) => user.listDevices(60, null, callbacks)), "tokens");
  return list.Devices;
}

async function rememberedDevice(flow, login, name) {
  const storage = memory();
  const begin = () => {
    const user = newUser(login, storage);
    user.setAuthenticationFlowType(flow);
    return user;
  };
  const first = begin();
  await reached(signIn(first, login), "SOFTWARE_TOKEN_MFA");
  await reached(sendCode(first, await totp(), "SOFTWARE_TOKEN_MFA"), "tokens");
  const before = (await devices(first)).length;

  // The device is kept under the internal name.
  const keep = storage;
  const user = newUser(login, keep);
  user.setAuthenticationFlowType(flow);
  const key = `CognitoIdentityServiceProvider.${pool.clientId}.${name}.deviceKey`;
  assert.ok(keep.getItem(key), "the device was stored");
  const [session] = await reached(signIn(user, login), "tokens");
  assert.equal(session.getAccessToken().payload.device_key, keep.getItem(key));
  assert.equal((await devices(user)).length, before);

  const token = new CognitoRefreshToken({ RefreshToken: session.getRefreshToken().getToken() });
  await new Promise((resolve, reject) => user.refreshSession(token, (err, out) => (err ? reject(err) : resolve(out))));

  await reached(step((callbacks) => user.getDevice(callbacks)), "tokens");
  await reached(step((callbacks) => user.forgetDevice(callbacks)), "tokens");
  if (flow === "USER_SRP_AUTH") {
    // The pool has forgotten the device; the client notices and signs in without it.
    await reached(signIn(newUser(login, keep), login), "SOFTWARE_TOKEN_MFA");
  }
}

await scenarios[pool.scenario]();
