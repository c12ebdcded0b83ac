// What all drawings of one model share: the parsed graph and the placed scopes.
import type { Model, Traits } from "../model";
import type { Store } from "../widget";
import { type Graph, type GraphState, parseGraph } from "./data";
import { LayoutCache } from "./layout";

export interface GraphTraits extends Traits {
  graph: Partial<GraphState>;
  expanded: string[];
  fold_repeats: boolean;
  show_weights: boolean;
  show_backward: boolean;
  hide_ops: string[];
  overlay: string;
  height: number;
}

export class GraphStore implements Store {
  readonly cache = new LayoutCache();
  graph: Graph;
  private state: Partial<GraphState>;

  constructor(model: Model<GraphTraits>) {
    this.state = model.get("graph");
    this.graph = parseGraph(this.state);
  }

  /** Parse the model's graph unless it is the one already parsed. */
  load(model: Model<GraphTraits>): void {
    if (model.get("graph") === this.state) return;
    this.state = model.get("graph");
    this.graph = parseGraph(this.state);
  }

  /** A graph comes as a trait; there are no frames. */
  receive(): void {}
}
