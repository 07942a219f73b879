// The page's one worker: it gets pictures of the camera, one at a time, and answers what the face in them expresses.

import type { NetworkCard } from "./card.ts";
import { Network } from "./network.ts";
import { Watcher, type Care, type Model, type Seen } from "./watcher.ts";

/** Sent first: where the networks are, each beside its card. */
export interface Load {
  readonly kind: "load";
  readonly detector: string;
  /** None where only faces are looked for. */
  readonly expression?: string;
}

/** A picture, and when it was taken, in the page's milliseconds. The bitmap is the worker's from then on. */
export interface Look {
  readonly kind: "look";
  readonly bitmap: ImageBitmap;
  readonly takenMs: number;
  readonly care: Care;
}

export type Told =
  | { readonly kind: "ready"; readonly classes: readonly string[] }
  | { readonly kind: "seen"; readonly takenMs: number; readonly seen: Seen; readonly workMs: number }
  | { readonly kind: "failed"; readonly message: string };

const scope = self as unknown as { postMessage(told: Told): void; onmessage: ((event: MessageEvent) => void) | null };

const HEAD = "expression";

let watcher: Watcher | null = null;
const canvas = new OffscreenCanvas(1, 1);
const context = canvas.getContext("2d", { willReadFrequently: true })!;

async function fetched(address: string): Promise<Response> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} could not be loaded (${answer.status})`);
  return answer;
}

async function model(address: string): Promise<Model> {
  const [card, bytes] = await Promise.all([
    fetched(`${address}.json`).then((answer) => answer.json() as Promise<NetworkCard>),
    fetched(`${address}.onnx`).then((answer) => answer.arrayBuffer()),
  ]);
  return { card, network: await Network.load(new Uint8Array(bytes)) };
}

async function load({ detector, expression }: Load): Promise<void> {
  const first = await model(detector);
  const second = expression === undefined ? null : await model(expression);
  watcher = new Watcher(first, second);
  if (second === null) return scope.postMessage({ kind: "ready", classes: [] });
  const head = second.card.heads.find(({ name }) => name === HEAD);
  if (!head) throw new Error(`the model ${second.card.name} does not judge expressions`);
  scope.postMessage({ kind: "ready", classes: head.classes });
}

async function look({ bitmap, takenMs, care }: Look): Promise<void> {
  const begun = performance.now();
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  }
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  const seen = await watcher!.see(picture, care);
  scope.postMessage({ kind: "seen", takenMs, seen, workMs: performance.now() - begun });
}

scope.onmessage = async ({ data }: MessageEvent<Load | Look>) => {
  try {
    await (data.kind === "load" ? load(data) : look(data));
  } catch (error) {
    scope.postMessage({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
};
