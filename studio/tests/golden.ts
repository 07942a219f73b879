// The golden numbers that Python's own tests are held against, too (tests/golden, tests/golden_numbers.py).

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import * as ort from "onnxruntime-web/wasm";

import type { NetworkCard, Point } from "../src/vision/card.ts";
import { blank, type Picture } from "../src/vision/picture.ts";

export const ROOT = resolve(import.meta.dirname, "../..");

export interface Golden {
  card: NetworkCard;
  picture: { size_wh: [number, number]; waves: [number, number, number][] };
  landmarks_xy: Point[];
  crop: { size_wh: [number, number]; every_px: number; rgb: number[][][] };
  input: { shape: number[]; first_row: number[][] };
  outputs: Record<string, number[]>;
}

export function golden(name: string): Golden {
  const kept = JSON.parse(readFileSync(resolve(ROOT, `tests/golden/${name}.json`), "utf-8")) as Golden;
  return { ...kept, card: { ...kept.card, name, heads: [] } };
}

/** The picture that the numbers are of: channel c at (x, y) is 255 - |((a x + b y + c) mod 510) - 255|. */
export function drawn({ size_wh: [width, height], waves }: Golden["picture"]): Picture {
  const picture = blank(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      waves.forEach(([a, b, c], channel) => {
        picture.data[(y * width + x) * 4 + channel] = 255 - Math.abs(((a * x + b * y + c) % 510) - 255);
      });
    }
  }
  return picture;
}

/** The pixels of a picture that a golden file keeps. */
export function everyPixel(picture: Picture, every: number): number[][][] {
  const rows = [];
  for (let y = 0; y < picture.height; y += every) {
    const row = [];
    for (let x = 0; x < picture.width; x += every) {
      const at = (y * picture.width + x) * 4;
      row.push([...picture.data.subarray(at, at + 3)]);
    }
    rows.push(row);
  }
  return rows;
}

/** The largest difference of numbers in lists of one shape. */
export function apart(one: unknown, other: unknown): number {
  if (typeof one === "number") return Math.abs(one - (other as number));
  const [first, second] = [one as unknown[], other as unknown[]];
  if (first.length !== second.length) return Infinity;
  return first.reduce((most: number, value, n) => Math.max(most, apart(value, second[n])), 0);
}

/** Gives ONNX Runtime its WebAssembly: a page fetches it, and node has no server to fetch it from. */
export function serveWasm(): void {
  const wasm = readFileSync(resolve(ROOT, "studio/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"));
  ort.env.wasm.wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength);
}
