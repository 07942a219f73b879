"use strict";
(() => {
  const { all } = house;
  const page = document.querySelector(".page");
  const tip = document.body.appendChild(document.createElement("div"));
  tip.className = "tip";
  tip.hidden = true;

  // What is pointed at comes to the front and says who it is.
  for (const face of all(".face")) {
    const title = face.querySelector("title");
    const text = title.textContent;
    title.remove();
    face.setAttribute("aria-label", text);
    face.addEventListener("mouseenter", () => {
      face.parentNode.append(face);
      tip.textContent = text;
      tip.hidden = false;
    });
    face.addEventListener("mousemove", (event) => {
      tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${event.clientY + 16}px`;
    });
    face.addEventListener("mouseleave", () => { tip.hidden = true; });
  }

  // A name that is chosen stands out on the map.
  const picked = new Set();
  const buttons = all(".legend button");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const name = button.dataset.name;
      if (!picked.delete(name)) picked.add(name);
      button.setAttribute("aria-pressed", String(picked.has(name)));
      page.classList.toggle("picking", picked.size > 0);
      for (const face of all(".face")) face.classList.toggle("picked", picked.has(face.dataset.name));
    });
  }

  // The wheel goes nearer, and the map can be dragged.
  for (const svg of all(".drawing svg")) {
    const [, , fullWidth, fullHeight] = svg.getAttribute("viewBox").split(" ").map(Number);
    let [x, y, width] = [0, 0, fullWidth];
    const show = () => {
      const height = width * fullHeight / fullWidth;
      x = Math.min(Math.max(x, 0), fullWidth - width);
      y = Math.min(Math.max(y, 0), fullHeight - height);
      svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
    };
    svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const frame = svg.getBoundingClientRect();
      const [px, py] = [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
      const next = Math.min(fullWidth, Math.max(fullWidth / 20, width * Math.exp(event.deltaY / 500)));
      x += px * (width - next);
      y += py * (width - next) * fullHeight / fullWidth;
      width = next;
      show();
    }, { passive: false });
    svg.addEventListener("pointerdown", (event) => svg.setPointerCapture(event.pointerId));
    svg.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      const scale = width / svg.getBoundingClientRect().width;
      x -= event.movementX * scale;
      y -= event.movementY * scale;
      show();
    });
  }
})();
