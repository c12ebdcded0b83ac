"""Symbol files: MXNet's JSON, read with suspicion; `json_writer` writes it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlstudio.core.node import Node
from dlstudio.core.params import Anything, Param
from dlstudio.core.registry import OPS, Op
from dlstudio.errors import FileFormatError, GraphError, MissingFileError, MXNetError, explain
from dlstudio.graph.compose import check_outputs, input_names, split_input_attributes
from dlstudio.graph.control.locations import check_locations
from dlstudio.graph.control.subgraph import Subgraph
from dlstudio.graph.json_names import RENAMED, json_name, operator_called
from dlstudio.graph.scopes import HIDDEN_KEYS, hidden
from dlstudio.interop.files import whereabouts
from dlstudio.ops.custom import operator_for

if TYPE_CHECKING:
    from dlstudio.graph.symbol import Symbol

__all__ = ["loads", "read_text"]

_LIMIT = 256 << 20  # characters; the largest published symbol files have about a million
_DEEPEST = 32  # graphs inside graphs; programs have two or three
# settings of other back ends that old files carry and that change no result
_NO_MEANING = frozenset(
    ("workspace", "cudnn_off", "cudnn_tune", "cudnn_algo_fwd", "cudnn_algo_bwd_data", "num_args",
     "cudnn_algo_bwd_filter", "cudnn_algo_verbose", "prefer_same_output_type", "ctx",
     "forward_stype", "is_int")
)  # fmt: skip


def read_text(path: Path) -> str:
    """Read a symbol file; raise FileFormatError if it is binary or too large."""
    if not path.is_file():
        raise MissingFileError(whereabouts(path))
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
        # files of versions before 0.9 hold these without underscores
        return {hidden(key): value for key, value in found.items()}

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
        renamed = RENAMED.get(op.name, {})
        raw = {renamed.get(key, key): value for key, value in raw.items()}
        inside = self.inner(record, op, where) if op.flags.graphs else {}
        attrs = self.parse(op, raw, where, inside, len(edges))
        edges = self.with_states(op, attrs, edges, record["name"])
        self.check_count(op, attrs, edges, where)
        try:
            check_outputs(op, attrs)
        except GraphError as error:
            raise GraphError(f"{self.source}: {where}: {error}") from None
        # weight_lr_mult, in files of early versions, is meant for the variable weight
        names = input_names(op, attrs, len(edges))
        for stem, notes in split_input_attributes(raw, names).items():
            child, _ = edges[names.index(stem)]
            child.raw.update({**notes, **child.raw} if child.is_variable else {})
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

    def with_states(
        self, op: Op, attrs: Mapping[str, Any], edges: tuple[Any, ...], name: str
    ) -> tuple[Any, ...]:
        """Add auxiliary states, which files of versions before 0.9 do not mention."""
        missing = op.inputs_for(attrs, len(edges))[len(edges) :]
        if not missing or any(state not in op.aux for state in missing):
            return edges
        starts = ({"__init__": op.starts[s]} if s in op.starts else {} for s in missing)
        variables = (
            Node(None, (), {}, f"{name}_{s}", dict(raw))
            for s, raw in zip(missing, starts, strict=True)
        )
        return (*edges, *((node, 0) for node in variables))

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
