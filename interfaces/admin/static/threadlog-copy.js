// Buttons that copy: a block of code, and an answer as its model wrote it. Made here, for they need
// this script, and a clipboard, which browsers give to pages by HTTPS or of the same machine only.
"use strict";
(() => {
  const TOLD_MS = 2_000;
  const CODE = "#conversation .prose pre:not(.plain, .open pre, .code > pre)"; // finished, without a button
  const FOOT = "#conversation .answer:not([aria-busy]) > [id^=foot-] > .meta";

  if (!navigator.clipboard?.write) return;

  function offer() {
    for (const pre of document.querySelectorAll(CODE)) {
      const around = Object.assign(document.createElement("div"), { className: "code" });
      pre.replaceWith(around);
      around.append(pre, button("Copy code"));
    }
    for (const meta of document.querySelectorAll(FOOT)) {
      const says = meta.closest(".answer").querySelector(":scope > .stack > .prose");
      if (says && !meta.querySelector(".copy")) meta.append(button("Copy answer"));
    }
  }

  function button(label) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    made.className = "button quiet small copy";
    return made;
  }

  document.addEventListener("click", async (event) => {
    const pressed = event.target.closest?.(".copy");
    if (!pressed) return;
    const code = pressed.parentNode.querySelector(":scope > pre > code");
    const copying = code ? navigator.clipboard.writeText(code.textContent) : copyAnswer(pressed.closest(".answer"));
    tell(pressed, await copying.then(() => "Copied", () => "Not copied"));
  });

  // Given as a promise: some browsers let a page write only in the moment of the click.
  function copyAnswer(answer) {
    const item = new ClipboardItem({ "text/plain": markdown(answer.id.replace("answer-", "")) });
    return navigator.clipboard.write([item]);
  }

  async function markdown(id) {
    const answer = await fetch(`${location.pathname}/answers/${id}`, { redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    return new Blob([await answer.text()], { type: "text/plain" });
  }

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

  document.addEventListener("threadlog:after", offer);
  offer();
})();
