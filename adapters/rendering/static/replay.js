// Replay without asking the server: the steps around are on the page, this shows one at a time. Without it, each step is a link.
(() => {
  "use strict";
  const root = document.querySelector("[data-replay]");
  if (!root) return;
  const slider = root.querySelector("#slider");
  const stops = [...root.querySelectorAll("[data-stops] > [data-v]")];
  const first = Number(stops[0].dataset.v);
  const steps = new Map([...root.querySelectorAll("[data-steps] > article")].map((step) => [Number(step.dataset.v), step]));
  const toggle = root.querySelector("[data-toggle]");
  const last = Number(slider.max);
  const PAUSE = 1200;
  let playing = null;

  const address = (version) => {
    const query = new URLSearchParams(root.dataset.link);
    query.set("v", version);
    return `?${query}`;
  };

  const mark = (selector, chosen, name) => {
    for (const part of root.querySelectorAll(selector)) part.classList.toggle(name, chosen(part));
  };

  // On a narrow screen the picture scrolls to where the ticket stands.
  const bringIntoSight = () => {
    const picture = root.querySelector(".picture");
    const node = picture.querySelector(".node.here").getBoundingClientRect();
    const frame = picture.getBoundingClientRect();
    picture.scrollLeft += node.left + node.width / 2 - frame.left - frame.width / 2;
  };

  const show = (version) => {
    if (version < 1 || version > last) return;
    if (!steps.has(version)) {
      location.assign(address(version));
      return;
    }
    const stop = stops[version - first];
    const walked = stops.slice(0, version - first + 1);
    const been = new Set([...root.dataset.states.split(" "), ...walked.map((one) => one.dataset.state)]);
    const taken = new Set([...root.dataset.ways.split(" "), ...walked.map((one) => one.dataset.way)]);
    for (const [own, step] of steps) step.hidden = own !== version;
    mark(".node", (node) => node.dataset.state === stop.dataset.state, "here");
    mark(".node", (node) => been.has(node.dataset.state), "been");
    mark(".way", (way) => taken.has(way.dataset.way), "taken");
    mark(".way", (way) => way.dataset.way === stop.dataset.way, "now");
    bringIntoSight();
    slider.value = version;
    slider.setAttribute("aria-valuetext", `${stop.dataset.at} ${stop.dataset.said}`);
    root.querySelector("[data-now]").textContent = `${stop.dataset.at} · ${version}/${last}`;
    for (const one of stops) {
      const link = one.querySelector("a");
      if (one === stop) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    }
    const list = stop.parentElement;
    list.scrollTop = Math.max(0, stop.offsetTop - list.offsetTop - list.clientHeight / 2);
    for (const link of root.querySelectorAll("[data-step]")) {
      const next = version + Number(link.dataset.step);
      const there = next >= 1 && next <= last;
      if (there) link.setAttribute("href", address(next));
      else link.removeAttribute("href");
      link.toggleAttribute("aria-disabled", !there);
    }
    history.replaceState(null, "", address(version));
  };

  const present = () => Number(slider.value);

  const stopPlaying = () => {
    clearInterval(playing);
    playing = null;
    toggle.textContent = root.dataset.play;
  };
  const play = () => {
    if (present() === last) show(1);
    toggle.textContent = root.dataset.pause;
    playing = setInterval(() => {
      show(present() + 1);
      if (present() === last) stopPlaying();
    }, PAUSE);
  };

  bringIntoSight();
  toggle.hidden = false;
  root.querySelector("[data-plain]").hidden = true;
  toggle.addEventListener("click", () => (playing ? stopPlaying() : play()));
  slider.addEventListener("input", () => {
    if (playing) stopPlaying();
    show(present());
  });
  root.addEventListener("click", (event) => {
    const link = event.target.closest("[data-step], [data-stops] > [data-v] a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (playing) stopPlaying();
    show(link.dataset.step ? present() + Number(link.dataset.step) : Number(link.closest("li").dataset.v));
  });

  const moves = { ArrowLeft: () => present() - 1, ArrowRight: () => present() + 1, Home: () => 1, End: () => last };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, .menu, .picture, pre");
    if (!(event.key in moves) || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (playing) stopPlaying();
    show(moves[event.key]());
  });
})();
