// The time machine: its slider, its steps, and where a playback has come to.
"use strict";
(() => {
  const SETTLE_MS = 150; // the slider rests before the server is asked

  const machine = document.getElementById("machine");
  const slider = document.getElementById("slider");
  if (machine && slider) {
    const stops = slider.dataset.stops.split(" ").map(Number);
    const isPlaying = machine.dataset.playing === "true";
    const here = () => stops[Number(slider.value)];
    let asking = 0;
    machine.classList.add("scripted");

    // The last stop at or before a position.
    const stopAt = (position) => {
      let [low, high] = [0, stops.length - 1];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if (stops[middle] <= position) low = middle;
        else high = middle - 1;
      }
      return low;
    };

    const tell = (position) => {
      const number = Number(slider.value) + 1;
      document.getElementById("stop-count").textContent = `${number} of ${stops.length}`;
      slider.setAttribute("aria-valuetext", `Event ${number} of ${stops.length}, position ${position}`);
      for (const field of document.querySelectorAll("[data-position]")) if ("value" in field) field.value = position;
      for (const link of document.querySelectorAll("[data-step]")) {
        const to = stops[Number(slider.value) + Number(link.dataset.step)];
        const leadsNowhere = to === undefined;
        link.ariaDisabled = leadsNowhere ? "true" : null;
        link.role = leadsNowhere ? "link" : null;
        if (leadsNowhere) link.removeAttribute("href");
        else link.href = `${machine.dataset.page}?position=${to}`;
      }
      const pause = document.getElementById("pause");
      if (pause) pause.href = `${machine.dataset.page}?position=${position}`;
    };

    const load = () => {
      const position = here();
      history.replaceState(null, "", `${machine.dataset.page}?position=${position}`);
      htmx.ajax("GET", `${machine.dataset.view}?position=${position}`, { source: slider, target: "#moment", swap: "innerHTML" });
    };

    const go = (stop) => {
      slider.value = stop;
      tell(here());
      clearTimeout(asking);
      asking = setTimeout(load, SETTLE_MS);
    };

    slider.addEventListener("input", () => (isPlaying ? tell(here()) : go(slider.value)));
    slider.addEventListener("change", () => {
      if (isPlaying) location.assign(`${machine.dataset.page}?position=${here()}`);
    });
    machine.addEventListener("click", (event) => {
      const link = event.target.closest("[data-step]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      if (link.hasAttribute("href")) go(Number(slider.value) + Number(link.dataset.step));
    });

    document.addEventListener("threadlog:after", () => {
      const playhead = document.getElementById("playhead");
      const position = Number(playhead.dataset.position);
      slider.value = stopAt(position);
      tell(position);
      if (playhead.dataset.over) document.getElementById("pause").textContent = "Done";
    });
  }
})();
