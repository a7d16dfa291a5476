// Buttons that copy: a block of code, an answer as its model wrote it, what an address has. Made or
// shown here, for they need a clipboard, which pages have by HTTPS or of the same machine only.
"use strict";
(() => {
  const TOLD_MS = 2_000;
  const CODE = ".talk .prose pre:not(.plain, .open pre, .code > pre)"; // finished, without a button
  const FOOT = ".talk .answer:not([aria-busy]) > [id^=foot-] > .meta";

  if (!navigator.clipboard?.write) return;

  function offer() {
    for (const pre of document.querySelectorAll(CODE)) {
      const around = Object.assign(document.createElement("div"), { className: "code" });
      pre.replaceWith(around);
      around.append(pre, button("Copy code"));
    }
    for (const meta of document.querySelectorAll(FOOT)) {
      const says = meta.closest(".answer").querySelector(":scope > .stack > .prose");
      if (!says || meta.querySelector(".copy")) continue;
      meta.append(button("Copy answer", location.pathname + meta.parentNode.id.replace("foot-", "/answers/")));
    }
  }

  // `address`: of the text; without it the button stands beside the code.
  function button(label, address) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    made.className = "button quiet small copy";
    if (address) made.dataset.copy = address;
    return made;
  }

  document.addEventListener("click", async (event) => {
    const pressed = event.target.closest?.(".copy");
    if (!pressed) return;
    // As a promise: some browsers let a page write only in the moment of the click.
    const item = new ClipboardItem({ "text/plain": wanted(pressed) });
    tell(pressed, await navigator.clipboard.write([item]).then(() => "Copied", () => "Not copied"));
  });

  async function wanted(pressed) {
    const address = pressed.dataset.copy;
    if (!address) return text(pressed.parentNode.querySelector("code").textContent);
    const answer = await fetch(address, { redirect: "error" }); // to sign in, for one
    if (!answer.ok) throw new Error(answer.status);
    return text(await answer.text());
  }

  const text = (words) => new Blob([words], { type: "text/plain" });

  let restore = () => {};

  function tell(pressed, words) {
    restore();
    const label = pressed.textContent;
    const timer = setTimeout(() => restore(), TOLD_MS);
    restore = () => {
      clearTimeout(timer);
      pressed.textContent = label;
      restore = () => {};
    };
    pressed.textContent = words;
    document.getElementById("announcements").textContent = words;
  }

  for (const waiting of document.querySelectorAll(".copy[hidden]")) waiting.hidden = false;
  document.addEventListener("threadlog:after", offer);
  offer();
})();
