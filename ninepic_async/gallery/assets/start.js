"use strict";

// The page works without this script. The script fills the rows, filters, and shows one photo alone.

(() => {
  const main = document.querySelector("main");
  const sections = [...main.querySelectorAll("section")].map((element) => ({
    element,
    lists: [...element.querySelectorAll("ul")].map(listOf),
    count: element.querySelector("h2 small"),
    allText: element.querySelector("h2 small").textContent,
    chartLink: document.querySelector(`nav a[href="#${element.getAttribute("aria-labelledby")}"]`),
  }));
  const lists = sections.flatMap((section) => section.lists);
  const tiles = lists.flatMap((list) => list.tiles);

  // A list has up to 48 tiles. Only lists near the window get their rows.
  function listOf(ul) {
    const list = { ul, tiles: [], rows: [], isNear: false, isStale: true };
    for (const li of ul.children) list.tiles.push(tileOf(li, list));
    return list;
  }

  function tileOf(li, list) {
    const link = li.querySelector("a");
    const image = link.firstElementChild?.localName === "img" ? link.firstElementChild : null;
    const ratio = image ? image.getAttribute("width") / image.getAttribute("height") : 0;
    return { li, list, link, image, ratio, shown: true, words: null };
  }
