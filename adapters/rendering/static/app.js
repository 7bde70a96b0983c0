// What pages do beyond their links and forms; without it every page still works.
(() => {
  "use strict";

  // A menu closes when something else is used, or by Escape.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Printing is the browser's own; the button only spares the menu.
  for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());

  // Ctrl+Enter sends a form that is filled in by keyboard, from any of its fields.
  for (const form of document.querySelectorAll("form[data-quick]")) {
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
  }

  // More rows of a form's lines, without asking the server.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[name=more_rows]");
    if (!button) return;
    event.preventDefault();
    const rows = button.form.elements.rows;
    for (let added = 0; added < 3 && Number(rows.value) < 50; added += 1) {
      rows.value = Number(rows.value) + 1;
      const line = button.parentElement.querySelector(".line").cloneNode(true);
      for (const field of line.querySelectorAll("[name]")) {
        field.name = field.name.replace(/\d+$/, rows.value);
        field.ariaLabel = field.ariaLabel.replace(/\d+/, rows.value);
        field.required = false;
        field.value = "";
      }
      button.before(line);
      if (added === 0) line.querySelector("select").focus();
    }
    button.hidden = Number(rows.value) === 50;
    button.form.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // On a narrow screen a line of links is longer than the screen: where one is stands in sight.
  for (const here of document.querySelectorAll(".bar nav [aria-current], .tabs [aria-current]")) {
    const line = here.closest("ul, .tabs");
    line.scrollLeft += here.getBoundingClientRect().right - line.getBoundingClientRect().right + 24;
  }

  // What was refused is read out and in sight.
  document.querySelector(".alert-danger[tabindex]")?.focus();

  // The light tells whether the page is live. Who may no longer look is led to signing in.
  const light = (state) => document.querySelector("[data-light]")?.setAttribute("data-light", state);
  document.addEventListener("htmx:sse:after:connection", () => light("live"));
  document.addEventListener("htmx:sse:close", () => light("lost"));
  document.addEventListener("htmx:sse:error", (event) => {
    light("lost");
    if (event.detail?.status === 401) location.reload();
  });
})();
