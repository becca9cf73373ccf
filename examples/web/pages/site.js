// Forms with data-passkey ask the browser's authenticator, and send what it answers as the field "credential".
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch (error) {
      button.disabled = false;
      form.querySelector("[role=alert]").textContent = `The passkey could not be used (${error.name}).`;
    }
  });
}

// A page that the browser has kept alive for the way back may be of a session that is over: ask again.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
