// The reader of a conversation: where they write, where they look, what they have opened.
"use strict";
(() => {
  const NEAR_PX = 80; // so near to the end counts as at the end
  const STALE_MS = 500; // what happens in a row is told once
  const BESIDE_MS = 8_000; // while something is answered anywhere
  const scroller = document.scrollingElement;
  const form = document.getElementById("composer") ?? document.getElementById("new");
  const field = document.getElementById("text");
  const below = document.getElementById("below");
  const opened = new Map(); // what the reader has opened or shut, by its place on the page

  // Writing

  function fit() {
    if (!field || CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  field?.addEventListener("input", fit);
  field?.addEventListener("keydown", (event) => {
    // While an input method composes, Enter chooses a word. Safari says so by the number only.
    const composing = event.isComposing || event.keyCode === 229;
    const changed = event.shiftKey || event.ctrlKey || event.altKey || event.metaKey;
    if (event.key !== "Enter" || composing || changed || matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // The message was sent: the form gets the id of the next one. What was typed meanwhile stays.
  document.addEventListener("threadlog:id", (event) => {
    (form.elements.message_id ?? form.elements.id).value = event.detail.id;
  });

  let sent = null;
  form?.addEventListener("htmx:configRequest", () => (sent = field.value));
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful, xhr } = event.detail;
    if (elt.id === "threads") return;
    release(elt);
    if (!successful) {
      // Who answers without saying where to tell it is not our server, but something before it.
      const isTold = xhr.getResponseHeader("hx-retarget") || xhr.getResponseHeader("hx-redirect");
      if (!isTold) notice("The server cannot be reached. Nothing is lost: try again in a moment.");
      return;
    }
    document.getElementById("notices")?.replaceChildren();
    if (elt.hasAttribute("data-closes")) elt.closest("details").open = false;
    if (elt !== form) return;
    if (field.value === sent) field.value = "";
    const mode = document.getElementById("when-busy");
    if (mode) mode.value = "enqueue"; // how it goes in is chosen for each message
    keep();
    fit();
    toEnd();
  });

  function notice(text) {
    const paragraph = Object.assign(document.createElement("p"), { textContent: text });
    const box = Object.assign(document.createElement("div"), { className: "notice" });
    box.dataset.kind = "error";
    box.setAttribute("role", "alert");
    box.append(paragraph);
    document.getElementById("notices")?.replaceChildren(box);
  }

  // What was asked, as it was or changed, is asked again: it comes to where one writes, and nothing
  // that stands there is lost.
  document.addEventListener("click", (event) => {
    let place = event.target.closest?.("[data-again]")?.closest("article");
    if (!place || !field || field.disabled) return;
    while (place && !place.matches(".said")) place = place.previousElementSibling;
    const asked = place?.querySelector(".bubble").textContent ?? "";
    field.setRangeText(asked, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    keep();
    fit();
  });

  // A button says at once that it was pressed.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.target.id !== "stop" || !button) return;
    setTimeout(() => { // after the form was read: a disabled button sends nothing
      button.disabled = true;
      button.textContent = "Stopping…";
    });
  });

  function release(elt) {
    if (elt.id !== "stop") return;
    const button = document.querySelector("button[form=stop][disabled]");
    // It was not stopped: the server cannot be reached, or it has ended.
    if (button) setTimeout(() => Object.assign(button, { disabled: false, textContent: "Stop" }), 3_000);
  }

  // Looking

  const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - innerHeight < NEAR_PX;

  function toEnd() {
    scroller.scrollTop = scroller.scrollHeight;
    if (below) below.hidden = true;
  }

  below?.addEventListener("click", toEnd);
  addEventListener("scroll", () => below && isAtEnd() && (below.hidden = true), { passive: true });

  document.addEventListener("click", (event) => {
    const details = event.target.closest?.("#conversation summary")?.parentNode;
    if (details) opened.set(placeOf(details), !details.open);
  });

  function placeOf(details) {
    const around = details.parentNode.closest("[id]");
    return `${around.id} ${[...around.querySelectorAll("details")].indexOf(details)}`;
  }

  let before = null;
  document.addEventListener("threadlog:before", () => {
    const active = document.activeElement;
    before = {
      atEnd: isAtEnd(),
      height: scroller.scrollHeight,
      active: active === document.body ? null : active,
      mode: document.getElementById("when-busy")?.value,
    };
  });

  document.addEventListener("threadlog:after", () => {
    for (const details of opened.size ? document.querySelectorAll("#conversation details") : []) {
      const choice = opened.get(placeOf(details));
      if (choice !== undefined && details.open !== choice) details.open = choice;
    }
    const mode = document.getElementById("when-busy");
    if (mode && before.mode) mode.value = before.mode;
    // What had the keyboard is gone, and nothing else took it: the reader goes on where one writes.
    const lost = before.active && !before.active.isConnected && document.activeElement === document.body;
    if (lost) field?.focus({ preventScroll: true });
    if (before.atEnd) toEnd();
    else if (below && scroller.scrollHeight > before.height) below.hidden = false;
  });

  // The list beside the conversation tells its name and how it stands, too; not while it is used.
  const stand = () => ["title", "status"].map((id) => document.getElementById(id)?.textContent).join("\n");
  let stood = stand();
  let stale = 0;
  document.addEventListener("threadlog:after", () => {
    if (stand() === stood) return;
    stood = stand();
    document.title = `${document.getElementById("title").textContent} · Threadlog`;
    clearTimeout(stale);
    stale = setTimeout(renew, STALE_MS);
  });

  let isLate = false;

  function renew() {
    const list = document.getElementById("threads");
    isLate = list?.matches(":hover, :focus-within") ?? false;
    if (list && !isLate && navigator.onLine) htmx.trigger(list, "threadlog:stale");
  }

  // What goes on in other conversations, nobody tells this page.
  setInterval(() => {
    if (document.hidden) return;
    if (isLate || document.querySelector("#threads [data-state=processing]")) renew();
  }, BESIDE_MS);

  // The reader did not ask for it: if it fails, nothing is said, and nobody is led away.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.elt.id === "threads" && event.detail.xhr.status >= 400) event.preventDefault();
  });

  // What was written and not sent outlives a reload, and a session that ends.
  const draft = `draft ${location.pathname}`;
  const drafts = (() => {
    try {
      return sessionStorage;
    } catch {
      return null; // the browser was told to keep nothing
    }
  })();
  const keep = () => (field?.value ? drafts?.setItem(draft, field.value) : drafts?.removeItem(draft));
  if (field && !field.value) field.value = drafts?.getItem(draft) ?? "";
  field?.addEventListener("input", keep);
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action")?.endsWith("/sign-out")) drafts?.clear();
  });

  fit();
  const sought = location.hash.slice(1);
  if (document.getElementById("conversation")) {
    if (!sought) toEnd();
    // A search leads to a message that may stand before those on the page.
    const isEarlier = /^(said|answer)-/.test(sought) && !document.getElementById(sought);
    if (isEarlier && !/[?&]first=/.test(location.search)) location.replace(`?first=0#${sought}`);
  }
})();
