import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { it } from "vitest";

import { preprocess, type NetworkCard, type Point } from "../src/vision/card.ts";
import { faceCrop } from "../src/vision/crop.ts";
import { Network } from "../src/vision/network.ts";
import type { Picture } from "../src/vision/picture.ts";
import { USUAL, Watcher, type Model } from "../src/vision/watcher.ts";
import { serveWasm } from "./golden.ts";

interface Given {
  frames: { width: number; height: number; pixels: string; landmarks: Point[]; crop: string }[];
}

/** Frames, crops and cards that tests/test_same_as_page.py writes; it holds the answers against Python's own. */
const folder = process.env.CLOSEUP_FRAMES ?? "";

const bytes = (name: string) => readFileSync(resolve(folder, name));
const json = <T>(name: string) => JSON.parse(bytes(name).toString("utf-8")) as T;
const picture = (name: string, width: number, height: number): Picture => ({
  width,
  height,
  data: new Uint8ClampedArray(bytes(name)),
});

async function model(name: string): Promise<Model> {
  return { card: json<NetworkCard>(`${name}.json`), network: await Network.load(bytes(`${name}.onnx`)) };
}

it.skipIf(folder === "")("frames of Python's are answered", { timeout: 120_000 }, async () => {
  serveWasm();
  const [detector, expression] = [await model("detector"), await model("expression")];
  const side = expression.card.input_px;
  const answers = [];
  for (const { width, height, pixels, landmarks, crop } of json<Given>("frames.json").frames) {
    const frame = picture(pixels, width, height);
    const [network] = await expression.network.run(preprocess(expression.card, picture(crop, side, side)));
    const seen = await new Watcher(detector, expression).see(frame, USUAL);
    answers.push({
      network: [...network],
      crop: [...faceCrop(expression.card, frame, landmarks).data],
      landmarks: seen.face?.landmarks,
      probabilities: seen.probabilities && [...seen.probabilities],
    });
  }
  writeFileSync(resolve(folder, "answers.json"), JSON.stringify(answers));
});
