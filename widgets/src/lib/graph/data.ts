// The drawing as Python sends it (dlstudio/viz/state.py), parsed into objects.

export type Kind = "operator" | "variable" | "auxiliary";
/** What a reader must know about the picture; the texts are `graph.note.*`. */
export type Note = "" | "tree" | "plan" | "captured" | "tape";

export interface GraphNode {
  /** Place in the list of nodes, which is an order in which they could run. */
  index: number;
  name: string;
  label: string;
  op: string;
  kind: Kind;
  /** A learned value: drawn only when asked for. */
  weight: boolean;
  scope: string;
  shape: string;
  dtype: string;
  bytes: number;
  params: number;
  device: string;
  attrs: Record<string, string>;
  span: string;
  detail: string;
  role: string;
  /** Measured nanoseconds, 0 where nothing was measured. */
  time: number;
  category: string;
}

export interface GraphEdge {
  source: number;
  target: number;
  shape: string;
  port: number;
}

export interface GraphState {
  version: number;
  title: string;
  note: Note;
  params: number;
  nodeFields: string[];
  nodes: unknown[][];
  edgeFields: string[];
  edges: unknown[][];
  scopes: Record<string, string>;
  folds: string[][];
  palette: Record<string, string>;
  devices: [string, string][];
}

export interface Graph {
  title: string;
  note: Note;
  params: number;
  nodes: GraphNode[];
  edges: GraphEdge[];
  scopes: Record<string, string>;
  folds: string[][];
  palette: Record<string, string>;
  devices: Map<string, string>;
}

export const VERSION = 1;

/** Parse the state; an empty one is a graph without nodes. */
export function parseGraph(state: Partial<GraphState>): Graph {
  if (state.version !== undefined && state.version !== VERSION) {
    throw new RangeError(`graph state of version ${state.version}, expected ${VERSION}`);
  }
  const nodes = objects<GraphNode>(state.nodeFields ?? [], state.nodes ?? []);
  nodes.forEach((node, index) => {
    node.index = index;
  });
  return {
    title: state.title ?? "",
    note: state.note ?? "",
    params: state.params ?? 0,
    nodes,
    edges: objects<GraphEdge>(state.edgeFields ?? [], state.edges ?? []),
    scopes: state.scopes ?? {},
    folds: state.folds ?? [],
    palette: state.palette ?? {},
    devices: new Map(state.devices ?? []),
  };
}

/** Rows of values under shared field names -> objects. */
function objects<T>(fields: string[], rows: unknown[][]): T[] {
  return rows.map((row) => {
    const made: Record<string, unknown> = {};
    for (let i = 0; i < fields.length; i += 1) made[fields[i] as string] = row[i];
    return made as T;
  });
}
