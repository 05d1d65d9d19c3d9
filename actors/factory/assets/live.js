// Keeps the rows of the page up to date. Rows never move: new ones are announced, and shown when asked for.
const source = new EventSource("/events" + location.search);
const news = document.getElementById("news");
const unseen = new Set();

source.addEventListener("row", (event) => {
  const { id, html } = JSON.parse(event.data);
  const old = document.getElementById(id);
  if (!old) {
    announce(id);
    return;
  }
  const holder = document.createElement(old.tagName === "TR" ? "tbody" : "div");
  holder.innerHTML = html;
  const fresh = holder.firstElementChild;
  if (!fresh) return;
  if (old.dataset.state !== fresh.dataset.state) fresh.classList.add("fresh");
  old.replaceWith(fresh);
});

// Only where rows of that kind are listed.
function announce(id) {
  if (!news || !document.querySelector(`[data-rows="${id.split("-")[0]}"]`)) return;
  unseen.add(id);
  news.hidden = false;
  news.textContent = unseen.size === 1 ? "1 new row, show it" : `${unseen.size} new rows, show them`;
}
