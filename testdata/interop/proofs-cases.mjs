// What the scripts share that sign in with broken proofs: the cases, and how each ended.
import { AssertionError } from "node:assert/strict";
import { pool } from "./check.mjs";

// control asks what a script cannot know.
export const control = async (path) => (await fetch(pool.control + path)).text();

// outcomes goes through the flow of each case, and prints how it ended. signedIn checks what a flow has returned.
export async function outcomes(flows, signedIn) {
  for (const [number, { name, flow }] of pool.cases.entries()) {
    await control(`/next?case=${number}`);
    const outcome = { name, error: "", message: "" };
    try {
      signedIn(await flows[flow]());
    } catch (err) {
      if (err instanceof AssertionError || err instanceof TypeError) {
        throw err;
      }
      Object.assign(outcome, { error: err.name, message: err.message });
    }
    console.log(JSON.stringify(outcome));
  }
}
