// Browsers start no workers from a local disk, and the search runs in one. Run its script in an empty frame instead.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      const frame = (this.frame = document.createElement("iframe"));
      frame.hidden = true;
      frame.title = "Search";
      document.body.append(frame);
      const inside = frame.contentWindow;
      const script = inside.document.createElement("script");
      script.src = new URL(url, location.href).href;
      this.loaded = new Promise((loaded) => (script.onload = loaded));
      inside.postMessage = (data) => this.#deliver(window, this, data);
      inside.document.head.append(script);
    }

    // Later, as a real worker does; and each side gets objects of its own kind.
    async #deliver(realm, target, data) {
      const copy = realm.structuredClone(data);
      await this.loaded;
      setTimeout(() => target.onmessage?.(new MessageEvent("message", { data: copy })));
    }

    postMessage(data) {
      const inside = this.frame.contentWindow;
      this.#deliver(inside, inside, data);
    }

    terminate() {
      this.frame.remove();
    }
  };
}
