// Find nodes by a regular expression, or by plain text where it is none.
import type { GraphNode } from "./data";
import type { Tree } from "./tree";

/** Drawn nodes whose name, operator or block fits, in graph order. */
export function findNodes(tree: Tree, text: string): GraphNode[] {
  if (text.trim() === "") return [];
  const fits = matcher(text.trim());
  return tree.graph.nodes.filter(
    (node) => tree.drawn[node.index] && (fits(node.name) || fits(node.op) || fits(node.scope)),
  );
}

function matcher(text: string): (candidate: string) => boolean {
  try {
    const pattern = new RegExp(text, "i");
    return (candidate) => pattern.test(candidate);
  } catch {
    const plain = text.toLowerCase();
    return (candidate) => candidate.toLowerCase().includes(plain);
  }
}
