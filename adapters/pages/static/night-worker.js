// Keeps the night page and its files, so that it opens without a network. Everything else goes to the server as ever.
"use strict";
const KEPT = "night";
const PAGE = "/night";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The page says which files it is made of: they are fetched here, past this worker, and older ones go.
self.addEventListener("message", (event) => event.waitUntil(keep(event.data.files, event.ports[0])));

async function keep(files, reply) {
  const cache = await caches.open(KEPT);
  await cache.addAll([...files, PAGE]);
  const wanted = new Set(files);
  for (const request of await cache.keys()) {
    if (new URL(request.url).pathname.startsWith("/static/") && !wanted.has(request.url)) await cache.delete(request);
  }
  reply.postMessage("kept");
}

const kept = async (key) => (await caches.open(KEPT)).match(key, { ignoreVary: true });

// The page as the server has it; who is no longer signed in has nothing kept.
async function page(request) {
  try {
    const answer = await fetch(request);
    const cache = await caches.open(KEPT);
    if (answer.redirected || answer.type === "opaqueredirect") await cache.delete(PAGE);
    else if (answer.ok) await cache.put(PAGE, answer.clone());
    return answer;
  } catch (error) {
    const found = await kept(PAGE);
    if (found) return found;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname === PAGE) event.respondWith(page(event.request));
  else if (url.pathname.startsWith("/static/")) {
    event.respondWith(kept(event.request.url).then((found) => found || fetch(event.request)));
  }
});
