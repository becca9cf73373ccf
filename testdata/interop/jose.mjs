// jose signs tokens as a pool would; the test verifies them. Keys and tokens go out as one line of JSON.
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { pool } from "./check.mjs";

const { publicKey, privateKey } = await generateKeyPair("RS256", { modulusLength: 2048, extractable: true });
const kid = "jose+key/1=";
const jwk = { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" };

const common = { sub: "4320de44", "cognito:groups": ["readers", "schließt-ein"] };
const access = { ...common, token_use: "access", client_id: pool.clientId, username: "zoë \"z\" 😀", scope: "a b" };
const id = { ...common, token_use: "id", "cognito:username": "zoë \"z\" 😀", email: pool.email, email_verified: true };

const sign = (claims, change = (jwt) => jwt, header = {}) =>
  change(new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", kid, ...header })
    .setIssuer(pool.issuer).setIssuedAt().setExpirationTime("1h").setJti("jti"))
    .sign(privateKey);

const other = await generateKeyPair("RS256");
const tokens = {
  access: await sign(access),
  id: await sign(id, (jwt) => jwt.setAudience(pool.clientId)),
  typed: await sign(access, undefined, { typ: "JWT" }),
  audience: await sign(access, (jwt) => jwt.setAudience("https://api.example.com")),
  notBefore: await sign(access, (jwt) => jwt.setNotBefore("10m")),
  expired: await sign(access, (jwt) => jwt.setExpirationTime("-10m")),
  idForTwo: await sign(id, (jwt) => jwt.setAudience([pool.clientId, "other"])),
  otherKey: await new SignJWT(access).setProtectedHeader({ alg: "RS256", kid }).setIssuer(pool.issuer)
    .setExpirationTime("1h").sign(other.privateKey),
};
const [header, payload, signature] = tokens.access.split(".");
const claims = JSON.parse(Buffer.from(payload, "base64url"));
tokens.changed = [header, Buffer.from(JSON.stringify({ ...claims, username: "eve" })).toString("base64url"), signature].join(".");

console.log(JSON.stringify({ keys: { keys: [jwk] }, tokens }));
