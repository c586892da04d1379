// Two or three entries side by side. The page holds every number as the table shows it, and every verdict.
"use strict";

const board = JSON.parse(one("#entries").textContent);
const choosers = all("select.entry");
const words = { b: "better", w: "worse", u: "cannot tell" };

function chosen() {
  const names = choosers.map(chooser => chooser.value).filter(name => name !== "");
  return [...new Set(names)].map(name => board.entries.findIndex(entry => entry.name === name)).filter(i => i >= 0);
}

function showPictures(picked) {
  const place = one("#pictures");
  place.replaceChildren();
  for (const i of picked) {
    const entry = board.entries[i], figure = place.appendChild(make("figure", { class: "picture" }));
    if (entry.picture) {
      const [path, width, height] = entry.picture;
      figure.append(make("img", { class: "pixels", src: `../${path}`, width, height, alt: `samples of ${entry.label}` }));
    } else {
      figure.append(make("p", { class: "hint" }, "no picture of its samples"));
    }
    const caption = figure.appendChild(make("figcaption"));
    caption.append(make("a", { href: `../${entry.page}` }, entry.label));
  }
  const shared = picked.length > 1 && picked.every(i => board.entries[i].latents !== "" && board.entries[i].latents === board.entries[picked[0]].latents);
  one("#shared").textContent = picked.length < 2 ? "" : shared
    ? "Image by image, these samples start from the same latents, or from the same test images."
    : "These samples start from different latents, so only the sets can be compared, not image by image.";
}

function showNumbers(picked) {
  const head = one("#numbers thead tr"), body = one("#numbers tbody");
  head.replaceChildren(make("th", { scope: "col" }, "Number"));
  picked.forEach((i, place) => {
    head.append(make("th", { scope: "col", class: "num" }, board.entries[i].label));
    if (place) head.append(make("th", { scope: "col" }, `against ${board.entries[picked[0]].label}`));
  });
  body.replaceChildren();
  board.columns.forEach((column, k) => {
    const texts = picked.map(i => board.entries[i].values[k]);
    if (texts.every(text => text === null)) return;
    const row = body.appendChild(make("tr")), name = row.appendChild(make("th", { scope: "row", class: "name" }));
    name.append(column.term ? make("a", { href: `../glossary.html#${column.term}` }, column.title) : column.title);
    picked.forEach((i, place) => {
      const cell = row.appendChild(make("td", { class: "num" })), value = board.entries[i].values[k];
      cell.append(value === null ? "—" : value[0]);
      if (value && value[1]) cell.append(make("small", {}, value[1]));
      if (place) {
        const verdict = column.verdicts ? column.verdicts[i][picked[0]] : "-";
        row.append(make("td", { class: `text verdict ${verdict}` }, words[verdict] || "—"));
      }
    });
  });
}

function show() {
  const picked = chosen();
  one("#too-few").hidden = picked.length > 1;
  showPictures(picked);
  showNumbers(picked);
}

function readHash() {
  const names = location.hash.slice(1).split("&").filter(Boolean).map(decoded);
  const known = names.filter(name => board.entries.some(entry => entry.name === name));
  const first = known.length ? known : board.entries.slice(0, 2).map(entry => entry.name);
  choosers.forEach((chooser, i) => { chooser.value = first[i] ?? ""; });
  show();
}

for (const chooser of choosers) {
  chooser.addEventListener("change", () => {
    const names = choosers.map(other => other.value).filter(name => name !== "");
    history.replaceState(null, "", `#${names.map(encodeURIComponent).join("&")}`);
    show();
  });
}
one("#chooser").hidden = false;
addEventListener("hashchange", readHash);
readHash();
