"use strict";
(() => {
  const { all, clock, quoted } = house;
  const cards = all(".card");

  // A portrait opens and closes its strip; the keyboard has the strip's own heading for that.
  for (const card of cards) {
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

  // The time under the pointer, or where the video plays.
  const timeline = document.querySelector(".timeline");
  const length = timeline ? Number(timeline.dataset.length) : 0;
  const head = timeline && timeline.querySelector(".playhead");
  const lane = () => timeline.querySelector(".row.ruler svg").getBoundingClientRect();
  const showAt = (seconds) => {
    const box = lane();
    head.hidden = false;
    head.style.left = `${box.left - timeline.getBoundingClientRect().left + (seconds / length) * box.width}px`;
    head.dataset.time = clock(seconds);
  };
  const video = document.querySelector(".watch video");
  const playing = () => video && !video.hidden && !video.paused;
  const rest = () => { if (head && !playing()) head.hidden = !(video && video.currentTime > 0); };
  if (timeline) {
    timeline.addEventListener("mousemove", (event) => {
      if (playing()) return;
      const box = lane();
      const place = (event.clientX - box.left) / box.width;
      if (place < 0 || place > 1) rest();
      else showAt(place * length);
    });
    timeline.addEventListener("mouseleave", () => {
      rest();
      if (head && !head.hidden) showAt(video.currentTime);
    });
  }

  // Where the video is beside the folder it plays, and bars, pictures and shots lead into it.
  if (video) {
    const go = (seconds) => {
      video.currentTime = Math.min(Math.max(seconds, 0), length);
      video.scrollIntoView({ block: "nearest" });
      video.play().catch(() => {});
    };
    video.addEventListener("error", () => {
      video.hidden = true;
      document.querySelector(".watch .lost").hidden = false;
    });
    video.addEventListener("timeupdate", () => { if (length) showAt(video.currentTime); });
    const ready = () => {
      document.querySelector(".watch .hint").hidden = false;
      document.body.classList.add("plays");
      for (const bars of all("svg.bars")) {
        bars.addEventListener("click", (event) => {
          const box = bars.getBoundingClientRect();
          go(((event.clientX - box.left) / box.width) * length);
        });
      }
      for (const item of all("[data-at]")) {
        item.addEventListener("click", (event) => {
          if (!event.target.closest("a, button")) go(Number(item.dataset.at));
        });
      }
    };
    if (video.error) video.dispatchEvent(new Event("error"));
    else if (video.readyState > 0) ready();
    else video.addEventListener("loadedmetadata", ready, { once: true });
  }

  // Who is chosen stands alone on the timeline and in the table of shots.
  const only = new Set();
  const filtered = document.querySelector(".filtered");
  const filter = () => {
    for (const item of all("[data-people]")) {
      item.hidden = only.size > 0 && !item.dataset.people.split(" ").some((person) => only.has(person));
    }
    for (const button of all(".only")) button.setAttribute("aria-pressed", String(only.has(button.value)));
    filtered.hidden = only.size === 0;
    const names = cards.filter((card) => only.has(card.dataset.person)).map((card) => card.dataset.name);
    filtered.querySelector("span").textContent = `Only ${names.join(", ")}.`;
  };
  for (const button of all(".only")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      if (!only.delete(button.value)) only.add(button.value);
      filter();
    });
  }
  if (filtered) {
    filtered.querySelector(".everyone").addEventListener("click", () => {
      only.clear();
      filter();
    });
  }

  // What is changed on the page becomes one command to copy.
  const changes = document.querySelector(".changes");
  const answers = all(".asked li").map((question) => ({ question, buttons: all(".answer", question) }));
  const order = (person) => {
    const place = cards.findIndex((card) => card.dataset.person === person);
    return place < 0 ? cards.length : place;
  };
  const pressed = (button) => button.getAttribute("aria-pressed") === "true";
  const press = (button, on) => button.setAttribute("aria-pressed", String(on));
  const field = (card, name) => card.querySelector(`[name=${name}]`);

  // People who are said to be one, each group with the one who is listed first in front.
  const together = (pairs) => {
    const groups = [];
    for (const pair of pairs) {
      const touched = groups.filter((group) => pair.some((person) => group.has(person)));
      const joined = new Set([...touched.flatMap((group) => [...group]), ...pair]);
      for (const group of touched) groups.splice(groups.indexOf(group), 1);
      groups.push(joined);
    }
    return groups.map((group) => [...group].sort((a, b) => order(a) - order(b)));
  };

  // The changes in the words of the command, each a list of words.
  const wanted = () => {
    const parts = [];
    const names = cards.filter((card) => field(card, "name").value.trim() !== field(card, "name").dataset.given);
    if (names.length) {
      parts.push(["name", ...names.map((card) => `${card.dataset.person}=${field(card, "name").value.trim()}`)]);
    }
    for (const card of cards) {
      const star = all(".star", card).find(pressed);
      if (star && star.value !== card.dataset.shown) parts.push(["portrait", card.dataset.person, star.value]);
    }
    const said = answers.map(({ question, buttons }) => [(buttons.find(pressed) || {}).value, question.dataset]);
    for (const [answer, { one, other }] of said) if (answer === "different") parts.push(["different", one, other]);
    const pairs = said.filter(([answer]) => answer === "same").map(([, { one, other }]) => [one, other]);
    for (const card of cards) {
      if (field(card, "same").value) pairs.push([field(card, "same").value, card.dataset.person]);
    }
    const groups = together(pairs);
    for (const group of groups) parts.push(["merge", ...group]);
    const gone = new Set(groups.flatMap((group) => group.slice(1)));
    const hide = cards.filter((card) => field(card, "hide").checked && !gone.has(card.dataset.person));
    if (hide.length) parts.push(["hide", ...hide.map((card) => card.dataset.person)]);
    return parts;
  };

  // Inside one change words are quoted by ", so that the shell's quotes around it stay readable.
  const inner = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`);
  const show = () => {
    const parts = wanted();
    const words = parts.length === 1
      ? parts[0].map(quoted)
      : ["apply", ...parts.map((part) => quoted(part.map(inner).join(" ")))];
    changes.querySelector("code").textContent = `${changes.dataset.start} ${words.join(" ")}`;
    const count = parts.reduce((sum, [kind, ...rest]) => sum + (/^(name|hide)$/.test(kind) ? rest.length : 1), 0);
    changes.querySelector(".count").textContent = count === 1 ? "One change." : `${count} changes.`;
    changes.hidden = parts.length === 0;
  };

  for (const card of cards) {
    card.querySelector(".fix").hidden = false;
    const stars = all(".star", card);
    card.dataset.shown = (stars.find(pressed) || {}).value || "";
    for (const star of stars) {
      star.hidden = false;
      star.addEventListener("click", () => {
        for (const other of stars) press(other, other === star);
        show();
      });
    }
    const same = field(card, "same");
    for (const other of cards) {
      if (other === card) continue;
      same.append(new Option(`${other.dataset.name} (${other.dataset.person})`, other.dataset.person));
    }
    for (const input of all("input, select", card)) input.addEventListener("input", show);
  }
  for (const { buttons } of answers) {
    for (const button of buttons) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const on = !pressed(button);
        for (const other of buttons) press(other, on && other === button);
        show();
      });
    }
  }
  changes.querySelector(".clear").addEventListener("click", () => {
    for (const card of cards) {
      field(card, "name").value = field(card, "name").dataset.given;
      field(card, "same").value = "";
      field(card, "hide").checked = false;
      for (const star of all(".star", card)) press(star, star.value === card.dataset.shown);
    }
    for (const { buttons } of answers) for (const button of buttons) press(button, false);
    show();
  });

  // Paper cannot be clicked: strips print open.
  let shut = [];
  addEventListener("beforeprint", () => {
    shut = all(".strip:not([open])");
    for (const strip of shut) strip.open = true;
  });
  addEventListener("afterprint", () => { for (const strip of shut) strip.open = false; });
})();
