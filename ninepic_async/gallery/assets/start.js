"use strict";

// The page works without this script. The script fills the rows, filters, and shows one photo alone.

(() => {
  // All but the first lists come as text in <noscript>: so many elements would make everything slow.
  const TILE = /<a href="([^"]*)" data-name="([^"]*)"><img src="[^"]*" width="(\d+)" height="(\d+)"/;
  const ESCAPES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'" };
  const unescaped = (text) => text.replace(/&[#\w]+;/g, (escape) => ESCAPES[escape]);

  const main = document.querySelector("main");
  const texts = new Map();
  for (const noscript of main.querySelectorAll("noscript")) {
    const ul = Object.assign(document.createElement("ul"), { className: "photos" });
    ul.setAttribute("role", "list");
    texts.set(ul, noscript.textContent);
    noscript.replaceWith(ul);
  }
  const sections = [...main.querySelectorAll("section")].map((element) => ({
    element,
    lists: [...element.querySelectorAll("ul")].map(listOf),
    count: element.querySelector("h2 small"),
    allText: element.querySelector("h2 small").textContent,
    chartLink: document.querySelector(`nav a[href="#${element.getAttribute("aria-labelledby")}"]`),
  }));
  const lists = sections.flatMap((section) => section.lists);
  const tiles = lists.flatMap((list) => list.tiles);

  // A list has up to 48 tiles. Lists that came as text get their elements and rows near the window only.
  function listOf(ul) {
    const text = texts.get(ul);
    const isBuilt = text === undefined;
    const list = { ul, tiles: [], rows: [], isBuilt, isNear: isBuilt, isStale: true };
    if (list.isBuilt) list.tiles = [...ul.children].map((li) => tileOf(li, list));
    else list.tiles = linesOf(text).map((line) => tileIn(line, list));
    return list;
  }

  function linesOf(text) {
    return text.split("\n").filter((line) => line.startsWith("<li>"));
  }

  function tileOf(li, list) {
    const link = li.querySelector("a");
    const image = link.firstElementChild?.localName === "img" ? link.firstElementChild : null;
    const ratio = image ? image.getAttribute("width") / image.getAttribute("height") : 0;
    const [href, name] = [link.getAttribute("href"), link.dataset.name];
    return { li, link, image, list, href, name, ratio, shown: true, words: null };
  }

  function tileIn(line, list) {
    const [, href, name, width, height] = TILE.exec(line);
    return { line, list, href, name: unescaped(name), ratio: width / height, shown: true, words: null };
  }

  // Make the elements of a list that came as text.
  function build(list) {
    if (list.isBuilt) return;
    list.isBuilt = true;
    list.ul.innerHTML = list.tiles.map((tile) => tile.line).join("");
    list.tiles.forEach((tile, place) => {
      const li = list.ul.children[place];
      const link = li.firstElementChild;
      Object.assign(tile, { li, link, image: link.firstElementChild, line: undefined });
      li.hidden = !tile.shown;
    });
  }
