
  // Rows: as many as give photos about the wished height, broken so that all are about equally full.

  const ROUNDING = 0.5;
  let fittedWidth = 0;

  function fitAll() {
    // While one photo is shown alone, the page has no scrollbar and is wider. Nobody sees its rows.
    if (document.documentElement.classList.contains("viewing")) return;
    const width = main.clientWidth - 2 * parseFloat(getComputedStyle(main).paddingLeft);
    if (width === fittedWidth || width <= 0) return;
    fittedWidth = width;
    const style = getComputedStyle(document.documentElement);
    const [wished, gap, caption] = ["--row", "--gap", "--caption"].map((name) =>
      parseFloat(style.getPropertyValue(name)),
    );
    for (const section of sections) {
      const photos = section.lists.filter(({ ul }) => ul.classList.contains("photos"));
      for (const list of photos) plan(list, list === photos.at(-1), { width, wished, gap, caption });
    }
  }

  // Decide on a list's rows, and give the list their height.
  function plan(list, isLast, { width, wished, gap, caption }) {
    const seen = list.tiles.filter((tile) => tile.shown);
    const ratios = seen.reduce((sum, tile) => sum + tile.ratio, 0);
    const wanted = Math.max(1, Math.round((ratios * wished + gap * seen.length) / (width + gap)));
    let total = 0;
    list.rows = brokenInto(seen, wanted, ratios).map((tiles) => {
      const sum = tiles.reduce((sum, tile) => sum + tile.ratio, 0);
      const filled = (width - gap * (tiles.length - 1) - ROUNDING) / sum;
      // A few photos alone are not enlarged to fill a row.
      const height = Math.min(filled, isLast && wanted === 1 ? wished * 1.15 : wished * 1.8);
      total += height + caption;
      return { tiles, height };
    });
    list.isStale = true;
    list.ul.classList.add("waiting");
    list.ul.hidden = seen.length === 0;
    list.ul.style.containIntrinsicBlockSize = `${total.toFixed(2)}px`;
    if (list.isNear) layOut(list);
  }

  function brokenInto(seen, wanted, ratios) {
    const broken = [[]];
    let before = 0;
    for (const tile of seen) {
      const row = broken.at(-1);
      if (row.length && before + tile.ratio / 2 > (broken.length * ratios) / wanted) broken.push([tile]);
      else row.push(tile);
      before += tile.ratio;
    }
    return broken.filter((row) => row.length);
  }

  function layOut(list) {
    build(list);
    if (!list.isStale || !list.rows.length) return;
    list.isStale = false;
    list.ul.classList.remove("waiting");
    list.ul.classList.add("fitted");
    for (const { tiles, height } of list.rows) {
      for (const { li, ratio } of tiles) {
        li.style.cssText = `width:${(ratio * height).toFixed(2)}px;--h:${height.toFixed(2)}px`;
      }
    }
  }

  const listOfElement = new Map(lists.map((list) => [list.ul, list]));
  const nearLists = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const list = listOfElement.get(target);
        list.isNear = isIntersecting;
        if (isIntersecting) layOut(list);
      }
    },
    { rootMargin: "1500px" },
  );

  fitAll();
  for (const { ul, isBuilt } of lists) if (!isBuilt) nearLists.observe(ul);
  addEventListener("beforeprint", () => lists.forEach(layOut));
  new ResizeObserver(() => requestAnimationFrame(fitAll)).observe(main);
