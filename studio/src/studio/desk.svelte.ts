// What all pages share: the library and the jobs as the server has them, uploads on their way, and what went wrong.

import { inWords } from "./errors.ts";
import * as server from "./server.ts";
import type { Job, Medium, Receipt, Summary } from "./server.ts";
import { size, words } from "./words.svelte.ts";

export const CASTS = ["cast", "cast.album", "cast.season"];
const ENDED = ["done", "failed", "cancelled"];
const VIDEO = /\.(mp4|m4v|mov|webm|mkv|avi|ts|mts|m2ts|mpg|mpeg)$/i;
const PHOTO = /\.(jpe?g|png|webp|bmp|tiff?|hei[cf])$/i;
const OTHER = /\.(zip|srt|vtt|txt|csv)$/i;
const READ = /\.(srt|vtt|txt|csv)$/i;

/** A file on its way; `problem` is why it stopped. */
export class Sending {
  sent = $state(0);
  problem = $state("");
  readonly stop = new AbortController();
  constructor(readonly file: File) {}
}

/** How fast a stage goes, by the reports that were seen of it. */
interface Pace {
  stage: string;
  done: number;
  at: number;
}

class Desk {
  jobs = $state<Record<string, Job>>({});
  media = $state<Medium[]>([]);
  casts = $state<Summary[]>([]);
  sending = $state<Sending[]>([]);
  loaded = $state(false);
  alive = $state(true);
  problem = $state("");
  said = $state("");
  private paces = new Map<string, Pace>();

  readonly newest = $derived(Object.values(this.jobs).sort((a, b) => b.created_at.localeCompare(a.created_at)));

  /** Ask for everything, and follow what changes; gives what ends that. */
  open(): () => void {
    void this.refresh();
    return server.follow(
      (job) => this.changed(job),
      (on) => {
        if (on && !this.alive) void this.refresh();
        this.alive = on;
      },
    );
  }

  async refresh(): Promise<void> {
    await this.try(async () => {
      const [jobs, media, casts] = await Promise.all([server.jobs(), server.media(), server.casts()]);
      this.jobs = Object.fromEntries(jobs.map((job) => [job.id, job]));
      this.media = media;
      this.casts = casts;
      this.loaded = true;
    });
  }

  private changed(job: Job): void {
    if (job.work === "media.thumbnail") {
      if (job.state === "done") void this.look();
      return;
    }
    const before = this.jobs[job.id];
    this.jobs[job.id] = job;
    if (CASTS.includes(job.work) && job.state === "done" && before?.state !== "done") void this.look();
  }

  private async look(): Promise<void> {
    await this.try(async () => {
      [this.media, this.casts] = await Promise.all([server.media(), server.casts()]);
    });
  }

  /** Do something that the server may refuse; what it says is shown. Gives whether it went well. */
  async try(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      this.problem = "";
      return true;
    } catch (error) {
      if (!(error instanceof server.Refused)) throw error;
      if (error.code === "server.unreached") this.alive = false;
      else if (error.code !== "upload.stopped") this.problem = inWords(error.code, error.message, error.hint, words().language);
      return false;
    }
  }

  async submit(work: string, given: Record<string, unknown>): Promise<Job | null> {
    let job: Job | null = null;
    await this.try(async () => {
      job = await server.submit(work, given);
      this.jobs[job.id] = job;
    });
    return job;
  }

  async ask(what: "cancel" | "retry", id: string): Promise<void> {
    await this.try(async () => {
      const job = await server[what](id);
      this.jobs[job.id] = job;
    });
  }

  async remove(receipts: () => Promise<Receipt[]>): Promise<void> {
    await this.try(async () => {
      const gone = await receipts();
      const files = gone.reduce((sum, each) => sum + each.files.length, 0);
      this.said = words().deleted(files, size(gone.reduce((sum, each) => sum + each.bytes, 0)));
    });
    await this.refresh();
  }

  /** Send files, and look for people in them when all are there: each video alone, the photos as one album. */
  async send(files: File[], castThem: boolean): Promise<void> {
    const photos: string[] = [];
    await this.bring(files, async (file, id) => {
      if (!castThem) return;
      if (VIDEO.test(file.name)) await this.submit("cast", { video: id, options: {} });
      else if (!READ.test(file.name)) photos.push(id);
    });
    if (photos.length > 0) await this.submit("cast.album", { photos, options: {} });
  }

  /** Send files; gives the ids of those that have arrived, and says so of each as it does. */
  async bring(files: File[], arrived: (file: File, id: string) => Promise<void> = async () => {}): Promise<string[]> {
    const known = files.filter((file) => VIDEO.test(file.name) || PHOTO.test(file.name) || OTHER.test(file.name));
    const strange = files.find((file) => !known.includes(file) && !file.name.startsWith("."));
    if (strange) this.problem = words().refusedFile(strange.name);
    const ids: string[] = [];
    for (const file of known) this.sending.push(new Sending(file));
    for (const sending of this.sending.filter((each) => known.includes(each.file))) {
      const id = await this.sendOne(sending);
      if (!id) continue;
      ids.push(id);
      await arrived(sending.file, id);
    }
    return ids;
  }

  private async sendOne(sending: Sending): Promise<string | null> {
    let id: string | null = null;
    try {
      id = await server.upload(sending.file, (bytes) => (sending.sent = bytes), sending.stop.signal);
    } catch (error) {
      if (!(error instanceof server.Refused)) throw error;
      if (error.code !== "upload.stopped") {
        sending.problem = error.message ? inWords(error.code, error.message, error.hint, words().language) : words().offline;
        return null;
      }
    }
    this.drop(sending);
    await this.look();
    return id;
  }

  drop(sending: Sending): void {
    sending.stop.abort();
    this.sending = this.sending.filter((each) => each !== sending);
  }

  /** How far a job is, 0 to 1, and how many seconds its stage still needs; null where that is not known. */
  pace(job: Job): { share: number | null; left: number | null } {
    const now = job.progress;
    if (!now?.total) return { share: null, left: null };
    const known = this.paces.get(job.id);
    if (known?.stage !== now.stage) {
      this.paces.set(job.id, { stage: now.stage, done: now.done, at: Date.now() });
      return { share: now.done / now.total, left: null };
    }
    const seconds = (Date.now() - known.at) / 1000;
    const rate = (now.done - known.done) / seconds;
    return { share: now.done / now.total, left: seconds > 3 && rate > 0 ? (now.total - now.done) / rate : null };
  }

  /** What a job is of, in the names of its media and casts. */
  of(job: Job): string {
    const names = job.uses.map((id) => this.media.find((each) => each.id === id)?.name ?? this.casts.find((each) => each.id === id)?.name);
    const known = names.filter((name) => name !== undefined);
    return known.slice(0, 2).join(", ") + (known.length > 2 ? " …" : "");
  }
}

export const hasEnded = (job: Job): boolean => ENDED.includes(job.state);

export const desk = new Desk();
