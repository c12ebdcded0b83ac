"""Symbol files: MXNet's JSON, read with suspicion and written byte for byte as MXNet does."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlstudio.core.node import Node
from dlstudio.core.params import Anything, Param
from dlstudio.core.registry import OPS, Op
from dlstudio.errors import FileFormatError, GraphError, MXNetError, explain
from dlstudio.graph.compose import auxiliary, check_outputs, topological
from dlstudio.graph.control.locations import check_locations
from dlstudio.graph.control.subgraph import Subgraph
from dlstudio.graph.scopes import HIDDEN_KEYS
from dlstudio.ops.custom import operator_for

if TYPE_CHECKING:
    from dlstudio.graph.symbol import Symbol

__all__ = ["dumps", "json_name", "loads", "operator_called", "read_text"]

_LIMIT = 256 << 20  # characters; the largest published symbol files have about a million
_VERSION = 10901
_DEEPEST = 32  # graphs inside graphs; programs have two or three
# settings of other back ends that old files carry and that change no result
_NO_MEANING = frozenset(
    ("workspace", "cudnn_off", "cudnn_tune", "cudnn_algo_fwd", "cudnn_algo_bwd_data", "num_args",
     "cudnn_algo_bwd_filter", "cudnn_algo_verbose", "prefer_same_output_type", "ctx",
     "forward_stype", "is_int")
)  # fmt: skip
# what files call an attribute that has another name here
_RENAMED = {"full": {"value": "fill_value"}}


# ---- operators by their name in files --------------------------------------------------------
def json_name(op: Op) -> str:
    """Name of an operator in symbol files."""
    return op.names.json or (op.names.nd or op.name).split()[0]


# what files of MXNet before 1.0 call operators that have another name since
_OLD_NAMES = {
    "_plus": "elemwise_add", "_Plus": "elemwise_add", "_minus": "elemwise_sub",
    "_Minus": "elemwise_sub", "_sub": "elemwise_sub", "_mul": "elemwise_mul",
    "_Mul": "elemwise_mul", "_div": "elemwise_div", "_Div": "elemwise_div",
    "_PlusScalar": "_plus_scalar",
    "_MinusScalar": "_minus_scalar", "_RMinusScalar": "_rminus_scalar", "_MulScalar": "_mul_scalar",
    "_DivScalar": "_div_scalar", "_RDivScalar": "_rdiv_scalar", "_PowerScalar": "_power_scalar",
    "_RPowerScalar": "_rpower_scalar", "_Power": "_power", "_Maximum": "_maximum",
    "_Minimum": "_minimum",
}  # fmt: skip
_index: dict[str, Op] = {}


# Two operators may claim one name: these are asked in turn, and the first to answer wins.
def _stated_names(op: Op) -> list[str]:
    return [op.names.json] if op.names.json else []


def _own_names(op: Op) -> list[str]:
    return [op.name]


def _legacy_names(op: Op) -> list[str]:
    return op.names.nd.split()


def _internal_names(op: Op) -> list[str]:
    return [f"_{name.replace('.', '_')}" for name in op.names.nd.split()]  # contrib.x: _contrib_x


def operator_called(name: str) -> Op | None:
    """The operator that files call `name`, under any of its legacy names."""
    if len(_index) == 0 or name not in _index:
        _index.clear()
        for names in (_stated_names, _own_names, _legacy_names, _internal_names):
            for op in OPS.values():
                for key in names(op):
                    _index.setdefault(key, op)
    return _index.get(_OLD_NAMES.get(name, name))


# ---- reading ---------------------------------------------------------------------------------
def read_text(path: Path) -> str:
    """Read a symbol file; raise FileFormatError if it is binary or too large."""
    if path.stat().st_size > _LIMIT:
        raise FileFormatError(
            explain(f"{path} has {path.stat().st_size} bytes.", f"a symbol file, at most {_LIMIT}.")
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError(
            explain(
                f"{path} is not text: {error}.",
                "a symbol file (JSON).",
                "mx.nd.load reads .params files",
            )
        ) from None


def loads(text: str, source: str = "the symbol") -> Symbol:
    """Read a symbol from JSON text.

    Raises
    ------
    FileFormatError
        If the text is no symbol file: not JSON, too deep, too large, wrong types.
    GraphError
        If the graph is malformed: cycles, dangling inputs, unknown operators.
    """
    from dlstudio.graph.symbol import Symbol

    if not isinstance(text, str):
        raise FileFormatError(
            f"{source}: a symbol must be given as text. Got {type(text).__name__}."
        )
    if len(text) > _LIMIT:
        raise FileFormatError(
            f"{source} has {len(text)} characters; symbol files have at most {_LIMIT}."
        )
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(
            explain(f"{source} is not a symbol file: {error}.", "JSON as written by Symbol.save.")
        ) from None
    return Symbol(_Reader(source).graph(data))


class _Reader:
    """Turns checked records into nodes; every refusal names the file and the node."""

    def __init__(self, source: str) -> None:
        self.source, self.depth = source, 0

    def graph(self, data: Any) -> list[tuple[Node, int]]:
        """Outputs of the graph that `data` describes."""
        nodes: list[Node] = []
        for number, record in enumerate(self.records(data)):
            nodes.append(self.node(number, record, nodes))
        return self.heads(data, nodes)

    def inner(self, record: Mapping[str, Any], op: Op, where: str) -> dict[str, Subgraph]:
        """Graphs inside a loop or branch, by attribute."""
        graphs = record.get("subgraphs", [])
        if not isinstance(graphs, list) or len(graphs) != len(op.flags.graphs):
            raise self.refuse(
                f"{where} has subgraphs {graphs!r:.80}.", f"a list of {len(op.flags.graphs)}."
            )
        from dlstudio.graph.symbol_class import Symbol

        if self.depth >= _DEEPEST:
            raise self.refuse(f"{where}: subgraphs stand {_DEEPEST} deep inside each other.")
        self.depth += 1
        found = [Subgraph(Symbol(self.graph(data))) for data in graphs]
        self.depth -= 1
        return dict(zip(op.flags.graphs, found, strict=True))

    def refuse(self, what: str, expected: str = "") -> FileFormatError:
        """Compose the error for a part of the file that has the wrong form."""
        return FileFormatError(explain(f"{self.source}: {what}", expected))

    def records(self, data: Any) -> list[dict[str, Any]]:
        """The list of node records."""
        if not isinstance(data, dict) or not isinstance(data.get("nodes"), list):
            raise self.refuse(
                "there is no list called nodes.", 'an object {"nodes": [...], "heads": [...]}.'
            )
        for number, record in enumerate(data["nodes"]):
            if not isinstance(record, dict):
                raise self.refuse(f"node {number} is a {type(record).__name__}.", "an object.")
            for key in ("op", "name"):
                if not isinstance(record.get(key), str):
                    raise self.refuse(
                        f"node {number} has {key} {record.get(key)!r:.80}.", "a string."
                    )
        return data["nodes"]

    def edges(self, entries: Any, nodes: list[Node], where: str) -> Iterator[tuple[Node, int]]:
        """Inputs of a node, which must stand before it."""
        if not isinstance(entries, list):
            raise self.refuse(f"{where} has inputs {entries!r:.80}.", "a list.")
        for entry in entries:
            pair = (
                entry[:2] if isinstance(entry, list) else [entry, 0]
            )  # very old files: bare numbers
            if len(pair) < 2 or any(not isinstance(x, int) or isinstance(x, bool) for x in pair):
                raise self.refuse(
                    f"{where} has an input {entry!r:.80}.", "[node, output, version]."
                )
            number, output = pair
            if not 0 <= number < len(nodes):
                raise GraphError(
                    explain(
                        f"{self.source}: {where} reads node {number}, "
                        f"but only {len(nodes)} nodes stand before it.",
                        "inputs before their users: the graph has a cycle, or the file is damaged.",
                    )
                )
            if not 0 <= output < nodes[number].n_outputs:
                raise GraphError(
                    f"{self.source}: {where} reads output {output} of {nodes[number].name}, "
                    f"which has {nodes[number].n_outputs}."
                )
            yield nodes[number], output

    def attributes(self, record: Mapping[str, Any], where: str) -> dict[str, str]:
        """Attribute strings; old files call them attr or param, and may hold several of these."""
        found: dict[str, str] = {}
        for key in ("param", "attr", "attrs"):
            part = record.get(key, {})
            if not isinstance(part, dict) or any(not isinstance(v, str) for v in part.values()):
                raise self.refuse(f"{where} has {key} {part!r:.80}.", "an object of strings.")
            found.update(part)
        return found

    def node(self, number: int, record: Mapping[str, Any], nodes: list[Node]) -> Node:
        """Make node `number`."""
        where = f"node {number} ({record['op']} {record['name']!r:.80})"
        raw = self.attributes(record, where)
        edges = tuple(self.edges(record.get("inputs", []), nodes, where))
        if record["op"] == "null":
            if edges:
                raise GraphError(f"{self.source}: {where} is a variable but has inputs.")
            return Node(None, (), {}, record["name"], raw)
        if record["op"] == "Custom":  # written in Python: its record depends on its attributes
            op = operator_for({k: v for k, v in raw.items() if not _has_no_effect(k)})
        else:
            op = operator_called(record["op"])
        if op is None:
            raise GraphError(self.unknown(record["op"], where))
        renamed = _RENAMED.get(op.name, {})
        raw = {renamed.get(key, key): value for key, value in raw.items()}
        inside = self.inner(record, op, where) if op.flags.graphs else {}
        attrs = self.parse(op, raw, where, inside, len(edges))
        self.check_count(op, attrs, edges, where)
        try:
            check_outputs(op, attrs)
        except GraphError as error:
            raise GraphError(f"{self.source}: {where}: {error}") from None
        return Node(op, edges, attrs, record["name"], raw)

    def parse(
        self, op: Op, raw: Mapping[str, str], where: str, inside: Mapping[str, Subgraph], count: int
    ) -> dict[str, Any]:
        """Canonical attributes; annotations and settings without meaning stay text."""
        given: dict[str, Any] = {k: _read(op.params[k], v) for k, v in raw.items() if k in op.attrs}
        if inside:
            given.update(inside)
            given.update({k: raw[f"__{k}__"] for k in op.attrs if f"__{k}__" in raw})
        try:
            for key in raw:
                if key not in op.attrs and not _has_no_effect(key):
                    raise op.unknown_attribute(key)  # ignoring it could change the result
            parsed = op.parse(given)
            if inside:
                check_locations(op, parsed, count)
        except MXNetError as error:
            raise GraphError(f"{self.source}: {where}: {error}") from None
        return parsed

    def check_count(
        self, op: Op, attrs: Mapping[str, Any], edges: tuple[Any, ...], where: str
    ) -> None:
        """Refuse a node with too many or too few inputs."""
        names = op.inputs_for(attrs, len(edges))
        least = len(names) if op.input_names else len(names) - op.optional_inputs
        if op.variadic:
            least = len(op.inputs) - 1
        if not least <= len(edges) <= len(names):
            raise GraphError(
                explain(
                    f"{self.source}: {where} has {len(edges)} inputs.",
                    f"{len(names)}: {', '.join(names)}.",
                )
            )

    def unknown(self, name: str, where: str) -> str:
        """Message for an operator that is not in the table."""
        import difflib

        near = difflib.get_close_matches(name, [json_name(op) for op in OPS.values()], n=3)
        return explain(
            f"{self.source}: {where}: there is no operator {name!r:.80}.",
            fix=f"nearest names: {near}",
        )

    def heads(self, data: Mapping[str, Any], nodes: list[Node]) -> list[tuple[Node, int]]:
        """The graph's outputs."""
        heads = list(self.edges(data.get("heads", []), nodes, "the list of heads"))
        if not heads:
            raise self.refuse("there are no heads.", "at least one output.")
        return heads


def _read(param: Param, text: str) -> Any:
    """Text of an attribute, or the value it spells where nothing else would read it."""
    if isinstance(param, Anything):
        if text in ("inf", "-inf", "nan"):
            return float(text)
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            return ast.literal_eval(text)
    return text


def _has_no_effect(key: str) -> bool:
    """Whether an attribute is an annotation, or a setting of another back end."""
    if key in _NO_MEANING or (key.startswith("__") and key.endswith("__")):
        return True
    return any(key == tail or key.endswith(f"_{tail}") for tail in HIDDEN_KEYS)


# ---- writing ---------------------------------------------------------------------------------
def dumps(symbol: Symbol, *, remove_amp_cast: bool = True) -> str:
    """Write a symbol as JSON text, in MXNet's layout.

    Parameters
    ----------
    remove_amp_cast : bool
        Leave out casts that automatic mixed precision inserted.
    """
    data = _described(_without_amp_casts(symbol) if remove_amp_cast else symbol.outputs_)
    data["attrs"] = {"mxnet_version": ["int", _VERSION]}
    return _spell_graph(data)


def _described(outputs: Sequence[tuple[Node, int]]) -> dict[str, Any]:
    """A graph as the object that files hold."""
    nodes = topological(outputs)
    numbers = {id(n): i for i, n in enumerate(nodes)}
    aux = auxiliary(nodes)

    def entry(node: Node, index: int) -> list[int]:
        # the third number is a version: states that the operator updates count as written once
        return [numbers[id(node)], index, int(id(node) in aux)]

    rows = [0]
    for node in nodes:
        rows.append(rows[-1] + _entries_in_files(node))
    return {
        "nodes": [_record(n, [entry(*edge) for edge in n.inputs]) for n in nodes],
        "arg_nodes": [i for i, n in enumerate(nodes) if n.is_variable],
        "node_row_ptr": rows,
        "heads": [[numbers[id(n)], i, 0] for n, i in outputs],
    }


def _without_amp_casts(symbol: Symbol) -> tuple[tuple[Node, int], ...]:
    """Outputs of the symbol whose readers read past the casts."""
    new: dict[int, Node] = {}

    def moved(edge: tuple[Node, int]) -> tuple[Node, int]:
        node, index = edge
        while node.op is not None and node.op.name in ("amp_cast", "amp_multicast"):
            node, index = node.inputs[index]
        return new.get(id(node), node), index

    for node in topological(symbol.outputs_):
        edges = tuple(moved(edge) for edge in node.inputs)
        if edges != node.inputs:
            new[id(node)] = Node(
                node.op, edges, node.attrs, node.name, node.raw, node.span, node.scope
            )
    return tuple(moved(edge) for edge in symbol.outputs_)


def _entries_in_files(node: Node) -> int:
    """Count of a node's outputs as MXNet 1.9 numbers them: max pooling has a hidden workspace."""
    if node.op is not None and node.op.name == "Pooling" and node.attrs.get("pool_type") == "max":
        return 2
    return node.n_outputs


def _record(node: Node, inputs: list[list[int]]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "op": "null" if node.op is None else json_name(node.op),
        "name": node.name,
    }
    if node.raw:
        known = _RENAMED.get(node.op.name, {}) if node.op is not None else {}
        names = {ours: theirs for theirs, ours in known.items()}
        record["attrs"] = dict(sorted((names.get(k, k), v) for k, v in node.raw.items()))
    record["inputs"] = inputs
    if node.op is not None and node.op.flags.graphs:
        inside = (node.attrs[name].symbol for name in node.op.flags.graphs)
        record["subgraphs"] = [_described(symbol.outputs_) for symbol in inside]
    return record


def _spell_graph(data: dict[str, Any]) -> str:
    """Lay the text out as MXNet's writer does, so that files compare equal."""
    nodes = ", \n".join(_indent(_spell_node(n), 4) for n in data["nodes"])
    parts = [f'  "nodes": [\n{nodes}\n  ]']
    parts += [f'  "{key}": {_spell_numbers(data[key])}' for key in ("arg_nodes", "node_row_ptr")]
    parts.append(f'  "heads": {json.dumps(data["heads"])}')
    if "attrs" in data:  # of the file, not of graphs inside it
        parts.append(f'  "attrs": {json.dumps(data["attrs"])}')
    return "{\n" + ", \n".join(parts) + "\n}"


def _spell_node(record: Mapping[str, Any]) -> str:
    lines = [f'  "op": {json.dumps(record["op"])}', f'  "name": {json.dumps(record["name"])}']
    if "attrs" in record:
        lines.append(f'  "attrs": {_spell_object(record["attrs"])}')
    lines.append(f'  "inputs": {json.dumps(record["inputs"])}')
    if "subgraphs" in record:
        graphs = ", \n".join(_indent(_spell_graph(g), 4) for g in record["subgraphs"])
        lines.append(f'  "subgraphs": [\n{graphs}\n  ]')
    return "{\n" + ", \n".join(lines) + "\n}"


def _quoted(text: str) -> str:
    # letters of all languages stay readable; halves of surrogate pairs cannot be written so
    readable = text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
    return json.dumps(text, ensure_ascii=not readable)


def _spell_object(attrs: Mapping[str, str]) -> str:
    items = [f"{_quoted(k)}: {_quoted(v)}" for k, v in attrs.items()]
    if len(items) == 1:
        return "{" + items[0] + "}"
    return "{\n" + ", \n".join(f"    {item}" for item in items) + "\n  }"


def _spell_numbers(numbers: list[int]) -> str:
    if len(numbers) <= 10:
        return json.dumps(numbers)
    return "[\n" + ", \n".join(f"    {n}" for n in numbers) + "\n  ]"


def _indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.split("\n"))
