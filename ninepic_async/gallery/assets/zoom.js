
  // Zoom with the wheel, two fingers, a double click or the keyboard. One finger or the mouse moves the photo.
  // Without zoom a finger goes to the next photo, to the one before, or closes the photo (downwards).

  const CLOSEST = 8;
  const DOUBLE = 2.5;
  const FAR_ENOUGH = 45;
  const DOUBLE_TAP_MS = 300;
  const fingers = new Map();
  let zoom = { scale: 1, x: 0, y: 0 };
  let swipe = null;
  let lastTap = { time: 0, x: 0, y: 0 };

  function resetZoom() {
    setZoom({ scale: 1, x: 0, y: 0 });
  }

  function toggleZoom(point = middle()) {
    if (zoom.scale > 1) resetZoom();
    else zoomBy(DOUBLE, point);
  }

  // Keep the point of the photo that is under `point` where it is.
  function zoomBy(factor, point = middle()) {
    const scale = Math.max(1, Math.min(CLOSEST, zoom.scale * factor));
    const grown = scale / zoom.scale;
    setZoom({ scale, x: point.x - (point.x - zoom.x) * grown, y: point.y - (point.y - zoom.y) * grown });
  }

  function setZoom({ scale, x, y }) {
    if (picture.hidden) scale = 1;
    const within = (value, size) => Math.min(0, Math.max(size * (1 - scale), value));
    zoom = { scale, x: within(x, stage.clientWidth), y: within(y, stage.clientHeight) };
    picture.style.transform = scale === 1 ? "" : `translate(${zoom.x}px, ${zoom.y}px) scale(${scale})`;
    stage.classList.toggle("zoomed", scale > 1);
    dialog.querySelector("[data-do=zoom]").ariaPressed = String(scale > 1);
  }

  function middle() {
    return { x: stage.clientWidth / 2, y: stage.clientHeight / 2 };
  }

  function pointOf(event) {
    const { left, top } = stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 30;
      // A trackpad's pinch comes as a wheel with Ctrl, in small steps.
      const speed = event.ctrlKey ? 0.01 : 0.002;
      zoomBy(Math.exp(-event.deltaY * lines * speed), pointOf(event));
    },
    { passive: false },
  );

  stage.addEventListener("pointerdown", (event) => {
    if (event.target === video || event.button !== 0) return;
    const point = pointOf(event);
    fingers.set(event.pointerId, point);
    stage.setPointerCapture(event.pointerId);
    const isSwipe = event.pointerType === "touch" && fingers.size === 1 && zoom.scale === 1;
    swipe = isSwipe ? point : null;
  });

  // Moving a photo must not drag its file away.
  stage.addEventListener("dragstart", (event) => event.preventDefault());

  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const point = pointOf(event);
    if (fingers.size === 2) pinch(event.pointerId, before, point);
    else if (zoom.scale > 1) setZoom({ ...zoom, x: zoom.x + point.x - before.x, y: zoom.y + point.y - before.y });
    fingers.set(event.pointerId, point);
  });

  function pinch(moved, before, point) {
    const other = [...fingers].find(([id]) => id !== moved)[1];
    const distance = (from) => Math.hypot(from.x - other.x, from.y - other.y);
    const centre = { x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 };
    zoomBy(distance(point) / Math.max(1, distance(before)), centre);
    setZoom({ ...zoom, x: zoom.x + (point.x - before.x) / 2, y: zoom.y + (point.y - before.y) / 2 });
  }

  stage.addEventListener("pointercancel", (event) => {
    fingers.delete(event.pointerId);
    swipe = null;
  });

  stage.addEventListener("pointerup", (event) => {
    if (!fingers.delete(event.pointerId)) return;
    const point = pointOf(event);
    if (event.pointerType === "touch" && fingers.size === 0) tap(point);
    if (!swipe) return;
    const [x, y] = [point.x - swipe.x, point.y - swipe.y];
    swipe = null;
    if (Math.abs(x) > FAR_ENOUGH && Math.abs(x) > 1.5 * Math.abs(y)) actions[x < 0 ? "next" : "previous"]();
    else if (y > 2 * FAR_ENOUGH && y > 1.5 * Math.abs(x)) actions.close();
  });

  function tap(point) {
    const isNear = Math.hypot(point.x - lastTap.x, point.y - lastTap.y) < FAR_ENOUGH / 2;
    const isDouble = performance.now() - lastTap.time < DOUBLE_TAP_MS && isNear;
    lastTap = { time: isDouble ? 0 : performance.now(), ...point };
    if (isDouble) toggleZoom(point);
  }

  stage.addEventListener("dblclick", (event) => {
    if (event.pointerType !== "touch") toggleZoom(pointOf(event));
  });
