"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // A portrait opens and closes its strip; the keyboard has the strip's own heading for that.
  for (const card of all(".card")) {
    const strip = card.querySelector(".strip");
    const portrait = card.querySelector(".portrait");
    portrait.classList.add("opens");
    portrait.addEventListener("click", () => { strip.open = !strip.open; });
    for (const item of all(".strip li", card)) {
      const bars = all("rect", card).filter((bar) => bar.dataset.track === item.dataset.track);
      const show = (on) => {
        card.classList.toggle("pointing", on);
        for (const bar of bars) bar.classList.toggle("pointed", on);
      };
      item.addEventListener("mouseenter", () => show(true));
      item.addEventListener("mouseleave", () => show(false));
    }
  }

  // Commands can be copied.
  const copied = (button) => {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  for (const button of all(".copy")) {
    const code = button.parentElement.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        copied(button);
      } catch {
        getSelection().selectAllChildren(code);
        if (document.execCommand("copy")) copied(button);
      }
    });
  }

  // The time under the pointer.
  const timeline = document.querySelector(".timeline");
  if (timeline) {
    const head = timeline.querySelector(".playhead");
    const length = Number(timeline.dataset.length);
    const two = (number) => String(number).padStart(2, "0");
    const clock = (seconds) => {
      const s = Math.floor(seconds);
      const hours = Math.floor(s / 3600);
      const minutes = Math.floor(s / 60) % 60;
      return (hours ? `${hours}:${two(minutes)}` : `${minutes}`) + `:${two(s % 60)}`;
    };
    timeline.addEventListener("mousemove", (event) => {
      const lane = timeline.querySelector(".row svg").getBoundingClientRect();
      const place = (event.clientX - lane.left) / lane.width;
      head.hidden = place < 0 || place > 1;
      head.style.left = `${event.clientX - timeline.getBoundingClientRect().left}px`;
      head.dataset.time = clock(place * length);
    });
    timeline.addEventListener("mouseleave", () => { head.hidden = true; });
  }

  // Paper cannot be clicked: strips print open.
  let shut = [];
  addEventListener("beforeprint", () => {
    shut = all(".strip:not([open])");
    for (const strip of shut) strip.open = true;
  });
  addEventListener("afterprint", () => { for (const strip of shut) strip.open = false; });
})();
