// Talks to the device for passkeys, and takes an activation code from behind the #. Beside check.js the only script there
// is; every page works without it, by another way in.
"use strict";
(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  // What the device answered, as JSON (WebAuthn level 3, toJSON; older browsers do not have it).
  const written = (made) => {
    const said = { clientDataJSON: text(made.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) said[name] = text(made.response[name]);
    }
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response: said });
  };

  const asked = async (form) => {
    const field = form.elements.namedItem("csrf_token");
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    if (field) headers["X-CSRF-Token"] = field.value;
    const answer = await fetch(form.dataset.options, { method: "POST", headers, body: "{}" });
    if (!answer.ok) throw new Error(String(answer.status));
    const options = (await answer.json()).public_key;
    options.challenge = bytes(options.challenge);
    for (const name of ["allowCredentials", "excludeCredentials"]) {
      for (const one of options[name] || []) one.id = bytes(one.id);
    }
    if (options.user) options.user.id = bytes(options.user.id);
    return options;
  };

  for (const form of document.querySelectorAll("form[data-options]")) {
    const note = form.querySelector("[data-note]");
    if (!window.PublicKeyCredential) continue;
    note.textContent = "";
    form.querySelector("button").disabled = false;
    form.addEventListener("submit", async (event) => {
      if (form.elements.namedItem("credential").value) return;
      event.preventDefault();
      try {
        const publicKey = await asked(form);
        const made = publicKey.user
          ? await navigator.credentials.create({ publicKey })
          : await navigator.credentials.get({ publicKey });
        form.elements.namedItem("credential").value = written(made);
        form.submit();
      } catch {
        note.textContent = "没有完成。请再试一次，或换一种登录方式。";
      }
    });
  }

  const code = document.querySelector("input[data-fragment]");
  const take = () => {
    if (location.hash.length < 2) return;
    code.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
  };
  if (code) {
    take();
    window.addEventListener("hashchange", take);
  }
})();
