"use strict";
(() => {
  const { all, clock } = house;

  // One short plays at a time, and the timeline shows where in the video it is.
  const timeline = document.querySelector(".timeline");
  const head = timeline.querySelector(".playhead");
  const length = Number(timeline.dataset.length);
  const lane = () => timeline.querySelector(".row svg.bars").getBoundingClientRect();
  const showAt = (seconds) => {
    const box = lane();
    head.hidden = false;
    head.style.left = `${box.left - timeline.getBoundingClientRect().left + (seconds / length) * box.width}px`;
    head.dataset.time = clock(seconds);
  };
  const videos = all("video");
  let playing = null;
  for (const video of videos) {
    const spans = video.closest(".card").dataset.spans.split(" ").map((span) => span.split(":").map(Number));
    const source = (time) => {
      for (const [start, end] of spans) {
        if (time < end - start) return start + time;
        time -= end - start;
      }
      return spans[spans.length - 1][1];
    };
    const follow = () => { if (playing === video) showAt(source(video.currentTime)); };
    video.addEventListener("play", () => {
      playing = video;
      for (const other of videos) if (other !== video) other.pause();
      follow();
    });
    video.addEventListener("timeupdate", follow);
    video.addEventListener("seeking", follow);
  }

  // Without one playing, the time under the pointer.
  timeline.addEventListener("mousemove", (event) => {
    if (playing && !playing.paused) return;
    const box = lane();
    const place = (event.clientX - box.left) / box.width;
    if (place < 0 || place > 1) head.hidden = true;
    else showAt(place * length);
  });
  timeline.addEventListener("mouseleave", () => { if (!playing || playing.paused) head.hidden = true; });

  // A short and its stretches point at each other.
  for (const card of all(".card")) {
    const name = card.id.replace("short-", "");
    const own = all(`[data-short="${name}"]`);
    const point = (on) => { for (const rect of own) rect.classList.toggle("pointed", on); };
    card.addEventListener("mouseenter", () => point(true));
    card.addEventListener("mouseleave", () => point(false));
  }
})();
