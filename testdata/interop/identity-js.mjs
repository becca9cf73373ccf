// AWS's own client, amazon-cognito-identity-js, signs in by SRP.
import identity from "amazon-cognito-identity-js";
import { assert, check, pool, refused } from "./check.mjs";

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

function newUser() {
  const storage = memory();
  const userPool = new CognitoUserPool({
    UserPoolId: pool.poolId,
    ClientId: pool.clientId,
    endpoint: pool.endpoint,
    Storage: storage,
  });
  return new CognitoUser({ Username: pool.login, Pool: userPool, Storage: storage });
}

function signIn(user, password) {
  const details = new AuthenticationDetails({ Username: pool.login, Password: password });
  return new Promise((onSuccess, onFailure) => {
    const unexpected = (name) => () => onFailure(new Error(`unexpected challenge: ${name}`));
    user.authenticateUser(details, {
      onSuccess,
      onFailure,
      newPasswordRequired: unexpected("new password"),
      mfaRequired: unexpected("MFA"),
      totpRequired: unexpected("TOTP"),
      customChallenge: unexpected("custom"),
    });
  });
}

const promised = (fn) => new Promise((resolve, reject) => fn((err, data) => (err ? reject(err) : resolve(data))));

const user = newUser();
let session;

await check("the right password signs in", async () => {
  session = await signIn(user, pool.password);
  const claims = session.getIdToken().payload;
  assert.equal(claims["cognito:username"], pool.username);
  assert.equal(claims.email, pool.email);
  assert.equal(claims.email_verified, true);
  assert.equal(claims.iss, pool.issuer);
  assert.equal(claims.aud, pool.clientId);
  assert.equal(session.getAccessToken().payload.client_id, pool.clientId);
  assert.equal(session.getAccessToken().payload.username, pool.username);
});

await check("a wrong password does not", () =>
  refused(() => signIn(newUser(), `${pool.password}x`), "NotAuthorizedException", "Incorrect username or password."));

// Numbers of every length come up in this many handshakes.
await check("so it does twenty times more", async () => {
  for (let i = 0; i < 20; i++) {
    await signIn(newUser(), pool.password);
  }
});

await check("the user's data is readable", async () => {
  const data = await promised((done) => user.getUserData(done, { bypassCache: true }));
  assert.equal(data.Username, pool.username);
});

await check("a refresh brings new tokens", async () => {
  const token = new CognitoRefreshToken({ RefreshToken: session.getRefreshToken().getToken() });
  const fresh = await promised((done) => user.refreshSession(token, done));
  assert.notEqual(fresh.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());
  assert.equal(fresh.getAccessToken().payload.auth_time, session.getAccessToken().payload.auth_time);
  assert.equal(fresh.getAccessToken().payload.username, pool.username);
});

await check("a made-up refresh token does not", () =>
  refused(
    () => promised((done) => user.refreshSession(new CognitoRefreshToken({ RefreshToken: "made.up" }), done)),
    "NotAuthorizedException",
    "Invalid Refresh Token.",
  ));

await check("a global sign-out ends the session", async () => {
  const refreshToken = new CognitoRefreshToken({ RefreshToken: session.getRefreshToken().getToken() });
  await new Promise((onSuccess, onFailure) => user.globalSignOut({ onSuccess, onFailure }));
  await refused(
    () => promised((done) => newUser().refreshSession(refreshToken, done)),
    "NotAuthorizedException",
    "Refresh Token has been revoked",
  );
});
