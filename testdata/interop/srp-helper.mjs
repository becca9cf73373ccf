// An independent client, cognito-srp-helper with the AWS SDK for JavaScript, signs in by SRP.
import {
  CognitoIdentityProviderClient,
  GetTokensFromRefreshTokenCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
  RevokeTokenCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import helper from "cognito-srp-helper";
import { assert, check, pool, refused } from "./check.mjs";

const { createSecretHash, createSrpSession, signSrpSession, wrapAuthChallenge, wrapInitiateAuth } = helper;

const client = new CognitoIdentityProviderClient({
  endpoint: pool.endpoint,
  region: pool.region,
  // User calls are not signed; any credentials keep the SDK from looking for some.
  credentials: { accessKeyId: "unused", secretAccessKey: "unused" },
});

const hashOf = (name) => (pool.clientSecret ? { SECRET_HASH: createSecretHash(name, pool.clientId, pool.clientSecret) } : {});

async function signIn(password, secondHash) {
  const session = createSrpSession(pool.login, password, pool.poolId, false);
  const challenge = await client.send(
    new InitiateAuthCommand(
      wrapInitiateAuth(session, {
        ClientId: pool.clientId,
        AuthFlow: "USER_SRP_AUTH",
        AuthParameters: { USERNAME: pool.login, ...hashOf(pool.login) },
      }),
    ),
  );
  assert.equal(challenge.ChallengeName, "PASSWORD_VERIFIER");
  assert.equal(challenge.Session, undefined);
  const name = challenge.ChallengeParameters.USERNAME;
  assert.equal(name, pool.username);
  const answer = await client.send(
    new RespondToAuthChallengeCommand(
      wrapAuthChallenge(signSrpSession(session, challenge), {
        ClientId: pool.clientId,
        ChallengeName: "PASSWORD_VERIFIER",
        ChallengeResponses: { USERNAME: name, ...(secondHash ?? hashOf(name)) },
      }),
    ),
  );
  return answer.AuthenticationResult;
}

let tokens;

await check("the right password signs in", async () => {
  tokens = await signIn(pool.password);
  assert.equal(tokens.TokenType, "Bearer");
  assert.ok(tokens.IdToken && tokens.AccessToken && tokens.RefreshToken);
});

await check("a wrong password does not", () =>
  refused(() => signIn(`${pool.password}x`), "NotAuthorizedException", "Incorrect username or password."));

await check("so it does twenty times more", async () => {
  for (let i = 0; i < 20; i++) {
    await signIn(pool.password);
  }
});

if (pool.clientSecret) {
  await check("the hash of another name does not pass", () =>
    refused(
      () => signIn(pool.password, hashOf(`${pool.username}x`)),
      "NotAuthorizedException",
      `Unable to verify secret hash for client ${pool.clientId}`,
    ));
  await check("no hash does not pass", () =>
    refused(
      () => signIn(pool.password, {}),
      "NotAuthorizedException",
      `Client ${pool.clientId} is configured with secret but SECRET_HASH was not received`,
    ));
}

const secret = pool.clientSecret ? { ClientSecret: pool.clientSecret } : {};

await check("a refresh brings new tokens", async () => {
  const fresh = await client.send(
    new GetTokensFromRefreshTokenCommand({ ClientId: pool.clientId, RefreshToken: tokens.RefreshToken, ...secret }),
  );
  assert.notEqual(fresh.AuthenticationResult.AccessToken, tokens.AccessToken);
});

await check("a revoked token refreshes nothing", async () => {
  await client.send(new RevokeTokenCommand({ ClientId: pool.clientId, Token: tokens.RefreshToken, ...secret }));
  await refused(
    () => client.send(new GetTokensFromRefreshTokenCommand({ ClientId: pool.clientId, RefreshToken: tokens.RefreshToken, ...secret })),
    "NotAuthorizedException",
    "Refresh Token has been revoked",
  );
});
