// What a user has at hand: the inbox, the authenticator app, and for tests the pool's clock.
import { createHmac } from "node:crypto";
import { pool } from "./check.mjs";

// secret is the software token of the users who have one.
export const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

async function ask(path, params = {}) {
  const answer = await fetch(`${pool.control}${path}?${new URLSearchParams(params)}`);
  return answer.text();
}

export const code = (username) => ask("/code", { username });

export function base32(text) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...text].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

// totp is a code that was not used yet: the pool's clock goes on by a step for each.
export async function totp(text = secret) {
  await ask("/advance", { seconds: 30 });
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Number(await ask("/now")) / 30)));
  const mac = createHmac("sha1", base32(text)).update(counter).digest();
  const offset = mac[19] & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
