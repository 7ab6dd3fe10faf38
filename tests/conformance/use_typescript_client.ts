// Use the types that openapi-typescript has generated, with openapi-fetch. tsc checks this file too.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const [baseUrl, key, org, event, bib, selfiePath] = process.argv.slice(2) as [
  string, string, string, string, string, string,
];
const path = { org_id: Number(org), event_id: Number(event) };
const client = createClient<paths>({ baseUrl, headers: { "X-API-Key": key } });

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

function got<T>(reply: { data?: T }, what: string): T {
  check(reply.data !== undefined, what);
  return reply.data;
}

function form(fields: Record<string, string | Blob>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

const upload = (body: unknown) => body as FormData;
const of_event = "/api/v1/ext/{org_id}/event/{event_id}";

const events = got(await client.GET("/api/v1/ext/{org_id}/events", { params: { path } }), "events");
const total: number = events.data.pagination.total;
check(total === 24, "24 events");

const pong = got(await client.GET(`${of_event}/ping`, { params: { path } }), "ping");
check(pong.data.event_id === path.event_id, "the event's id");

const details = got(await client.GET(`${of_event}/details`, { params: { path } }), "details");
const searchable: boolean = details.data.bib_search;
check(searchable, "BIB search is on");

const query = { page_size: 5 };
const photos = got(await client.GET(`${of_event}/images`, { params: { path, query } }), "photos");
const ids: string[] = photos.data.images.map((photo: components["schemas"]["ImageItem"]) => photo.image_id);
check(ids.length === 5, "5 photos");

const ofBib = got(await client.GET(`${of_event}/bibs/{bib}`, { params: { path: { ...path, bib } } }), "bib_search");
check(ofBib.data.images.length > 0, "photos of the BIB");

const selfie = new Blob([readFileSync(selfiePath)], { type: "image/jpeg" });
const found = got(
  await client.POST(`${of_event}/faces`, { params: { path }, body: { selfie: "" }, bodySerializer: () => upload(form({ selfie })) }),
  "face_search",
);
const requestId: string = found.data.request_id;
check(found.data.images.length === ofBib.data.images.length, "the photos of the selfie");

const again = got(
  await client.GET(`${of_event}/faces/{request_id}`, { params: { path: { ...path, request_id: requestId } } }),
  "face_results",
);
check(again.data.images.length === found.data.images.length, "the cached result");

const days = got(await client.GET(`${of_event}/timeline/days`, { params: { path } }), "timeline_days");
const timed: number = days.data.days.reduce((sum, day) => sum + day.total, 0);

const span = { from: 0, to: 4_000_000_000 };
const ofTime = got(await client.GET(`${of_event}/timeline/images`, { params: { path, query: span } }), "timeline_photos");
check(ofTime.data.pagination.total === timed, "the photos of the timeline");

const job = got(
  await client.POST(`${of_event}/video-clipping/search-by-selfie`, {
    params: { path },
    body: { request_id: requestId },
    bodySerializer: () => upload(form({ request_id: requestId })),
  }),
  "start_clips",
);
const status = got(
  await client.GET(`${of_event}/video-clipping/{request_id}`, {
    params: { path: { ...path, request_id: job.data.request_id } },
  }),
  "clip_status",
);
check(["queued", "processing", "completed"].includes(status.data.status), "a known status");

const links = got(
  await client.POST(`${of_event}/original-photos`, { params: { path }, body: { method: "image_ids", identifier: ids } }),
  "originals",
);
check(links.data.presigned_urls.length === ids.length, "a link for each photo");

const refused = await client.GET(`${of_event}/images`, { params: { path, query: { page: 0 } } });
check(refused.response.status === 422 && refused.error !== undefined, "page 0 is refused");
