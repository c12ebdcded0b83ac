// Small graphs for tests, written as text: "a:Convolution@stage1 <- data, w".
import { type Graph, type GraphState, parseGraph, VERSION } from "../src/lib/graph/data";

const NODE_FIELDS = [
  ...["name", "label", "op", "kind", "weight", "scope", "shape", "dtype", "bytes", "params"],
  ...["device", "attrs", "span", "detail", "role", "time", "category"],
];

export interface Line {
  name: string;
  op?: string;
  scope?: string;
  reads?: string[];
  role?: string;
  weight?: boolean;
}

export function state(lines: Line[], folds: string[][] = []): GraphState {
  const place = new Map(lines.map((line, index) => [line.name, index]));
  const nodes = lines.map(({ name, op = "", scope = "", role = "forward", weight = false }) => [
    ...[name, name, op, op === "" ? "variable" : "operator", weight, scope, "32×64", "float32"],
    ...[8192, weight ? 2048 : 0, "cpu(0)", {}, "net.py:3", "", role, 1000, "convolution"],
  ]);
  const edges = lines.flatMap(({ name, reads = [] }) =>
    reads.map((source) => [place.get(source), place.get(name), "32×64", 0]),
  );
  return {
    ...{ version: VERSION, title: "sample", note: "", params: 0, scopes: {}, folds },
    ...{ nodeFields: NODE_FIELDS, nodes, edgeFields: ["source", "target", "shape", "port"], edges },
    ...{ palette: { convolution: "#56B4E9" }, devices: [["cpu(0)", "#0072B2"]] },
  };
}

export const sample = (lines: Line[], folds: string[][] = []): Graph =>
  parseGraph(state(lines, folds));

/** data -> a -> b, with a weight. */
export const CHAIN: Line[] = [
  { name: "data" },
  { name: "w", weight: true },
  { name: "a", op: "Convolution", reads: ["data", "w"] },
  { name: "b", op: "Activation", reads: ["a"] },
];

/** A residual block in a scope between two operators. */
export const RESIDUAL: Line[] = [
  { name: "data" },
  { name: "stem", op: "Convolution", reads: ["data"] },
  { name: "c0", op: "Convolution", scope: "stage/block0", reads: ["stem"] },
  { name: "c1", op: "Convolution", scope: "stage/block0", reads: ["c0"] },
  { name: "add", op: "elemwise_add", scope: "stage", reads: ["c1", "stem"] },
  { name: "relu", op: "Activation", scope: "stage", reads: ["add"] },
  { name: "fc", op: "FullyConnected", reads: ["relu"] },
];

/** `count` equal layers, each with two blocks of `width` operators; the layers form one fold. */
export function tower(count: number, width: number): { lines: Line[]; folds: string[][] } {
  const lines: Line[] = [{ name: "data" }];
  let last = "data";
  const add = (name: string, op: string, scope: string, ...reads: string[]) => {
    lines.push({ name, op, scope, reads });
    last = name;
  };
  for (let layer = 0; layer < count; layer += 1) {
    for (const part of ["attention", "mlp"]) {
      const scope = `layer${layer}/${part}`;
      const entry = last;
      for (let i = 0; i < width; i += 1) {
        const name = `${scope}/op${i}`;
        // Every fifth operator also reads what entered the block: long edges are the hard ones.
        add(name, "Convolution", scope, last, ...(i % 5 === 4 ? [entry] : []));
      }
    }
  }
  const folds = [Array.from({ length: count }, (_, layer) => `layer${layer}`)];
  return { lines, folds };
}
