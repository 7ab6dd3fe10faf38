"use strict";

// The page is whole without this: it fills the rows, finds BIBs and names, and shows one photo alone.

(() => {
  const main = document.querySelector("main");
  const sections = [...main.querySelectorAll("section")].map((element) => ({
    element,
    lists: [...element.querySelectorAll("ul")].map((ul) => ({ ul, tiles: [...ul.children].map(tileOf) })),
    counted: element.querySelector("h2 small"),
    all: element.querySelector("h2 small").textContent,
    way: document.querySelector(`nav a[href="#${element.getAttribute("aria-labelledby")}"]`),
  }));
  const tiles = sections.flatMap(({ lists }) => lists.flatMap((list) => list.tiles));

  function tileOf(li) {
    const picture = li.querySelector("img");
    const ratio = picture ? picture.getAttribute("width") / picture.getAttribute("height") : 0;
    return { li, link: li.querySelector("a"), ratio, shown: true, words: null };
  }

  // Rows: as many as give photos about the wished height, broken so that all are about equally full.

  const GAP_LOST_TO_ROUNDING = 0.5;
  let laidOutFor = 0;

  function fitAll() {
    // The scrollbar leaves while one photo is looked at; nobody sees the rows then.
    if (document.documentElement.classList.contains("viewing")) return;
    const width = main.clientWidth - 2 * parseFloat(getComputedStyle(main).paddingLeft);
    if (width === laidOutFor || width <= 0) return;
    laidOutFor = width;
    const style = getComputedStyle(document.documentElement);
    const [wished, gap, caption] = ["--row", "--gap", "--caption"].map((name) =>
      parseFloat(style.getPropertyValue(name)),
    );
    for (const { lists } of sections) {
      const photos = lists.filter(({ ul }) => ul.classList.contains("photos"));
      for (const list of photos) fit(list, list === photos.at(-1), { width, wished, gap, caption });
    }
  }

  function fit({ ul, tiles }, isLast, { width, wished, gap, caption }) {
    const seen = tiles.filter((tile) => tile.shown);
    ul.hidden = seen.length === 0;
    ul.classList.add("fitted");
    const ratios = seen.reduce((sum, tile) => sum + tile.ratio, 0);
    const rows = Math.max(1, Math.round((ratios * wished + gap * seen.length) / (width + gap)));
    let height = 0;
    for (const row of brokenInto(seen, rows, ratios)) {
      const full = row.reduce((sum, tile) => sum + tile.ratio, 0);
      const filled = (width - gap * (row.length - 1) - GAP_LOST_TO_ROUNDING) / full;
      // A few photos that are all there is are not blown up to fill a row.
      const tall = Math.min(filled, isLast && rows === 1 ? wished * 1.15 : wished * 1.8);
      for (const { li, ratio } of row) {
        li.style.cssText = `width:${(ratio * tall).toFixed(2)}px;--h:${tall.toFixed(2)}px`;
      }
      height += tall + caption;
    }
    ul.style.containIntrinsicBlockSize = `${Math.ceil(height + 5)}px`;
  }

  function brokenInto(seen, rows, ratios) {
    const broken = [[]];
    let before = 0;
    for (const tile of seen) {
      const row = broken.at(-1);
      if (row.length && before + tile.ratio / 2 > (broken.length * ratios) / rows) broken.push([tile]);
      else row.push(tile);
      before += tile.ratio;
    }
    return broken.filter((row) => row.length);
  }

  new ResizeObserver(() => requestAnimationFrame(fitAll)).observe(main);
  fitAll();

  // Finding: the BIBs that begin so; where there is none, names that hold it.

  const find = document.getElementById("find");
  const found = document.querySelector("search output");
  let asked = 0;

  function wordsOf(tile) {
    tile.words ??= {
      bibs: (tile.li.querySelector("b")?.textContent ?? "").toLowerCase().split(", "),
      name: (tile.link.dataset.name ?? tile.link.textContent).toLowerCase(),
    };
    return tile.words;
  }

  function filter() {
    const text = find.value.trim().toLowerCase();
    const byBib = (tile) => wordsOf(tile).bibs.some((bib) => bib.startsWith(text));
    const byName = (tile) => wordsOf(tile).name.includes(text);
    const matches = text === "" ? () => true : tiles.some(byBib) ? byBib : byName;
    let count = 0;
    for (const tile of tiles) {
      const shown = matches(tile);
      count += shown;
      if (shown !== tile.shown) tile.li.hidden = !(tile.shown = shown);
    }
    for (const { element, lists, counted, all, way } of sections) {
      const shown = lists.reduce((sum, list) => sum + list.tiles.filter((tile) => tile.shown).length, 0);
      element.hidden = shown === 0;
      if (way) way.hidden = shown === 0;
      counted.textContent = text === "" ? all : `${shown.toLocaleString("en")} found`;
    }
    main.querySelector(".none").hidden = count > 0;
    found.textContent = text === "" ? "" : `${count.toLocaleString("en")} found`;
    laidOutFor = 0;
    fitAll();
  }

  find.addEventListener("input", () => {
    clearTimeout(asked);
    asked = setTimeout(filter, 120);
  });
  find.closest("search").hidden = false;

  // Clips show their first picture when they come near the window; thousands at once would be too many.

  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        target.preload = "metadata";
        near.unobserve(target);
      }
    },
    { rootMargin: "400px" },
  );
  for (const video of main.querySelectorAll("video")) near.observe(video);

  // One photo alone.

  const dialog = document.querySelector("dialog");
  const stage = dialog.querySelector(".stage");
  const [picture, video, sorry] = stage.children;
  const count = dialog.querySelector("output");
  const file = dialog.querySelector("a");
  const facts = dialog.querySelector(".facts");
  let order = [];
  let place = 0;

  function open(tile) {
    order = tiles.filter((each) => each.shown && each.link.dataset.name !== undefined);
    document.documentElement.classList.add("viewing");
    dialog.showModal();
    show(order.indexOf(tile));
  }

  function show(wanted) {
    place = Math.max(0, Math.min(order.length - 1, wanted));
    const { li, link } = order[place];
    const thumbnail = li.querySelector("img");
    file.href = link.href;
    count.textContent = `${(place + 1).toLocaleString("en")} of ${order.length.toLocaleString("en")}`;
    const name = Object.assign(document.createElement("span"), { textContent: link.dataset.name });
    const told = [...link.querySelectorAll("b, time, small")].map((each) => each.cloneNode(true));
    facts.replaceChildren(...told, name);
    // Not disabled, which would lose the focus that is on them.
    dialog.querySelector("[data-do=previous]").ariaDisabled = String(place === 0);
    dialog.querySelector("[data-do=next]").ariaDisabled = String(place === order.length - 1);
    dialog.setAttribute("aria-label", thumbnail ? "Photo" : "Clip");
    sorry.hidden = true;
    picture.hidden = !thumbnail;
    video.hidden = Boolean(thumbnail);
    stopVideo();
    if (thumbnail) showPhoto(link, thumbnail);
    else video.src = link.href;
    if (!thumbnail) video.play().catch(() => {});
  }

  function showPhoto(link, thumbnail) {
    // The thumbnail is there at once; the photo takes its place when it is ready.
    picture.src = thumbnail.src;
    picture.alt = `Photo ${link.dataset.name}`;
    const whole = new Image();
    whole.src = link.href;
    whole.decode().then(
      () => isShown(link) && (picture.src = whole.src),
      () => isShown(link) && (sorry.hidden = !(picture.hidden = true)),
    );
    for (const beside of [order[place + 1], order[place - 1]]) {
      if (beside?.ratio) new Image().src = beside.link.href;
    }
  }

  function isShown(link) {
    return dialog.open && order[place]?.link === link;
  }

  function stopVideo() {
    video.pause();
    if (video.hasAttribute("src")) {
      video.removeAttribute("src");
      video.load();
    }
  }

  const deeds = {
    close: () => dialog.close(),
    previous: () => show(place - 1),
    next: () => show(place + 1),
    first: () => show(0),
    last: () => show(order.length - 1),
  };
  const keys = { ArrowLeft: "previous", ArrowRight: "next", Home: "first", End: "last" };

  main.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-name]");
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !plain) return;
    event.preventDefault();
    for (const playing of main.querySelectorAll("video")) playing.pause();
    open(tiles.find((tile) => tile.link === link));
  });

  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) deeds[button.dataset.do]();
  });

  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Tab") keepFocus(event);
    const deed = keys[event.key];
    // A clip that has the focus is wound by the same keys.
    if (!deed || event.target === video) return;
    event.preventDefault();
    deeds[deed]();
  });

  function keepFocus(event) {
    const stops = [...dialog.querySelectorAll("a, button, video")].filter((each) => each.checkVisibility());
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (document.activeElement !== edge && stops.includes(document.activeElement)) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0]).focus();
  }

  dialog.addEventListener("close", () => {
    stopVideo();
    picture.removeAttribute("src");
    document.documentElement.classList.remove("viewing");
    const { link } = order[place];
    link.scrollIntoView({ block: "nearest", behavior: "instant" });
    link.focus({ preventScroll: true });
  });

  // Touch: aside for the next or the one before, down to leave. Two fingers are the browser's, to look closer.

  const FAR_ENOUGH = 45;
  let touch = null;

  stage.addEventListener("pointerdown", (event) => {
    const single = event.pointerType === "touch" && event.isPrimary && visualViewport.scale === 1;
    touch = single ? { x: event.clientX, y: event.clientY } : null;
  });
  stage.addEventListener("pointercancel", () => (touch = null));
  stage.addEventListener("pointerup", (event) => {
    if (!touch || !event.isPrimary) return;
    const [x, y] = [event.clientX - touch.x, event.clientY - touch.y];
    touch = null;
    if (Math.abs(x) > FAR_ENOUGH && Math.abs(x) > 1.5 * Math.abs(y)) deeds[x < 0 ? "next" : "previous"]();
    else if (y > 2 * FAR_ENOUGH && y > 1.5 * Math.abs(x)) deeds.close();
  });
})();
