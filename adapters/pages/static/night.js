// The outbox of the night page: what is written goes into IndexedDB first, and to the server as soon as it can be reached.
// Each draft has a UUIDv7 as its idempotency key and the moment it was written; what the server refuses is shown, and stays.
(() => {
  "use strict";
  const root = document.querySelector("[data-outbox]");
  if (!root || !("indexedDB" in window)) return;
  const words = root.dataset;
  const login = words.login;
  let away = !navigator.onLine;

  // --- drafts -------------------------------------------------------------------------------------------------------
  const opened = new Promise((resolve, reject) => {
    const asked = indexedDB.open("gongdan", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("drafts", { keyPath: "key" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const store = async (mode, act) => {
    const database = await opened;
    return new Promise((resolve, reject) => {
      const transaction = database.transaction("drafts", mode);
      const asked = act(transaction.objectStore("drafts"));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onerror = () => reject(transaction.error);
    });
  };
  const own = async () => (await store("readonly", (drafts) => drafts.getAll())).filter((draft) => draft.login === login);
  const keep = (draft) => store("readwrite", (drafts) => drafts.put(draft));
  const drop = (key) => store("readwrite", (drafts) => drafts.delete(key));

  // UUIDv7: 48 bits of milliseconds, then random; written without dashes.
  const uuid7 = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    let time = Date.now();
    for (let place = 5; place >= 0; place -= 1) {
      bytes[place] = time % 256;
      time = Math.floor(time / 256);
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  // --- what is seen -------------------------------------------------------------------------------------------------
  const element = (name, text, more = {}) => Object.assign(document.createElement(name), { textContent: text }, more);
  const clock = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });

  async function show() {
    const drafts = await own();
    const waiting = drafts.filter((draft) => !draft.refused);
    const said = [];
    if (away) said.push(words.offline);
    if (waiting.length) said.push(words.pending.replace("{n}", waiting.length));
    if (drafts.length > waiting.length) said.push(words.refused.replace("{n}", drafts.length - waiting.length));
    if (words.signIn === "now") said.push(words.session);
    root.hidden = said.length === 0;
    root.dataset.waiting = waiting.length;
    root.querySelector("[data-count]").textContent = said.join(" · ");
    root.querySelector("ul").replaceChildren(...drafts.map(line));
  }

  function line(draft) {
    const item = element("li", "");
    item.append(element("span", `${clock(draft.at)} · ${draft.label}`));
    if (!draft.refused) return item;
    item.className = "refused";
    item.append(element("strong", draft.refused.title), ...draft.refused.said.map((text) => element("p", text)));
    const again = element("button", words.again, { type: "button", className: "btn btn-sm" });
    again.addEventListener("click", () => refill(draft));
    const away_ = element("button", words.discard, { type: "button", className: "btn btn-sm" });
    away_.addEventListener("click", async () => { await drop(draft.key); await show(); });
    item.append(again, away_);
    return item;
  }

  // A refused draft goes back into its form, and is a new one when it is sent again.
  async function refill(draft) {
    const form = [...document.forms].find((one) => one.getAttribute("action") === draft.action);
    if (!form) return;
    form.closest("details")?.setAttribute("open", "");
    for (const [name, value] of draft.fields) {
      if (name === "if_match") continue;
      for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (field.type === "checkbox" || field.type === "radio") field.checked = field.value === value;
        else field.value = value;
      }
    }
    await drop(draft.key);
    await show();
    form.querySelector("textarea, select, input:not([type=hidden])")?.focus();
  }

  // --- sending ------------------------------------------------------------------------------------------------------
  // The page as the server has it now: a fresh list, fresh tokens; what is being typed stays.
  async function refresh(position) {
    const answer = await fetch(position ? `/night?at=${position}` : "/night");
    if (answer.redirected) { root.dataset.signIn = "now"; return false; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = fresh.querySelector("[name=csrf]");
    const [calls, next] = [document.querySelector("#calls"), fresh.querySelector("#calls")];
    if (calls && next && position) calls.replaceWith(document.adoptNode(next));
    for (const field of document.querySelectorAll("[name=csrf]")) field.value = token.value;
    root.dataset.signIn = "";
    return true;
  }

  async function send(draft) {
    const body = new URLSearchParams(draft.fields);
    body.set("csrf", document.querySelector("[name=csrf]").value);
    body.set("key", draft.key);
    return fetch(draft.action, { method: "POST", body, headers: { "X-Draft": "1" } });
  }

  async function flush() {
    let position = 0;
    let renewed = false;
    for (const draft of (await own()).filter((one) => !one.refused).sort((a, b) => (a.key < b.key ? -1 : 1))) {
      let answer;
      try {
        answer = await send(draft);
        if (!(answer.headers.get("content-type") || "").startsWith("application/json") && !renewed) {
          renewed = true; // the session changed, or ended, since the page was loaded
          if (!(await refresh(0))) break;
          answer = await send(draft);
        }
      } catch {
        away = true;
        break;
      }
      away = false;
      const json = (answer.headers.get("content-type") || "").startsWith("application/json");
      if (!json || answer.status === 429 || answer.status >= 500) break;
      const said = await answer.json();
      if (answer.ok) {
        position = said.position;
        await drop(draft.key);
      } else await keep({ ...draft, refused: said });
    }
    await show();
    if (position) await refresh(position).catch(() => { away = true; });
    await show();
  }
  const flushed = () => navigator.locks.request("gongdan-outbox", flush);

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-draft]")) return;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    const key = uuid7();
    const at = new Date().toISOString();
    if (!data.get("occurred_at")) data.set("occurred_at", at);
    data.set("offline", "1");
    for (const name of ["csrf", "key"]) data.delete(name);
    const first = [data.get("description") || data.get("text"), form.dataset.draft].filter(Boolean).join(" · ");
    const draft = { key, login, action: form.getAttribute("action"), fields: [...data.entries()], at, label: first };
    await keep(draft);
    form.reset();
    await show();
    await flushed();
  });

  window.addEventListener("online", () => { away = false; flushed(); });
  window.addEventListener("offline", () => { away = true; show(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flushed(); });
  setInterval(async () => { if ((await own()).some((draft) => !draft.refused)) flushed(); }, 15000);

  // --- kept for the time without a network --------------------------------------------------------------------------
  async function keepPage() {
    await navigator.serviceWorker.register(words.worker, { scope: "/night" });
    const files = [...document.querySelectorAll("link[href^='/static/'], script[src^='/static/']")].map((one) => one.href || one.src);
    const { active } = await navigator.serviceWorker.ready;
    const channel = new MessageChannel();
    const done = new Promise((resolve) => { channel.port1.onmessage = resolve; });
    active.postMessage({ files }, [channel.port2]);
    await done;
    document.documentElement.dataset.kept = "yes";
  }
  if ("serviceWorker" in navigator && navigator.onLine) keepPage().catch(() => {});
  flushed();
})();
