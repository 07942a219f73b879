// What the server is asked, with the types of its own OpenAPI document.

import type { components, paths } from "./schema.ts";

type Schemas = components["schemas"];
type Answer<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { "application/json": infer T } } } } }
  ? T
  : never;
type Item<P extends keyof paths> = Answer<P> extends { items: (infer T)[] } ? T : never;

export type Cast = Answer<"/casts/{cast_id}">;
export type Summary = Item<"/casts">;
export type Medium = Answer<"/media/{media_id}">;
export type Job = Answer<"/jobs/{job_id}">;
export type Question = Item<"/casts/{cast_id}/questions">;
export type Identity = Item<"/gallery">;
export type Standing = Answer<"/gallery/{person_id}">;
export type Model = Item<"/models">;
export type RunInShort = Item<"/runs">;
export type Run = Answer<"/runs/{run_id}">;
export type RunHead = Schemas["RunHead"];
export type Mistake = Item<"/runs/{run_id}/mistakes">;
export type AuditInShort = Item<"/audits">;
export type Audit = Answer<"/audits/{audit_id}">;
export type Finding = Schemas["Finding"];
export type Decision = Schemas["Decision"];
export type StoredFile = Schemas["StoredFile"];
export type Person = Schemas["Person"];
export type Track = Schemas["CastTrack"];
export type Edit = Schemas["CastEdit"];
export type Change = Schemas["PeopleChange"];
export type DrawnFace = NonNullable<paths["/casts/{cast_id}/faces"]["post"]["requestBody"]>["content"]["application/json"];
export type Receipt = { files: StoredFile[]; bytes: number; jobs: string[]; kept: string[] };

/** As much of JSON Schema as the forms of work need. */
export interface Schema {
  type?: string;
  $ref?: string;
  anyOf?: Schema[];
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  pattern?: string;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  "x-takes"?: string[];
}

/** What may be asked for, as the server says it (OpenAPI). */
export interface Document {
  paths: Record<string, { post?: { summary: string; requestBody?: { content: { "application/json": { schema: Schema } } } } }>;
  components: { schemas: Record<string, Schema> };
}

/** Where the middle of a crop was moved to, at a moment; shares of the picture. */
export type CameraKey = { at_s: number; panel?: number; x: number; y: number };

/** What the pages need of plan.json and camera.json (docs/concepts/shorts-folder.md). */
export interface PlanFile {
  options: { captions?: string | null };
  shorts: { id: string; title?: string | null; reason: string; pieces: { start_s: number; end_s: number }[]; camera?: CameraKey[] }[];
}
export interface ShortsRecord {
  shorts: { id: string; pieces: { start_frame: number; end_frame: number; start_s: number; end_s: number; camera: [number, number, number, number, number][][] }[] }[];
}

/** What the server refused, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

async function answered(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { method, credentials: "same-origin", ...init });
  } catch {
    throw new Refused(0, "server.unreached", "", "");
  }
  if (answer.status === 401) {
    location.assign("/enter");
    throw new Refused(401, "server.unknown", "", "");
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({ error: answer.statusText, hint: "", code: "server.http" }));
    throw new Refused(answer.status, said.code, said.error, said.hint);
  }
  return answer;
}

async function one<T>(method: string, path: string, given?: unknown): Promise<T> {
  const init = given === undefined ? {} : { body: JSON.stringify(given), headers: { "content-type": "application/json" } };
  const answer = await answered(method, path, init);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

const many = async <T>(path: string): Promise<T[]> => (await one<{ items: T[] }>("GET", path)).items;

const PAGE = 500;

/** All pages of a list: each says in `next` below which number the next one goes on, or after which id. */
async function all<T extends { id: string }>(path: string): Promise<T[]> {
  const found: T[] = [];
  for (let after = ""; ; ) {
    const page = await one<{ items: T[]; next?: number | null }>("GET", `${path}?limit=${PAGE}${after}`);
    found.push(...page.items);
    if (page.next === null || (page.next === undefined && page.items.length < PAGE)) return found;
    after = page.next === undefined ? `&before=${page.items.at(-1)!.id}` : `&below=${page.next}`;
  }
}

export const media = (): Promise<Medium[]> => all("/media");
export const jobs = (): Promise<Job[]> => all("/jobs");
export const casts = (): Promise<Summary[]> => all("/casts");
export const cast = (id: string): Promise<Cast> => one("GET", `/casts/${id}`);
export const questions = (id: string): Promise<Question[]> => many(`/casts/${id}/questions`);
export const results = (id: string): Promise<StoredFile[]> => many(`/results/${id}`);
export const people = (): Promise<Identity[]> => many("/gallery");
export const standing = (id: string): Promise<Standing> => one("GET", `/gallery/${id}`);
export const job = (id: string): Promise<Job> => one("GET", `/jobs/${id}`);
export const document = (): Promise<Document> => one("GET", "/openapi.json");
export const models = (): Promise<Model[]> => many("/models");

export const runs = (): Promise<{ items: RunInShort[]; damaged: string[] }> => one("GET", "/runs");
export const run = (id: string): Promise<Run> => one("GET", `/runs/${encodeURIComponent(id)}`);
export const audits = (): Promise<{ items: AuditInShort[]; damaged: string[] }> => one("GET", "/audits");
export const audit = (id: string): Promise<Audit> => one("GET", `/audits/${encodeURIComponent(id)}`);

/** The worst mistakes of a head, or all that were taken so: label and prediction. */
export function mistakes(id: string, side: string, head: string, taken: [string, string] | null): Promise<Mistake[]> {
  const asked = new URLSearchParams({ side, head, ...(taken ? { label: taken[0], prediction: taken[1] } : {}) });
  return many(`/runs/${encodeURIComponent(id)}/mistakes?${asked}`);
}

export const decide = (id: string, decisions: Decision[]): Promise<unknown> => one("PUT", `/audits/${encodeURIComponent(id)}/decisions`, { decisions });
export const correct = async (id: string, who: string): Promise<string> => (await one<{ said: string }>("POST", `/audits/${encodeURIComponent(id)}/corrections`, { who })).said;

export const submit = (work: string, given: Record<string, unknown>): Promise<Job> => one("POST", `/jobs/${work}`, given);
export const cancel = (id: string): Promise<Job> => one("POST", `/jobs/${id}/cancel`);
export const retry = (id: string): Promise<Job> => one("POST", `/jobs/${id}/retry`);
export const removeJob = (id: string): Promise<Receipt> => one("DELETE", `/jobs/${id}`);
export const removeMedium = (id: string): Promise<Receipt> => one("DELETE", `/media/${id}`);
export const renamePerson = (id: string, name: string): Promise<Identity> => one("PATCH", `/gallery/${id}`, { name });
export const removePerson = (id: string): Promise<Identity> => one("DELETE", `/gallery/${id}`);
export const text = async (path: string): Promise<string> => (await answered("GET", path)).text();
export const file = <T>(id: string, name: string): Promise<T> => one("GET", `/results/${id}/${name}`);
export const leave = (): Promise<void> => one("DELETE", "/session");

export async function change(id: string, changes: Change[], preview = false): Promise<string> {
  return (await one<{ said: string }>("POST", `/casts/${id}/changes?preview=${preview}`, { changes })).said;
}

export const drawFace = (id: string, face: DrawnFace): Promise<Job> => one("POST", `/casts/${id}/faces`, face);

export async function changePlan(id: string, shorts: Schemas["ShortPieces"][]): Promise<string> {
  return (await one<{ said: string }>("PUT", `/jobs/${id}/plan`, { shorts })).said;
}

export async function again(id: string, what: "undo" | "redo", number?: number): Promise<string> {
  return (await one<{ said: string }>("POST", `/casts/${id}/${what}${number ? `?number=${number}` : ""}`)).said;
}

/** Follow the jobs; what has happened while the line was cut comes after it. */
export function follow(changed: (job: Job) => void, alive: (on: boolean) => void): () => void {
  let events: EventSource;
  let again: ReturnType<typeof setTimeout>;
  function begin(): void {
    events = new EventSource("/events");
    events.addEventListener("job", (event) => changed(JSON.parse(event.data) as Job));
    events.addEventListener("open", () => alive(true));
    events.addEventListener("error", () => {
      alive(false);
      // What the server refused is not asked for again by the browser; who is not known any more is sent to the way in.
      if (events.readyState === EventSource.CLOSED) again = setTimeout(() => void one("GET", "/jobs?limit=1").catch(() => null).then(begin), 3000);
    });
  }
  begin();
  return () => {
    clearTimeout(again);
    events.close();
  };
}

const TUS = { "tus-resumable": "1.0.0" };
const BLOCK = 4 << 20;
const TRIES = 8;

const begun = (file: File): string => `upload ${file.name} ${file.size} ${file.lastModified}`;

/** Upload a file, from where an earlier try of the same file was cut; gives its id. */
export async function upload(file: File, sent: (bytes: number) => void, stop: AbortSignal): Promise<string> {
  const key = begun(file);
  let where = localStorage.getItem(key);
  let at = 0;
  if (where) {
    try {
      at = await arrived(where);
    } catch {
      where = null;
    }
  }
  if (!where) {
    const name = btoa(Array.from(new TextEncoder().encode(file.name), (byte) => String.fromCharCode(byte)).join(""));
    const headers = { ...TUS, "upload-length": String(file.size), "upload-metadata": `filename ${name}` };
    where = (await answered("POST", "/uploads", { headers })).headers.get("location")!;
    localStorage.setItem(key, where);
  }
  for (let tries = 0; at < file.size; ) {
    if (stop.aborted) {
      localStorage.removeItem(key);
      await answered("DELETE", where, { headers: TUS }).catch(() => undefined);
      throw new Refused(0, "upload.stopped", "", "");
    }
    try {
      const headers = { ...TUS, "upload-offset": String(at), "content-type": "application/offset+octet-stream" };
      const answer = await answered("PATCH", where, { headers, body: file.slice(at, at + BLOCK), signal: stop });
      at = Number(answer.headers.get("upload-offset"));
      tries = 0;
    } catch (error) {
      if (stop.aborted) continue;
      if (!(error instanceof Refused) || (error.status !== 0 && error.status !== 409 && error.status !== 423) || ++tries > TRIES) {
        if (error instanceof Refused && error.status !== 0) localStorage.removeItem(key);
        throw error;
      }
      await new Promise((done) => setTimeout(done, 500 * tries));
      at = await arrived(where).catch(() => at);
    }
    sent(at);
  }
  localStorage.removeItem(key);
  return where.split("/").at(-1)!;
}

async function arrived(where: string): Promise<number> {
  const answer = await fetch(where, { method: "HEAD", headers: TUS });
  if (!answer.ok) throw new Refused(answer.status, "server.upload", "", "");
  return Number(answer.headers.get("upload-offset"));
}
