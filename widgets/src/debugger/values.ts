// Arrays as a table: name, shape, place and history, a few numbers, a small picture.
import { element } from "../lib/dom";
import { formatBytes, formatMetric, formatNumber, type Locale, type Translate } from "../lib/i18n";
import type { DebuggerValue } from "../lib/schema";

const NUMBERS = ["min", "mean", "max", "std"] as const;
/** A byte of a picture that stands for what is not finite. */
const BROKEN = 255;
/** Points of a picture are drawn this large, but no picture larger than the side, in pixels. */
const POINT = 4;
const SIDE = 56;

/** A table of values, or a line that says there are none. */
export function valueTable(
  caption: string,
  values: readonly DebuggerValue[],
  translate: Translate,
  locale: Locale,
): HTMLElement {
  const head = element("tr");
  const titles = ["debugger.name", "debugger.picture", "debugger.shape", "debugger.where"] as const;
  for (const key of titles) head.append(element("th", { scope: "col" }, translate(key)));
  for (const name of NUMBERS)
    head.append(
      element("th", { scope: "col", "data-number": true }, translate(`debugger.${name}`)),
    );
  const body = element("tbody");
  for (const value of values) body.append(row(value, translate, locale));
  const made = element("table", { class: "dl-table" }, element("caption", {}, caption));
  if (values.length === 0) {
    made.append(
      element("tbody", {}, element("tr", {}, element("td", {}, translate("debugger.none")))),
    );
    return made;
  }
  made.append(element("thead", {}, head), body);
  return made;
}

function row(value: DebuggerValue, translate: Translate, locale: Locale): HTMLElement {
  const made = element("tr", { "data-name": value.name });
  const name = element("td", { class: "dl-name", "data-value": value.name }, value.name);
  if (value.planName !== value.name) name.append(muted(value.planName));
  made.append(
    name,
    element("td", {}, ...pictureOf(value, translate)),
    element("td", { "data-value": value.shape }, value.shape, muted(value.dtype)),
    element("td", { "data-value": value.offset }, ...place(value, translate, locale)),
  );
  for (const key of NUMBERS) made.append(number(value.numbers[key]));
  return made;
}

/** The picture, and how many elements are not finite. */
function pictureOf(value: DebuggerValue, translate: Translate): Node[] {
  const broken = [
    value.nan ? translate("debugger.nan.count", { count: value.nan }) : "",
    value.inf ? translate("debugger.inf.count", { count: value.inf }) : "",
  ].filter(Boolean);
  const parts: Node[] = value.picture ? [picture(value, translate)] : [];
  if (broken.length > 0) parts.push(element("div", { class: "dl-broken" }, broken.join(" ")));
  return parts;
}

function number(value: number | string | undefined): HTMLElement {
  const text = typeof value === "number" ? formatMetric(value) : (value ?? "");
  return element("td", { "data-number": true, "data-value": value }, text);
}

function muted(text: string): HTMLElement {
  return element("div", { class: "dl-muted" }, text);
}

/** Where a value lies, how large it is, and who lay there before. */
function place(value: DebuggerValue, translate: Translate, locale: Locale): (Node | string)[] {
  const { device, offset } = value;
  const where =
    offset < 0
      ? `${device} ${value.kind}`
      : translate("debugger.offset", { device, offset: formatNumber(offset, locale) });
  const history = value.inPlaceOf
    ? translate("debugger.in_place", { owner: value.inPlaceOf })
    : value.previous
      ? translate("debugger.was", { owner: value.previous })
      : "";
  const facts = [formatBytes(value.bytes, locale), history].filter(Boolean);
  return [where, muted(facts.join(" · "))];
}

/** Bytes of a picture; exported for tests. */
export function points(value: DebuggerValue): Uint8Array {
  return Uint8Array.from(atob(value.picture), (letter) => letter.charCodeAt(0));
}

/** From dark blue over green to light yellow, as readable on white as on black. */
export function shade(level: number): [number, number, number] {
  const stops = [
    [68, 1, 84],
    [59, 82, 139],
    [33, 145, 140],
    [94, 201, 98],
    [253, 231, 37],
  ] as const;
  const at = (level / 254) * (stops.length - 1);
  const low = stops[Math.min(stops.length - 2, Math.floor(at))] ?? stops[0];
  const high = stops[Math.min(stops.length - 1, Math.floor(at) + 1)] ?? stops[0];
  const part = at - Math.min(stops.length - 2, Math.floor(at));
  const mix = (i: 0 | 1 | 2) => Math.round(low[i] + (high[i] - low[i]) * part);
  return [mix(0), mix(1), mix(2)];
}

function picture(value: DebuggerValue, translate: Translate): HTMLElement {
  const bytes = points(value);
  const width = value.width;
  const height = Math.max(1, Math.floor(bytes.length / width));
  const canvas = element("canvas", {
    class: "dl-picture",
    role: "img",
    "aria-label": translate("debugger.picture.of", { name: value.name }),
    title: translate("debugger.picture.of", { name: value.name }),
    width,
    height,
  });
  const scale = Math.min(POINT, SIDE / Math.max(width, height));
  canvas.style.width = `${Math.max(4, width * scale)}px`;
  canvas.style.height = `${Math.max(4, height * scale)}px`;
  canvas.getContext("2d")?.putImageData(image(bytes, width, height), 0, 0);
  return canvas;
}

function image(bytes: Uint8Array, width: number, height: number): ImageData {
  const made = new ImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    const level = bytes[i] ?? 0;
    const colour = level === BROKEN ? [255, 0, 64] : shade(level);
    made.data.set([...colour, 255], 4 * i);
  }
  return made;
}
