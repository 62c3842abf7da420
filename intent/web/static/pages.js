// The one script: ages tick, the inbox is live, keys are heard. What it shows comes from the server.
"use strict";
const $ = (query, root = document) => root.querySelector(query);
const $$ = (query, root = document) => [...root.querySelectorAll(query)];
const MOST = 300; // cards that a page keeps, however long it stays open
const CALM = 4000; // milliseconds without a finger or key before anything on the page moves
const SILENT = 30000; // milliseconds without a word from the server: the connection hangs
const list = $("#leads");
const skew = list ? Date.parse(list.dataset.now) - Date.now() : 0;
const held = new Map(); // cards that have arrived and are not shown yet, by id
const stream = { source: null, last: list?.dataset.after, heard: Date.now() };
let touched = 0;

function age(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

function tick() {
  for (const time of $$("[data-since]")) {
    const seconds = Math.floor((Date.now() + skew - Date.parse(time.dataset.since)) / 1000);
    const text = age(Math.max(0, seconds));
    if (time.textContent !== text) time.textContent = text;
  }
  if (!list) return;
  if (isCalm()) tidy();
  if ($("#line").dataset.state === "reconnecting" && Date.now() - stream.heard > 10000)
    say("stale", `stale since ${new Date(stream.heard).toLocaleTimeString()}`);
  if (stream.source?.readyState === EventSource.OPEN && Date.now() - stream.heard > SILENT) connect();
}

const isCalm = () => scrollY < 60 && Date.now() - touched > CALM;
const read = (html) => new DOMParser().parseFromString(html, "text/html").body;
const place = (card) => $(`#attention-${card.dataset.attention}`);

// Puts a newer card in the place of an older one, with what was told there and a note half written.
function replace(old, card) {
  const focus = old.contains(document.activeElement) ? document.activeElement : null;
  for (const kept of [".told", ".note"]) $(kept, card).replaceWith($(kept, old));
  old.replaceWith(card);
  if (focus) (focus.isConnected ? focus : card).focus({ preventScroll: true });
}

// Takes a card away; whoever stood on it stands on the next.
function leave(id) {
  const cards = $$("[data-lead]", list), at = cards.findIndex((card) => card.id === id);
  if (cards[at]?.contains(document.activeElement)) cards[at + 1]?.focus({ preventScroll: true });
  cards[at]?.remove();
  held.delete(id);
}

function arrive(card) {
  const old = document.getElementById(card.id);
  if (old) return replace(old, card);
  held.set(card.id, card);
  $("#arrived").textContent = `${held.size} new`;
  $("#arrived").hidden = false;
  if (isCalm()) tidy();
}

// Shows what has arrived, newest on top, and brings cards that changed to where they belong.
function tidy() {
  for (const card of held.values()) {
    card.classList.add("arriving");
    $("#news").textContent = `New: ${$(".who", card).innerText} ${$(".wants", card).innerText}`;
    place(card).prepend(card);
  }
  if (held.size) $("#empty")?.remove();
  held.clear();
  $("#arrived").hidden = true;
  for (const card of $$("[data-lead]", list))
    if (place(card) !== card.parentElement && !card.contains(document.activeElement))
      place(card).prepend(card);
  $$("[data-lead]", list).slice(MOST).forEach((card) => card.remove());
}

function say(state, text) {
  $("#line").dataset.state = state;
  $("#line").textContent = text;
}

function on(name, act) {
  stream.source.addEventListener(name, (event) => {
    [stream.heard, stream.last] = [Date.now(), event.lastEventId || stream.last];
    act(event.data);
  });
}

function connect() {
  stream.source?.close();
  const source = new EventSource(`${list.dataset.stream}&after=${encodeURIComponent(stream.last)}`);
  stream.source = source;
  source.onerror = () => {
    if ($("#line").dataset.state === "live") say("reconnecting", "reconnecting");
    if (source.readyState === EventSource.CLOSED) setTimeout(again, 2000);
  };
  on("open", () => say("live", "live"));
  on("beat", () => {});
  on("lead", (html) => arrive(read(html).firstElementChild));
  on("counters", (html) => $("#counters").replaceWith(read(html).firstElementChild));
  on("gone", leave);
  on("reload", () => location.reload());
}

// A refused stream never comes back by itself: signed out, the page asks for the key again.
async function again() {
  const answer = await fetch(location, { method: "HEAD", redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect" || answer?.status === 401) location.reload();
  else connect();
}

// Sends a form of a card; what comes of it is told by the stream, or by whoever was first.
async function act(event) {
  const form = event.target;
  if (!form.matches("[data-act]") || !list) return;
  event.preventDefault();
  const told = $(".told", form.closest("[data-lead]"));
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const asked = { method: "POST", body, redirect: "manual", headers: { accept: "text/html" } };
  const answer = await fetch(form.getAttribute("action"), asked).catch(() => null);
  const done = answer?.type === "opaqueredirect", page = read((await answer?.text()) ?? "");
  if (done) form.reset(), $(".note", form).removeAttribute("open");
  told.textContent = done ? "" : $(".told", page)?.textContent || "nobody answered; try again";
  told.hidden = done;
}

function press(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, dialog")) return;
  const cards = $$("[data-lead]", list), at = cards.indexOf(document.activeElement.closest("[data-lead]"));
  const button = at >= 0 && $(`[data-key="${CSS.escape(key)}"]`, cards[at]);
  if (key === "j" || key === "k") cards[key === "j" ? at + 1 : Math.max(0, at - 1)]?.focus();
  else if (key === "/") ($(".filters").open = true), $("#search").focus();
  else if (key === "?") $("#help").showModal();
  else if (button) button.click();
  else return;
  event.preventDefault();
}

setInterval(tick, 1000);
document.addEventListener("submit", act);
if (list) {
  for (const touch of ["pointermove", "pointerdown", "keydown"])
    document.addEventListener(touch, () => (touched = Date.now()), { passive: true });
  document.addEventListener("keydown", press);
  $("#arrived").addEventListener("click", () => (scrollTo(0, 0), tidy()));
  $(".filters form").addEventListener("change", (event) => event.target.type !== "search" && event.currentTarget.requestSubmit());
  connect();
}
