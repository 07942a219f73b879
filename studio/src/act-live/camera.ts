// The camera, its recorder, and the loop that shows its newest picture to the worker, never a queue of them.

import { LIGHT, USUAL, type Care, type Seen } from "../vision/watcher.ts";
import type { Load, Look, Told } from "../vision/worker.ts";
import { MODELS } from "./documents.ts";
import { PROBLEMS } from "./words.ts";

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } } as const;

/** With fewer pictures a second than this it is looked smaller and less often. */
const FEWEST_FPS = 8;

/** How long pictures are counted for a rate. */
const COUNTED_MS = 2000;

/** What a browser may record, the first that it can. */
const KINDS = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

const BITS_A_SECOND = 2_500_000;

/**
 * Opens the camera.
 *
 * @throws Error with a sentence for people.
 */
export async function openCamera(voice: boolean): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new Error(PROBLEMS.browser);
  try {
    return await navigator.mediaDevices.getUserMedia({ video: SIZE, audio: voice });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") throw new Error(PROBLEMS.refused);
    if (name === "NotFoundError" || name === "OverconstrainedError") throw new Error(PROBLEMS.none);
    throw new Error(PROBLEMS.taken);
  }
}

/** @throws Error with a sentence for people. */
export function recorderOf(stream: MediaStream): MediaRecorder {
  const mimeType = window.MediaRecorder && KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
  if (!mimeType) throw new Error(PROBLEMS.unrecordable);
  return new MediaRecorder(stream, { mimeType, videoBitsPerSecond: BITS_A_SECOND });
}

export interface Listener {
  ready(classes: readonly string[]): void;
  /** Something was seen in a picture that was taken at a time of the page's clock. */
  seen(seen: Seen, takenMs: number): void;
  rate(fps: number, care: Care): void;
  failed(message: string): void;
}

export class Watching {
  private readonly worker = new Worker(new URL("../vision/worker.ts", import.meta.url), { type: "module" });
  private care: Care = USUAL;
  private busy = false;
  private ready = false;
  private answers: number[] = [];
  private missed = 0;
  private begun = 0;

  constructor(private readonly listener: Listener) {
    this.worker.onmessage = ({ data }: MessageEvent<Told>) => this.told(data);
    this.worker.onerror = ({ message }) => listener.failed(message);
    const address = (name: string) => new URL(name, location.href).href;
    const load: Load = { kind: "load", detector: address(MODELS.detector), expression: address(MODELS.expression) };
    this.worker.postMessage(load);
  }

  /** Watches what a video element shows, as long as it shows something. */
  watch(video: HTMLVideoElement): void {
    this.begun = performance.now();
    const next = () => video.requestVideoFrameCallback((now, frame) => {
      void this.show(video, frame.captureTime ?? now);
      next();
    });
    next();
  }

  private async show(video: HTMLVideoElement, takenMs: number): Promise<void> {
    if (!this.ready || this.busy) {
      this.missed++;
      return;
    }
    this.busy = true;
    const bitmap = await createImageBitmap(video);
    const look: Look = { kind: "look", bitmap, takenMs, care: this.care };
    this.worker.postMessage(look, [bitmap]);
  }

  private told(told: Told): void {
    if (told.kind === "ready") {
      this.ready = true;
      this.begun = performance.now();
      this.missed = 0;
      this.listener.ready(told.classes);
    } else if (told.kind === "seen") {
      this.busy = false;
      this.count();
      this.listener.seen(told.seen, told.takenMs);
    } else {
      this.busy = false;
      this.listener.failed(told.message);
    }
  }

  /** Tells the rate; on a slow machine less is done for each picture from then on. */
  private count(): void {
    const now = performance.now();
    this.answers = [...this.answers.filter((at) => now - at < COUNTED_MS), now];
    if (now - this.begun < COUNTED_MS) return;
    const fps = this.answers.length / (COUNTED_MS / 1000);
    if (fps < FEWEST_FPS && this.missed > this.answers.length) this.care = LIGHT;
    this.listener.rate(fps, this.care);
    if (this.missed > 1000) this.missed = 0;
  }
}
