// AWS's own verifier, aws-jwt-verify, takes the pool's tokens.
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { assert, check, pool } from "./check.mjs";

const verifierOf = (tokenUse, clientId) => {
  const verifier = CognitoJwtVerifier.create({ userPoolId: pool.poolId, tokenUse, clientId });
  verifier.cacheJwks(keys);
  return verifier;
};

const answer = await fetch(pool.jwksUrl);
const keys = await answer.json();

await check("the key set has the pool's two keys", () => {
  assert.equal(answer.status, 200);
  assert.equal(keys.keys.length, 2);
});

await check("an access token verifies", async () => {
  const claims = await verifierOf("access", pool.clientId).verify(pool.accessToken);
  assert.equal(claims.username, pool.username);
  assert.deepEqual(claims["cognito:groups"], ["readers"]);
});

await check("an ID token verifies", async () => {
  const claims = await verifierOf("id", pool.clientId).verify(pool.idToken);
  assert.equal(claims["cognito:username"], pool.username);
});

await check("each only as what it is, and for its client", async () => {
  await assert.rejects(() => verifierOf("id", pool.clientId).verify(pool.accessToken));
  await assert.rejects(() => verifierOf("access", pool.clientId).verify(pool.idToken));
  await assert.rejects(() => verifierOf("access", "another").verify(pool.accessToken));
});

await check("a changed token does not verify", async () => {
  const [header, payload, signature] = pool.accessToken.split(".");
  const changed = Buffer.from(payload, "base64url").toString().replace(pool.username, "eve");
  const token = [header, Buffer.from(changed).toString("base64url"), signature].join(".");
  await assert.rejects(() => verifierOf("access", pool.clientId).verify(token));
});
