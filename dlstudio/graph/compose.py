"""Making nodes: variables, operator applications, and graphs with some variables replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core.node import Node, caller_span, current_scope
from dlstudio.errors import ArgumentError, GraphError, explain
from dlstudio.graph.scopes import HIDDEN_KEYS, AttrScope, NameManager, annotation, hidden

if TYPE_CHECKING:
    from dlstudio.core.registry import Op

__all__ = [
    "SUBGRAPH",
    "Output",
    "apply",
    "auxiliary",
    "check_outputs",
    "check_unique",
    "copied",
    "input_names",
    "label",
    "output_names",
    "replace",
    "split_input_attributes",
    "topological",
    "variable",
]

Output = tuple[Node, int]
_MOST_OUTPUTS = 1 << 16  # the largest networks split into some hundreds
SUBGRAPH = "__subgraph_name__"  # attribute of nodes made in the body of a loop or branch


def topological(outputs: Iterable[Output]) -> list[Node]:
    """Nodes below `outputs`, inputs before users: depth first, in the order of MXNet's files."""
    order: list[Node] = []
    seen: set[int] = set()
    for head, _ in outputs:
        if id(head) in seen:
            continue
        seen.add(id(head))
        stack = [(head, iter(head.inputs))]
        while stack:  # no recursion: nets are thousands of layers deep
            node, rest = stack[-1]
            child = next((n for n, _ in rest if id(n) not in seen), None)
            if child is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(id(child))
                stack.append((child, iter(child.inputs)))
    return order


def label(node: Node) -> str:
    """Name a node in a message: ``conv0 (Convolution, in block net0, net.py:12)``."""
    facts = ["variable" if node.op is None else node.op.name]
    if node.scope:
        facts.append(f"in block {node.scope}")
    if node.span:
        facts.append(node.span)
    return f"{node.name} ({', '.join(facts)})"


def input_names(op: Op, attrs: Mapping[str, Any], count: int | None = None) -> tuple[str, ...]:
    """Names of an operator's inputs as MXNet programs know them (``data``, ``weight``, …)."""
    names = op.inputs_for(attrs, count)
    legacy = op.names.args.split()
    if not legacy or op.variadic:
        return names
    renamed = dict(zip(op.inputs, legacy, strict=False))
    return tuple(renamed.get(name, name) for name in names)


def output_names(node: Node) -> tuple[str, ...]:
    """Names of all outputs of a node: ``conv0_output``, ``split0_output0``, ``bn0_mean``."""
    if node.op is None:
        return (node.name,)
    stems = node.op.names.output.split()
    count = node.n_outputs
    if count == 1 or (len(stems) == 1 and node.n_visible == 1):
        stems = [stems[0], *(f"hidden{i}" for i in range(1, count))]
    elif len(stems) < count:
        stems = (
            [*stems, *(f"output{i}" for i in range(len(stems), count))]
            if len(stems) > 1
            else [f"{stems[0]}{i}" for i in range(count)]
        )
    return tuple(f"{node.name}_{stem}" for stem in stems[:count])


def auxiliary(nodes: Iterable[Node]) -> set[int]:
    """Ids of the variables that some operator uses as an auxiliary state."""
    found: set[int] = set()
    for node in nodes:
        if node.op is None:
            continue
        if node.op.aux_inputs is not None:
            inside = (node.inputs[i][0] for i in node.op.aux_inputs(node.attrs))
            found.update(id(child) for child in inside if child.is_variable)
        if not node.op.aux:
            continue
        names = node.op.inputs_for(node.attrs, len(node.inputs))
        found.update(
            id(child)
            for name, (child, _) in zip(names, node.inputs, strict=False)
            if name in node.op.aux and child.is_variable
        )
    return found


def variable(name: str, raw: dict[str, str] | None = None) -> Node:
    """Make a variable node. Variables belong to no subgraph, whoever makes them."""
    raw = {k: v for k, v in (raw or {}).items() if k != SUBGRAPH}
    return Node(None, (), {}, name, raw, caller_span(), current_scope())


def apply(
    op: Op,
    inputs: Sequence[Output | None],
    attrs: Mapping[str, Any],
    name: str | None = None,
    attr: dict[str, str] | None = None,
    hint: str = "",
) -> Node:
    """Apply `op`; inputs that are None or left out become variables called ``NAME_weight`` etc.

    Parameters
    ----------
    op : Op
    inputs : sequence of (Node, int) or None, in the operator's order
    attrs : attributes given by the user, canonical or as text
    name : name of the node; made from `hint` if None
    attr : extra attributes, e.g. ``{"ctx_group": "stage1"}``
    hint : stem of automatic names, default the operator's legacy name in lower case

    Raises
    ------
    ParamError, ArgumentError
        If an attribute is unknown, missing or outside its domain, or there are too many inputs.
    """
    parsed = op.parse(attrs)
    check_outputs(op, parsed)
    primary = (op.names.nd or op.name).split()[0].rsplit(".", 1)[-1]
    called: str = NameManager.current.get(name, hint or primary.lower())
    raw = {
        k: op.params[k].text(parsed[k])
        for k, v in attrs.items()
        if v is not None or (parsed[k] is None and op.attrs[k] is not None)
    }
    notes = {hidden(k): v for k, v in AttrScope.current.get(attr).items()}
    if op.variadic and "num_args" not in op.attrs:
        raw["num_args"] = str(len(inputs))
    names = input_names(op, parsed, len(inputs))
    per_input = split_input_attributes(notes, names)
    raw.update({annotation(k): v for k, v in notes.items()})
    edges = _edges(op, inputs, parsed, names, called, raw, per_input)
    for wanted, (child, _) in zip(names, edges, strict=False):
        if wanted in op.starts and child.is_variable:
            child.raw.setdefault("__init__", op.starts[wanted])
    return Node(op, edges, parsed, called, raw, caller_span(), current_scope())


def split_input_attributes(raw: dict[str, str], names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Take ``weight_lr_mult`` out of a node's attributes: it is meant for the variable weight."""
    found: dict[str, dict[str, str]] = {}
    for key in list(raw):
        for tail in HIDDEN_KEYS:
            stem = key.removesuffix(f"_{tail}")
            if stem != key and stem in names:
                found.setdefault(stem, {})[hidden(tail)] = raw.pop(key)
    return found


def _edges(
    op: Op,
    inputs: Sequence[Output | None],
    attrs: dict[str, Any],
    names: Sequence[str],
    name: str,
    raw: dict[str, str],
    per_input: dict[str, dict[str, str]],
) -> tuple[Output, ...]:
    given = list(inputs)
    while len(given) > len(names) and given[-1] is None:
        given.pop()
    if len(given) > len(names):
        raise ArgumentError(
            explain(
                f"{name}: {op.name} was given {len(given)} inputs.",
                f"at most {len(names)}: {', '.join(names)}.",
                "leave out an input that an attribute turns off (no_bias=True: no bias)",
            )
        )
    wanted = len(names) if op.input_names or not op.optional_inputs else _required(op, given)
    given += [None] * (wanted - len(given))
    return tuple(
        edge if edge is not None
        else (variable(f"{name}_{names[i]}", {**raw, **per_input.get(names[i], {})}), 0)
        for i, edge in enumerate(given)
    )  # fmt: skip


def _required(op: Op, given: Sequence[Any]) -> int:
    """Count of inputs a call needs: optional ones at the end only as far as they were given."""
    return max(len(op.inputs) - op.optional_inputs, len(given))


def replace(outputs: Sequence[Output], mapping: Mapping[int, Output]) -> tuple[Output, ...]:
    """Rebuild the graph with the nodes whose ids are in `mapping` replaced by other outputs."""
    new: dict[int, Node] = {}

    def moved(edge: Output) -> Output:
        node, index = edge
        target = mapping.get(id(node))
        return target if target is not None else (new.get(id(node), node), index)

    for node in topological(outputs):
        edges = tuple(moved(edge) for edge in node.inputs)
        if edges != node.inputs:
            new[id(node)] = Node(
                node.op, edges, node.attrs, node.name, node.raw, node.span, node.scope
            )
    return tuple(moved(edge) for edge in outputs)


def copied(outputs: Sequence[Output]) -> tuple[Output, ...]:
    """Rebuild the whole graph of new nodes, whose attributes can be set by themselves."""
    new: dict[int, Node] = {}
    for node in topological(outputs):
        edges = tuple((new[id(child)], i) for child, i in node.inputs)
        new[id(node)] = Node(
            node.op, edges, node.attrs, node.name, dict(node.raw), node.span, node.scope
        )
    return tuple((new[id(node)], i) for node, i in outputs)


def check_outputs(op: Op, attrs: Mapping[str, Any]) -> None:
    """Refuse a node with so many outputs that listing them would fill the memory."""
    count = op.n_outputs(attrs)
    if count > _MOST_OUTPUTS:
        raise GraphError(
            explain(f"{op.name} would have {count} outputs.", f"at most {_MOST_OUTPUTS}.")
        )


def check_unique(nodes: Sequence[Node], what: str = "the graph") -> None:
    """Refuse two different variables of one name: their arguments could not be told apart."""
    seen: dict[str, Node] = {}
    for node in nodes:
        if not node.is_variable:
            continue
        other = seen.setdefault(node.name, node)
        if other is not node:
            raise GraphError(
                explain(
                    f"{what} has two variables called {node.name!r}: "
                    f"{label(other)} and {label(node)}.",
                    "one variable per name, because values are given by name.",
                    "use the same Variable object twice, or give one of them another name",
                )
            )
