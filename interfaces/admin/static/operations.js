// Pages that refresh themselves rest while nobody sees them, and keep what the reader is about to use.
"use strict";
document.addEventListener("htmx:beforeRequest", (event) => {
  const polled = event.target.closest("[data-poll]");
  if (polled === event.target && (document.hidden || polled.contains(document.activeElement))) event.preventDefault();
});
