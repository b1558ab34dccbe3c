"""EvtGen decay files as data: statements resolved, every decay line with the file and line it came from.

``decaylanguage`` owns the grammar; files are read in order, each on top of what the earlier ones said, with EvtGen's
meaning: a later ``Decay X`` block replaces the earlier one, ``CDecay`` conjugates the block known at that point.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from sim.particle_properties import known_names, properties

EXTRA_MODELS = ("KNUNU", "KSTARNUNU", "KSTARNUNU_REV", "BTOXSNUNU_FERMI", "YMSTOYNSPIPICLEOBOOST")
"""Models of Belle II that decaylanguage's list may lack."""
PARTONS = {"d", "u", "s", "c", "g", "specflav", "rndmflav"} | {
    f"{a}{b}_{j}" for a, b, j in ("uu1", "ud0", "ud1", "dd1", "su0", "su1", "sd0", "sd1", "ss1", "cu0", "cu1", "cd0",
                                  "cd1", "cs0", "cs1", "cc1")
}  # fmt: skip
"""Names of quarks, diquarks and flavour placeholders in decay lines (EvtGen)."""


@dataclass(frozen=True)
class DecayLine:
    """One line of a ``Decay`` block: daughters by name, model and its arguments as written."""

    fraction: float
    daughters: tuple[str, ...]
    model: str
    arguments: tuple[str | float, ...]
    photos: bool
    source: str  # "file:line"


@dataclass
class DecayFile:
    """Everything the decay files say.

    ``decays`` maps a mother to its lines; ``aliases`` an alias to the particle it stands for; ``partial_waves``
    (mother, daughter, daughter) to L; ``line_shapes`` and the other settings are by particle.
    """

    decays: dict[str, list[DecayLine]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    conjugates: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, float] = field(default_factory=dict)
    model_aliases: dict[str, tuple[str, tuple[str | float, ...]]] = field(default_factory=dict)
    masses: dict[str, tuple[float, float | None]] = field(default_factory=dict)
    line_shapes: dict[str, str] = field(default_factory=dict)
    mass_limits: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    partial_waves: dict[tuple[str, str, str], int] = field(default_factory=dict)
    blatt_weisskopf: dict[str, float] = field(default_factory=dict)
    factors: dict[tuple[str, str], bool] = field(default_factory=dict)
    photos: bool = True

    def settings(self) -> tuple[object, ...]:
        """Return copies of what changes particles' masses and line shapes."""
        own = (self.masses, self.line_shapes, self.mass_limits, self.partial_waves, self.blatt_weisskopf, self.factors)
        return tuple(dict(setting) for setting in own)

    def target(self, name: str) -> str:
        """Return the true particle behind an alias (aliases of aliases allowed)."""
        seen = set()
        while name in self.aliases and name not in seen:
            seen.add(name)
            name = self.aliases[name]
        return name

    def conjugate(self, name: str, source: str) -> str:
        """Return the name of the antiparticle; ValueError for an alias without ``ChargeConj``."""
        if name in self.conjugates:
            return self.conjugates[name]
        if name in self.aliases:
            entry = properties(self.target(name))
            if entry is not None and entry.conjugate == entry.name:
                return name
            message = f"{source}: alias '{name}' needs a 'ChargeConj {name} …' statement before CDecay uses it"
            raise ValueError(message)
        if name in PARTONS or name.removeprefix("anti-") in PARTONS:
            if name in ("g", "specflav"):
                return name
            return name.removeprefix("anti-") if name.startswith("anti-") else "anti-" + name
        entry = properties(name)
        if entry is None:
            raise ValueError(unknown_particle(name, source, self.aliases))
        return entry.conjugate


def default_decay_file() -> Path:
    """Return the path of DECAY_BELLE2.DEC, which ``decaylanguage`` ships; found without loading its grammar."""
    package = find_spec("decaylanguage")
    if package is None or package.origin is None:
        message = "the package 'decaylanguage' is not installed: install belfast again"
        raise ModuleNotFoundError(message)
    return Path(package.origin).parent / "data" / "DECAY_BELLE2.DEC"


def unknown_particle(name: str, source: str, aliases: Iterable[str]) -> str:
    """Return the message for a name that is no particle, with the nearest that are."""
    near = get_close_matches(name, [*known_names(), *aliases], n=3)
    hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return f"{source}: unknown particle '{name}'.{hint}"


def read_decay_files(paths: Sequence[str | Path]) -> DecayFile:
    """Return the content of decay files, each on top of those before it.

    Raises ValueError, naming file and line, for a file that cannot be read or understood.
    """
    from decaylanguage import DecFileParser
    from lark import Lark

    parser = DecFileParser()
    parser.load_additional_decay_models(*EXTRA_MODELS)
    info = parser.grammar_info()
    lark = Lark(parser.grammar(), parser=info["parser"], lexer=info["lexer"], edit_terminals=info["edit_terminals"])
    content = DecayFile()
    for path in paths:
        _read_on_top(content, Path(path), lark)
    return content


def _read_on_top(content: DecayFile, path: Path, lark: object) -> None:
    from lark.exceptions import UnexpectedInput

    if not path.is_file():
        message = f"decay file '{path}' does not exist; give the path of a file in EvtGen's .dec syntax"
        raise ValueError(message)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"decay file '{path}' is not text in UTF-8: {error}"
        raise ValueError(message) from None
    # A final 'End' is optional and would stop the parser between concatenated files.
    lines = ["" if line.split("#")[0].strip() == "End" else line for line in text.splitlines()]
    try:
        tree = lark.parse("\n".join(lines) + "\n")  # type: ignore[attr-defined]
    except UnexpectedInput as error:
        number = max(getattr(error, "line", 0), 0)
        shown = lines[number - 1].strip() if 0 < number <= len(lines) else "end of file"
        message = f"{path.name}:{number}: not understood: '{shown}'; see the EvtGen user guide for the syntax"
        raise ValueError(message) from None
    _Reader(content, path.name).read(tree)


_NAMED = {
    "alias": (1,),
    "particle_def": (0,),
    "ls_def": (1,),
    "setlspw": (0, 1, 2),
    "setlsbw": (0,),
    "inc_factor": (1,),
    "changemasslimit": (1,),
}
"""Places of particles' names in the statements that set something."""


class _Reader:
    """Walks the statements of one parsed file in their order."""

    def __init__(self, content: DecayFile, file: str) -> None:
        self.content = content
        self.file = file

    def read(self, tree: object) -> None:
        later, settings = [], []
        own: set[str] = set()
        for node in tree.children:  # type: ignore[attr-defined]
            kind = str(node.data)
            # EvtGen reads in order; definitions are taken first so that their place in the file is free.
            if kind in ("decay", "cdecay", "copydecay"):
                later.append((kind, node))
            else:
                self.statement(kind, node)
                if kind in _NAMED:
                    settings.append((node, _NAMED[kind]))
        # an alias may be declared after the statement that uses it
        for node, places in settings:
            self.check_names(node, places)
        for kind, node in later:
            if kind == "decay":
                self.decay(node, own)
        for kind, node in later:
            if kind == "copydecay":
                self.copy(node)
        for kind, node in later:
            if kind == "cdecay":
                self.conjugate(node)

    def at(self, token: object) -> str:
        return f"{self.file}:{getattr(token, 'line', '?')}"

    def check_names(self, node: object, places: tuple[int, ...]) -> None:
        for place in places:
            child = node.children[place]  # type: ignore[attr-defined]
            name = _leaf(child)
            if name not in self.content.aliases and properties(name) is None:
                while hasattr(child, "children"):
                    child = child.children[0]
                raise ValueError(unknown_particle(name, self.at(child), self.content.aliases))

    def statement(self, kind: str, node: object) -> None:
        content = self.content
        words = [_leaf(child) for child in node.children]  # type: ignore[attr-defined]
        if kind == "alias":
            content.aliases[words[0]] = words[1]
        elif kind == "chargeconj":
            content.conjugates[words[0]] = words[1]
            content.conjugates[words[1]] = words[0]
        elif kind == "define":
            content.definitions[words[0]] = float(words[1])
        elif kind == "model_alias":
            content.model_aliases[words[0]] = self.model(node.children[1])  # type: ignore[attr-defined]
        elif kind == "particle_def":
            content.masses[words[0]] = (float(words[1]), float(words[2]) if len(words) > 2 else None)
        elif kind == "ls_def":
            content.line_shapes[words[1]] = words[0]
        elif kind == "setlspw":
            content.partial_waves[words[0], words[1], words[2]] = int(words[3])
        elif kind == "setlsbw":
            content.blatt_weisskopf[words[0]] = float(words[1])
        elif kind == "inc_factor":
            content.factors[words[0], words[1]] = words[2] == "yes"
        elif kind == "changemasslimit":
            low, high = content.mass_limits.get(words[1], (None, None))
            value = float(words[2])
            content.mass_limits[words[1]] = (value, high) if words[0] == "ChangeMassMin" else (low, value)
        elif kind == "global_photos":
            content.photos = str(node.children[0].data) == "yes"  # type: ignore[attr-defined]

    def model(self, node: object) -> tuple[str, tuple[str | float, ...]]:
        children = node.children  # type: ignore[attr-defined]
        name = _leaf(children[0])
        arguments: list[str | float] = []
        for options in children[1:]:
            arguments += [_number(_leaf(child)) for child in options.children]
        if name in self.content.model_aliases:
            return self.content.model_aliases[name]
        if str(getattr(children[0], "data", "")) == "model_label":
            near = get_close_matches(name, [*self.content.model_aliases, *models()], n=2)
            hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
            message = f"{self.at(children[0].children[0])}: unknown decay model '{name}'{hint}"
            raise ValueError(message)
        return name, tuple(arguments)

    def defined(self, argument: str | float) -> str | float:
        if isinstance(argument, float):
            return argument
        sign, name = (-1.0, argument[1:]) if argument.startswith("-") else (1.0, argument)
        if name in self.content.definitions:
            return sign * self.content.definitions[name]
        return argument

    def decay(self, node: object, own: set[str]) -> None:
        mother = _leaf(node.children[0])  # type: ignore[attr-defined]
        token = node.children[0].children[0]  # type: ignore[attr-defined]
        if mother in own:
            message = f"{self.at(token)}: a second 'Decay {mother}' block in one file; join them into one"
            raise ValueError(message)
        own.add(mother)
        lines = []
        for line in node.children[1:]:  # type: ignore[attr-defined]
            value, *rest = line.children
            source = self.at(value.children[0])
            if float(_leaf(value)) < 0.0:
                message = f"{source}: a branching fraction below 0 ({_leaf(value)}); give it as 0 or more"
                raise ValueError(message)
            daughters = tuple(_leaf(child) for child in rest if str(child.data) == "particle")
            model, arguments = self.model(rest[-1])
            photos = self.content.photos or any(str(child.data) == "photos" for child in rest)
            arguments = tuple(self.defined(argument) for argument in arguments)
            lines.append(DecayLine(float(_leaf(value)), daughters, model, arguments, photos, source))
        self.content.decays[mother] = lines

    def copy(self, node: object) -> None:
        new, old = (_leaf(child) for child in node.children)  # type: ignore[attr-defined]
        if old not in self.content.decays:
            token = node.children[0].children[0]  # type: ignore[attr-defined]
            message = f"{self.at(token)}: CopyDecay {new} {old}: there is no 'Decay {old}' to copy"
            raise ValueError(message)
        self.content.decays[new] = list(self.content.decays[old])

    def conjugate(self, node: object) -> None:
        token = node.children[0]  # type: ignore[attr-defined]
        name = _leaf(token)
        source = self.at(token)
        particle = self.content.conjugate(name, source)
        if particle == name:
            message = f"{source}: CDecay {name}: the particle is its own antiparticle; write a Decay block"
            raise ValueError(message)
        if particle not in self.content.decays:
            message = f"{source}: CDecay {name}: there is no 'Decay {particle}' to conjugate"
            raise ValueError(message)
        self.content.decays[name] = [
            replace(line, daughters=tuple(self.content.conjugate(d, line.source) for d in line.daughters))
            for line in self.content.decays[particle]
        ]


def _leaf(node: object) -> str:
    while hasattr(node, "children"):
        node = node.children[0] if node.children else ""
    return str(node)


def _number(word: str) -> str | float:
    try:
        return float(word)
    except ValueError:
        return word


def models() -> tuple[str, ...]:
    """Return the names of EvtGen's decay models that the grammar knows."""
    from decaylanguage.dec.enums import known_decay_models

    return (*known_decay_models, *EXTRA_MODELS)
