// What the pages do. Without it they are plain tables, which is all that reading needs.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);
const make = (tag, attributes = {}, text = "") => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
};

const decoded = text => {
  try { return decodeURIComponent(text); } catch { return text; }  // no valid escape: as it is
};

// Theme: the system's, light, dark.

const themes = ["auto", "light", "dark"];
const themeButton = one("button.theme");

function showTheme() {
  themeButton.textContent = `Theme: ${document.documentElement.dataset.theme || "auto"}`;
}

themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  const root = document.documentElement;
  const next = themes[(themes.indexOf(root.dataset.theme || "auto") + 1) % themes.length];
  if (next === "auto") delete root.dataset.theme; else root.dataset.theme = next;
  try { localStorage.setItem("gan-bench-theme", next); } catch { /* it lasts for this page */ }
  showTheme();
});
showTheme();

// Tips: shown by the pointer and by the keyboard, hidden by Escape.

const tip = one("#tip");
let tipOwner = null;

function showTip(owner) {
  if (!tip.showPopover) return;
  tip.textContent = owner.dataset.tip;
  if (!tip.matches(":popover-open")) tip.showPopover();
  const place = owner.getBoundingClientRect(), own = tip.getBoundingClientRect();
  const left = Math.max(8, Math.min(place.left, innerWidth - own.width - 8));
  const below = place.bottom + 6;
  tip.style.left = `${left}px`;
  tip.style.top = `${below + own.height > innerHeight ? Math.max(8, place.top - own.height - 6) : below}px`;
  tipOwner = owner;
}

function hideTip() {
  if (tipOwner && tip.matches(":popover-open")) tip.hidePopover();
  tipOwner = null;
}

for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(on, event => {
    const owner = event.target.closest?.("[data-tip]");
    if (owner && owner !== tipOwner) showTip(owner);
  });
  document.addEventListener(off, event => {
    if (tipOwner && !tipOwner.contains(event.relatedTarget)) hideTip();
  });
}
document.addEventListener("keydown", event => { if (event.key === "Escape") hideTip(); });
document.addEventListener("scroll", hideTip, true);

// Copying and downloading.

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // no permission, or no clipboard
    const area = make("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return "Your browser does not allow copying";
  }
  return "Copied";
}

function say(where, text) {
  where.textContent = text;
  setTimeout(() => { if (where.textContent === text) where.textContent = ""; }, 2500);
}

function download(name, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

for (const button of all("button.copy-text")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.textContent = await copyText(one("pre", button.parentElement).textContent);
    setTimeout(() => { button.textContent = "Copy"; }, 2500);
  });
}

// Tables. Numbers sort as numbers, cells without a value come last in either direction, groups of rows stay apart.

const missing = value => value === "" || value === null || value === undefined;
const byNumber = (a, b) => Number(a) - Number(b);
const inOrder = new Intl.Collator(undefined, { numeric: true });  // much faster than localeCompare
const byText = (a, b) => inOrder.compare(String(a), String(b));

function sorter(compare) {
  const directed = sign => (a, b) => missing(a) || missing(b) ? missing(a) - missing(b) : sign * compare(a, b);
  return { order: { asc: directed(1), desc: directed(-1) } };
}

if (window.DataTable) {
  DataTable.type("bench-number", sorter(byNumber));
  DataTable.type("bench-text", sorter(byText));
}

const shownText = cell => {
  const copy = cell.cloneNode(true);
  for (const extra of all("a.anchor, a.about", copy)) extra.remove();
  for (const small of all("small, em", copy)) small.before(" ");
  return copy.textContent.replace(/\s+/g, " ").trim();
};

// Spreadsheets take a text that begins like this for a formula.
const safe = text => isNaN(text) ? text.replace(/(^|;\s*)(?=[=+@\0\t\r\n\uff1d\uff0b\uff0d\uff20-])/g, "$1'") : text;
const quoted = text => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

class BoardTable {
  constructor(element) {
    this.element = element;
    this.headers = all("thead tr:last-child th", element);
    this.tools = one(`.tools[data-for="${element.id}"]`);
    this.titles = this.headers.map(shownText);
    this.groups = this.groupOfEach();

    this.table = new DataTable(element, {
      paging: false, info: false, autoWidth: false, order: [], orderFixed: { pre: [[0, "asc"]] }, layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
      ordering: { handler: false, indicators: false },
      columnDefs: this.headers.map((header, i) => ({
        targets: i, visible: i > 0 && !("hidden" in header.dataset),
        type: i === 0 || header.classList.contains("num") ? "bench-number" : "bench-text",
      })),
    });
    this.sorted = [];
    this.table.on("draw column-visibility", () => { this.markSorted(); this.markGroups(); });
    this.markGroups();
    for (const [i, header] of this.headers.entries()) {
      one("button.sort", header)?.addEventListener("click", () => this.sort(i));
    }
    if (this.tools) this.addTools();
  }

  groupOfEach() {
    const groups = [], row = one("thead tr.groups", this.element);
    for (const cell of row ? row.cells : []) {
      for (let i = 0; i < cell.colSpan; i++) groups.push(cell.textContent.trim());
    }
    return groups;
  }

  sort(column) {
    const [now, direction] = this.sorted, first = this.headers[column].dataset.first === "up" ? "ascending" : "descending";
    const other = { ascending: "descending", descending: "ascending" };
    this.sorted = [column, now === column ? other[direction] : first];
    this.table.order([column, this.sorted[1].replace("ending", "")]).draw();
  }

  // DataTables marks headers of groups too, and loses count of the fixed order.
  markSorted() {
    for (const header of all("thead [aria-sort]", this.element)) header.removeAttribute("aria-sort");
    if (this.sorted.length) this.headers[this.sorted[0]].setAttribute("aria-sort", this.sorted[1]);
  }

  // A line above the first row of each group but the first.
  markGroups() {
    let group = null;
    for (const row of this.table.rows({ search: "applied", order: "applied" }).nodes().toArray()) {
      row.classList.toggle("first-of-group", group !== null && row.dataset.group !== group);
      group = row.dataset.group;
    }
  }

  addTools() {
    this.tools.hidden = false;
    this.said = one(".said", this.tools);
    one("input[type=search]", this.tools).addEventListener("input", event => {
      this.table.search(event.target.value).draw();
      this.tellCount();
    });
    one("select.task", this.tools)?.addEventListener("change", event => {
      const task = event.target.value;
      this.table.search.fixed("task", task ? (text, data, index) => this.table.row(index).node().dataset.task === task : null).draw();
      this.tellCount();
    });
    one("button.copy", this.tools).addEventListener("click", async () => say(this.said, await copyText(this.asText("\t"))));
    one("button.download", this.tools).addEventListener("click", () => download(`${this.element.id}.csv`, this.asText(",")));
    const sheet = one(".sheet", this.tools);
    if (sheet) this.addColumns(sheet);
    const compare = one("a.compare", this.tools);
    if (compare) this.addPicks(compare);
  }

  tellCount() {
    const { recordsDisplay, recordsTotal } = this.table.page.info();
    this.said.textContent = recordsDisplay === recordsTotal ? "" : `${recordsDisplay} of ${recordsTotal} rows`;
  }

  addColumns(sheet) {
    let box = null, group = null;
    const chosen = [];
    this.headers.forEach((header, i) => {
      if (i === 0 || header.classList.contains("name")) return;
      if (box === null || this.groups[i] !== group) {
        group = this.groups[i];
        box = sheet.appendChild(make("fieldset"));
        box.append(make("legend", {}, group || "Entry"));
      }
      const label = box.appendChild(make("label")), input = make("input", { type: "checkbox" });
      input.checked = this.table.column(i).visible();
      input.addEventListener("change", () => this.table.column(i).visible(input.checked));
      label.append(input, ` ${this.titles[i].replace(/\?$/, "")}`);
      chosen.push([i, input]);
    });
    const show = visible => {
      for (const [i, input] of chosen) {
        input.checked = visible(i);
        this.table.column(i).visible(input.checked, false);
      }
      this.table.columns.adjust();
    };
    const first = new Set(chosen.filter(([, input]) => input.checked).map(([i]) => i));
    const buttons = sheet.appendChild(make("p"));
    for (const [text, visible] of [["All columns", () => true], ["Main columns", i => first.has(i)]]) {
      const button = buttons.appendChild(make("button", { type: "button" }, text));
      button.addEventListener("click", () => show(visible));
    }
  }

  addPicks(link) {
    const tell = () => {
      const names = all("input.pick:checked", this.element).map(input => input.value);
      link.hidden = names.length < 2;
      link.textContent = `Compare ${names.length}`;
      link.href = `compare.html#${names.map(encodeURIComponent).join("&")}`;
      for (const input of all("input.pick", this.element)) input.disabled = names.length >= 3 && !input.checked;
    };
    this.element.addEventListener("change", tell);
    tell();
  }

  // Exactly what is shown: these rows in this order, these columns.
  asText(separator) {
    const columns = this.headers.map((_, i) => i).filter(i => i > 0 && this.table.column(i).visible());
    const finish = separator === "," ? text => quoted(safe(text)) : text => safe(text);
    const isAlone = i => this.titles.filter(title => title === this.titles[i]).length === 1;
    const lines = [columns.map(i => finish(isAlone(i) ? this.titles[i] : `${this.groups[i]}: ${this.titles[i]}`))];
    for (const row of this.table.rows({ search: "applied", order: "applied" }).nodes().toArray()) {
      lines.push([...row.cells].map(cell => finish(shownText(cell))));
    }
    return lines.map(line => line.join(separator)).join("\n") + "\n";
  }
}

if (window.DataTable) for (const element of all("table.data")) new BoardTable(element);

// A menu closes by Escape and by a click elsewhere.

document.addEventListener("click", event => {
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  for (const menu of all("details.menu[open]")) {
    menu.open = false;
    one("summary", menu).focus();
  }
});

// A link to a row that the table's tools took out of sight comes into view.

function showTarget() {
  const row = location.hash && document.getElementById(decoded(location.hash.slice(1)));
  for (const other of all("tr.linked")) other.classList.remove("linked");
  if (row && row.tagName === "TR") {
    row.classList.add("linked");
    row.scrollIntoView({ block: "center" });
  }
}
addEventListener("hashchange", showTarget);
showTarget();

// The course of a training: one frame for each row of the strip.

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

for (const player of all(".player")) {
  const range = one("input", player), button = one("button", player), output = one("output", player);
  const moments = player.dataset.moments.split(" "), last = moments.length - 1;
  let timer = null;

  const show = frame => {
    range.value = frame;
    one(".frame", player).style.backgroundPositionY = `${100 * frame / last}%`;
    output.textContent = `${moments[frame]} kimg`;
  };
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
  const play = () => {
    if (Number(range.value) === last) show(0);
    button.textContent = "Pause";
    timer = setInterval(() => {
      show(Number(range.value) + 1);
      if (Number(range.value) === last) stop();
    }, 450);
  };
  one(".controls", player).hidden = false;
  range.addEventListener("input", () => { stop(); show(Number(range.value)); });
  button.addEventListener("click", () => timer === null ? play() : stop());
  show(last);
  if (!calm) {  // once, when it comes into view; it ends within five seconds
    const watcher = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) { watcher.disconnect(); play(); }
    }, { threshold: 0.9 });
    watcher.observe(player);
  }
}
