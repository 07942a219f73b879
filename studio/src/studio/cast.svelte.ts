// A cast as it is worked on: who is in it, what is selected, and what the server makes of each change.

import { desk, hasEnded } from "./desk.svelte.ts";
import * as server from "./server.ts";
import type { Cast, Change, DrawnFace, Edit, Person, Question, Track } from "./server.ts";
import { words } from "./words.svelte.ts";

const COLOURS = 12;

export const numberOf = (id: string): number => Number(id.slice(1));
export const colourOf = (id: string): string => `c${(numberOf(id) - 1) % COLOURS}`;

/** Do something once the page has nothing more urgent to do; gives what calls that off. */
export function whenIdle(does: () => void): () => void {
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(does, 50);
    return () => clearTimeout(timer);
  }
  const waiting = requestIdleCallback(does, { timeout: 500 });
  return () => cancelIdleCallback(waiting);
}

/** Seconds in which at least one of the tracks runs. */
export function together(tracks: Track[]): number {
  let total = 0;
  let end = 0;
  for (const { start_s, end_s } of [...tracks].sort((a, b) => a.start_s - b.start_s)) {
    total += Math.max(0, end_s - Math.max(start_s, end));
    end = Math.max(end, end_s);
  }
  return total;
}

/** Edits by what is taken back together, the newest first. */
export function grouped(edits: Edit[]): { number: number; edits: Edit[] }[] {
  const groups = new Map<number, Edit[]>();
  for (const edit of edits) groups.set(edit.number, [...(groups.get(edit.number) ?? []), edit]);
  return [...groups].map(([number, each]) => ({ number, edits: each })).reverse();
}

export class CastWork {
  cast = $state.raw<Cast | null>(null);
  questions = $state.raw<Question[]>([]);
  selected = $state<string[]>([]);
  said = $state("");
  private waiting = $state(0);
  private turn: Promise<unknown> = Promise.resolve();
  private known = new Map<string, { name: string | null }>();

  /** In the order of their numbers: nobody moves while somebody works, and who is new comes last. */
  readonly people = $derived([...(this.cast?.people ?? [])].sort((a, b) => numberOf(a.id) - numberOf(b.id)));
  readonly passing = $derived([...(this.cast?.passers_by ?? [])].sort((a, b) => numberOf(a.id) - numberOf(b.id)));
  readonly hidden = $derived([...(this.cast?.hidden ?? [])].sort((a, b) => numberOf(a.id) - numberOf(b.id)));
  readonly everybody = $derived([...this.people, ...this.passing, ...this.hidden]);
  readonly tracks = $derived.by(() => {
    const owned = new Map<string, Track[]>();
    for (const track of this.cast?.tracks ?? []) {
      if (!track.person) continue;
      const own = owned.get(track.person);
      if (own) own.push(track);
      else owned.set(track.person, [track]);
    }
    return owned;
  });
  readonly busy = $derived(this.waiting > 0);
  readonly names = $derived([...new Set(this.everybody.map((person) => person.name).filter((name) => name !== null))]);

  private readonly state = $derived(`${this.cast?.edits.length}-${this.cast?.edits.at(-1)?.at ?? ""}-${this.cast?.undone.length}`);

  constructor(readonly id: string) {}

  async load(): Promise<void> {
    await desk.try(async () => {
      const cast = await server.cast(this.id);
      for (const person of [...cast.people, ...cast.passers_by, ...cast.hidden]) this.known.set(person.id, person);
      this.cast = cast;
      this.selected = this.selected.filter((id) => this.everybody.some((person) => person.id === id));
    });
    void this.ask();
  }

  /** What may be asked is worked out from the faces, after they are seen; a cast of an older closeup has none that say so. */
  private async ask(): Promise<void> {
    const of = this.cast;
    await new Promise<void>(whenIdle);
    const questions = await server.questions(this.id).catch(() => []);
    if (this.cast === of) this.questions = questions;
  }

  person(id: string): Person | undefined {
    return this.everybody.find((person) => person.id === id);
  }

  of(id: string): Track[] {
    return this.tracks.get(id) ?? [];
  }

  /** What somebody is called: their name, or their number. */
  call(id: string): string {
    void this.cast; // names change with it
    return this.known.get(id)?.name ?? words().unnamed(id.slice(1));
  }

  callAll(ids: string[]): string {
    return new Intl.ListFormat(words().language, { type: "conjunction" }).format(ids.map((id) => this.call(id)));
  }

  portrait(person: Person): string {
    return this.picture(person.portrait);
  }

  /** A picture of the folder; each state of the cast has its own address, so that none is shown that was before. */
  picture(name: string): string {
    return `/results/${this.id}/cast/${name}?v=${this.state}`;
  }

  /** Make changes, as one; gives whether they were made. */
  change(...changes: Change[]): Promise<boolean> {
    return this.done(() => server.change(this.id, changes));
  }

  /** Take back or repeat a change, the last one where no number is given; gives whether that was done. */
  async again(what: "undo" | "redo", number?: number): Promise<boolean> {
    await this.settled();
    if ((what === "undo" ? this.cast?.edits : this.cast?.undone)?.length === 0) return false;
    return this.done(() => server.again(this.id, what, number));
  }

  /** Draw a face that was missed, and wait until it was looked for; gives whether it was found and given. */
  draw(face: DrawnFace): Promise<boolean> {
    return this.done(async () => {
      let job = await server.drawFace(this.id, face);
      while (!hasEnded(job)) {
        await new Promise((later) => setTimeout(later, 300));
        job = await server.job(job.id);
      }
      if (job.state === "done") return String((job.result as { said?: string } | null)?.said ?? "");
      const { code, error, hint } = job.error ?? { code: "", error: words().cancelled, hint: "" };
      throw new server.Refused(0, code, error, hint);
    });
  }

  /** Wait until all changes so far are made, and the cast here is what they left. */
  async settled(): Promise<void> {
    await this.turn;
  }

  /** One after another, in the order in which they were asked for: none is lost because another is on its way. */
  private done(action: () => Promise<string>): Promise<boolean> {
    this.waiting += 1;
    const mine = this.turn.then(() => this.make(action)).finally(() => (this.waiting -= 1));
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  /** Said when the page shows it, so that what is done next is done to what is seen. */
  private async make(action: () => Promise<string>): Promise<boolean> {
    let said = "";
    const well = await desk.try(async () => {
      said = await action();
    });
    if (!well) return false;
    await this.load();
    this.said = said;
    return true;
  }

  select(id: string, on: boolean): void {
    this.selected = on ? [...this.selected.filter((each) => each !== id), id] : this.selected.filter((each) => each !== id);
  }

  async hide(ids: string[]): Promise<void> {
    if (ids.length > 0 && (await this.change({ kind: "hide", people: ids }))) this.selected = [];
  }

  /** Where in which file a time of the cast is. */
  file(seconds: number): { media: string | null; name: string; at: number } {
    const files = this.cast?.files ?? [];
    const file = files.findLast((each) => each.start_s <= seconds) ?? files[0];
    return { media: file?.media ?? null, name: file?.name ?? "", at: seconds - (file?.start_s ?? 0) };
  }

  /** An edit in words. */
  tell(edit: Edit): string {
    const who = this.callAll(edit.people);
    const say = words().edits;
    if (edit.kind === "name") return say.name(words().unnamed(edit.people[0].slice(1)), edit.name ?? "");
    if (edit.kind === "draw") return say.draw(who);
    if (edit.kind === "split" || edit.kind === "not") return say[edit.kind](who, edit.tracks.length);
    return say[edit.kind as "merge" | "hide" | "unhide" | "different" | "portrait"](who);
  }
}
