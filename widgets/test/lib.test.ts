import { describe, expect, test, vi } from "vitest";
import en from "../src/i18n/en.json";
import zh from "../src/i18n/zh.json";
import { ticks } from "../src/lib/canvas";
import { decodeTables, floats, Strings } from "../src/lib/decode";
import { scheduler } from "../src/lib/frames";
import {
  formatBytes,
  formatDuration,
  formatMetric,
  formatNanoseconds,
  resolveLocale,
  translator,
} from "../src/lib/i18n";
import { Rows } from "../src/lib/ring";
import type { Frame } from "../src/lib/schema";
import { contrast, PALETTE } from "../src/lib/theme";
import { throttle } from "../src/lib/throttle";

const frame = (tables: Frame["tables"]): Frame => ({
  type: "frame",
  version: 1,
  sequence: 0,
  reset: false,
  sent: 0,
  dropped: 0,
  strings: { start: 0, added: [] },
  tables,
});

describe("strings of the interface", () => {
  test("English and Chinese have the same keys and placeholders", () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, text] of Object.entries(en)) {
      expect(holes(zh[key as keyof typeof zh]), key).toEqual(holes(text));
    }
  });

  test("the page's language decides when the locale is auto", () => {
    expect(resolveLocale("auto", "zh-CN")).toBe("zh");
    expect(resolveLocale("auto", "de")).toBe("en");
    expect(resolveLocale("zh", "en")).toBe("zh");
  });

  test("placeholders are filled in and unknown ones stay visible", () => {
    expect(translator("en")("common.dropped", { count: 3 })).toContain("3 events");
    expect(translator("zh")("common.dropped")).toContain("{count}");
  });

  test("numbers are written for people", () => {
    expect(formatBytes(1536, "en")).toBe("1.5 KiB");
    expect(formatBytes(0, "en")).toBe("0 B");
    expect(formatDuration(0.23)).toBe("0.2 s");
    expect(formatDuration(65)).toBe("1:05");
    expect(formatDuration(7209)).toBe("2:00:09");
    expect(formatMetric(0.000123)).toBe("1.23e-4");
    expect(formatMetric(0.98765)).toBe("0.9877");
    expect(formatNanoseconds(12_345)).toBe("12.3 µs");
  });
});

describe("binary frames", () => {
  test("tables are split into their columns", () => {
    const numbers = new Float64Array([1, 2, 10, 20, 7]);
    const header = frame([
      { name: "metrics", columns: ["step", "value"], rows: 2 },
      { name: "usage", columns: ["bytes"], rows: 1 },
    ]);
    const tables = decodeTables(header, new DataView(numbers.buffer));
    expect([...(tables.metrics?.columns.value ?? [])]).toEqual([10, 20]);
    expect([...(tables.usage?.columns.bytes ?? [])]).toEqual([7]);
  });

  test("bytes off an 8-byte boundary are read all the same", () => {
    const bytes = new Uint8Array(20);
    new DataView(bytes.buffer).setFloat64(4, 0.5, true);
    expect(floats(new DataView(bytes.buffer, 4, 8))[0]).toBe(0.5);
  });

  test("a frame of the wrong length is refused", () => {
    const header = frame([{ name: "usage", columns: ["bytes"], rows: 3 }]);
    expect(() => decodeTables(header, new DataView(new ArrayBuffer(8)))).toThrow(/numbers for 3/);
  });

  test("missed strings are noticed", () => {
    const strings = new Strings();
    expect(strings.add(0, ["a", "b"])).toBe(true);
    expect(strings.add(3, ["d"])).toBe(false);
    expect(strings.add(2, ["c"])).toBe(true);
    expect(strings.get(2)).toBe("c");
    expect(strings.add(0, ["z"]), "a reset starts over").toBe(true);
    expect(strings.size).toBe(1);
  });
});

describe("rows", () => {
  test("grow, keep their numbers, and forget the oldest half at the limit", () => {
    const rows = new Rows(["x"] as const, 2048);
    const numbers = Array.from({ length: 2049 }, (_, x) => rows.push({ x }));
    expect(numbers.at(-1)).toBe(2048);
    expect(rows.forgotten).toBe(1024);
    expect(rows.columns.x[0]).toBe(1024);
    rows.set(2000, "x", -1);
    expect(rows.columns.x[2000 - 1024]).toBe(-1);
    rows.set(3, "x", -1);
    expect(rows.size).toBe(1025);
  });
});

test("many requests make one drawing", () => {
  let pending: (() => void) | undefined;
  let drawn = 0;
  const draw = scheduler(
    () => {
      drawn += 1;
    },
    (callback) => {
      pending = callback;
      return 1;
    },
    () => {
      pending = undefined;
    },
  );
  draw.invalidate();
  draw.invalidate();
  pending?.();
  expect(drawn).toBe(1);
  draw.invalidate();
  draw.cancel();
  expect(pending).toBeUndefined();
});

test("a throttled function runs at once, then seldom, and never misses the last request", () => {
  vi.useFakeTimers();
  let runs = 0;
  const seldom = throttle(() => {
    runs += 1;
  }, 100);
  for (let i = 0; i < 10; i += 1) seldom();
  expect(runs).toBe(1);
  vi.advanceTimersByTime(101);
  expect(runs).toBe(2);
  vi.advanceTimersByTime(500);
  expect(runs).toBe(2);
  vi.useRealTimers();
});

test("every data colour has 3:1 contrast on white and on JupyterLab's dark grey", () => {
  for (const colour of PALETTE) {
    expect(contrast(colour, "#ffffff"), colour).toBeGreaterThanOrEqual(3);
    expect(contrast(colour, "#111111"), colour).toBeGreaterThanOrEqual(3);
  }
});

test("axis ticks are round", () => {
  expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  expect(ticks(0, 4096, 4, 1024)).toEqual([0, 1024, 2048, 3072, 4096]);
  expect(ticks(3, 3, 4)).toEqual([3]);
});
