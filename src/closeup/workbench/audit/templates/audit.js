"use strict";
(() => {
  const { all, quoted } = house;
  const list = document.getElementById("cards");
  if (!list) return;
  const $ = (id) => document.getElementById(id);
  const cards = all(".finding", list);
  const box = (card) => card.querySelector("input");
  const choice = (card) => card.querySelector("select");
  const ticked = () => cards.filter((card) => box(card).checked);
  const changed = (card) => choice(card).value !== card.dataset.suggestion;

  // "1,5-9,12=cat": what the command and the address of the page say. Labels that would break it stand in the file only.
  const plain = (card) => !changed(card) || !/[,\n]/.test(choice(card).value);
  const numbers = () => {
    const parts = [];
    let run = [];
    const end = () => {
      if (run.length) parts.push(run.length > 2 ? `${run[0]}-${run[run.length - 1]}` : run.join(","));
      run = [];
    };
    for (const card of ticked()) {
      const number = Number(card.dataset.number);
      if (changed(card)) {
        end();
        parts.push(`${number}=${choice(card).value}`);
        continue;
      }
      if (run.length && number !== run[run.length - 1] + 1) end();
      run.push(number);
    }
    end();
    return parts.join(",");
  };

  const show = () => {
    const chosen = ticked();
    for (const card of cards) card.classList.toggle("ticked", box(card).checked);
    $("count").textContent = `${chosen.length} ticked`;
    const can = chosen.length > 0 && chosen.every(plain);
    $("command").textContent = can
      ? `${list.dataset.command} --accept ${quoted(numbers())} --who ${quoted($("who").value || "NAME")}`
      : chosen.length ? "Download the file: a label has a comma in it." : "";
    $("copy").hidden = !can;
    $("download").disabled = !chosen.length;
    history.replaceState(null, "", can ? `#${encodeURIComponent(numbers())}` : location.pathname + location.search);
  };

  // Ticks come back with the address, whatever else somebody has made of it.
  const address = () => {
    try {
      return decodeURIComponent(location.hash.slice(1));
    } catch {
      return "";
    }
  };
  for (const part of address().split(",")) {
    const match = /^(\d+)(?:-(\d+)|=(.*))?$/s.exec(part);
    if (!match) continue;
    for (const card of cards) {
      const number = Number(card.dataset.number);
      if (number < Number(match[1]) || number > Number(match[2] || match[1])) continue;
      box(card).checked = true;
      if (match[3] !== undefined) choice(card).value = match[3];
    }
  }

  for (const card of cards) {
    box(card).addEventListener("change", show);
    choice(card).addEventListener("change", () => {
      box(card).checked = true;
      show();
    });
  }

  const buttons = all(".pair");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      const { label, suggestion } = button.dataset;
      for (const card of cards) {
        card.hidden = label !== undefined && (card.dataset.label !== label || card.dataset.suggestion !== suggestion);
      }
    });
  }

  $("all").addEventListener("click", () => {
    for (const card of cards) if (!card.hidden) box(card).checked = true;
    show();
  });
  $("none").addEventListener("click", () => {
    for (const card of cards) box(card).checked = false;
    show();
  });
  $("who").addEventListener("input", show);
  $("bar").addEventListener("submit", (event) => event.preventDefault());

  const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const today = () => {
    const now = new Date();
    const two = (number) => String(number).padStart(2, "0");
    return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  };
  $("download").addEventListener("click", () => {
    const lines = ticked().map((card) => [
      "picture", card.dataset.path, list.dataset.field, card.dataset.label, choice(card).value,
      $("who").value.trim(), today(), card.dataset.why,
    ]);
    const head = ["kind", "which", "field", "old", "new", "who", "when", "why"];
    const text = [head, ...lines].map((line) => line.map(cell).join(",") + "\n").join("");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = "corrections.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });

  $("bar").hidden = false;
  const pairs = document.querySelector(".pairs");
  if (pairs) pairs.hidden = false;
  show();
})();
