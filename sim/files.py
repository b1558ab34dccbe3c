"""Files: ROOT trees, Parquet and HepMC3, written to a temporary name and renamed when complete."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from physics.record import NO_MOTHER, STATUS_FINAL
from sim.tables import Table, joined

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

FORMATS = {".root": "ROOT", ".parquet": "Parquet", ".hepmc3": "HepMC3"}
COUNTERS = {"nmc", "ntrack", "ncluster", "nklm"}
"""Branches that hold the lengths of the collections, as every tree with jagged branches has them."""
GATHER_BYTES, GATHER_ROWS = 64_000_000, 50_000
"""Rows are gathered up to one of these before they go to the file: opening a basket of each of two hundred branches
costs as much as simulating some thousand events."""
METADATA_KEY = "belfast"
"""Name of the JSON record in a file: TObjString, Parquet key or HepMC3 run attribute."""


class Writer(Protocol):
    """Takes tables chunk by chunk and the metadata at the end."""

    def write(self, table: Table) -> None: ...
    def finish(self, metadata: dict[str, Any]) -> None: ...
    def abort(self) -> None: ...


def check_output(path: Path, level: str, *, force: bool) -> None:
    """Refuse what cannot be written before any work is done.

    Raises ValueError for an unknown suffix, a format that cannot hold the level, a missing or unwritable folder, or
    an existing file without ``force``.
    """
    if path.suffix not in FORMATS:
        msg = f"the suffix of '{path}' names no format: use one of {', '.join(FORMATS)}"
        raise ValueError(msg)
    if path.suffix == ".hepmc3" and level != "truth":
        msg = f"'{path}': HepMC3 holds true particles only: use --level truth, or a .root or .parquet file"
        raise ValueError(msg)
    if path.is_dir():
        msg = f"'{path}' is a folder: give the name of a file"
        raise ValueError(msg)
    if path.exists() and not force:
        msg = f"'{path}' exists: choose another name, or --force to replace it"
        raise ValueError(msg)
    if not path.parent.is_dir():
        msg = f"the folder '{path.parent}' does not exist: create it first"
        raise ValueError(msg)
    if not os.access(path.parent, os.W_OK):
        msg = f"the folder '{path.parent}' cannot be written to: choose another, or change its permissions"
        raise ValueError(msg)


class OutputFile:
    """A file that appears under its name only when it is complete.

    Use as a context manager; call :meth:`finish` as the last thing inside.  Any exception, Ctrl-C included,
    removes the temporary file.
    """

    def __init__(self, path: Path, tree: str, header: dict[str, Any]) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}.partial{path.suffix}")
        makers: dict[str, Callable[[Path, str, dict[str, Any]], Writer]] = {
            ".root": RootWriter,
            ".parquet": ParquetWriter,
            ".hepmc3": HepMCWriter,
        }
        try:
            self._writer: Writer = makers[path.suffix](self.temporary, tree, header)
        except OSError:
            self.temporary.unlink(missing_ok=True)
            raise
        self._complete = False
        self._gathered: list[Table] = []

    def __enter__(self) -> Self:
        return self

    def write(self, table: Table) -> None:
        """Append the rows of one chunk."""
        self._gathered.append(table)
        if sum(t.nbytes for t in self._gathered) >= GATHER_BYTES or sum(map(len, self._gathered)) >= GATHER_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._writer.write(joined(self._gathered))
        self._gathered = []

    def finish(self, metadata: dict[str, Any]) -> None:
        """Add the metadata, close, and give the file its name."""
        if self._gathered:
            self._flush()
        self._writer.finish(metadata)
        self.temporary.replace(self.path)
        self._complete = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._complete:
            try:
                self._writer.abort()
            finally:
                self.temporary.unlink(missing_ok=True)


def to_awkward(table: Table) -> Any:
    """Return the table as an awkward array of records, one per row, sharing the numbers."""
    import awkward as ak

    contents: dict[str, Any] = {name: ak.contents.NumpyArray(column) for name, column in table.columns.items()}
    for prefix, (offsets, columns) in table.collections.items():
        index = ak.index.Index64(offsets)
        for name, column in columns.items():
            array = ak.contents.NumpyArray(np.ascontiguousarray(column))
            contents[f"{prefix}_{name}"] = ak.contents.ListOffsetArray(index, array)
    return ak.Array(ak.contents.RecordArray(list(contents.values()), list(contents), length=len(table)))


class RootWriter:
    """One TTree (never an RNTuple: basf2 and RooFit users open trees).

    ZSTD at level 1: smeared numbers hardly compress, and higher levels take up to twice the time for less than a
    percent.  Opening a tree of two hundred branches costs uproot a fifth of a second, whatever goes into it.
    """

    def __init__(self, path: Path, tree: str, header: dict[str, Any]) -> None:
        import uproot

        del header
        self._file = uproot.recreate(path, compression=uproot.ZSTD(1))
        self._tree_name = tree
        self._tree: Any = None

    def write(self, table: Table) -> None:
        """Append the rows of one chunk."""
        import awkward as ak

        data: dict[str, Any] = dict(table.columns)
        for prefix, (offsets, columns) in table.collections.items():
            record = ak.contents.RecordArray(
                [ak.contents.NumpyArray(np.ascontiguousarray(c)) for c in columns.values()], list(columns)
            )
            data[prefix] = ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), record))
        if self._tree is None:
            types: dict[str, Any] = {name: column.dtype for name, column in table.columns.items()}
            for prefix in table.collections:
                types[prefix] = data[prefix].type.content
            self._tree = self._file.mktree(self._tree_name, types, title=f"belfast {self._tree_name}")
        if len(table):
            self._tree.extend(data)

    def finish(self, metadata: dict[str, Any]) -> None:
        """Add the metadata as a TObjString and close."""
        self._file[METADATA_KEY] = json.dumps(metadata)
        self._file.close()

    def abort(self) -> None:
        """Close without completing."""
        self._file.close()


class ParquetWriter:
    """One row group for the rows that were gathered; metadata as a key of the schema.

    Without dictionaries: smeared numbers never repeat, and looking for those that do takes longer than all the rest.
    """

    def __init__(self, path: Path, tree: str, header: dict[str, Any]) -> None:
        del header
        self._path = path
        self._tree_name = tree
        self._writer: Any = None

    def write(self, table: Table) -> None:
        """Append the rows of one chunk."""
        import awkward as ak
        import pyarrow.parquet as pq

        arrow = ak.to_arrow_table(to_awkward(table), extensionarray=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, arrow.schema, compression="zstd", use_dictionary=False)
        if len(table):
            self._writer.write_table(arrow)

    def finish(self, metadata: dict[str, Any]) -> None:
        """Add the metadata and close."""
        self._writer.add_key_value_metadata({METADATA_KEY: json.dumps(metadata), "tree": self._tree_name})
        self._writer.close()

    def abort(self) -> None:
        """Close without completing."""
        if self._writer is not None:
            self._writer.close()


class HepMCWriter:
    """True particles as HepMC3 ascii, GeV and mm; every event weight by its name, other columns as attributes."""

    def __init__(self, path: Path, tree: str, header: dict[str, Any]) -> None:
        import pyhepmc

        self._header = {"tree": tree, **header}
        self._run: Any = None
        self._path = path
        self._writer: Any = None
        self._module = pyhepmc

    def write(self, table: Table) -> None:
        """Append the events of one chunk."""
        names = ["__weight__", *(n for n in table.columns if n.startswith("weight_"))]
        if self._writer is None:
            self._run = self._module.GenRunInfo()
            version = str(self._header.get("provenance", {}).get("version", ""))
            self._run.tools = [("belfast", version, "Belle II fast simulation")]
            self._run.weight_names = names
            self._run.attributes[METADATA_KEY] = json.dumps(self._header)
            self._writer = self._module.io.WriterAscii(str(self._path), self._run)
        offsets, mc = table.collections["mc"]
        for i in range(len(table)):
            event = _hepmc_event(table, mc, slice(offsets[i], offsets[i + 1]), i, names)
            event.run_info = self._run
            self._writer.write(event)

    def finish(self, metadata: dict[str, Any]) -> None:
        """Close, and put the complete record in the place of the one at the head of the file."""
        self._writer.close()
        mark = f"A {METADATA_KEY} ".encode()
        record = json.dumps({"tree": self._header["tree"], **metadata}).replace("\\", "\\\\").encode()
        complete = self._path.with_name(f"{self._path.name}.complete")
        try:
            with self._path.open("rb") as old, complete.open("wb") as new:
                for line in old:
                    if line.startswith(mark):
                        new.write(mark + record + b"\n")
                        break
                    new.write(line)
                shutil.copyfileobj(old, new, 1 << 20)
            complete.replace(self._path)
        finally:
            complete.unlink(missing_ok=True)

    def abort(self) -> None:
        """Close without completing."""
        if self._writer is not None:
            self._writer.close()


def _hepmc_event(table: Table, mc: dict[str, np.ndarray], rows: slice, i: int, weight_names: list[str]) -> Any:
    import pyhepmc

    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    event.event_number = int(table.columns["__event__"][i])
    momenta = np.stack([mc[c][rows] for c in ("px", "py", "pz", "E")], axis=1)
    # cm and ns to mm, the unit of length and of c t
    points = 10.0 * np.stack([mc[c][rows] for c in ("vx", "vy", "vz")], axis=1)
    times = mc["t"][rows] * 299.792458
    mothers = mc["mother"][rows]
    particles = [
        pyhepmc.GenParticle(tuple(p), int(pdg), 1 if status == STATUS_FINAL else 2)
        for p, pdg, status in zip(momenta, mc["PDG"][rows], mc["status"][rows], strict=True)
    ]
    vertices: dict[int, Any] = {}
    for k, mother in enumerate(mothers):
        if mother == NO_MOTHER:
            continue
        vertex = vertices.get(int(mother))
        if vertex is None:
            vertex = pyhepmc.GenVertex((*points[k], times[k]))
            vertex.add_particle_in(particles[mother])
            vertices[int(mother)] = vertex
        vertex.add_particle_out(particles[k])
    for vertex in vertices.values():
        event.add_vertex(vertex)
    event.weights = [float(table.columns[name][i]) for name in weight_names]
    for name, values in table.columns.items():
        if name != "__event__" and name not in weight_names:
            event.attributes[name] = values[i].item()
    return event


def read_metadata(path: Path) -> tuple[str, dict[str, Any]]:
    """Return (tree name, metadata) of a file of ours; ValueError when it is none."""
    try:
        if path.suffix == ".root":
            import uproot

            with uproot.open(path) as file:
                metadata = json.loads(str(file[METADATA_KEY]))
                return metadata["tree"], metadata
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            raw = pq.read_metadata(path).metadata[METADATA_KEY.encode()]
            metadata = json.loads(raw)
            return metadata["tree"], metadata
        if path.suffix == ".hepmc3":
            import pyhepmc

            with pyhepmc.open(str(path)) as file:
                metadata = json.loads(file.read().run_info.attributes[METADATA_KEY].astype(str))
                return metadata["tree"], metadata
    except FileNotFoundError:
        msg = f"there is no file '{path}'"
        raise ValueError(msg) from None
    except Exception as error:
        msg = f"'{path}' is not a complete file of belfast ({type(error).__name__}): generate it again"
        raise ValueError(msg) from None
    msg = f"the suffix of '{path}' names no format: use one of {', '.join(FORMATS)}"
    raise ValueError(msg)


def column_ranges(path: Path, tree: str) -> dict[str, tuple[float, float, float]]:
    """Return min, mean and max of every column (NaN excluded), read in chunks."""
    totals: dict[str, list[float]] = {}
    for chunk in _iterate(path, tree):
        for name, values in chunk.items():
            if name in COUNTERS:
                continue
            finite = values[np.isfinite(values)]
            low, total, count, high = totals.get(name, [np.inf, 0.0, 0, -np.inf])
            if finite.size:
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
                total, count = total + float(finite.sum(dtype=np.float64)), count + finite.size
            totals[name] = [low, total, count, high]
    nan = float("nan")
    return {n: (lo, s / c, hi) if c else (nan, nan, nan) for n, (lo, s, c, hi) in totals.items()}


def _iterate(path: Path, tree: str) -> Any:
    """Yield the numbers of a file by column, flat, some ten MB at a time."""
    import awkward as ak

    if path.suffix == ".root":
        import uproot

        with uproot.open(path) as file:
            for arrays in file[tree].iterate(step_size="50 MB", library="ak"):
                yield {name: np.asarray(ak.ravel(arrays[name])) for name in arrays.fields}
    elif path.suffix == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                arrays = ak.from_arrow(file.read_row_group(group))
                yield {name: np.asarray(ak.ravel(arrays[name])) for name in arrays.fields}
    else:
        import pyhepmc

        with pyhepmc.open(str(path)) as file:
            for event in file:
                particles = event.numpy.particles
                yield {
                    "__event__": np.array([event.event_number]),
                    **{name: np.array([w]) for name, w in zip(event.weight_names, event.weights, strict=True)},
                    **{name: np.array([float(a.astype(str))]) for name, a in event.attributes.items()},
                    "mc_PDG": particles.pid,
                    "mc_px": particles.px,
                    "mc_py": particles.py,
                    "mc_pz": particles.pz,
                    "mc_E": particles.e,
                    "mc_status": particles.status,
                }
