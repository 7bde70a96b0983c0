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
