// A browser walks through examples/web as its users do: wrong answers first, reload and back included. WEB is the program, which
// this script starts with a pool of its own; CHROMIUM is the browser.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { createInterface } from "node:readline";
import jsQR from "jsqr";
import { chromium } from "playwright-core";

const PASSWORD = "Correct-Horse-1";
const NEW_PASSWORD = "Another-Horse-2";

// start starts the program. Its output has the address and the codes that the pool delivers.
async function start(...args) {
  const child = spawn(process.env.WEB, ["-address", "localhost:0", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const messages = [];
  const url = await new Promise((resolve, reject) => {
    child.once("exit", (status) => reject(new Error(`the program ended with ${status}`)));
    lines.on("line", (line) => {
      const open = line.match(/^Open (http\S+)/);
      if (open) resolve(open[1]);
      const message = line.match(/^EMAIL to (\S+) \((\w+) for (\S+)\): (\S+)$/);
      if (message) messages.push({ to: message[1], purpose: message[2], user: message[3], code: message[4] });
    });
  });
  return {
    url,
    // code takes the next code for a purpose, which may still be on its way through the pipe.
    async code(user, purpose) {
      for (let i = 0; i < 100; i++) {
        const found = messages.findLastIndex((m) => m.user === user && m.purpose === purpose);
        if (found >= 0) return messages.splice(found, 1)[0].code;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`no code for ${user} to ${purpose}`);
    },
    stop: () => new Promise((resolve) => {
      child.removeAllListeners("exit");
      child.once("exit", resolve);
      child.kill("SIGINT");
    }),
  };
}

// totp is what an authenticator app shows, of the present step or of a later one (RFC 6238).
function totp(secret, step = 0) {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
  const mac = createHmac("sha1", key).update(counter).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1e6).padStart(6, "0");
}

// Visitor is a user in front of a browser with cookies of its own.
class Visitor {
  static async come(browser, site) {
    const v = new Visitor();
    v.site = site;
    v.context = await browser.newContext();
    v.page = await v.context.newPage();
    v.page.setDefaultTimeout(60000); // a busy machine is slow
    v.posts = 0;
    v.complaints = [];
    v.page.on("request", (request) => { if (request.method() === "POST") v.posts++; });
    v.page.on("pageerror", (error) => v.complaints.push(String(error)));
    v.page.on("console", (message) => { if (message.type() === "error") v.complaints.push(message.text()); });
    await v.page.goto(site.url);
    return v;
  }
  async leave() {
    await this.context.close();
    assert.deepEqual(this.complaints, [], "the browser complains of nothing");
  }
  async fill(fields) {
    for (const [label, value] of Object.entries(fields)) await this.page.getByLabel(label, { exact: true }).fill(value);
  }
  // press presses a button that sends a form, and waits for the page that comes then. scope is a part of the page.
  async press(name, scope = "body") {
    const before = this.posts;
    await Promise.all([
      this.page.waitForEvent("load"),
      this.page.locator(scope).getByRole("button", { name, exact: true }).first().click(),
    ]);
    assert.equal(this.posts, before + 1, `${name} sends one form`);
  }
  async follow(name) {
    await Promise.all([this.page.waitForEvent("load"), this.page.getByRole("link", { name, exact: true }).click()]);
  }
  // sees checks where the browser is and what it shows.
  async sees(path, text) {
    const shown = await this.page.locator("body").innerText();
    assert.equal(new URL(this.page.url()).pathname, path, shown);
    assert.ok(shown.includes(text), `want ${text}, got:\n${shown}`);
  }
  async lacks(text) {
    const shown = await this.page.locator("body").innerText();
    assert.ok(!shown.includes(text), shown);
  }
  // reload reloads the page: it sends no form again, and the notice is gone.
  async reload(notice) {
    const before = this.posts;
    const at = this.page.url();
    await this.page.reload();
    assert.equal(this.posts, before, "a reload sends nothing");
    assert.equal(this.page.url(), at);
    if (notice) await this.lacks(notice);
  }
  async back() {
    const before = this.posts;
    await this.page.goBack();
    await this.page.waitForLoadState();
    assert.equal(this.posts, before, "the way back sends nothing");
  }
  async signIn(user, password = PASSWORD) {
    await this.page.goto(this.site.url);
    await this.fill({ Name: user, Password: password });
    await this.press("Sign in");
  }
  async signOut() {
    await this.press("Sign out");
    await this.sees("/", "You are signed out.");
    await this.backShowsNothing();
  }
  // backShowsNothing goes back to where the account was.
  async backShowsNothing() {
    await this.back();
    await this.lacks("You are signed in as");
    await this.sees("/", "Sign in");
    await this.page.goto(`${this.site.url}account`);
    await this.sees("/", "Please sign in.");
  }
  // scan reads the QR code of the page as a camera does, and returns the secret in it.
  async scan() {
    const svg = await this.page.locator("svg.qr").evaluate((element) => {
      element.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      return element.outerHTML;
    });
    const desk = await this.context.newPage(); // which has no policy against pictures
    const { size, bytes } = await desk.evaluate(async (svg) => {
      const size = 6 * svg.match(/viewBox="0 0 (\d+)/)[1];
      const picture = new Image(size, size);
      picture.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
      await picture.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size }).getContext("2d");
      canvas.drawImage(picture, 0, 0, size, size);
      return { size, bytes: btoa(Array.from(canvas.getImageData(0, 0, size, size).data.filter((_, i) => i % 4 === 0), (gray) => String.fromCharCode(gray)).join("")) };
    }, svg);
    await desk.close();
    const image = Uint8ClampedArray.from([...Buffer.from(bytes, "base64")].flatMap((gray) => [gray, gray, gray, 255]));
    const uri = new URL(jsQR(image, size, size).data);
    assert.equal(uri.protocol, "otpauth:");
    assert.equal(uri.searchParams.get("issuer"), "Example");
    const secret = uri.searchParams.get("secret");
    await this.sees(new URL(this.page.url()).pathname, secret);
    return secret;
  }
}

const walks = {
  async "sign-up"(v) {
    await v.follow("Sign up");
    const form = { Name: "zoe", "E-mail address": "zoe@example.org", "New password": "weak" };
    await v.fill(form);
    await v.press("Sign up");
    await v.sees("/sign-up", "The password is too simple");
    await v.reload("too simple");
    await v.fill({ ...form, Name: "bob", "New password": PASSWORD });
    await v.press("Sign up");
    await v.sees("/sign-up", "There is such an account already.");
    await v.fill({ ...form, "New password": PASSWORD });
    await v.press("Sign up");
    await v.sees("/confirm", "A code was sent to z***@e***.");
    await v.reload("A code was sent");
    await v.fill({ Code: "000000" });
    await v.press("Confirm");
    await v.sees("/confirm", "The code is wrong.");
    await v.site.code("zoe", "SignUp");
    await v.press("Send another code");
    await v.sees("/confirm", "Another code was sent.");
    const code = await v.site.code("zoe", "SignUp");
    await v.fill({ Code: code });
    await v.press("Confirm");
    await v.sees("/account", "You are signed in as zoe.");
    await v.reload();
    await v.sees("/account", "You are signed in as zoe.");
    await v.back();
    await v.sees("/confirm", "Confirm your address");
    await v.fill({ Name: "zoe", Code: code });
    await v.press("Confirm");
    await v.sees("/account", "You are signed in as zoe.");
    await v.signOut();
  },

  async "forgotten password"(v) {
    await v.follow("Forgotten password");
    await v.fill({ Name: "nobody" });
    await v.press("Send a code");
    await v.sees("/reset", "If there is such an account");
    await v.page.goto(`${v.site.url}forgot`);
    await v.fill({ Name: "zoe" });
    await v.press("Send a code");
    await v.sees("/reset", "If there is such an account");
    await v.reload("If there is");
    await v.fill({ Code: "000000", "New password": NEW_PASSWORD });
    await v.press("Change the password");
    await v.sees("/reset", "The code is wrong.");
    await v.fill({ Code: await v.site.code("zoe", "ForgotPassword"), "New password": NEW_PASSWORD });
    await v.press("Change the password");
    await v.sees("/", "The password is changed.");
    await v.back();
    await v.sees("/reset", "New password");
    await v.signIn("zoe");
    await v.sees("/", "The name or the password is wrong.");
    await v.signIn("zoe", NEW_PASSWORD);
    await v.sees("/account", "You are signed in as zoe.");
    await v.signOut();
  },

  async "password and account"(v) {
    await v.signIn("bob", "wrong");
    await v.sees("/", "The name or the password is wrong.");
    assert.equal(await v.page.getByLabel("Name").inputValue(), "bob");
    await v.reload("wrong");
    await v.signIn("bob");
    await v.sees("/account", "You are signed in as bob.");

    await v.fill({ "Given name": "<b>Bob", "E-mail address": "robert@example.com" });
    await v.press("Save");
    await v.sees("/account", "Hello, <b>Bob");
    await v.sees("/account", "A code was sent to r***@e***.");
    await v.reload("A code was sent");
    await v.fill({ Code: "000000" });
    await v.press("Verify the address");
    await v.sees("/account", "The code is wrong.");
    await v.fill({ Code: await v.site.code("bob", "VerifyUserAttribute") });
    await v.press("Verify the address");
    await v.sees("/account", "Your address is verified.");
    await v.lacks("is not verified");

    const passwords = (previous) => ({ "Present password": previous, "New password": NEW_PASSWORD });
    await v.fill(passwords("wrong"));
    await v.press("Change the password");
    await v.sees("/account", "The present password is wrong.");
    await v.fill(passwords(PASSWORD));
    await v.press("Change the password");
    await v.sees("/account", "Your password is changed.");
    await v.reload("Your password is changed.");

    await v.sees("/account", "(this browser)");
    await v.press("Forget", "#devices");
    await v.sees("/account", "The device is forgotten.");
    await v.lacks("(this browser)");
    await v.reload("forgotten");
    await v.signOut();
    await v.signIn("bob", NEW_PASSWORD);
    await v.sees("/account", "(this browser)");
    await v.signOut();
  },

  async "sign-out everywhere"(v, browser) {
    const phone = await Visitor.come(browser, v.site);
    const stranger = await Visitor.come(browser, v.site);
    await v.signIn("bob", NEW_PASSWORD);
    await phone.signIn("bob", NEW_PASSWORD);
    await stranger.signIn("zoe", NEW_PASSWORD);
    await v.press("Sign out");
    await phone.reload();
    await phone.sees("/account", "You are signed in as bob."); // the other one signed out there only
    await v.signIn("bob", NEW_PASSWORD);
    await phone.press("Sign out everywhere");
    await phone.sees("/", "You are signed out everywhere.");
    await phone.backShowsNothing();
    await v.page.reload();
    await v.sees("/", "You are signed out. Please sign in again.");
    await v.backShowsNothing();
    await stranger.reload();
    await stranger.sees("/account", "You are signed in as zoe.");
    await phone.leave();
    await stranger.leave();
  },

  async "authenticator app"(v) {
    await v.signIn("zoe", NEW_PASSWORD);
    await v.press("Set up an authenticator app");
    const secret = await v.scan();
    await v.reload();
    assert.equal(await v.scan(), secret, "a reload does not change the secret");
    await v.fill({ Code: "000000" });
    await v.press("Turn it on");
    await v.sees("/account/app", "The code is wrong.");
    await v.fill({ Code: totp(secret) });
    await v.press("Turn it on");
    await v.sees("/account", "Authenticator app: on");
    await v.reload("You will be asked");
    await v.back();
    await v.lacks(secret);
    await v.page.goto(`${v.site.url}account`);
    await v.press("Sign out");

    await v.signIn("zoe", NEW_PASSWORD);
    await v.sees("/challenge", "Please enter the code of your authenticator app.");
    await v.fill({ Code: "000000" });
    await v.press("Go on");
    await v.sees("/challenge", "The code is wrong.");
    await v.reload("wrong");
    await v.fill({ Code: totp(secret, 1) });
    await v.press("Go on");
    await v.sees("/account", "You are signed in as zoe.");
    await v.press("Turn the app off");
    await v.sees("/account", "Authenticator app: off");
    await v.signOut();
  },

  async "choice of second factor"(v) {
    await v.signIn("erin");
    await v.page.getByLabel("Code by e-mail").check();
    await v.press("Go on");
    await v.sees("/challenge", "A code was sent to e***@e***.");
    await v.fill({ Code: "000000" });
    await v.press("Go on");
    await v.sees("/challenge", "The code is wrong.");
    await v.fill({ Code: await v.site.code("erin", "Authentication") });
    await v.press("Go on");
    await v.sees("/account", "You are signed in as erin.");
    await v.back();
    await v.sees("/account", "You are signed in as erin."); // the challenge is over: its page leads on
    await v.signOut();
  },

  async "new password"(v) {
    await v.signIn("carol", "Temporary-1");
    await v.fill({ "New password": "weak" });
    await v.press("Go on");
    await v.sees("/challenge", "The password is too simple");
    await v.fill({ "New password": NEW_PASSWORD });
    await v.press("Go on");
    await v.sees("/account", "You are signed in as carol.");
    await v.signOut();
  },

  async passkey(v) {
    const cdp = await v.context.newCDPSession(v.page);
    await cdp.send("WebAuthn.enable");
    const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options: {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
    } });
    await v.fill({ Name: "carol" });
    await v.press("Sign in with a passkey");
    await v.sees("/challenge", "Code by e-mail"); // there is none yet
    await v.signIn("carol", NEW_PASSWORD);
    await v.follow("Add a passkey");
    await v.reload();
    await v.press("Make a passkey");
    await v.sees("/account", "Your passkey is registered.");
    await v.reload("registered");
    assert.equal(await v.page.locator("#passkeys li").count(), 1);
    await v.follow("Add a passkey");
    await v.page.getByRole("button", { name: "Make a passkey" }).click();
    await v.page.getByText("(InvalidStateError)").waitFor(); // this authenticator has one already
    await v.page.goto(`${v.site.url}account`);
    await v.signOut();

    await v.page.goto(v.site.url);
    await v.fill({ Name: "carol" });
    await v.press("Sign in with a passkey");
    await v.sees("/challenge", "Use your passkey");
    // The authenticator does not recognize its user at first.
    await cdp.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
    const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId });
    assert.equal(credentials.length, 1);
    await cdp.send("WebAuthn.clearCredentials", { authenticatorId });
    await cdp.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: true });
    await v.page.getByRole("button", { name: "Use your passkey" }).click();
    await v.page.getByText("(NotAllowedError)").waitFor();
    await v.reload("NotAllowedError");
    const [{ isResidentCredential, rpId, ...rest }] = credentials;
    await cdp.send("WebAuthn.addCredential", { authenticatorId, credential: { ...rest, isResidentCredential, rpId: rpId ?? "localhost" } });
    await v.press("Use your passkey");
    await v.sees("/account", "You are signed in as carol.");
    await v.press("Delete", "#passkeys");
    await v.sees("/account", "The passkey is deleted.");
    await v.signOut();
  },

  async "the pool's own page"(v) {
    const home = new URL(v.site.url).host;
    await v.follow("Sign in on the pool's own page");
    assert.notEqual(new URL(v.page.url()).host, home);
    const pool = async (password) => {
      await v.page.locator("input[name=username]").fill("carol");
      await v.page.locator("input[name=password]").fill(password);
      await Promise.all([v.page.waitForEvent("load"), v.page.locator("button, input[type=submit]").first().click()]);
    };
    await pool("wrong");
    assert.notEqual(new URL(v.page.url()).host, home);
    v.complaints.length = 0; // of the status 400
    await pool(NEW_PASSWORD);
    await v.sees("/account", "You are signed in as carol.");
    await v.reload();
    await v.press("Sign out");
    await v.sees("/", "You are signed out.");
    assert.equal(new URL(v.page.url()).host, home);
    await v.backShowsNothing();
    await v.page.goto(v.site.url);
    await v.follow("Sign in on the pool's own page");
    assert.equal(await v.page.locator("input[name=password]").count(), 1, "the pool has signed the user out, too");
  },

  // The account stays alive behind the next page, while the user signs out in another tab.
  async "back to a page that is kept alive"(v) {
    await v.signIn("frank");
    await v.sees("/account", "You are signed in as frank.");
    await v.page.evaluate(() => addEventListener("pagehide", (event) => { sessionStorage.alive = event.persisted; }));
    await v.page.goto(`${v.site.url}sign-up`);
    assert.equal(await v.page.evaluate(() => sessionStorage.alive), "true");
    const tab = await v.context.newPage();
    await tab.goto(`${v.site.url}account`);
    await Promise.all([tab.waitForEvent("load"), tab.getByRole("button", { name: "Sign out", exact: true }).click()]);
    await tab.close();
    await v.page.evaluate(() => history.back());
    await v.page.getByText("Please sign in.").waitFor();
    await v.sees("/", "Sign in");
    await v.lacks("frank");
  },

  async "deleting the account"(v) {
    await v.signIn("zoe", NEW_PASSWORD);
    await v.page.getByLabel("Delete my account and everything in it").check();
    await v.press("Delete", "#delete");
    await v.sees("/", "Your account is deleted.");
    await v.backShowsNothing();
    await v.signIn("zoe", NEW_PASSWORD);
    await v.sees("/", "The name or the password is wrong.");
  },
};

const walksWithMFA = {
  async "set-up while signing in"(v) {
    await v.signIn("frank");
    await v.press("Set up an authenticator app");
    const secret = await v.scan();
    await v.reload();
    assert.equal(await v.scan(), secret);
    await v.fill({ Code: "000000" });
    await v.press("Go on");
    await v.sees("/challenge", "The code is wrong.");
    await v.fill({ Code: totp(secret) });
    await v.press("Go on");
    await v.sees("/account", "Authenticator app: on");
    await v.signOut();
  },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"],
  ignoreDefaultArgs: ["--disable-back-forward-cache"], // as users have it
});
let failed = 0;
for (const [args, list] of [[[], walks], [["-mfa", "ON"], walksWithMFA]]) {
  const site = await start(...args);
  for (const [name, walk] of Object.entries(list)) {
    if (process.env.WALK && !name.match(process.env.WALK)) continue;
    const begun = Date.now();
    const v = await Visitor.come(browser, site);
    try {
      await walk(v, browser);
      await v.leave();
      console.log(`ok      ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${name} at ${v.page.url()}: ${error.stack}`);
      await v.context.close();
    }
  }
  await site.stop();
}
await browser.close();
process.exitCode = failed ? 1 : 0;
