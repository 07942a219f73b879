import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { expect, it } from "vitest";

import { preprocess } from "../src/vision/card.ts";
import { faceCrop } from "../src/vision/crop.ts";
import { Network } from "../src/vision/network.ts";
import { apart, drawn, golden, ROOT, serveWasm } from "./golden.ts";

it("the expression network answers in WebAssembly what it answers in Python", async () => {
  serveWasm();
  const { card, picture, landmarks_xy, outputs } = golden("expression");
  const network = await Network.load(readFileSync(resolve(ROOT, "src/closeup/weights/files/expression.onnx")));
  const [answers] = await network.run(preprocess(card, faceCrop(card, drawn(picture), landmarks_xy)));
  expect(apart([...answers], outputs.expression)).toBeLessThan(2e-3); // one grey level in a pixel of the crop moves them by 1e-3
});
