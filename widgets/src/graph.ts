// GraphView: a network as nested blocks that open and close.
import { GraphStore, type GraphTraits } from "./lib/graph/store";
import { GraphDrawing } from "./lib/graph/view";
import { defineWidget } from "./lib/widget";

export default defineWidget<GraphStore, GraphTraits>({
  name: "graph",
  label: (translate) => translate("graph.label"),
  store: (model) => new GraphStore(model),
  drawing: (context) => new GraphDrawing(context),
});
