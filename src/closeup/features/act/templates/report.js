"use strict";
(() => {
  const { all, clock } = house;
  const both = document.querySelector(".both");
  const [first, second] = [both.querySelector(".first"), both.querySelector(".second")];
  if (!first) return;
  const lag = Number(both.dataset.lag);
  const rate = Number(both.dataset.rate);

  // The attempt follows the original: its lag and drift taken out, and put right where players stray.
  const follow = () => {
    const wanted = lag + rate * first.currentTime;
    const there = wanted >= 0 && !(wanted > second.duration);
    if (Math.abs(second.currentTime - wanted) > 0.12 && there) second.currentTime = wanted;
    if (!there || first.paused || first.ended) second.pause();
    else if (second.paused) second.play().catch(() => {});
  };
  first.addEventListener("ratechange", () => { second.playbackRate = Math.min(Math.max(rate * first.playbackRate, 0.1), 8); });
  second.playbackRate = rate;
  for (const event of ["play", "pause", "seeking", "seeked", "timeupdate", "ended"]) first.addEventListener(event, follow);

  for (const video of [first, second]) {
    video.addEventListener("error", () => {
      both.querySelector(".lost").hidden = false;
      both.querySelector(".screens").hidden = true;
    });
  }

  const timeline = document.querySelector(".timeline");
  const length = Number(timeline.dataset.length);
  const head = document.createElement("div");
  head.className = "playhead";
  head.hidden = true;
  timeline.append(head);
  first.addEventListener("timeupdate", () => {
    head.hidden = false;
    head.style.left = `${(100 * first.currentTime) / length}%`;
    head.dataset.time = clock(first.currentTime);
  });
  const go = (seconds) => { first.currentTime = seconds; follow(); };
  for (const button of all(".at")) {
    button.addEventListener("click", () => {
      go(Number(button.dataset.at));
      both.scrollIntoView({ block: "start" });
      first.play().catch(() => {});
    });
  }
  timeline.addEventListener("click", (event) => {
    const box = timeline.getBoundingClientRect();
    go(Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * length);
  });
})();
