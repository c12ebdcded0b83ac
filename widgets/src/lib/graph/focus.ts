// What is selected, hovered or found, and which items and lines light up because of it.
import type { Marks } from "./canvas";
import type { GraphNode } from "./data";
import type { Scene } from "./layout";
import type { Key, Tree } from "./tree";

/** The key that stands for `key` while only `expanded` scopes are open. */
export function visibleKey(tree: Tree, expanded: ReadonlySet<string>, key: Key): Key {
  const node = key.startsWith("#") ? tree.graph.nodes[Number(key.slice(1))] : undefined;
  return node ? tree.seenAs(node, expanded) : key;
}

export class Focus {
  /** The selected key; the node may lie in a closed scope. */
  current: Key = "";
  hovered: Key = "";
  /** What the search found. */
  matches: GraphNode[] = [];
  private known: ReturnType<Tree["neighbours"]> | undefined;

  /** The picture has changed. */
  forget(): void {
    this.known = undefined;
  }

  neighbours(tree: Tree, expanded: ReadonlySet<string>): ReturnType<Tree["neighbours"]> {
    this.known ??= tree.neighbours(expanded);
    return this.known;
  }

  /** A hovered or selected item lights up with its lines and neighbours; the rest may be dimmed. */
  marks(tree: Tree, expanded: ReadonlySet<string>, scene: Scene): Marks {
    const selected = this.current ? visibleKey(tree, expanded, this.current) : "";
    const centre = this.hovered || selected;
    const lit = new Set<Key>(this.matches.map((node) => tree.seenAs(node, expanded)));
    if (centre) {
      const { next, previous } = this.neighbours(tree, expanded);
      lit.add(centre);
      for (const key of next.get(centre) ?? []) lit.add(key);
      for (const key of previous.get(centre) ?? []) lit.add(key);
    }
    const dim = this.hovered !== "" || this.matches.length > 0;
    return { selected, lit, litLinks: linksOf(tree, expanded, scene, centre), dim };
  }
}

/** Lines that carry something into or out of `key`, however many frames they pass. */
function linksOf(tree: Tree, expanded: ReadonlySet<string>, scene: Scene, key: Key): Set<number> {
  const found = new Set<number>();
  if (!key) return found;
  const mine = tree.graph.nodes.map((node) => tree.seenAs(node, expanded) === key);
  scene.links.forEach((link, i) => {
    if (link.ends.some((end) => mine[end])) found.add(i);
  });
  return found;
}
