"""Make list files and record files of folders of pictures: ``python -m dlstudio.im2rec``.

First the list, then the records of every list that begins with PREFIX:

    python -m dlstudio.im2rec --list --recursive data/train pictures/
    python -m dlstudio.im2rec --resize 256 --num-thread 4 data/train pictures/

Options and files are those of MXNet's tool of this name: ``PREFIX.lst`` holds lines ``number<tab>
label<tab>path``, ``PREFIX.rec`` and ``PREFIX.idx`` the pictures with their labels.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dlstudio.errors import DataError, MissingFileError, MXNetError, explain
from dlstudio.interop.files import write_atomically
from dlstudio.io.lists import ListEntry, read_list
from dlstudio.labelled_records import IRHeader, pack, pillow
from dlstudio.recordio import MXIndexedRecordIO

__all__ = ["add_arguments", "main", "make_lists", "make_records", "run"]

Item = tuple[int, str, int]  # number, path below the root, class
_SHUFFLE_SEED = 100  # MXNet's: the same folder gives the same list everywhere
_AHEAD = 4  # pictures that each thread may be ahead of the writer
_MODES = {-1: None, 0: "L", 1: "RGB"}


# ---- lists -------------------------------------------------------------------------------------
def find_pictures(root: Path, recursive: bool, extensions: Sequence[str]) -> list[Item]:
    """List the pictures below a folder.

    Parameters
    ----------
    root : Path
    recursive : bool
        Also those in folders inside; each folder with pictures is a class, in alphabetical order.
    extensions : sequence of str
        Such as ".jpg"; capitals do not matter.
    """
    wanted = {extension.lower() for extension in extensions}
    if not recursive:
        names = sorted(p.name for p in root.iterdir() if p.is_file())
        return [(i, name, 0) for i, name in enumerate(n for n in names if _ends(n, wanted))]
    found: list[Item] = []
    classes: dict[str, int] = {}
    for folder, inner, names in os.walk(root, followlinks=True):
        inner.sort()
        for name in sorted(names):
            if _ends(name, wanted):
                number = classes.setdefault(folder, len(classes))
                found.append((len(found), Path(folder, name).relative_to(root).as_posix(), number))
    for folder, number in classes.items():
        print(Path(folder).relative_to(root).as_posix(), number)
    return found


def _ends(name: str, wanted: set[str]) -> bool:
    return Path(name).suffix.lower() in wanted


def make_lists(options: argparse.Namespace) -> list[Path]:
    """Write the list files that `options` ask for; see ``--help``.

    Raises
    ------
    DataError
        If there is no picture.
    """
    root = _folder(options.root)
    items = find_pictures(root, options.recursive, options.exts)
    if not items:
        raise DataError(
            explain(
                f"im2rec: there is no picture in {root}.",
                f"files ending in {', '.join(options.exts)}.",
                "" if options.recursive else "--recursive looks into the folders inside too",
            )
        )
    if options.shuffle:
        random.Random(_SHUFFLE_SEED).shuffle(items)
    size = -(-len(items) // options.chunks)
    written = []
    for number in range(options.chunks):
        chunk = items[number * size : (number + 1) * size]
        name = options.prefix + (f"_{number}" if options.chunks > 1 else "")
        for ending, part in _parts(chunk, options.train_ratio, options.test_ratio):
            written.append(Path(f"{name}{ending}.lst"))
            write_list(written[-1], part)
    return written


def _parts(
    chunk: list[Item], train_ratio: float, test_ratio: float
) -> Iterator[tuple[str, list[Item]]]:
    """Cut into the lists for testing, validation and training, with the endings of their names."""
    if train_ratio == 1.0:
        yield "", chunk
        return
    test, train = int(len(chunk) * test_ratio), int(len(chunk) * train_ratio)
    if test_ratio:
        yield "_test", chunk[:test]
    if train_ratio + test_ratio < 1.0:
        yield "_val", chunk[test + train :]
    yield "_train", chunk[test : test + train]


def write_list(path: Path, items: Sequence[Item]) -> None:
    """Write a list file."""
    lines = "".join(f"{number}\t{label:f}\t{name}\n" for number, name, label in items)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lines.encode())


# ---- records -----------------------------------------------------------------------------------
def make_records(options: argparse.Namespace) -> list[Path]:
    """Write the record files of all lists that begin with the prefix; see ``--help``.

    Raises
    ------
    MissingFileError
        If there is no such list.
    """
    prefix, root = Path(options.prefix), _folder(options.root)
    folder, start = (prefix, "") if prefix.is_dir() else (prefix.parent, prefix.name)
    lists = sorted(folder.glob("*.lst")) if folder.is_dir() else []
    lists = [path for path in lists if path.name.startswith(start)]
    if not lists:
        raise MissingFileError(
            explain(
                f"im2rec: there is no list {prefix}*.lst.",
                "a list, made first.",
                f"python -m dlstudio.im2rec --list {options.prefix} {options.root}",
            )
        )
    return [_write_records(path, root, options) for path in lists]


def _write_records(path: Path, root: Path, options: argparse.Namespace) -> Path:
    target = path.with_suffix(".rec")
    entries = read_list(path)
    count = 0
    with MXIndexedRecordIO(path.with_suffix(".idx"), target, "w") as records:
        for entry, content in _encoded_in_order(entries, root, options):
            if isinstance(content, MXNetError):
                print(f"im2rec: {entry.path} is left out: {content}", file=sys.stderr)
                continue
            records.write_idx(entry.key, content)
            count += 1
    print(f"{target}: {count} of {len(entries)} pictures")
    return target


def _encoded_in_order(
    entries: Sequence[ListEntry], root: Path, options: argparse.Namespace
) -> Iterator[tuple[ListEntry, Any]]:
    """Yield each entry and its record; threads work a little ahead."""
    if options.num_thread <= 1:
        for entry in entries:
            yield entry, _record_or_error(entry, root, options)
        return
    waiting: deque[tuple[ListEntry, Future[Any]]] = deque()
    with ThreadPoolExecutor(options.num_thread, "im2rec") as threads:
        for entry in entries:
            waiting.append((entry, threads.submit(_record_or_error, entry, root, options)))
            if len(waiting) > _AHEAD * options.num_thread:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _record_or_error(entry: ListEntry, root: Path, options: argparse.Namespace) -> Any:
    try:
        return record_of(entry, root, options)
    except MXNetError as error:
        return error


def record_of(entry: ListEntry, root: Path, options: argparse.Namespace) -> bytes:
    """Make the record of one picture.

    Raises
    ------
    DataError
        If the picture is not there or damaged.
    """
    several = options.pack_label and len(entry.label) > 1
    label = entry.label if several else float(entry.label[0])
    header = IRHeader(0, label, entry.key, 0)
    try:
        content = (root / entry.path).read_bytes()
    except OSError as error:
        raise DataError(str(error)) from error
    return pack(header, content if options.pass_through else _encoded(content, entry, options))


def _encoded(content: bytes, entry: ListEntry, options: argparse.Namespace) -> bytes:
    from dlstudio.dialects.pictures import as_seen

    image_module = pillow()
    try:
        with image_module.open(io.BytesIO(content)) as picture:
            mode = _MODES[options.color]
            if mode is None:
                mode = "L" if picture.mode in ("1", "L", "I", "I;16") else "RGB"
            wanted = _cut_and_resized(as_seen(picture, mode), options)
            buffer = io.BytesIO()
            if options.encoding == ".jpg":
                wanted.save(buffer, "JPEG", quality=options.quality)
            else:
                wanted.save(buffer, "PNG", compress_level=min(9, options.quality))
    # what Pillow raises for damaged files, and for small ones that claim to be huge
    except (OSError, SyntaxError, ValueError, image_module.DecompressionBombError) as error:
        raise DataError(f"{entry.path} cannot be read: {error}") from error
    return buffer.getvalue()


def _cut_and_resized(picture: Any, options: argparse.Namespace) -> Any:
    """Cut out the middle square and give the shorter edge its length, as far as asked for."""
    import numpy as np

    from dlstudio.core.interpret import raw

    width, height = picture.size
    if options.center_crop:
        edge = min(width, height)
        left, top = (width - edge) // 2, (height - edge) // 2
        picture = picture.crop((left, top, left + edge, top + edge))
        width = height = edge
    if not options.resize:
        return picture
    n = options.resize
    size = (n, height * n // width) if height > width else (width * n // height, n)
    pixels = np.asarray(picture).reshape(height, width, -1)
    resized = raw(np).image_resize(pixels, size=size, interp=1)
    return pillow().fromarray(resized[:, :, 0] if resized.shape[2] == 1 else resized)


def _folder(root: Any) -> Path:
    path = Path(root)
    if not path.is_dir():
        raise MissingFileError(f"im2rec: {path} is no folder.")
    return path


# ---- the command -------------------------------------------------------------------------------
def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: MXNet's."""
    add = parser.add_argument
    add("prefix", help="beginning of the names of the list and record files")
    add("root", help="folder of the pictures")
    lists = parser.add_argument_group("making lists").add_argument
    lists("--list", action="store_true", help="make a list of the folder, and no records")
    lists("--exts", nargs="+", default=[".jpeg", ".jpg", ".png"], help="endings of pictures")
    lists("--chunks", type=int, default=1, help="number of lists to cut the pictures into")
    lists("--train-ratio", type=float, default=1.0, help="part of the pictures for training")
    lists("--test-ratio", type=float, default=0, help="part of the pictures for testing")
    lists("--recursive", action="store_true", help="look into folders; each one is a class")
    lists("--no-shuffle", dest="shuffle", action="store_false", help="keep alphabetical order")
    records = parser.add_argument_group("making records").add_argument
    records("--pass-through", action="store_true", help="take the files as they are")
    records("--resize", type=int, default=0, help="length of the shorter edge; 0: as it is")
    records("--center-crop", action="store_true", help="cut out the square in the middle")
    records("--quality", type=int, default=95, help="of JPEG 1-100, how hard PNG is packed 0-9")
    records("--num-thread", type=int, default=1, help="threads that encode")
    records("--color", type=int, default=1, choices=[-1, 0, 1],
            help="1: colours, 0: grey, -1: as it is")  # fmt: skip
    records("--encoding", default=".jpg", choices=[".jpg", ".png"], help="format of the pictures")
    records("--pack-label", action="store_true", help="keep all labels of a line, not the first")


def run(options: argparse.Namespace) -> int:
    """Do what the parsed arguments say; return the exit status."""
    if options.chunks < 1 or options.train_ratio + options.test_ratio > 1:
        raise DataError(
            explain(
                f"im2rec: got --chunks {options.chunks}, --train-ratio {options.train_ratio}, "
                f"--test-ratio {options.test_ratio}.",
                "at least one list, and parts that make 1 together at most.",
            )
        )
    if options.list:
        for path in make_lists(options):
            print(path)
    else:
        make_records(options)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The process's own by default.
    """
    parser = argparse.ArgumentParser(
        prog="im2rec", description="Make list files and record files of folders of pictures."
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        return run(options)
    except MXNetError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
