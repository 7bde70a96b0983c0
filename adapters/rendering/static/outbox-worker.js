// Keeps a page that is used without a network, and its files, so that it opens without one. Its scope tells which page.
// Everything else goes to the server as ever.
"use strict";
const PAGE = new URL(self.registration.scope).pathname;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The page says which files it is made of, and where its copy is to be had: they are fetched here, and older ones go.
self.addEventListener("message", (event) => event.waitUntil(keep(event.data, event.ports[0])));

async function keep({ files, copy }, reply) {
  const cache = await caches.open(PAGE);
  const answer = await fetch(copy);
  if (answer.redirected) await caches.delete(PAGE);
  else if (answer.ok) {
    await cache.put(PAGE, answer);
    await cache.addAll(files);
    const wanted = new Set(files);
    for (const request of await cache.keys()) {
      if (new URL(request.url).pathname.startsWith("/static/") && !wanted.has(request.url)) await cache.delete(request);
    }
  }
  reply.postMessage("kept");
}

const kept = async (key) => (await caches.open(PAGE)).match(key, { ignoreVary: true });

// The page as the server has it, or its copy; who is no longer signed in has nothing kept.
async function page(request) {
  try {
    const answer = await fetch(request);
    if (answer.redirected || answer.type === "opaqueredirect") await caches.delete(PAGE);
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
  if (url.pathname === PAGE && event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (url.pathname.startsWith("/static/")) {
    event.respondWith(kept(event.request.url).then((found) => found || fetch(event.request)));
  }
});
