
  // One photo alone. Its address is the page's with "#photo/" and the file behind it; Back closes it.

  const PREFIX = "#photo/";
  const LEAVING_MS = 500;
  const dialog = document.querySelector("dialog");
  const stage = dialog.querySelector(".stage");
  const picture = stage.querySelector("img");
  const video = stage.querySelector("video");
  const sorry = stage.querySelector("p");
  const position = dialog.querySelector("output");
  const file = dialog.querySelector("a");
  const facts = dialog.querySelector(".facts");
  let order = [];
  let place = 0;
  let isOnTop = false; // whether the page's own address is the entry before in the history
  let leaving = Promise.resolve();

  const addressOf = (tile) => PREFIX + tile.href;
  const canBeShown = (tile) => tile.shown && tile.name !== undefined;

  async function open(tile) {
    await leaving;
    isOnTop = true;
    // The page is at the photo that was shown last, wherever it was before.
    history.scrollRestoration = "manual";
    location.hash = addressOf(tile);
    openAt(tile);
  }

  function openAt(tile) {
    order = tiles.filter(canBeShown);
    document.documentElement.classList.add("viewing");
    if (!dialog.open) dialog.showModal();
    show(order.indexOf(tile));
  }

  function move(wantedPlace) {
    show(wantedPlace);
    location.replace(addressOf(order[place]));
  }

  // Do what the address says, whether a link, Back or Forward changed it.
  function follow() {
    if (!location.hash.startsWith(PREFIX)) {
      isOnTop = false;
      if (dialog.open) dialog.close();
      history.scrollRestoration = "auto";
      return;
    }
    if (dialog.open && addressOf(order[place]) === location.hash) return;
    const tile = tiles.find((each) => canBeShown(each) && addressOf(each) === location.hash);
    if (tile) openAt(tile);
  }

  function leaveAddress() {
    if (!location.hash.startsWith(PREFIX)) return;
    if (!isOnTop) {
      history.replaceState(null, "", location.href.split("#")[0]);
      return;
    }
    isOnTop = false;
    leaving = new Promise((left) => {
      addEventListener("hashchange", left, { once: true });
      setTimeout(left, LEAVING_MS);
    });
    history.back();
  }

  function show(wantedPlace) {
    place = Math.max(0, Math.min(order.length - 1, wantedPlace));
    const { list } = order[place];
    // Here the page will be when the photo is closed.
    list.isNear = true;
    layOut(list);
    const { link, image, name } = order[place];
    file.href = link.href;
    position.textContent = `${(place + 1).toLocaleString("en")} of ${order.length.toLocaleString("en")}`;
    const nameFact = Object.assign(document.createElement("span"), { textContent: name });
    const shownFacts = [...link.querySelectorAll("b, em, time, small")].map((each) => each.cloneNode(true));
    facts.replaceChildren(...shownFacts, nameFact);
    // A disabled button would lose the focus.
    dialog.querySelector("[data-do=previous]").ariaDisabled = String(place === 0);
    dialog.querySelector("[data-do=next]").ariaDisabled = String(place === order.length - 1);
    dialog.querySelector("[data-do=zoom]").hidden = !image;
    dialog.setAttribute("aria-label", image ? "Photo" : "Clip");
    sorry.hidden = true;
    picture.hidden = !image;
    video.hidden = Boolean(image);
    stopVideo();
    resetZoom();
    if (image) showPhoto(order[place]);
    else playVideo(link);
  }

  function showPhoto({ link, image, name }) {
    // The thumbnail is there at once. The photo takes its place when it is decoded.
    picture.src = image.src;
    picture.alt = `Photo ${name}`;
    const whole = new Image();
    whole.src = link.href;
    whole.decode().then(
      () => isShown(link) && (picture.src = whole.src),
      () => isShown(link) && (sorry.hidden = false),
    );
    for (const neighbour of [order[place + 1], order[place - 1]]) {
      if (neighbour?.ratio) new Image().src = neighbour.href;
    }
  }

  function isShown(link) {
    return dialog.open && order[place]?.link === link;
  }

  function playVideo(link) {
    video.src = link.href;
    video.play().catch(() => {});
  }

  function stopVideo() {
    video.pause();
    if (video.hasAttribute("src")) {
      video.removeAttribute("src");
      video.load();
    }
  }

  const actions = {
    close: () => dialog.close(),
    previous: () => move(place - 1),
    next: () => move(place + 1),
    first: () => move(0),
    last: () => move(order.length - 1),
    zoom: () => toggleZoom(),
    zoomIn: () => zoomBy(1.5),
    zoomOut: () => zoomBy(1 / 1.5),
    zoomOff: () => resetZoom(),
  };
  const keys = {
    ArrowLeft: "previous",
    ArrowRight: "next",
    Home: "first",
    End: "last",
    "+": "zoomIn",
    "=": "zoomIn",
    "-": "zoomOut",
    0: "zoomOff",
  };

  main.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-name]");
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !isPlain) return;
    event.preventDefault();
    for (const playing of main.querySelectorAll("video")) playing.pause();
    open(tiles.find((tile) => tile.link === link));
  });

  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) actions[button.dataset.do]();
  });

  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Tab") keepFocus(event);
    const action = keys[event.key];
    // A clip that has the focus needs these keys itself.
    if (!action || event.target === video) return;
    event.preventDefault();
    actions[action]();
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
    leaveAddress();
    const { link } = order[place];
    link.scrollIntoView({ block: "nearest", behavior: "instant" });
    link.focus({ preventScroll: true });
  });

  addEventListener("hashchange", follow);
