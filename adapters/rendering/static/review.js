// Morning review by keyboard: j and k go down and up through what is unfinished, u urges; without it the boxes are ticked by hand.
(() => {
  "use strict";
  const rows = [...document.querySelectorAll("[data-row]")];
  for (const hint of document.querySelectorAll("[data-keys]")) hint.hidden = rows.length === 0;
  const box = (row) => row.querySelector("input[type=checkbox]");
  const here = () => rows.findIndex((row) => row.contains(document.activeElement));
  const go = (row) => {
    (box(row).disabled ? row : box(row)).focus();
    row.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || rows.length === 0) return;
    if (event.target.closest("textarea, select, input:not([type=checkbox])")) return;
    const at = here();
    if (event.key === "j") go(rows[Math.min(at + 1, rows.length - 1)]);
    else if (event.key === "k") go(rows[Math.max(at - 1, 0)]);
    else if (event.key === "u" && at >= 0) box(rows[at]).click();
    else return;
    event.preventDefault();
  });
})();
