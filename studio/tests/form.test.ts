import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { expect, test } from "vitest";

import { first, missing, offered, request } from "../src/studio/form.ts";
import type { Field, Values } from "../src/studio/form.ts";
import { label } from "../src/studio/labels.ts";

const works = offered(JSON.parse(readFileSync(resolve(import.meta.dirname, "../../docs/schemas/openapi.json"), "utf-8")));
const fieldsOf = (name: string): Field[] => works.find((work) => work.name === name)!.fields;
const begun = (fields: Field[], given: Values = {}): Values => ({ ...Object.fromEntries(fields.map((field) => [field.name, first(field)])), ...given });
const ID = "0".repeat(32);

test("a form has a field for all that a work takes, in both languages", () => {
  expect(works.length).toBeGreaterThan(20);
  for (const field of works.flatMap((work) => work.fields)) {
    expect(label(field.name, "ko"), field.name).not.toBe(label(field.name, "en"));
    if (field.kind === "choice") expect(field.choices).toContain(String(field.usual));
  }
});

test("what is as usual is not sent, and what is missing is named", () => {
  const fields = fieldsOf("portrait");
  expect(missing(fields, begun(fields)).map((field) => field.name)).toEqual(["sources"]);
  expect(request(fields, begun(fields, { sources: [ID] }))).toEqual({ sources: [ID], options: {} });
  expect(request(fields, begun(fields, { sources: [ID], blur: "0.05", keep_gps: true, background: " #336699 " }))).toEqual({
    sources: [ID],
    options: { blur: 0.05, keep_gps: true, background: "#336699" },
  });
});

test("numbers, words in their place, objects and single ids are sent as what they are", () => {
  const fields = fieldsOf("shorts");
  const given = { cast_folder: [ID], person: "p1", weights: "speech = 2, faces=0.5", audio_track: "mix", count: "1", captions: [ID] };
  expect(request(fields, begun(fields, given))).toEqual({
    cast_folder: ID,
    person: "p1",
    options: { weights: { speech: 2, faces: 0.5 }, audio_track: "mix", count: 1, captions: ID },
  });
  expect(request(fields, begun(fields, { ...given, audio_track: "2" })).options).toMatchObject({ audio_track: 2 });
});

test("each part of a request is sent under its own name", () => {
  const fields = fieldsOf("data.split");
  expect(missing(fields, begun(fields)).map((field) => field.name)).toEqual(["source"]);
  expect(request(fields, begun(fields, { source: [ID], val: "0.2" }))).toEqual({ source: ID, recipe: { val: 0.2 } });
  expect(fieldsOf("train").map((field) => [field.name, field.kind])).toEqual([
    ["recipe", "pick"],
    ["base", "text"],
  ]);
});
