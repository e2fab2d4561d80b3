// Keeps the page in step with the mailboxes: it asks the server for itself again and takes over what has changed.

const live = document.querySelector(".live");
const liveText = document.querySelector(".live-text");
const columns = ["mailboxes", "drafts", "draft"];

let running = false;
let again = false;

function setLive(state, text) {
  live.dataset.live = state;
  liveText.textContent = text;
}

async function refresh() {
  // One request at a time; what changes meanwhile is one more.
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    do {
      again = false;
      const response = await fetch(location.href, { headers: { accept: "text/html" } });
      takeOver(new DOMParser().parseFromString(await response.text(), "text/html"));
    } while (again);
  } catch {
    // The server is gone; the event stream says so and comes back with it.
  } finally {
    running = false;
  }
}

function takeOver(fresh) {
  const before = new Set([...document.querySelectorAll(".line")].map((line) => line.dataset.key));
  const focused = document.activeElement?.getAttribute("href");
  for (const id of columns) {
    const now = document.getElementById(id);
    const next = fresh.getElementById(id);
    if (next === null || now.innerHTML === next.innerHTML) continue;
    // An open draft is left alone until it changes itself, so that its frame neither flickers nor scrolls.
    const revision = now.querySelector("[data-revision]")?.dataset.revision;
    if (revision !== undefined && revision === next.querySelector("[data-revision]")?.dataset.revision) continue;
    const scrolled = now.scrollTop;
    now.replaceChildren(...next.childNodes);
    now.scrollTop = scrolled;
  }
  for (const line of document.querySelectorAll(".line")) {
    if (!before.has(line.dataset.key)) line.classList.add("arrived");
  }
  if (focused !== null && focused !== undefined && document.activeElement === document.body) {
    document.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
  document.title = fresh.title;
  showCopyButtons();
}

function showCopyButtons() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = navigator.clipboard === undefined;
}

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (button === null) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.textContent = "Copied";
});

// j and k, or the arrows, walk through the list; Enter opens, as on any link.
document.addEventListener("keydown", (event) => {
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  const inList = document.activeElement?.closest(".lines") !== null;
  if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key.startsWith("Arrow") && !inList) return;
  const lines = [...document.querySelectorAll(".line")];
  const at = lines.indexOf(document.activeElement);
  const current = at === -1 ? lines.findIndex((line) => line.hasAttribute("aria-current")) : at;
  const target = lines[Math.min(Math.max(current + step, 0), lines.length - 1)];
  if (target === undefined) return;
  event.preventDefault();
  target.focus();
});

const changes = new EventSource("/mailboxes/changes");
changes.addEventListener("open", () => {
  setLive("on", "Live");
  void refresh();
});
changes.addEventListener("error", () => setLive("off", "Reconnecting"));
changes.addEventListener("change", () => void refresh());
showCopyButtons();
