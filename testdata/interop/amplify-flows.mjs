// AWS Amplify answers every challenge that it knows.
import { Amplify } from "aws-amplify";
import {
  autoSignIn, confirmSignIn, confirmSignUp, fetchAuthSession, fetchDevices, fetchMFAPreference, forgetDevice, rememberDevice, setUpTOTP,
  signIn, signOut, signUp, updateMFAPreference, verifyTOTPSetup,
} from "aws-amplify/auth";
import { cognitoUserPoolsTokenProvider } from "aws-amplify/auth/cognito";
import { assert, check, pool, refused } from "./check.mjs";
import { code, totp } from "./control.mjs";

// Amplify names a device after the browser, which Node.js does not have in all versions.
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "interop", platform: "node" }, configurable: true });

Amplify.configure({
  Auth: { Cognito: { userPoolId: pool.poolId, userPoolClientId: pool.clientId, userPoolEndpoint: pool.endpoint } },
});

// remember gives Amplify an empty storage: another browser.
function remember(items = new Map()) {
  cognitoUserPoolsTokenProvider.setKeyValueStorage({
    getItem: async (key) => items.get(key) ?? null,
    setItem: async (key, value) => void items.set(key, value),
    removeItem: async (key) => void items.delete(key),
    clear: async () => items.clear(),
  });
}
remember();

// reached checks where a step led to.
function reached(out, step) {
  assert.equal(out.nextStep.signInStep, step);
  return out.nextStep;
}

const begin = (username, options = {}) => signIn({ username, password: pool.password, options });
const respond = (challengeResponse) => confirmSignIn({ challengeResponse });

// done checks that the user is signed in, refreshes, and signs out.
async function done(out, username) {
  reached(out, "DONE");
  const session = await fetchAuthSession({ forceRefresh: true });
  assert.equal(session.tokens.accessToken.payload.username, username);
  await signOut();
  return session.tokens.accessToken.payload;
}

const flows = ["USER_SRP_AUTH", "USER_PASSWORD_AUTH", "USER_AUTH"];
const options = (authFlowType) =>
  authFlowType === "USER_AUTH" ? { authFlowType, preferredChallenge: "PASSWORD_SRP" } : { authFlowType };

const scenarios = {
  async optional() {
    for (const flow of flows) {
      await check(`${flow}: no second factor`, async () => done(await begin("plain", options(flow)), "plain"));
      await check(`${flow}: TOTP, after a wrong code`, async () => {
        reached(await begin("totp", options(flow)), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
        const right = await totp();
        const wrong = right === "000000" ? "000001" : "000000";
        await refused(() => respond(wrong), "CodeMismatchException", "Invalid code received for user");
        await done(await respond(right), "totp");
      });
      await check(`${flow}: SMS`, async () => {
        const next = reached(await begin("sms", options(flow)), "CONFIRM_SIGN_IN_WITH_SMS_CODE");
        assert.equal(next.codeDeliveryDetails.destination, "+*******0100");
        await done(await respond(await code("sms")), "sms");
      });
      await check(`${flow}: e-mail`, async () => {
        const next = reached(await begin("email", options(flow)), "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
        assert.equal(next.codeDeliveryDetails.destination, "e***@e***");
        await refused(() => respond("1"), "CodeMismatchException", "Invalid code or auth state for the user.");
        await done(await respond(await code("email")), "email");
      });
      await check(`${flow}: one out of several`, async () => {
        for (const [type, step, answer] of [
          ["SMS", "CONFIRM_SIGN_IN_WITH_SMS_CODE", () => code("several")],
          ["TOTP", "CONFIRM_SIGN_IN_WITH_TOTP_CODE", () => totp()],
          ["EMAIL", "CONFIRM_SIGN_IN_WITH_EMAIL_CODE", () => code("several")],
        ]) {
          const next = reached(await begin("several", options(flow)), "CONTINUE_SIGN_IN_WITH_MFA_SELECTION");
          assert.deepEqual(next.allowedMFATypes, ["SMS", "TOTP", "EMAIL"]);
          reached(await respond(type), step);
          await done(await respond(await answer()), "several");
        }
      });
    }
    await check("a new password", async () => {
      reached(await begin("temporary"), "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED");
      await done(await respond("Another-Horse-2"), "temporary");
    });
    await check("a new password and TOTP", async () => {
      reached(await begin("both"), "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED");
      reached(await respond("Another-Horse-2"), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
      await done(await respond(await totp()), "both");
    });
    await check("a software token set up while signed in", async () => {
      reached(await begin("plain"), "DONE");
      const { sharedSecret } = await setUpTOTP();
      await verifyTOTPSetup({ code: await totp(sharedSecret) });
      await updateMFAPreference({ totp: "PREFERRED", email: "ENABLED" });
      assert.deepEqual(await fetchMFAPreference(), { enabled: ["EMAIL", "TOTP"], preferred: "TOTP" });
      await signOut();
      reached(await begin("plain"), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
      await done(await respond(await totp(sharedSecret)), "plain");
    });
  },

  async setup() {
    for (const name of ["plain", "temporary"]) {
      await check(`MFA set-up: ${name}`, async () => {
        let out = await begin(name);
        if (name === "temporary") {
          reached(out, "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED");
          out = await respond("Another-Horse-2");
        }
        const { totpSetupDetails } = reached(out, "CONTINUE_SIGN_IN_WITH_TOTP_SETUP");
        await refused(() => respond("000000"), "EnableSoftwareTokenMFAException", "Code mismatch");
        await done(await respond(await totp(totpSetupDetails.sharedSecret)), name);
      });
    }
  },

  async emailSetup() {
    await check("MFA set-up: e-mail", async () => {
      reached(await begin("plain"), "CONTINUE_SIGN_IN_WITH_MFA_SETUP_SELECTION");
      reached(await respond("EMAIL"), "CONTINUE_SIGN_IN_WITH_EMAIL_SETUP");
      reached(await respond("new@example.com"), "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
      await done(await respond(await code("plain")), "plain");
      reached(await begin("plain"), "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
      await done(await respond(await code("plain")), "plain");
    });
  },

  async custom() {
    for (const authFlowType of ["CUSTOM_WITHOUT_SRP", "CUSTOM_WITH_SRP"]) {
      const start = () =>
        authFlowType === "CUSTOM_WITH_SRP" ? begin("plain", { authFlowType }) : signIn({ username: "plain", options: { authFlowType } });
      await check(`${authFlowType}, after wrong answers`, async () => {
        const next = reached(await start(), "CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE");
        assert.equal(next.additionalInfo.question, "6 x 7");
        reached(await respond("41"), "CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE");
        reached(await respond("43"), "CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE");
        await done(await respond("42"), "plain");
      });
      await check(`${authFlowType}, failed`, async () => {
        reached(await start(), "CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE");
        await respond("1");
        await respond("2");
        await refused(() => respond("3"), "NotAuthorizedException", "Incorrect username or password.");
      });
    }
  },

  async devices() {
    for (const authFlowType of ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"]) {
      await check(`${authFlowType}: a remembered device spares the code`, () => rememberedDevice("totp", authFlowType));
    }
    await check("a remembered device after a custom challenge", async () => {
      remember();
      const keys = new Set();
      for (let i = 0; i < 3; i++) {
        await begin("plain", { authFlowType: "CUSTOM_WITH_SRP" });
        keys.add((await done(await respond("42"), "plain")).device_key);
      }
      assert.equal(keys.size, 1);
    });
  },

  async prompted() {
    await check("a device is remembered when the user says so", async () => {
      remember();
      for (let i = 0; i < 2; i++) {
        reached(await begin("totp"), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
        reached(await respond(await totp()), "DONE");
        if (i === 0) {
          await signOut();
        }
      }
      await rememberDevice();
      await signOut();
      await done(await begin("totp"), "totp");
    });
  },

  async alias() {
    await check("a remembered device and an alias", () => rememberedDevice("totp@example.com", "USER_SRP_AUTH"));
  },

  async choice() {
    const authFlowType = "USER_AUTH";
    const ask = (username) => signIn({ username, options: { authFlowType } });
    await check("a choice of first factors", async () => {
      const next = reached(await ask("plain"), "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
      assert.deepEqual(next.availableChallenges, ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
      for (const [factor, step, answer] of [
        ["PASSWORD", "CONFIRM_SIGN_IN_WITH_PASSWORD", () => pool.password],
        ["PASSWORD_SRP", "CONFIRM_SIGN_IN_WITH_PASSWORD", () => pool.password],
        ["EMAIL_OTP", "CONFIRM_SIGN_IN_WITH_EMAIL_CODE", () => code("plain")],
        ["SMS_OTP", "CONFIRM_SIGN_IN_WITH_SMS_CODE", () => code("plain")],
      ]) {
        reached(await ask("plain"), "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
        reached(await respond(factor), step);
        await done(await respond(await answer()), "plain");
      }
    });
    await check("who uses MFA is offered no codes", async () => {
      const next = reached(await ask("totp"), "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
      assert.deepEqual(next.availableChallenges, ["PASSWORD_SRP", "PASSWORD"]);
    });
    await check("preferred factors", async () => {
      for (const [preferredChallenge, step] of [
        ["EMAIL_OTP", "CONFIRM_SIGN_IN_WITH_EMAIL_CODE"],
        ["SMS_OTP", "CONFIRM_SIGN_IN_WITH_SMS_CODE"],
      ]) {
        reached(await signIn({ username: "plain", options: { authFlowType, preferredChallenge } }), step);
        await refused(() => respond("1"), "CodeMismatchException", "Invalid code or auth state for the user.");
        const given = await code("plain");
        assert.match(given, /^\d{8}$/);
        await done(await respond(given), "plain");
      }
      for (const preferredChallenge of ["PASSWORD", "PASSWORD_SRP"]) {
        await done(await begin("plain", { authFlowType, preferredChallenge }), "plain");
      }
      reached(
        await signIn({ username: "plain", options: { authFlowType, preferredChallenge: "WEB_AUTHN" } }),
        "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION",
      );
    });
    // Amplify does not pass the session of SignUp on to ConfirmSignUp, so it gets none for an automatic sign-in, and asks.
    await check("a sign-up without a password, and its first sign-in", async () => {
      const { nextStep } = await signUp({
        username: "new",
        options: { userAttributes: { email: "new@example.com" }, autoSignIn: { authFlowType } },
      });
      assert.equal(nextStep.signUpStep, "CONFIRM_SIGN_UP");
      const confirmed = await confirmSignUp({ username: "new", confirmationCode: await code("new") });
      assert.equal(confirmed.nextStep.signUpStep, "COMPLETE_AUTO_SIGN_IN");
      reached(await autoSignIn(), "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
      reached(await respond("EMAIL_OTP"), "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
      await done(await respond(await code("new")), "new");
    });
  },
};

async function rememberedDevice(login, authFlowType) {
  remember();
  reached(await begin(login, { authFlowType }), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  const { device_key: key } = await done(await respond(await totp()), "totp");

  reached(await begin(login, { authFlowType }), "DONE");
  const session = await fetchAuthSession({ forceRefresh: true });
  assert.equal(session.tokens.accessToken.payload.device_key, key);
  const list = await fetchDevices();
  assert.ok(list.some((device) => device.id === key));
  await forgetDevice();
  await signOut();
  reached(await begin(login, { authFlowType }), "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  await done(await respond(await totp()), "totp");
}

await scenarios[pool.scenario]();
process.exit(0); // Amplify's timers for automatic sign-ins go on for minutes
