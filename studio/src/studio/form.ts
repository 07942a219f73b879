// A form for each kind of work, from the JSON Schema that the server gives of what it takes.

import type { Document, Schema } from "./server.ts";

/** One thing that is asked for. */
export interface Field {
  name: string;
  kind: "pick" | "person" | "toggle" | "choice" | "number" | "date" | "text" | "mixed" | "pairs";
  /** Of a pick: kinds of media, or "cast" or "plan" for a result. */
  takes: string[];
  many: boolean;
  choices: string[];
  needed: boolean;
  option: boolean;
  /** Of an option: the part of the request that it belongs to, "options" mostly. */
  under: string;
  usual: unknown;
  help: string;
  low?: number;
  high?: number;
  whole: boolean;
}

export interface Work {
  name: string;
  says: string;
  fields: Field[];
}

export type Values = Record<string, unknown>;

const DATE = "^\\d{4}-\\d\\d-\\d\\d$";

/** All work that the server offers, in its order. */
export function offered(document: Document): Work[] {
  return Object.entries(document.paths).flatMap(([path, { post }]) => {
    const schema = post?.requestBody?.content["application/json"]?.schema;
    const name = path.match(/^\/jobs\/([a-z.-]+)$/)?.[1];
    return post && schema && name ? [{ name, says: post.summary, fields: fieldsOf(schema, document) }] : [];
  });
}

function fieldsOf(schema: Schema, document: Document, under = ""): Field[] {
  const needed = schema.required ?? [];
  return Object.entries(schema.properties ?? {}).flatMap(([name, given]) => {
    const [plain, ...others] = alternatives(given, document);
    if (plain.properties) return fieldsOf(plain, document, name);
    const whole = plain.type === "integer";
    return {
      name,
      kind: kindOf(name, given, plain, others),
      takes: given["x-takes"] ?? [],
      many: plain.type === "array",
      choices: (plain.enum ?? []).map(String),
      needed: needed.includes(name) && !under,
      option: under !== "",
      under,
      usual: given.default,
      help: given.description ?? "",
      low: plain.minimum ?? plain.exclusiveMinimum,
      high: plain.maximum ?? plain.exclusiveMaximum,
      whole,
    };
  });
}

/** What a value may be, but for null. */
function alternatives(schema: Schema, document: Document): [Schema, ...Schema[]] {
  const found = (schema.anyOf ?? [schema]).filter((each) => each.type !== "null");
  const named = found.map((each) => (each.$ref ? document.components.schemas[each.$ref.split("/").at(-1)!] : each));
  return named as [Schema, ...Schema[]];
}

function kindOf(name: string, given: Schema, plain: Schema, others: Schema[]): Field["kind"] {
  if (given["x-takes"] && given.default !== "") return "pick";
  if (others.length > 0) return "mixed";
  if (plain.enum) return "choice";
  if (plain.type === "boolean") return "toggle";
  if (plain.type === "number" || plain.type === "integer") return "number";
  if (plain.type === "object") return "pairs";
  if (name === "person") return "person";
  return plain.pattern === DATE ? "date" : "text";
}

/** What is filled in at first. */
export const first = (field: Field): unknown =>
  field.kind === "pick" ? [] : field.kind === "toggle" ? Boolean(field.usual) : field.usual === undefined || field.kind === "pairs" ? "" : String(field.usual);

/** What the server is sent: what was filled in, without what is as usual anyway. */
export function request(fields: Field[], values: Values): Record<string, unknown> {
  const sent: Record<string, unknown> = {};
  const parts = new Map<string, Record<string, unknown>>(fields.flatMap((field) => (field.option ? [[field.under, {}]] : [])));
  for (const field of fields) {
    const value = valueOf(field, values[field.name]);
    if (value !== undefined && (field.needed || value !== field.usual)) (parts.get(field.under) ?? sent)[field.name] = value;
  }
  return { ...sent, ...Object.fromEntries(parts) };
}

/** What is still missing before it can be asked for. */
export const missing = (fields: Field[], values: Values): Field[] => fields.filter((field) => field.needed && valueOf(field, values[field.name]) === undefined);

function valueOf(field: Field, value: unknown): unknown {
  if (field.kind === "toggle") return value;
  if (field.kind === "pick") {
    const ids = value as string[];
    return ids.length === 0 ? undefined : field.many ? ids : ids[0];
  }
  const text = String(value ?? "").trim();
  if (text === "") return field.usual === "" ? "" : undefined;
  if (field.kind === "number") return Number(text);
  if (field.kind === "mixed") return plainly(text);
  return field.kind === "pairs" ? pairs(text) : text;
}

const plainly = (text: string): string | number | boolean => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text === "true" || text === "false" ? text === "true" : text);

/** "speech = 2" in lines or between commas, as an object. */
function pairs(text: string): Record<string, string | number | boolean> {
  const found = text.split(/[\n,]/).map((line) => line.split("="));
  return Object.fromEntries(found.filter((each) => each.length === 2).map(([name, value]) => [name.trim(), plainly(value.trim())]));
}
