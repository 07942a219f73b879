"use strict";
// What pages with a script share: finding elements, times as people read them, and copying commands.
const house = (() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const clock = (seconds) => {
    const two = (number) => String(number).padStart(2, "0");
    const s = Math.floor(seconds);
    const hours = Math.floor(s / 3600);
    const minutes = Math.floor(s / 60) % 60;
    return (hours ? `${hours}:${two(minutes)}` : `${minutes}`) + `:${two(s % 60)}`;
  };

  // One word of a command as a shell takes it.
  const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

  const copy = async (button, code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      if (!document.execCommand("copy")) return;
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };

  for (const button of all(".copy")) {
    const code = button.parentElement.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", () => copy(button, code));
  }
  return { all, clock, quoted };
})();
