// openid-client signs in on the pool's pages, with PKCE, and gets a machine's token.
import * as client from "openid-client";
import { assert, check, pool } from "./check.mjs";

const insecure = { execute: [client.allowInsecureRequests] };
const redirectUri = "http://localhost:3000/callback";

const discover = (id, secret, authentication) =>
  client.discovery(new URL(pool.issuer), id, secret, authentication, insecure);

// browser signs the user in with the form, and returns where it is sent back to.
async function browser(start) {
  const moved = await fetch(start, { redirect: "manual" });
  assert.equal(moved.status, 302);
  const page = await fetch(new URL(moved.headers.get("location"), start));
  const unescape = (text) => text.replaceAll("&#43;", "+").replaceAll("&amp;", "&");
  const action = unescape(/action="([^"]+)"/.exec(await page.text())[1]);
  const done = await fetch(new URL(action, start), {
    method: "POST", redirect: "manual", body: new URLSearchParams({ username: pool.login, password: pool.password }),
  });
  assert.equal(done.status, 302);
  return new URL(done.headers.get("location"));
}

// begin makes an authorization request.
async function begin(config, redirect_uri = redirectUri) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri, scope: "openid email aws.cognito.signin.user.admin", state, nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  return { url, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } };
}

const users = pool.clientSecret
  ? { header: client.ClientSecretBasic(pool.clientSecret), body: client.ClientSecretPost(pool.clientSecret) }
  : { none: client.None() };

for (const [name, authentication] of Object.entries(users)) {
  const config = await discover(pool.clientId, undefined, authentication);

  await check(`code with PKCE, user info, refresh and revocation (${name})`, async () => {
    const { url, checks } = await begin(config);
    const tokens = await client.authorizationCodeGrant(config, await browser(url), checks);
    const claims = tokens.claims();
    assert.equal(claims["cognito:username"], pool.username);
    assert.equal(claims.email, pool.email);
    const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(info.email, pool.email);
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(refreshed.access_token, tokens.access_token);
    await client.tokenRevocation(config, tokens.refresh_token);
    await assert.rejects(() => client.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
  });

  await check(`a wrong verifier, state or nonce and a reused code are refused (${name})`, async () => {
    for (const wrong of [{ expectedState: "x" }, { expectedNonce: "x" }]) {
      const { url, checks } = await begin(config);
      const callback = await browser(url);
      await assert.rejects(() => client.authorizationCodeGrant(config, callback, { ...checks, ...wrong }));
    }
    const { url, checks } = await begin(config);
    let callback = await browser(url);
    const wrong = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await assert.rejects(() => client.authorizationCodeGrant(config, callback, wrong), { error: "invalid_grant" });
    const second = await begin(config);
    callback = await browser(second.url);
    await client.authorizationCodeGrant(config, callback, second.checks);
    await assert.rejects(() => client.authorizationCodeGrant(config, callback, second.checks), { error: "invalid_grant" });
  });

  await check(`a foreign redirect URI is refused (${name})`, async () => {
    for (const foreign of ["https://evil.example.com/callback", `${redirectUri}/`, `${redirectUri}?x=1`, "http://localhost:3001/callback"]) {
      // The browser stays at the pool: neither a code nor an error reaches an address that the app client does not name.
      const { url } = await begin(config, foreign);
      const moved = await fetch(url, { redirect: "manual" });
      assert.equal(moved.status, 302);
      const target = new URL(moved.headers.get("location"), url);
      assert.equal(target.origin, url.origin, foreign);
      assert.equal(target.searchParams.get("error"), "redirect_mismatch");
      if (foreign.includes("?")) continue; // the library sends redirect URIs without their query to the token endpoint
      // A code is not exchanged for another address than it was asked for, either.
      const { url: good, checks } = await begin(config);
      const callback = await browser(good);
      const elsewhere = new URL(foreign + callback.search);
      await assert.rejects(() => client.authorizationCodeGrant(config, elsewhere, checks), { error: "invalid_grant" });
    }
  });
}

await check("a machine's token", async () => {
  for (const authentication of [client.ClientSecretBasic(pool.machineSecret), client.ClientSecretPost(pool.machineSecret)]) {
    const config = await discover(pool.machineId, undefined, authentication);
    const tokens = await client.clientCredentialsGrant(config, { scope: "https://orders.example.com/read" });
    const claims = JSON.parse(Buffer.from(tokens.access_token.split(".")[1], "base64url"));
    assert.equal(claims.scope, "https://orders.example.com/read");
    await assert.rejects(() => client.clientCredentialsGrant(config, { scope: "openid" }), { error: "invalid_scope" });
  }
});
