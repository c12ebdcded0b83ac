// What colour an item has: its operator's category, its device, its bytes or its time.
import type { Graph } from "./data";
import type { Item } from "./layout";

export type Overlay = "" | "device" | "bytes" | "time";
export const OVERLAYS: readonly Overlay[] = ["", "device", "bytes", "time"];

const NEUTRAL = "#8a939f";
const HOT = "#D55E00";

export interface Paint {
  /** The data colour, or undefined for items that carry none (variables, plain scopes). */
  colour(item: Item): string | undefined;
  /** Share of the largest value, for the overlays bytes and time: 0 … 1. */
  share(item: Item): number;
}

/** Colours under an overlay; heat is relative to the hottest visible item. */
export function paint(graph: Graph, items: readonly Item[], overlay: Overlay): Paint {
  const amount = (item: Item): number => {
    if (overlay !== "bytes" && overlay !== "time") return 0;
    if (item.kind === "closed") return item.scope?.[overlay] ?? 0;
    return item.node?.kind === "operator" ? item.node[overlay] : 0;
  };
  const most = items.reduce((top, item) => Math.max(top, amount(item)), 0);
  const share = (item: Item) => (most > 0 ? amount(item) / most : 0);
  const colour = (item: Item): string | undefined => {
    if (overlay === "bytes" || overlay === "time") {
      if (item.kind === "open" || (item.node && item.node.kind !== "operator")) return undefined;
      return mix(HOT, NEUTRAL, Math.sqrt(share(item)));
    }
    if (!item.node) return overlay === "device" ? scopeDevice(graph, item) : undefined;
    if (overlay === "device") return graph.devices.get(item.node.device) ?? NEUTRAL;
    return item.node.kind === "operator" ? graph.palette[item.node.category] : undefined;
  };
  return { colour, share };
}

/** A closed scope has its operators' device colour if they agree. */
function scopeDevice(graph: Graph, item: Item): string | undefined {
  const path = item.scope?.path;
  if (item.kind !== "closed" || path === undefined) return undefined;
  const devices = new Set<string>();
  for (const node of graph.nodes) {
    const inside = node.scope === path || node.scope.startsWith(`${path}/`);
    if (inside && node.kind === "operator") devices.add(node.device);
  }
  const [only] = devices;
  return devices.size === 1 && only !== undefined ? graph.devices.get(only) : undefined;
}

/** Mix `share` of one `#rrggbb` into another. */
export function mix(colour: string, other: string, share: number): string {
  const a = channels(colour);
  const b = channels(other);
  const mixed = a.map((value, i) => Math.round(share * value + (1 - share) * (b[i] ?? 0)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}
