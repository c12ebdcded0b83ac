"""Music."""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.errors import DataError, explain
from dlstudio.gluon.data.dataset import Dataset, SimpleDataset
from dlstudio.gluon.data.datasets.files import Package, reading, transformed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["REST", "bach_chorales"]

MUSIC21 = Package("music21", "--no-deps music21")
REST = 0  # what a voice that pauses sings
_STEPS = 4  # per quarter note: sixteenths
_LARGEST = 1 << 24  # bytes of one score; the longest one in the package takes 3 MB
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_EVERY = 10  # one chorale in ten is for testing

Array = Any


def bach_chorales(train: bool = True, transform: Callable[..., Any] | None = None) -> Dataset:
    """Chorales by J. S. Bach for four voices, as sequences of pitches.

    Nine in ten are for training; the split is fixed. Reading all scores takes some seconds the
    first time.

    Parameters
    ----------
    train : bool, default True
        The training samples; False for the test samples.
    transform : callable, optional
        Takes a sample and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of NumPy arrays of shape (T, 4), dtype int32: at each sixteenth note, the pitch of soprano,
        alto, tenor and bass as a MIDI number (60 is middle C), `REST` (0) for a rest.

    Raises
    ------
    MissingExtraError
        If music21 is not installed.

    References
    ----------
    J. S. Bach (public domain), edited by Margaret Greentree and others for music21 (Cuthbert and
    Ariza, "music21: A Toolkit for Computer-Aided Musicology", ISMIR 2010; BSD-3-Clause; the files
    may be used as its corpus licence says). Its scores are read; it is not imported.
    """
    pieces = _load()
    chosen = [piece for i, piece in enumerate(pieces) if (i % _EVERY == _EVERY - 1) != train]
    return transformed(SimpleDataset(chosen), transform)


@functools.cache
def _load() -> tuple[Array, ...]:
    folder = MUSIC21.file("corpus", "bach", needed_by="bach_chorales")
    pieces: list[Array] = []
    with reading(folder, "scores in compressed MusicXML", MUSIC21):
        for path in sorted(folder.glob("bwv*.mxl")):
            voices = [_voice(part) for part in _score(path).iterfind("part")]
            if len(voices) == 4:  # the others have instruments, or are not chorales
                length = min(map(len, voices))
                pieces.append(np.array([voice[:length] for voice in voices], np.int32).T.copy())
        if not pieces:
            raise ValueError("it holds no score for four voices")
    return tuple(pieces)


def _score(path: Path) -> Element:
    """Parse the score in a compressed MusicXML file."""
    from xml.etree.ElementTree import fromstring

    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = member.filename
            is_score = name.endswith((".xml", ".musicxml")) and not name.startswith("META-INF")
            if is_score and member.file_size < _LARGEST:
                return fromstring(archive.read(member))
    raise DataError(explain(f"{path} holds no score of less than 16 MiB."))


def _voice(part: Element) -> list[int]:
    """Return the pitch of a voice at each sixteenth note."""
    pitches: list[int] = []
    divisions, time = 1, 0.0  # divisions of a quarter note; time in quarter notes
    for measure in part.iterfind("measure"):
        divisions = int(measure.findtext("attributes/divisions") or divisions)
        for note in _melody(measure):
            time += int(note.findtext("duration") or 0) / divisions
            pitches += [_pitch(note)] * (round(time * _STEPS) - len(pitches))
    return pitches


def _melody(measure: Element) -> Iterator[Element]:
    """Yield the notes that follow one another: no grace notes, one of each chord, voice 1."""
    for note in measure.iterfind("note"):
        first = note.findtext("voice") in (None, "1")
        if first and note.find("chord") is None and note.find("grace") is None:
            yield note


def _pitch(note: Element) -> int:
    pitch = note.find("pitch")
    if pitch is None:
        return REST
    octave = int(pitch.findtext("octave") or 4) + 1
    altered = int(float(pitch.findtext("alter") or 0))
    return 12 * octave + _SEMITONES[pitch.findtext("step") or "C"] + altered
