// What the studio computes, and that its types are those of the server as it is.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import openapiTS, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";

import { ROOT } from "./golden.ts";

test("the types are made from the server's own document", { timeout: 60_000 }, async () => {
  const made = await openapiTS(new URL(`file://${resolve(ROOT, "docs/schemas/openapi.json")}`), { defaultNonNullable: false });
  const kept = readFileSync(resolve(ROOT, "studio/src/studio/schema.ts"), "utf-8");
  expect(kept.slice(kept.indexOf("export"))).toBe(astToString(made).slice(astToString(made).indexOf("export")));
});
