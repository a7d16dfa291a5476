// The live conversation. The server sends patches of the page with their position in the log; this
// keeps the position, so that a page that was away goes on from there: nothing twice, nothing lost.
"use strict";
(() => {
  const SILENCE_MS = 40_000; // the server says something every 15 s
  const LOST_MS = 1_500; // a connection that comes back sooner was not lost, for people
  const SLICE_MS = 10; // of work at once: the reader can scroll and type meanwhile
  const SLICE_CHARACTERS = 20_000; // for what is new must be laid out too
  const NOW = { swapStyle: "none", swapDelay: 0, settleDelay: 0 };

  const page = document.getElementById("stream");
  if (!page) return;
  const place = page.parentNode;
  const mould = page.cloneNode();
  const start = new URL(page.getAttribute("sse-connect"), location.href);

  let cursor = start.searchParams.get("after") ?? "";
  let source = null;
  let received = cursor; // of the last batch that came; what is shown may be behind
  let batch = []; // events that take effect with the one that has their position
  let waiting = []; // whole batches
  let drawing = 0;
  let grown = ""; // the element that the last event was about: the next one may leave it out
  let heard = Date.now();
  let failures = 0;
  let lost = 0;
  let again = 0;
  let healed = 0;

  const connector = () => document.getElementById("stream");

  // Errors are ours alone: the extension would write each to the console and connect by itself.
  class Source extends EventSource {
    set onerror(_) {}
  }

  // The extension opens the address of the attribute; we know where to go on.
  htmx.createEventSource = () => {
    settle();
    source?.close();
    received = cursor;
    start.searchParams.set("after", cursor);
    source = new Source(start);
    source.addEventListener("error", failed);
    heard = Date.now();
    return source;
  };

  function connect() {
    clearTimeout(again);
    if (document.hidden || connector()) return;
    const fresh = mould.cloneNode();
    place.append(fresh);
    htmx.process(fresh);
  }

  function disconnect() {
    clearTimeout(again);
    settle();
    source?.close();
    source = null;
    const old = connector();
    // Without its attributes the extension cannot connect it once more, however late it tries.
    for (const name of ["sse-connect", "sse-swap", "id"]) old?.removeAttribute(name);
    old?.remove();
  }

  function reconnect(milliseconds) {
    disconnect();
    again = setTimeout(connect, milliseconds);
  }

  // The page is not what the server takes it for: ask for the whole conversation. Where even that
  // does not help, ever less often.
  function startOver() {
    waiting = [];
    cursor = "";
    reconnect(Math.min(250 * 2 ** healed++, 60_000));
  }

  function tell(text, href, action) {
    clearTimeout(lost);
    lost = 0;
    write(text, href, action);
  }

  function write(text, href, action) {
    const link = Object.assign(document.createElement("a"), { href: href ?? "", textContent: action ?? "" });
    document.getElementById("connection")?.replaceChildren(text, ...(href ? [" ", link] : []));
  }

  // Once, counted from the first failure: a server that is away refuses again and again.
  function tellLater() {
    lost ||= setTimeout(write, LOST_MS, "Connection lost. Reconnecting…");
  }

  // A browser does not say why a stream was refused. An ordinary request does.
  async function askWhy() {
    const asked = await fetch(mould.dataset.status, { headers: { accept: "application/json" } }).catch(() => null);
    if (asked?.status === 401) {
      const back = encodeURIComponent(location.pathname);
      return tell("You are signed out.", `/_admin/sign-in?next=${back}`, "Sign in");
    }
    if (asked?.status === 403 || asked?.status === 404) {
      return tell("You can no longer read this conversation.", "/_admin/chat", "See your conversations");
    }
    if (asked?.status === 422) {
      return tell("A reason is needed to read on.", location.pathname + location.search, "Give one");
    }
    if (asked?.ok && failures > 2) cursor = "";
    reconnect(Math.min(500 * 2 ** failures, 8_000));
  }

  document.addEventListener("htmx:sseOpen", () => {
    failures = 0;
    heard = Date.now();
    tell("");
  });

  function failed(event) {
    if (event.target !== source) return;
    tellLater();
    if (source.readyState !== EventSource.CLOSED) return; // it reconnects by itself
    failures += 1;
    disconnect();
    askWhy();
  }

  // Always prevented: half a batch must never be seen, or a resumed page would have it twice.
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    event.preventDefault();
    const { type, data, lastEventId } = event.detail;
    heard = Date.now();
    if (type === "connected") batch = [];
    if (type !== "beat") batch.push([type, data]);
    if (type === "reset" || (lastEventId && lastEventId !== received)) {
      waiting.push({ events: batch, done: 0, position: lastEventId });
      received = lastEventId;
      batch = [];
      drawing ||= requestAnimationFrame(show);
    }
  });

  // With the next picture, and no longer than one may wait for it. Browsers hand over all that has
  // arrived in one task, which must stay short.
  function show() {
    drawing = 0;
    const until = performance.now() + SLICE_MS;
    document.dispatchEvent(new CustomEvent("threadlog:before"));
    let characters = 0;
    while (waiting.length && characters < SLICE_CHARACTERS && performance.now() < until) characters += step();
    document.dispatchEvent(new CustomEvent("threadlog:after"));
    if (waiting.length) drawing ||= requestAnimationFrame(show);
  }

  // One event of the first batch, and its size; after the last one the page has its position.
  function step() {
    const [first] = waiting;
    const event = first.events[first.done++];
    try {
      if (event) apply(...event);
    } catch {
      startOver();
      return 0;
    }
    if (waiting[0] !== first) return 0; // it had no place on the page
    if (first.done >= first.events.length) {
      cursor = first.position;
      waiting.shift();
    }
    return event ? event[1].length : 0;
  }

  // The page has its position, or what it shows and where it goes on would not agree.
  function settle() {
    while (waiting[0]?.done) step();
    waiting = [];
    batch = [];
  }

  function apply(type, data) {
    if (type === "connected") grown = "";
    else if (type === "say") document.getElementById("announcements").textContent = data;
    else if (type in growth) grow(type, data);
    else htmx.swap(place, data, NOW);
  }

  // Of a text that is being written: ID and what comes; "." is the same ID as before.
  const growth = {
    open: (block, html) => setHtml(block, html),
    close: (block, html) => {
      block.insertAdjacentHTML("beforebegin", html);
      block.replaceChildren();
    },
    keep: (block) => block.before(...block.childNodes),
    more: (block, data) => {
      const [level, html] = split(data);
      const chain = [block];
      while (chain[0].lastChild instanceof Element) chain.unshift(chain[0].lastChild);
      chain[Number(level)].insertAdjacentHTML("beforeend", html);
    },
    ended: (block, _, text) => {
      block?.remove();
      text.removeAttribute("aria-busy");
    },
  };

  function grow(type, data) {
    const [id, rest] = split(data);
    if (id !== ".") grown = id;
    const text = document.getElementById(grown);
    growth[type](text.querySelector(":scope > .open"), rest, text);
  }

  function setHtml(element, html) {
    element.replaceChildren();
    element.insertAdjacentHTML("beforeend", html);
  }

  function split(data) {
    const end = data.indexOf(" ");
    return [data.slice(0, end), data.slice(end + 1)];
  }

  document.addEventListener("htmx:oobErrorNoTarget", startOver);

  // Browsers keep six connections to a server, for all tabs together: who is not seen gives way.
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
  addEventListener("online", () => reconnect(0));
  if (document.hidden) disconnect();

  setInterval(() => {
    if (source && Date.now() - heard > SILENCE_MS) {
      tellLater();
      reconnect(0);
    }
  }, 5_000);
})();
