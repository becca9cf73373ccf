// A pool from its creation to its end, with the AWS SDK for JavaScript v3. plane.py and TestPlane are the same script.
import {
  AdminCreateUserCommand, AdminInitiateAuthCommand, AdminRespondToAuthChallengeCommand, AssociateSoftwareTokenCommand,
  CognitoIdentityProviderClient, CreateUserPoolClientCommand, CreateUserPoolCommand, DeleteUserPoolCommand, DescribeUserPoolCommand,
  GetUserCommand, GlobalSignOutCommand, InitiateAuthCommand, ListUserPoolsCommand, RespondToAuthChallengeCommand,
  SetUserMFAPreferenceCommand, SetUserPoolMfaConfigCommand, VerifySoftwareTokenCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { createHmac } from "node:crypto";
import { assert, check, pool, refused } from "./check.mjs";
import { base32 } from "./control.mjs";

const client = new CognitoIdentityProviderClient({
  endpoint: pool.endpoint, region: pool.region, credentials: { accessKeyId: "any", secretAccessKey: "any" }, maxAttempts: 1,
});
const send = (command) => client.send(command);
const username = "dora";
const temporary = "Correct-Horse-1";
const password = "Correct-Horse-2";
let id, app, tokens, secret, mfaTokens;

const hash = () => createHmac("sha256", app.ClientSecret).update(username + app.ClientId).digest("base64");

function totp(step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + step));
  const mac = createHmac("sha1", base32(secret)).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 0xf) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const initiate = (flow, params) =>
  send(new InitiateAuthCommand({ AuthFlow: flow, ClientId: app.ClientId, AuthParameters: { SECRET_HASH: hash(), ...params } }));

await check("create pool", async () => {
  const out = await send(new CreateUserPoolCommand({
    PoolName: "plane", AutoVerifiedAttributes: ["email"], UserPoolTags: { team: "a" },
    Policies: { PasswordPolicy: { MinimumLength: 10, RequireNumbers: true } },
    Schema: [{ Name: "team", AttributeDataType: "String", Mutable: true }],
  }));
  id = out.UserPool.Id;
  assert.ok(id.startsWith(`${pool.region}_`));
});
await check("turn MFA on", async () => {
  const out = await send(new SetUserPoolMfaConfigCommand({
    UserPoolId: id, MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: { Enabled: true },
  }));
  assert.equal(out.SoftwareTokenMfaConfiguration.Enabled, true);
});
await check("create client", async () => {
  const out = await send(new CreateUserPoolClientCommand({
    UserPoolId: id, ClientName: "app", GenerateSecret: true,
    ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  }));
  app = out.UserPoolClient;
});
await check("create user", async () => {
  const out = await send(new AdminCreateUserCommand({
    UserPoolId: id, Username: username, TemporaryPassword: temporary, MessageAction: "SUPPRESS",
    UserAttributes: [{ Name: "email", Value: "dora@example.com" }, { Name: "custom:team", Value: "a" }],
  }));
  assert.equal(out.User.UserStatus, "FORCE_CHANGE_PASSWORD");
});
await check("choose a password", async () => {
  const begun = await send(new AdminInitiateAuthCommand({
    UserPoolId: id, ClientId: app.ClientId, AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: username, PASSWORD: temporary, SECRET_HASH: hash() },
  }));
  assert.equal(begun.ChallengeName, "NEW_PASSWORD_REQUIRED");
  const out = await send(new AdminRespondToAuthChallengeCommand({
    UserPoolId: id, ClientId: app.ClientId, ChallengeName: begun.ChallengeName, Session: begun.Session,
    ChallengeResponses: { USERNAME: username, NEW_PASSWORD: password, SECRET_HASH: hash() },
  }));
  tokens = out.AuthenticationResult;
});
await check("get user", async () => {
  const out = await send(new GetUserCommand({ AccessToken: tokens.AccessToken }));
  assert.equal(out.UserAttributes.find((a) => a.Name === "custom:team").Value, "a");
});
await check("set up an authenticator", async () => {
  secret = (await send(new AssociateSoftwareTokenCommand({ AccessToken: tokens.AccessToken }))).SecretCode;
  const out = await send(new VerifySoftwareTokenCommand({ AccessToken: tokens.AccessToken, UserCode: totp(0) }));
  assert.equal(out.Status, "SUCCESS");
  await send(new SetUserMFAPreferenceCommand({
    AccessToken: tokens.AccessToken, SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true },
  }));
});
await check("refuse a wrong password", () =>
  refused(() => initiate("USER_PASSWORD_AUTH", { USERNAME: username, PASSWORD: temporary }), "NotAuthorizedException", "Incorrect username or password."));
await check("sign in with MFA", async () => {
  const begun = await initiate("USER_PASSWORD_AUTH", { USERNAME: username, PASSWORD: password });
  assert.equal(begun.ChallengeName, "SOFTWARE_TOKEN_MFA");
  const out = await send(new RespondToAuthChallengeCommand({
    ClientId: app.ClientId, ChallengeName: begun.ChallengeName, Session: begun.Session,
    ChallengeResponses: { USERNAME: username, SOFTWARE_TOKEN_MFA_CODE: totp(1), SECRET_HASH: hash() },
  }));
  mfaTokens = out.AuthenticationResult;
});
await check("refresh", async () => {
  const out = await initiate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: mfaTokens.RefreshToken });
  assert.equal(out.AuthenticationResult.RefreshToken, undefined);
  mfaTokens.AccessToken = out.AuthenticationResult.AccessToken;
});
await check("sign out", async () => {
  await send(new GlobalSignOutCommand({ AccessToken: mfaTokens.AccessToken }));
  await refused(() => send(new GetUserCommand({ AccessToken: mfaTokens.AccessToken })), "NotAuthorizedException", "Access Token has been revoked");
  await refused(() => initiate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: mfaTokens.RefreshToken }), "NotAuthorizedException", "Refresh Token has been revoked");
});
await check("describe pool", async () => {
  const { UserPool } = await send(new DescribeUserPoolCommand({ UserPoolId: id }));
  assert.equal(UserPool.MfaConfiguration, "OPTIONAL");
  assert.equal(UserPool.Policies.PasswordPolicy.MinimumLength, 10);
  assert.equal(UserPool.EstimatedNumberOfUsers, 1);
  assert.deepEqual(UserPool.UserPoolTags, { team: "a" });
  const { UserPools } = await send(new ListUserPoolsCommand({ MaxResults: 60 }));
  assert.ok(UserPools.some((p) => p.Id === id && p.Name === "plane"));
});
await check("delete pool", async () => {
  await send(new DeleteUserPoolCommand({ UserPoolId: id }));
  await refused(() => send(new DescribeUserPoolCommand({ UserPoolId: id })), "ResourceNotFoundException", `User pool ${id} does not exist.`);
});
