const LONGEST_SIDE = 1600; // pixels; enough for a face
const $ = (id) => document.getElementById(id);
const bib = $("by-bib");
const selfie = $("by-selfie");
const viewer = $("viewer");
let photos = [];
let place = 0;
let requestId; // one for each picture that is picked, however often it is sent: each is charged once

// Browsers have crypto.randomUUID on https and localhost only.
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// Draw the picture anew: smaller, turned upright, and without its EXIF data, which can say where it was taken.
async function reduced(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
}

async function ask(url, options) {
  let reply, body;
  try {
    reply = await fetch(url, options);
    body = await reply.json();
  } catch {
    throw new Error("There is no connection. Please try again.");
  }
  if (!reply.ok) throw new Error(body.error);
  return body;
}

async function search(request) {
  say("Searching …");
  show([]);
  for (const button of document.querySelectorAll("form button")) button.disabled = true;
  try {
    const found = await request();
    show(found.photos, found.zip && `photos.zip?${found.zip}`);
    const count = found.photos.length;
    const none = "No photos of you yet. Photos are added for some days: please try again later.";
    say(`${count ? `${count} ${count === 1 ? "photo" : "photos"}.` : none} ${found.note ?? ""}`);
  } catch (error) {
    say(error.message, true);
  } finally {
    for (const button of document.querySelectorAll("form button")) button.disabled = false;
  }
}

function say(text, trouble = false) {
  $("said").textContent = text;
  $("said").className = trouble ? "trouble" : "";
}

function show(found, zip) {
  photos = found;
  $("zip").hidden = !found.length || !zip;
  if (zip) $("zip").href = zip;
  $("photos").replaceChildren(...found.map(tile));
}

function tile({ thumbnail, width, height }, index) {
  const image = Object.assign(new Image(), { loading: "lazy", decoding: "async", alt: `Photo ${index + 1} of ${photos.length}`, src: thumbnail });
  const button = Object.assign(document.createElement("button"), { type: "button" });
  button.append(image);
  button.onclick = () => open(index);
  const item = document.createElement("li");
  item.style.setProperty("--shape", width && height ? Math.min(3, Math.max(0.5, width / height)) : 1.5);
  item.append(button);
  return item;
}

function open(index) {
  place = (index + photos.length) % photos.length;
  $("large").src = photos[place].large;
  $("large").alt = $("place").textContent = `Photo ${place + 1} of ${photos.length}`;
  if (!viewer.open) viewer.showModal();
}

$("previous").onclick = () => open(place - 1);
$("next").onclick = () => open(place + 1);
$("close").onclick = () => viewer.close();
viewer.onclose = () => $("photos").children[place]?.firstChild.focus();
viewer.onkeydown = ({ key }) => {
  if (key === "ArrowLeft") open(place - 1);
  if (key === "ArrowRight") open(place + 1);
};
let touchedAt;
viewer.ontouchstart = ({ touches }) => { touchedAt = touches[0].clientX; };
viewer.ontouchend = ({ changedTouches }) => {
  const moved = changedTouches[0].clientX - touchedAt;
  if (Math.abs(moved) > 50) open(place - Math.sign(moved));
};

bib.onsubmit = (event) => {
  event.preventDefault();
  search(() => ask(`photos?bib=${encodeURIComponent(bib.elements.bib.value)}`));
};

$("selfie").onchange = () => {
  requestId = newId();
  const [file] = $("selfie").files;
  URL.revokeObjectURL($("preview").src);
  $("preview").hidden = !file;
  if (file) $("preview").src = URL.createObjectURL(file);
  $("preview").onerror = () => { $("preview").hidden = true; };
  $("picked").textContent = file ? "Choose another picture" : "Choose or take a picture of your face";
};

selfie.onsubmit = (event) => {
  event.preventDefault();
  const also = bib.elements.bib.value.trim();
  const query = also ? `bib=${encodeURIComponent(also)}` : "";
  search(async () => {
    const picture = await reduced($("selfie").files[0]).catch(() => {
      throw new Error("This browser can't read that picture. Please pick a JPEG or PNG.");
    });
    return ask(`searches/${requestId}?${query}`, { method: "PUT", body: picture });
  });
};

const about = await ask("event").catch(() => ({ bib_search: true, selfie_search: true }));
$("event").textContent = [about.name, about.date && new Date(about.date).toLocaleDateString(undefined, { dateStyle: "long" })].filter(Boolean).join(" · ");
bib.hidden = !about.bib_search;
selfie.hidden = !about.selfie_search;

// A button in 9Pic's own gallery leads here with what the visitor searched by.
if (new URLSearchParams(location.search).has("eventId")) {
  search(() => ask(`visit${location.search}`));
}
