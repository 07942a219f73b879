// The state of the page: the camera, a take in the making, and the takes that were kept.

import { LIGHT, USUAL, type Care, type Seen } from "../vision/watcher.ts";
import { centred, otherScenes, scoreSoFar } from "./agreement.ts";
import { onClock, RATE_HZ, type Curves as Rows, type Row } from "./alignment.ts";
import { openCamera, recorderOf, Watching } from "./camera.ts";
import { keepTake, readOriginal, readPlayed, readResult, readTakes } from "./documents.ts";
import type { Curves, Performance, Result, Take } from "./documents.ts";
import { PROBLEMS } from "./words.ts";

export type Phase = "loading" | "off" | "ready" | "counting" | "playing" | "scoring";

/** A take that is looked at: its result, and its curves on the original's clock. */
export interface Shown {
  readonly number: string;
  readonly result: Result;
  readonly rows: Rows;
  /** What is taken out of its time: a moment t of the original is its `lagS + rate * t`. */
  readonly lagS: number;
  readonly rate: number;
}

const COUNT_FROM = 3;
const SECOND_MS = 1000;

export class Stage {
  phase = $state<Phase>("loading");
  problem = $state("");
  original = $state.raw<Performance | null>(null);
  stream = $state.raw<MediaStream | null>(null);
  voice = $state(false);
  seen = $state.raw<Seen | null>(null);
  fps = $state(0);
  care = $state.raw<Care>(USUAL);
  count = $state(0);
  score = $state<number | null>(null);
  takes = $state.raw<readonly Take[]>([]);
  shown = $state.raw<Shown | null>(null);
  /** The take in the making on the original's clock, as far as it goes. */
  rows = $state.raw<Rows>([]);
  originalRows = $state.raw<Rows>([]);

  readonly isLight = $derived(this.care === LIGHT);
  readonly lengthS = $derived(this.original?.video.duration_s ?? 0);

  private readonly watching = new Watching({
    ready: () => this.canStart(),
    seen: (seen, takenMs) => this.see(seen, takenMs),
    rate: (fps, care) => [this.fps, this.care] = [fps, care],
    failed: (why) => this.problem = PROBLEMS.networks(why),
  });
  private loaded = 0;
  private chance = 0;
  private curves: Curves | null = null;
  private recorder: MediaRecorder | null = null;
  private recording: Blob[] = [];
  private startedMs = 0;
  private timer = 0;
  private player: HTMLVideoElement | null = null;

  async load(): Promise<void> {
    try {
      const [original, takes] = await Promise.all([readOriginal(), readTakes()]);
      this.originalRows = rowsOf(original, Math.max(Math.round(original.video.duration_s * RATE_HZ), 1));
      this.chance = otherScenes(centred(this.originalRows));
      [this.original, this.takes] = [original, takes];
      if (takes.length > 0) await this.show(takes[0].folder);
      this.canStart();
    } catch {
      this.problem = PROBLEMS.server;
    }
  }

  /** The networks and the original arrive in any order. */
  private canStart(): void {
    this.loaded++;
    if (this.loaded === 2 && this.phase === "loading") this.phase = "off";
  }

  async turnOn(): Promise<void> {
    try {
      const stream = await openCamera(this.voice);
      stream.getVideoTracks()[0].onended = () => this.turnedOff(PROBLEMS.stopped);
      [this.stream, this.phase, this.problem] = [stream, "ready", ""];
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  private turnedOff(why: string): void {
    this.cancel();
    this.stream?.getTracks().forEach((track) => track.stop());
    [this.stream, this.seen, this.phase, this.problem] = [null, null, "off", why];
  }

  /** The original's element gave up. */
  unplayable(): void {
    this.problem = PROBLEMS.unplayable;
  }

  /** Looks at what the camera's element shows. */
  watch(video: HTMLVideoElement): void {
    this.watching.watch(video);
  }

  /** Counts down, and then plays and records together. */
  start(player: HTMLVideoElement): void {
    if (this.phase !== "ready") return;
    this.player = player;
    player.pause();
    player.currentTime = 0;
    [this.shown, this.rows, this.score, this.problem] = [null, [], null, ""];
    [this.phase, this.count] = ["counting", COUNT_FROM];
    this.timer = window.setInterval(() => {
      this.count--;
      if (this.count === 0) {
        window.clearInterval(this.timer);
        void this.roll();
      }
    }, SECOND_MS);
  }

  private async roll(): Promise<void> {
    try {
      const recorder = recorderOf(this.stream!);
      const curves = { expressions: this.original!.expressions, times_s: [], probabilities: [], boxes_xyxy: [] };
      await this.player!.play();
      if (this.phase !== "counting") return this.player!.pause(); // thrown away meanwhile
      recorder.ondataavailable = ({ data }) => this.recording.push(data);
      recorder.onstop = () => void this.finish(recorder);
      recorder.start(SECOND_MS);
      [this.recorder, this.curves, this.recording, this.startedMs] = [recorder, curves, [], performance.now()];
      this.phase = "playing";
    } catch (error) {
      this.phase = "ready";
      this.problem = error instanceof DOMException ? PROBLEMS.unplayable : (error as Error).message;
    }
  }

  private see(seen: Seen, takenMs: number): void {
    this.seen = seen;
    if (this.phase !== "playing" || !this.curves) return;
    const timeS = (takenMs - this.startedMs) / SECOND_MS;
    const moment = Math.floor(timeS * RATE_HZ);
    if (timeS < 0 || moment < this.rows.length) return; // ten times a second are enough
    const { times_s, probabilities, boxes_xyxy } = this.curves;
    if (seen.face && seen.probabilities) {
      times_s.push(Number(timeS.toFixed(6)));
      probabilities.push([...seen.probabilities].map((value) => Math.min(Math.max(value, 0), 1)));
      boxes_xyxy.push([...seen.face.box]);
    }
    const length = Math.min(moment + 1, this.originalRows.length);
    this.rows = onClock({ times: times_s, values: probabilities }, length);
    if (length % RATE_HZ === 0) this.score = scoreSoFar(this.originalRows, this.rows, this.chance) ?? this.score;
  }

  /** Ends the take, and has it scored. */
  stop(): void {
    if (this.phase !== "playing") return;
    this.player?.pause();
    this.phase = "scoring";
    this.recorder?.stop();
  }

  /** Throws the take away. */
  cancel(): void {
    if (this.phase !== "counting" && this.phase !== "playing") return;
    window.clearInterval(this.timer);
    this.player?.pause();
    this.phase = "ready";
    if (this.recorder && this.recorder.state !== "inactive") {
      this.recorder.onstop = null;
      this.recorder.stop();
    }
    [this.recorder, this.curves, this.rows, this.score] = [null, null, [], null];
  }

  private async finish(recorder: MediaRecorder): Promise<void> {
    if (recorder !== this.recorder || this.phase !== "scoring" || !this.curves) return; // the camera stopped
    try {
      this.takes = await keepTake(this.curves, this.recording);
      await this.show(String(Math.max(...this.takes.map(({ folder }) => Number(folder)))));
    } catch (error) {
      this.problem = error instanceof TypeError ? PROBLEMS.server : (error as Error).message;
    } finally {
      [this.recorder, this.curves, this.recording] = [null, null, []];
      this.phase = this.stream ? "ready" : "off";
    }
  }

  /** Looks at a take that was kept. */
  async show(number: string): Promise<void> {
    const [result, played] = await Promise.all([readResult(number), readPlayed(number)]);
    const [lagS, rate] = [result.timing?.lag_s ?? 0, 1 + (result.timing?.drift_s_per_min ?? 0) / 60];
    const times = played.times_s.map((time) => (time - lagS) / rate);
    const rows = onClock({ times, values: played.probabilities }, this.originalRows.length);
    this.shown = { number, result, rows, lagS, rate };
  }
}

function rowsOf({ times_s, probabilities }: Performance, length: number): Rows {
  return onClock({ times: times_s, values: probabilities as readonly Row[] }, length);
}
