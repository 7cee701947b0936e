"use strict";
(() => {
  // Numbers are grouped with U+202F and may end in a unit; names sort with their digits as numbers.
  const byName = new Intl.Collator("en", { numeric: true });
  const number = (text) => Number(text.replaceAll("\u202f", ""));

  const table = document.querySelector("table.sortable");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  for (const [column, head] of heads.entries()) {
    head.querySelector("button")?.addEventListener("click", () => {
      const numeric = column === 0 || head.classList.contains("n");
      const first = numeric && column > 0 ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const value = (row) => row.cells[column].textContent;
      const compare = numeric ? (a, b) => number(value(a)) - number(value(b)) : (a, b) => byName.compare(value(a), value(b));
      body.append(...[...body.rows].sort((a, b) => sign * compare(a, b)));
    });
  }

  const input = document.querySelector(".filter input");
  const shown = document.querySelector(".shown");
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of body.rows) {
      const text = `${row.cells[1].textContent} ${row.cells[2].textContent}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      count += !row.hidden;
    }
    shown.textContent = `${count} of ${body.rows.length}`;
  };
  input.addEventListener("input", filter);
  filter();

  const tip = document.getElementById("tip");
  const show = (event) => {
    const target = event.target.closest?.("[data-tip]");
    if (!target) {
      tip.hidden = true;
      return;
    }
    const [title, ...lines] = target.dataset.tip.split("\n");
    const heading = document.createElement("b");
    heading.textContent = title;
    tip.replaceChildren(heading, ...lines.map((line) => {
      const row = document.createElement("span");
      const [key, value] = line.split("\t");
      const label = document.createElement("em");
      label.textContent = key;
      row.append(label, value);
      return row;
    }));
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, innerWidth - width - 8);
    const top = event.clientY + 18 + height > innerHeight ? event.clientY - height - 12 : event.clientY + 18;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  };
  addEventListener("pointermove", show);
  addEventListener("pointerdown", show);
  addEventListener("scroll", () => { tip.hidden = true; }, { capture: true, passive: true });
})();
