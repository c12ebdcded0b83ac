import { describe, expect, test } from "vitest";
import { Camera } from "../src/lib/graph/camera";
import { boundsOf, inside, overlap } from "../src/lib/graph/canvas";
import { parseGraph } from "../src/lib/graph/data";
import { Focus, visibleKey } from "../src/lib/graph/focus";
import {
  LayoutCache,
  layoutScene,
  type Pen,
  type Scene,
  trace,
  type Words,
} from "../src/lib/graph/layout";
import { countText, shorten, textWidth } from "../src/lib/graph/measure";
import { operatorText, operatorTypes } from "../src/lib/graph/panel";
import { findNodes } from "../src/lib/graph/search";
import { mix, paint } from "../src/lib/graph/style";
import { type Filters, IN, OUT, Tree } from "../src/lib/graph/tree";
import { CHAIN, type Line, RESIDUAL, sample, state, tower } from "./graph_samples";

const WORDS: Words = {
  operators: (n) => `${n} ops`,
  params: (n) => `${n} params`,
  detail: (node) => node.op,
};
const ALL: Filters = { fold: true, weights: false, backward: true, hiddenOps: new Set() };

function scene(lines: Line[], open: string[], filters = ALL, cache = new LayoutCache()): Scene {
  return layoutScene(new Tree(sample(lines), filters), new Set(open), cache, WORDS);
}

function everyScope(tree: Tree): Set<string> {
  return new Set(tree.scopes);
}

function overlaps(made: Scene): string[] {
  const boxes = made.items.filter((item) => item.kind !== "open");
  return boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h)
      .map((b) => `${a.key} over ${b.key}`),
  );
}

describe("the state that Python sends", () => {
  test("is parsed into nodes and edges by field name", () => {
    const graph = sample(CHAIN);
    expect(graph.nodes.map((node) => node.name)).toEqual(["data", "w", "a", "b"]);
    expect(graph.nodes[2]).toMatchObject({ op: "Convolution", span: "net.py:3", index: 2 });
    expect(graph.edges[0]).toEqual({ source: 0, target: 2, shape: "32×64", port: 0 });
  });

  test("of another version is refused", () => {
    expect(() => parseGraph({ ...state(CHAIN), version: 99 })).toThrow(/version 99/);
  });

  test("may be empty", () => {
    expect(parseGraph({}).nodes).toEqual([]);
    expect(scene([], []).items).toEqual([]);
  });
});

describe("what is visible", () => {
  test("weights are hidden until asked for", () => {
    expect(scene(CHAIN, []).items.map((item) => item.key)).toEqual(["#0", "#2", "#3"]);
    const shown = scene(CHAIN, [], { ...ALL, weights: true });
    expect(shown.items.map((item) => item.key)).toEqual(["#0", "#1", "#2", "#3"]);
  });

  test("a closed scope stands for its operators", () => {
    const made = scene(RESIDUAL, []);
    expect(made.items.map((item) => item.key)).toEqual(["#0", "#1", "stage/", "#6"]);
    expect(made.links.map((link) => `${link.from}>${link.to}`)).toEqual([
      ...["#0>#1", "#1>stage/", "stage/>#6"],
    ]);
  });

  test("edges pass the doors of an open scope", () => {
    const tree = new Tree(sample(RESIDUAL), ALL);
    const flows = [...(tree.flows.get("stage")?.values() ?? [])];
    expect(flows.map((flow) => `${flow.from}>${flow.to}`).sort()).toEqual(
      ["#4>#5", "#5>@out", "@in>#4", "@in>stage/block0/", "stage/block0/>#4"].sort(),
    );
  });

  test("an arrow into a scope ends on its frame and goes on from there", () => {
    const made = scene(RESIDUAL, ["stage"]);
    const frame = made.items.find((item) => item.key === "stage/");
    const outside = made.links.find((link) => link.to === "stage/");
    const within = made.links.find((link) => link.from === IN);
    expect(outside?.points.at(-1)).toBeCloseTo(frame?.y ?? Number.NaN);
    expect(within?.points[1]).toBeCloseTo(frame?.y ?? Number.NaN);
    expect(within?.points[0]).toBeCloseTo(outside?.points.at(-2) ?? Number.NaN, 0);
    expect(made.links.find((link) => link.to === OUT)?.points.at(-1)).toBeCloseTo(
      (frame?.y ?? 0) + (frame?.h ?? 0),
    );
  });

  test("a hidden operator type is bridged", () => {
    const made = scene(RESIDUAL, ["stage"], { ...ALL, hiddenOps: new Set(["elemwise_add"]) });
    const links = made.links.map((link) => `${link.from}>${link.to}`);
    expect(links).toContain("stage/block0/>#5");
    expect(links).toContain("@in>#5");
  });

  test("backward operators can be hidden", () => {
    const lines = [...CHAIN, { name: "g", op: "relu_grad", role: "backward", reads: ["b"] }];
    expect(scene(lines, []).items).toHaveLength(4);
    expect(scene(lines, [], { ...ALL, backward: false }).items).toHaveLength(3);
  });

  test("equal blocks fold into one with their number, and unfold", () => {
    const { lines, folds } = tower(12, 3);
    const graph = sample(lines, folds);
    const folded = layoutScene(new Tree(graph, ALL), new Set(), new LayoutCache(), WORDS);
    expect(folded.items.map((item) => item.lines[0])).toEqual(["data", "layer0  ×12"]);
    const unfolded = new Tree(graph, { ...ALL, fold: false });
    expect(layoutScene(unfolded, new Set(), new LayoutCache(), WORDS).items).toHaveLength(13);
  });

  test("a node of a folded copy is seen as the fold", () => {
    const { lines, folds } = tower(4, 2);
    const tree = new Tree(sample(lines, folds), ALL);
    const last = tree.graph.nodes.at(-1);
    expect(last && tree.seenAs(last, new Set(["layer0"]))).toBe("layer0/");
  });

  test("neighbours are those of the visible picture", () => {
    const tree = new Tree(sample(RESIDUAL), ALL);
    const closed = tree.neighbours(new Set());
    expect([...(closed.next.get("#1") ?? [])]).toEqual(["stage/"]);
    const open = tree.neighbours(new Set(["stage", "stage/block0"]));
    expect([...(open.next.get("#1") ?? [])]).toEqual(["#2", "#4"]);
    expect([...(open.previous.get("#6") ?? [])]).toEqual(["#5"]);
  });
});

describe("layout", () => {
  const cases: [string, Line[], string[]][] = [
    ["chain", CHAIN, []],
    ["residual, closed", RESIDUAL, []],
    ["residual, one level", RESIDUAL, ["stage"]],
    ["residual, all open", RESIDUAL, ["stage", "stage/block0"]],
    ["tower of two", tower(2, 5).lines, ["layer0", "layer0/mlp", "layer1"]],
  ];

  test.each(cases)("of %s keeps its coordinates", (_, lines, open) => {
    const made = scene(lines, open);
    const places = made.items.map(({ key, x, y, w, h }) => [key, ...[x, y, w, h].map(Math.round)]);
    expect(places).toMatchSnapshot();
  });

  test.each(cases)("of %s overlaps nothing", (_, lines, open) => {
    expect(overlaps(scene(lines, open))).toEqual([]);
  });

  test.each(cases)("of %s points down: readers lie below what they read", (_, lines, open) => {
    for (const { points } of scene(lines, open).links) {
      expect(points.at(-1)).toBeGreaterThan(points[1] ?? 0);
    }
  });

  test("lays equal blocks out once", () => {
    const { lines } = tower(10, 8);
    const tree = new Tree(sample(lines), { ...ALL, fold: false });
    const cache = new LayoutCache();
    layoutScene(tree, everyScope(tree), cache, WORDS);
    // the root, layers and blocks; the last layer and its last block have no way out
    expect(cache.layouts).toBeLessThanOrEqual(6);
    expect(cache.hits).toBe(1 + 10 + 20 - cache.layouts);
  });

  test("names an operator only as wide as its box", () => {
    for (const item of scene(RESIDUAL, ["stage"]).items) {
      expect(textWidth(item.lines[0], 12)).toBeLessThanOrEqual(item.w);
    }
  });
});

describe("drawing helpers", () => {
  test("a line ends where its points end", () => {
    const calls: number[][] = [];
    const pen: Pen = {
      moveTo: (...at) => calls.push(at),
      lineTo: (...at) => calls.push(at),
      quadraticCurveTo: (...at) => calls.push(at),
    };
    trace([0, 0, 5, 5, 0, 10], pen);
    expect(calls).toEqual([
      [0, 0],
      [5, 5, 0, 10],
    ]);
    calls.length = 0;
    trace([1, 2, 3, 4], pen);
    expect(calls.at(-1)).toEqual([3, 4]);
  });

  test("only what the window shows is drawn", () => {
    const made = scene(CHAIN, []);
    const shown = { left: -10, top: -10, right: 500, bottom: 30 };
    expect(made.items.filter((item) => inside(item, shown)).map((i) => i.key)).toEqual(["#0"]);
    expect(made.links.filter((link) => overlap(boundsOf(link), shown))).toHaveLength(0);
  });

  test("the camera fits, zooms around a point, and reveals", () => {
    const camera = new Camera();
    camera.fit({ width: 100, height: 200 }, 100, 100);
    expect(camera.scale).toBeCloseTo(0.5);
    const before = camera.toScene(30, 40);
    camera.zoom(2, 30, 40);
    expect(camera.toScene(30, 40)[0]).toBeCloseTo(before[0]);
    camera.reveal({ x: 1000, y: 1000, w: 10, h: 10 }, 100, 100);
    const [x, y] = camera.toScene(100, 100);
    expect(x).toBeGreaterThan(1000);
    expect(y).toBeGreaterThan(1000);
  });

  test("heat is relative to the hottest visible item", () => {
    const graph = sample(CHAIN);
    const made = scene(CHAIN, []);
    const { share, colour } = paint(graph, made.items, "bytes");
    const [data, a] = made.items;
    expect(data && share(data)).toBe(0);
    expect(a && share(a)).toBe(1);
    expect(data && colour(data)).toBeUndefined();
  });

  test("what colours say is written too", () => {
    const node = sample(CHAIN).nodes[2];
    const texts = ["", "device", "bytes", "time"].map((o) => node && operatorText(node, o, "en"));
    expect(texts).toEqual([
      ...["Convolution", "Convolution · cpu(0)", "Convolution · 8 KiB", "Convolution · 1 µs"],
    ]);
  });

  test("colours mix", () => {
    expect(mix("#ffffff", "#000000", 0.5)).toBe("#808080");
  });

  test("texts are measured, cut and counted", () => {
    expect(textWidth("卷积", 10)).toBe(20);
    expect(shorten("resnetv10_stage1_batchnorm0_fwd", 11)).toHaveLength(11);
    expect(countText(431080)).toBe("431 k");
    expect(countText(11689512)).toBe("11.7 M");
  });
});

describe("what lights up", () => {
  const tree = new Tree(sample(RESIDUAL), ALL);
  const open = new Set(["stage"]);
  const made = layoutScene(tree, open, new LayoutCache(), WORDS);

  test("a node in a closed scope is seen as the scope", () => {
    expect(visibleKey(tree, open, "#3")).toBe("stage/block0/");
    expect(visibleKey(tree, new Set(), "#3")).toBe("stage/");
    expect(visibleKey(tree, open, "stage/")).toBe("stage/");
  });

  test("a hovered item lights its neighbours and the lines through all frames", () => {
    const focus = new Focus();
    focus.hovered = "#1";
    const { lit, litLinks, dim } = focus.marks(tree, open, made);
    expect([...lit].sort()).toEqual(["#0", "#1", "#4", "stage/block0/"].sort());
    const lines = [...litLinks].map((i) => `${made.links[i]?.from}>${made.links[i]?.to}`);
    expect(lines.sort()).toEqual(["#0>#1", "#1>stage/", "@in>#4", "@in>stage/block0/"].sort());
    expect(dim).toBe(true);
  });

  test("a selection alone does not dim the rest", () => {
    const focus = new Focus();
    focus.current = "#3";
    const { selected, dim } = focus.marks(tree, open, made);
    expect(selected).toBe("stage/block0/");
    expect(dim).toBe(false);
  });

  test("search results light up where they are seen", () => {
    const focus = new Focus();
    focus.matches = findNodes(tree, "^c\\d");
    expect([...focus.marks(tree, open, made).lit]).toEqual(["stage/block0/"]);
  });
});

describe("search", () => {
  const tree = new Tree(sample(RESIDUAL), ALL);
  const names = (text: string) => findNodes(tree, text).map((node) => node.name);

  test("reads a regular expression over names, operators and blocks", () => {
    expect(names("^c\\d$")).toEqual(["c0", "c1"]);
    expect(names("fullyconnected")).toEqual(["fc"]);
    expect(names("block0")).toEqual(["c0", "c1"]);
  });

  test("takes what is no regular expression as plain text", () => {
    expect(names("(")).toEqual([]);
    expect(names("  ")).toEqual([]);
  });

  test("operator types are counted, most frequent first", () => {
    expect(operatorTypes(tree.graph)[0]).toEqual(["Convolution", 3, "convolution"]);
  });
});
