// Text widths without a font: layout must be the same on every machine, and cheap.

const NARROW = "ijlt.,:;|!'()[] ";
const WIDE = "mwMW@%×…";
const CJK = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/;

/** Estimate the width of a line set in a sans-serif font of `size` pixels. */
export function textWidth(text: string, size: number): number {
  let ems = 0;
  for (const char of text) {
    if (NARROW.includes(char)) ems += 0.37;
    else if (WIDE.includes(char) || (char >= "A" && char <= "Z")) ems += 0.76;
    else if (CJK.test(char)) ems += 1;
    else ems += 0.6;
  }
  return ems * size;
}

/** Cut the middle out of a text longer than `limit` characters. */
export function shorten(text: string, limit = 26): string {
  if (text.length <= limit) return text;
  const head = Math.floor((limit - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (limit - 1 - head))}`;
}

/** `431080` -> `431 k`. */
export function countText(count: number): string {
  if (count < 10_000) return String(count);
  for (const unit of ["k", "M", "G"]) {
    count /= 1000;
    if (count < 1000) return `${Number(count.toPrecision(3))} ${unit}`;
  }
  return `${Number(count.toPrecision(3))} G`;
}
