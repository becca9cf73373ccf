// What the scripts share: the pool to talk to, and checks that end the script when they fail.
import assert from "node:assert/strict";

// The pool's coordinates, from the test that runs the script.
export const pool = JSON.parse(process.env.POOL);

// check runs fn and prints name; what fn throws ends the script.
export async function check(name, fn) {
  try {
    await fn();
  } catch (err) {
    console.error(`not ok: ${name}`);
    console.error(err);
    process.exit(1);
  }
  console.log(`ok: ${name}`);
}

// refused runs fn, which must fail with the service's exception and text.
export async function refused(fn, name, message) {
  let failure;
  try {
    await fn();
  } catch (err) {
    failure = err;
  }
  assert.ok(failure, `want ${name}, got no error`);
  assert.equal(failure.name, name);
  assert.equal(failure.message, message);
}

export { assert };
