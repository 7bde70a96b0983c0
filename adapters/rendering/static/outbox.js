// The outbox of the pages that are used without a network: what is written goes into IndexedDB first, and to the server as soon
// as it can be reached. Each draft has a UUIDv7 as its idempotency key, the moment it was written, and the version its writer
// saw; what the server refuses is shown, and stays. The page's cards are brought up to date, except where somebody is writing.
(() => {
  "use strict";
  const root = document.querySelector("[data-outbox]");
  if (!root || !("indexedDB" in window)) return;
  const words = root.dataset;
  const { login, page, community } = words;
  let away = !navigator.onLine;
  let [asked, merged] = [0, 0];

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
  const found = (key) => store("readonly", (drafts) => drafts.get(key));
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
  const cards = () => document.querySelectorAll("[data-cards] > *");
  const formOf = (draft) => [...document.forms].find((one) => one.getAttribute("action") === (draft.action || draft.attach));

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
    for (const card of cards()) mark(card, waiting.filter((draft) => draft.card === card.id).map((draft) => draft.taken));
  }

  // A step that waits to be sent isn't offered again; after the last one no other is; what only becomes legal by it is.
  function mark(card, taken) {
    const parts = [...card.querySelectorAll("[data-step]")];
    const over = parts.some((part) => "last" in part.dataset && taken.includes(part.dataset.step));
    for (const part of parts) {
      const { step, after } = part.dataset;
      part.hidden = over || taken.includes(step) || (after !== undefined && !after.split(" ").some((one) => taken.includes(one)));
    }
    for (const sign of card.querySelectorAll("[data-sent]")) sign.hidden = taken.length === 0;
  }

  function line(draft) {
    const item = element("li", "");
    const files = draft.files.length ? ` · ${words.files.replace("{n}", draft.files.length)}` : "";
    item.append(element("span", `${clock(draft.at)} · ${draft.label}${files}`));
    if (!draft.refused) return item;
    item.className = "refused";
    item.append(element("strong", draft.refused.title), ...draft.refused.said.map((text) => element("p", text)));
    if (formOf(draft)) {
      const again = element("button", words.again, { type: "button", className: "btn btn-sm" });
      again.addEventListener("click", () => refill(draft));
      item.append(again);
    }
    const away_ = element("button", words.discard, { type: "button", className: "btn btn-sm" });
    away_.addEventListener("click", async () => { await drop(draft.key); await show(); });
    item.append(away_);
    return item;
  }

  // A refused draft goes back into its form, and is a new one when it is sent again.
  async function refill(draft) {
    const form = formOf(draft);
    if (!form) return;
    form.closest("details")?.setAttribute("open", "");
    for (const [name, value] of draft.fields) {
      if (name === "if_match") continue;
      for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (field.type === "checkbox" || field.type === "radio") field.checked = field.value === value;
        else field.value = value;
      }
    }
    for (const field of form.querySelectorAll("input[type=file]")) {
      const files = new DataTransfer();
      for (const file of draft.files) if (file.field === field.name) files.items.add(file.content);
      field.files = files.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    form.closest("[data-cards] > *")?.setAttribute("data-touched", "");
    await drop(draft.key);
    await show();
    form.querySelector("textarea, select, input:not([type=hidden])")?.focus();
  }

  // What only works with scripts is shown, and taken along.
  function prepare(node) {
    for (const part of node.querySelectorAll("[data-scripted]")) part.hidden = part.disabled = false;
  }

  // The cards as the server has them now. One that somebody is writing in stays as it is, marked where it is out of date.
  function merge(fresh) {
    for (const next of fresh.querySelectorAll("[data-fresh]")) document.getElementById(next.id)?.replaceWith(document.adoptNode(next));
    const [list, newer] = [document.querySelector("[data-cards]"), fresh.querySelector("[data-cards]")];
    if (!list || !newer) return;
    const before = new Map([...list.children].map((card) => [card.id, card]));
    const held = list.contains(document.activeElement) ? document.activeElement.closest("[data-cards] > *") : null;
    const arrived = [];
    const after = [...newer.children].map((next) => {
      const old = before.get(next.id);
      if (old && "touched" in old.dataset) {
        outdated(old, old.dataset.version !== next.dataset.version);
        return old;
      }
      for (const part of old?.querySelectorAll("details[open][id]") ?? []) {
        next.querySelector(`#${CSS.escape(part.id)}`)?.setAttribute("open", "");
      }
      prepare(next);
      if (!old && next.dataset.version) arrived.push(next);
      return document.adoptNode(next);
    });
    for (const old of before.values()) {
      if (after.includes(old)) continue;
      if ("touched" in old.dataset) outdated(old, true);
      else old.remove();
    }
    let place = list.firstElementChild;
    for (const card of after) {
      if (card === place) place = place.nextElementSibling;
      else list.insertBefore(card, place);
    }
    list.dataset.looks = newer.dataset.looks ?? "";
    if (held && !held.isConnected) (document.getElementById(held.id) ?? document.querySelector("main")).focus();
    const news = document.querySelector("[data-news]");
    if (news) news.textContent = arrived.length ? news.dataset.news.replace("{n}", arrived.length) : "";
    for (const card of arrived) card.classList.add("arrived");
  }

  function outdated(card, is) {
    for (const sign of card.querySelectorAll(".outdated-note")) sign.hidden = !is;
  }

  // --- sending ------------------------------------------------------------------------------------------------------
  // The page as the server has it now: fresh cards, fresh tokens; what is being typed stays.
  async function refresh(position) {
    const turn = asked += 1;
    const answer = await fetch(`${page}?${new URLSearchParams({ community, ...(position && { at: position }) })}`);
    if (answer.redirected) {
      root.dataset.signIn = "now";
      if ("caches" in window) await caches.delete(page);
      return false;
    }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = fresh.querySelector("[name=csrf]");
    if (position && turn > merged) { // what was asked for before, and comes later, may be older
      merged = turn;
      merge(fresh);
    }
    for (const field of document.querySelectorAll("[name=csrf]")) field.value = token.value;
    root.dataset.signIn = "";
    if (position) keepPage().catch(() => {});
    return true;
  }

  const isJson = (answer) => (answer.headers.get("content-type") || "").startsWith("application/json");

  // The token stands before the file, so that a foreign one is refused before anything is received.
  function post(address, body, key, file) {
    body.set("csrf", document.querySelector("[name=csrf]").value);
    body.set("key", key);
    if (file) body.set("file", file, file.name);
    return fetch(address, { method: "POST", body, headers: { "X-Draft": "1" } });
  }

  // Its files first, each by itself, so that what has arrived isn't sent again; then the step they belong to.
  async function send(draft) {
    while (draft.files.length) {
      const [file, ...rest] = draft.files;
      const body = new FormData();
      for (const [name, value] of draft.fields) if (["occurred_at", "offline", "if_match"].includes(name)) body.set(name, value);
      const answer = await post(draft.attach, body, file.key, file.content);
      if (!isJson(answer) || !answer.ok || (!rest.length && !draft.action)) return answer;
      const { version } = await answer.json();
      await follow(draft, version);
      draft = { ...asOf(draft, version), files: rest };
      await keep(draft);
    }
    return post(draft.action, new URLSearchParams(draft.fields), draft.key);
  }

  const asOf = (draft, version) => ({
    ...draft,
    seen: version,
    fields: draft.fields.map(([name, value]) => [name, name === "if_match" ? String(version) : value]),
  });

  // Who goes on writing in the card, and drafts that were written after this one on the same card as it was seen, know of it;
  // of nothing else that happened meanwhile.
  async function follow(draft, version) {
    if (!version || !draft.seen || (version !== draft.seen + 1 && !draft.fields.some(([name]) => name === "if_match"))) return;
    const card = document.getElementById(draft.card);
    if (card && Number(card.dataset.version) === draft.seen) {
      card.dataset.version = version;
      for (const field of card.querySelectorAll("[name=if_match]")) field.value = version;
    }
    for (const other of await own()) {
      if (other.card === draft.card && other.key > draft.key && other.seen === draft.seen) await keep(asOf(other, version));
    }
  }

  async function flush() {
    let position = 0;
    let renewed = false;
    for (const { key } of (await own()).filter((one) => !one.refused).sort((a, b) => (a.key < b.key ? -1 : 1))) {
      let answer;
      try {
        answer = await send(await found(key));
        if (!isJson(answer) && !renewed) {
          renewed = true; // the session changed, or ended, since the page was loaded
          if (!(await refresh(0))) break;
          answer = await send(await found(key));
        }
      } catch {
        away = true;
        break;
      }
      away = false;
      if (!isJson(answer) || answer.status === 429 || answer.status >= 500) break;
      const said = await answer.json();
      const draft = await found(key);
      if (answer.ok) {
        position = said.position;
        await follow(draft, said.version);
        await drop(key);
      } else await keep({ ...draft, refused: said });
    }
    await show();
    if (position) await refresh(position).catch(() => { away = true; });
    await show();
  }
  const flushed = () => navigator.locks.request("gongdan-outbox", flush);

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-draft]") || event.submitter?.formNoValidate) return;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    const at = new Date().toISOString();
    if (!data.get("occurred_at")) data.set("occurred_at", at);
    data.set("offline", "1");
    for (const name of ["csrf", "key"]) data.delete(name);
    const entries = [...data.entries()];
    const files = entries.filter(([, value]) => value instanceof File && value.size > 0);
    const card = form.closest("[data-cards] > *");
    const first = data.get("description") || data.get("text") || data.get("resolution");
    const draft = {
      key: uuid7(),
      login,
      action: form.matches("[enctype^=multipart]") ? null : form.getAttribute("action"),
      attach: form.dataset.attach,
      card: card?.id,
      seen: Number(card?.dataset.version) || 0,
      taken: form.dataset.taken,
      fields: entries.filter(([, value]) => !(value instanceof File)),
      files: files.map(([field, content]) => ({ key: uuid7(), field, content })),
      at,
      label: [first, form.dataset.draft].filter(Boolean).join(" · "),
    };
    // Emptied before anything is waited for: the next call may be begun while this one is being kept.
    const filled = [...form.elements].flatMap((field) => [field, ...(field.options ?? [])])
      .map((held) => [held, { value: held.value, checked: held.checked, selected: held.selected }, held.files]);
    const details = form.closest("details");
    form.reset();
    details?.removeAttribute("open");
    card?.removeAttribute("data-touched");
    try {
      await keep(draft);
    } catch (refused) {
      for (const [held, as, files] of filled) {
        if (files) held.files = files;
        else Object.assign(held, as);
      }
      details?.setAttribute("open", "");
      card?.setAttribute("data-touched", "");
      throw refused;
    }
    await show();
    await flushed();
  });

  // A file that would be refused for its size isn't taken in.
  document.addEventListener("change", (event) => {
    const { files, dataset } = event.target;
    if (!files || !dataset.most) return;
    const large = [...files].some((file) => file.size > Number(dataset.most));
    event.target.setCustomValidity(large ? words.large.replace("{mib}", Number(dataset.most) / 2 ** 20) : "");
    event.target.reportValidity();
  });
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => event.target.closest("[data-cards] > *")?.setAttribute("data-touched", ""));
  }

  // Another order, or a change: the server says that the list looks otherwise.
  document.querySelector("[data-live]")?.addEventListener("orders", (event) => {
    if (event.detail.data !== document.querySelector("[data-cards]").dataset.looks) {
      refresh(event.detail.id).then(show, () => {});
    }
  });
  window.addEventListener("online", async () => { away = false; await flushed(); await back(); });
  window.addEventListener("offline", () => { away = true; show(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flushed(); });
  setInterval(async () => {
    if ((await own()).some((draft) => !draft.refused)) await flushed();
    await back();
  }, 15000);

  // A copy that was opened without a network is opened anew once there is one, unless somebody is writing.
  async function back() {
    if (!("copy" in words)) return;
    const answer = await fetch(words.keep).catch(() => null);
    if (answer && !document.querySelector("[data-touched]")) location.reload();
  }

  // --- kept for the time without a network --------------------------------------------------------------------------
  async function keepPage() {
    if (!("serviceWorker" in navigator) || !navigator.onLine) return;
    await navigator.serviceWorker.register(words.worker, { scope: page });
    const files = [...document.querySelectorAll("link[href^='/static/'], script[src^='/static/']")].map((one) => one.href || one.src);
    const { active } = await navigator.serviceWorker.ready;
    const channel = new MessageChannel();
    const done = new Promise((resolve) => { channel.port1.onmessage = resolve; });
    active.postMessage({ files, copy: words.keep }, [channel.port2]);
    await done;
    document.documentElement.dataset.kept = "yes";
  }
  prepare(document);
  keepPage().catch(() => {});
  flushed();
})();
