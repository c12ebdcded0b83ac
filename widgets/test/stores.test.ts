import { describe, expect, test } from "vitest";
import { DevicesStore } from "../src/devices/store";
import { Strings, type Table } from "../src/lib/decode";
import { type Frame, type PlanMap, TABLES } from "../src/lib/schema";
import { steadySpan } from "../src/lib/timeline";
import { isSelected } from "../src/memory/map";
import { MemoryStore, type Space } from "../src/memory/store";
import { baseName, isFraction, MonitorStore, thin, valueRange } from "../src/monitor/store";

const strings = new Strings();
const texts: string[] = [];

/** The number of a string, as Python gives it out. */
function id(text: string): number {
  const known = texts.indexOf(text);
  if (known >= 0) return known;
  strings.add(texts.length, [text]);
  return texts.push(text) - 1;
}

function table(name: keyof typeof TABLES, rows: number[][]): Record<string, Table> {
  const columns = Object.fromEntries(
    TABLES[name].map((column, at) => [column, Float64Array.from(rows, (row) => row[at] ?? 0)]),
  );
  return { [name]: { rows: rows.length, columns } };
}

function frame(part: Partial<Frame> = {}): Frame {
  return {
    type: "frame",
    version: 1,
    sequence: 0,
    reset: false,
    sent: 0,
    dropped: 0,
    strings: { start: 0, added: [] },
    tables: [],
    ...part,
  };
}

describe("metrics", () => {
  const logged = (values: [string, number, number][]) => {
    const store = new MonitorStore();
    const rows = values.map(([name, step, value]) => [id(name), step, value]);
    store.receive(frame(), table("metrics", rows), strings);
    return store;
  };

  test("are kept by series", () => {
    const store = logged([
      ["loss", 1, 2],
      ["acc", 1, 0.5],
      ["loss", 2, 1],
    ]);
    expect([...store.series.keys()]).toEqual(["loss", "acc"]);
    expect(store.series.get("loss")?.values).toEqual([2, 1]);
    expect(store.points).toBe(3);
  });

  test("start over with a reset frame", () => {
    const store = logged([["loss", 1, 2]]);
    store.receive(frame({ reset: true }), table("metrics", [[id("loss"), 9, 7]]), strings);
    expect(store.series.get("loss")?.steps).toEqual([9]);
    expect(store.points).toBe(1);
  });

  test("are smoothed by a moving average that survives a NaN", () => {
    const store = logged([
      ["loss", 1, 4],
      ["loss", 2, 0],
      ["loss", 3, Number.NaN],
      ["loss", 4, 8],
    ]);
    store.setSmoothing(0.5);
    expect(store.series.get("loss")?.smooth).toEqual([4, 2, Number.NaN, 8]);
  });

  test("are thinned without losing a spike", () => {
    const steps = Array.from({ length: 10_000 }, (_, i) => i);
    const values = steps.map((i) => (i === 7777 ? 50 : Math.sin(i)));
    const [xs, ys] = thin(steps, values, 400);
    expect(xs.length).toBeLessThanOrEqual(402);
    expect(Math.max(...ys)).toBe(50);
    expect([...xs].sort((a, b) => a - b)).toEqual(xs);
  });

  test("one outlier does not flatten the curve", () => {
    const values = [1e6, ...Array.from({ length: 200 }, (_, i) => i / 200)];
    expect(valueRange([values], true, false)[1]).toBeLessThan(2);
    expect(valueRange([values], false, false)[1]).toBeGreaterThan(1e6);
  });

  test("a constant line, no data, and a logarithmic axis have a range too", () => {
    const [low, high] = valueRange([[3, 3]], true, false);
    expect(low).toBeLessThan(3);
    expect(high).toBeGreaterThan(3);
    expect(valueRange([], true, false)).toEqual([0, 1]);
    expect(valueRange([[-1, 0, 0.01, 1]], false, true)[0]).toBeGreaterThan(0);
  });

  test("validation series share the colour of what they validate", () => {
    expect(baseName("val_loss")).toBe("loss");
    expect(baseName("test_acc")).toBe("acc");
    expect(isFraction("val_accuracy")).toBe(true);
    expect(isFraction("loss")).toBe(false);
  });
});

describe("memory", () => {
  const [BORN, DIED, TAKEN, FREED] = [0, 1, 2, 3];
  const row = (
    kind: number,
    space: string,
    buffer: number,
    address: number,
    bytes: number,
    owner: string,
    note: string,
    time: number,
  ) => [kind, id(space), buffer, address, bytes, id(owner), id(note), time];
  const filled = (rows: number[][]) => {
    const store = new MemoryStore(undefined);
    store.receive(frame(), table("memory", rows), strings);
    return store;
  };
  const owner = (space: Space, index: number) =>
    index < 0 ? "" : space.text(space.cell(index, "owner"));

  test("knows who lay on the same bytes before and who after", () => {
    const store = filled([
      row(BORN, "cpu(0)", 1, 0, 100, "conv", "activation", 10),
      row(BORN, "cpu(0)", 2, 128, 64, "other", "activation", 12),
      row(DIED, "cpu(0)", 1, 0, 100, "conv", "activation", 20),
      row(BORN, "cpu(0)", 3, 64, 64, "dense", "gradient", 30),
    ]);
    const pool = store.spaces.get("cpu(0)") as Space;
    expect(owner(pool, pool.before(2))).toBe("conv");
    expect(owner(pool, pool.after(0))).toBe("dense");
    expect(pool.before(0)).toBe(-1);
    expect(owner(pool, pool.find(15, 50))).toBe("conv");
    expect(owner(pool, pool.find(35, 70))).toBe("dense");
    expect(pool.find(25, 50)).toBe(-1);
    expect([pool.used, pool.peak, pool.top]).toEqual([128, 164, 192]);
  });

  test("keeps arenas apart from pools, and ends a slot that is taken over", () => {
    const store = filled([
      row(TAKEN, "cpu(0)#1", -1, 0, 64, "conv", "", 1),
      row(TAKEN, "cpu(0)#1", -1, 0, 64, "relu", "conv", 5),
      row(FREED, "cpu(0)#1", -1, 0, 64, "relu", "", 9),
    ]);
    const arena = store.spaces.get("cpu(0)#1") as Space;
    expect([arena.kind, arena.device, arena.plan]).toEqual(["arena", "cpu(0)", "1"]);
    expect([arena.cell(0, "end"), arena.cell(1, "end")]).toEqual([5, 9]);
    expect([arena.used, arena.peak]).toEqual([0, 64]);
  });

  test("a plan's peak is the largest sum over its steps", () => {
    const planned = (name: string, offset: number, first: number, last: number) => ({
      owner: name,
      device: "cpu(0)",
      offset,
      bytes: 64,
      first,
      last,
      previous: "",
      next: "",
    });
    const plan: PlanMap = {
      naive: 192,
      inplace: 192,
      arena: 128,
      lowerBound: 128,
      steps: [],
      buffers: [planned("a", 0, 0, 1), planned("b", 64, 1, 2), planned("c", 0, 2, 3)],
    };
    const space = new MemoryStore(plan).spaces.get("cpu(0)#plan") as Space;
    expect([space.peak, space.top, space.lastTime]).toEqual([128, 128, 4]);
    expect(owner(space, space.after(0))).toBe("c");
  });

  test("a reset forgets what was lived through, not the plan", () => {
    const store = filled([row(BORN, "cpu(0)", 1, 0, 8, "x", "data", 1)]);
    store.receive(frame({ reset: true }), table("memory", []), strings);
    expect(store.spaces.size).toBe(0);
  });
});

describe("devices", () => {
  const ran = (start: number, end: number, device: string) => [
    ...[start, end, id("dot"), id("fc0"), id(device), id("forward"), id("a.py:1"), 20],
  ];

  test("have a lane each, in a steady order", () => {
    const store = new DevicesStore();
    const rows = [ran(5, 9, "cpu(10)"), ran(0, 4, "cpu(2)"), ran(10, 12, "cpu(2)")];
    store.receive(frame(), table("operators", rows), strings);
    expect(store.ordered().map((lane) => lane.device)).toEqual(["cpu(2)", "cpu(10)"]);
    expect([store.firstTime, store.lastTime]).toEqual([0, 12]);
  });

  test("are busy for the share of time in which they work", () => {
    const store = new DevicesStore();
    store.receive(frame(), table("operators", [ran(0, 4, "cpu(0)"), ran(6, 8, "cpu(0)")]), strings);
    const lane = store.lane("cpu(0)");
    expect(lane.busy(0, 8)).toBe(0.75);
    expect(lane.busy(2, 6)).toBe(0.5);
    expect([lane.find(7, 1), lane.find(5, 2), lane.find(20, 1)]).toEqual([1, 1, -1]);
  });

  test("an eager operator is selected by its own name, a node by the node's", () => {
    const store = new DevicesStore();
    const eager = [0, 1, id("relu"), id(""), id("cpu(0)"), id("forward"), id(""), 4];
    store.receive(frame(), table("operators", [ran(0, 4, "cpu(0)"), eager]), strings);
    const lane = store.lane("cpu(0)");
    expect([store.handle(lane, 0), store.handle(lane, 1)]).toEqual(["fc0", "relu"]);
  });

  test("copies name where from, where to, how much and why", () => {
    const store = new DevicesStore();
    const rows = [[id("cpu(0)"), id("cpu(1)"), 64, id("as_in_context"), 7]];
    store.receive(frame(), table("copies", rows), strings);
    const { source, target, bytes } = store.copies.columns;
    expect(store.names.text(source[0] ?? -1)).toBe("cpu(0)");
    expect(store.names.text(target[0] ?? -1)).toBe("cpu(1)");
    expect(bytes[0]).toBe(64);
  });
});

test("a moving window keeps a round width", () => {
  expect(steadySpan(0, 730)).toEqual({ start: -270, end: 730 });
  expect(steadySpan(100, 250)).toEqual({ start: 50, end: 250 });
});

describe("selected buffers", () => {
  test("are those of the node, its parts, its gradient, and of nodes inside a block", () => {
    for (const owner of ["norm", "norm[1]", "norm gradient", "norm[0] gradient", "norm again"])
      expect(isSelected(owner, "norm")).toBe(true);
    expect(isSelected("net/dense0", "net")).toBe(true);
    expect(isSelected("norm1", "norm")).toBe(false);
    expect(isSelected("norm", "")).toBe(false);
  });
});
