// Sign-ins whose proof is broken on its way, with the AWS SDK for JavaScript v3 and cognito-srp-helper. It prints how each ended.
import {
  CognitoIdentityProviderClient, ConfirmDeviceCommand, InitiateAuthCommand, RespondToAuthChallengeCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import helper from "cognito-srp-helper";
import { assert, pool } from "./check.mjs";
import { outcomes, control } from "./proofs-cases.mjs";

const {
  createDeviceVerifier, createSecretHash, createSrpSession, signSrpSession, signSrpSessionWithDevice, wrapAuthChallenge, wrapInitiateAuth,
} = helper;

const client = new CognitoIdentityProviderClient({
  endpoint: pool.endpoint, region: pool.region, credentials: { accessKeyId: "unused", secretAccessKey: "unused" }, maxAttempts: 1,
});

const named = (username, params) => ({
  USERNAME: username,
  ...(pool.clientSecret ? { SECRET_HASH: createSecretHash(username, pool.clientId, pool.clientSecret) } : {}),
  ...params,
});

const respond = (begun, username, params, wrap = (request) => request) =>
  client.send(
    new RespondToAuthChallengeCommand(
      wrap({
        ClientId: pool.clientId, ChallengeName: begun.ChallengeName, Session: begun.Session, ChallengeResponses: named(username, params),
      }),
    ),
  );

async function byPassword(AuthFlow, username, params = {}, device = {}) {
  const session = createSrpSession(username, pool.password, pool.poolId, false);
  const begun = await client.send(
    new InitiateAuthCommand(
      wrapInitiateAuth(session, { ClientId: pool.clientId, AuthFlow, AuthParameters: named(username, { ...params, ...device }) }),
    ),
  );
  assert.equal(begun.ChallengeName, "PASSWORD_VERIFIER");
  const signed = signSrpSession(session, begun);
  const out = await respond(begun, begun.ChallengeParameters.USERNAME, device, (request) => wrapAuthChallenge(signed, request));
  return { out, session, signed };
}

let device;

async function byDevice() {
  if (!device) {
    const { AccessToken, NewDeviceMetadata } = (await byPassword("USER_SRP_AUTH", pool.username)).out.AuthenticationResult;
    const { DeviceKey, DeviceGroupKey } = NewDeviceMetadata;
    const { DeviceSecretVerifierConfig, DeviceRandomPassword } = createDeviceVerifier(DeviceKey, DeviceGroupKey);
    await client.send(new ConfirmDeviceCommand({ AccessToken, DeviceKey, DeviceName: "interop", DeviceSecretVerifierConfig }));
    device = { DeviceKey, DeviceGroupKey, DeviceRandomPassword };
  }
  const key = { DEVICE_KEY: device.DeviceKey };
  const { out, session, signed } = await byPassword("USER_SRP_AUTH", pool.username, {}, key);
  assert.equal(out.ChallengeName, "DEVICE_SRP_AUTH");
  const begun = await respond(out, pool.username, key, (request) => wrapAuthChallenge(signed, request));
  assert.equal(begun.ChallengeName, "DEVICE_PASSWORD_VERIFIER");
  const proof = signSrpSessionWithDevice(session, begun, device.DeviceGroupKey, device.DeviceRandomPassword);
  return respond(begun, pool.username, key, (request) => wrapAuthChallenge(proof, request));
}

await outcomes({
  srp: async () => (await byPassword("USER_SRP_AUTH", pool.username)).out,
  choice: async () => (await byPassword("USER_AUTH", pool.username, { PREFERRED_CHALLENGE: "PASSWORD_SRP" })).out,
  device: byDevice,
  totp: async () => {
    const { out } = await byPassword("USER_SRP_AUTH", "totp");
    assert.equal(out.ChallengeName, "SOFTWARE_TOKEN_MFA");
    return respond(out, "totp", { SOFTWARE_TOKEN_MFA_CODE: await control("/totp") });
  },
}, (out) => assert.ok(out.AuthenticationResult.AccessToken));
