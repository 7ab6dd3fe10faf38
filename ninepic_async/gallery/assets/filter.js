
  // Filter by BIBs that start with the text. If there are none: by names that contain it.

  const TYPING_PAUSE_MS = 120;
  const find = document.getElementById("find");
  const found = document.querySelector("search output");
  const ways = document.querySelector(".ways");
  let typing = 0;
  let wanted = "";

  function wordsOf(tile) {
    tile.words ??= {
      bibs: textIn(tile, "b").toLowerCase().split(", "),
      name: (tile.name ?? tile.link.textContent).toLowerCase(),
      way: textIn(tile, "em"),
    };
    return tile.words;
  }

  function textIn({ li, line }, tag) {
    if (li) return li.querySelector(tag)?.textContent ?? "";
    return unescaped(line.match(`<${tag}>([^<]*)<`)?.[1] ?? "");
  }

  function filter() {
    const text = find.value.trim().toLowerCase();
    const byBib = (tile) => wordsOf(tile).bibs.some((bib) => bib.startsWith(text));
    const byName = (tile) => wordsOf(tile).name.includes(text);
    const byText = text === "" ? () => true : tiles.some(byBib) ? byBib : byName;
    const byWay = wanted === "" ? () => true : (tile) => wordsOf(tile).way === wanted;
    let total = 0;
    for (const tile of tiles) total += tile.shown = byText(tile) && byWay(tile);
    for (const section of sections) showSection(section, text === "" && wanted === "");
    main.querySelector(".none").hidden = total > 0;
    found.textContent = text === "" && wanted === "" ? "" : `${total.toLocaleString("en")} found`;
    fittedWidth = 0;
    fitAll();
  }

  function showSection({ element, lists, count, allText, chartLink }, isWhole) {
    let shown = 0;
    for (const list of lists) shown += showTiles(list);
    element.hidden = shown === 0;
    if (chartLink) chartLink.hidden = shown === 0;
    count.textContent = isWhole ? allText : `${shown.toLocaleString("en")} found`;
  }

  function showTiles({ ul, tiles, isBuilt }) {
    const shown = tiles.reduce((sum, tile) => sum + tile.shown, 0);
    ul.hidden = shown === 0;
    // The tiles of a hidden list can stay as they are.
    if (shown && isBuilt) for (const tile of tiles) if (tile.li.hidden === tile.shown) tile.li.hidden = !tile.shown;
    return shown;
  }

  find.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(filter, TYPING_PAUSE_MS);
  });
  find.closest("search").hidden = false;

  ways?.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    wanted = button.dataset.way;
    for (const each of ways.children) each.ariaPressed = String(each === button);
    filter();
  });
  if (ways) ways.hidden = false;

  // Clips load their first picture near the window only: thousands at once are too many.

  const nearClips = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        target.preload = "metadata";
        nearClips.unobserve(target);
      }
    },
    { rootMargin: "400px" },
  );
  for (const video of main.querySelectorAll("video")) nearClips.observe(video);
