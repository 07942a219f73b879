(() => {
  const says = document.getElementById("says");
  const enter = async (key) => {
    says.textContent = "…";
    const answer = await fetch("/session", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ key }) });
    if (answer.ok) { location.replace("/"); return; }
    const told = await answer.json();
    says.textContent = `${told.error} ${told.hint}`;
  };
  // The code stands behind the #, which browsers keep to themselves; from the address bar and the history it goes too.
  const code = location.hash.slice(1);
  history.replaceState(null, "", "/enter");
  if (code) enter(code);
  document.getElementById("enter").addEventListener("submit", (event) => {
    event.preventDefault();
    enter(document.getElementById("key").value.trim());
  });
})();
