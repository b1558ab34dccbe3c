"""Write docs/columns.md and docs/samples.md from the tables in the code: ``python scripts/make_docs.py``."""

from pathlib import Path

from detector.record import CLUSTER_COLUMNS, KLM_COLUMNS, TRACK_COLUMNS
from physics.penguins import K_WEIGHTS, KSTAR_WEIGHTS, weight_description
from physics.record import PARTICLE_COLUMNS
from sim.reconstruction import candidate_columns
from sim.samples import SAMPLES
from sim.tables import EVENT_COLUMNS

DOCS = Path(__file__).parent.parent / "docs"


def _rows(columns) -> str:
    return "".join(f"| `{c.name}` | {c.unit} | {c.description} |\n" for c in columns)


def columns_page() -> str:
    """Return the page of all columns, as Markdown."""
    head = "| name | unit | meaning |\n|---|---|---|\n"
    weights = dict.fromkeys((*K_WEIGHTS, *KSTAR_WEIGHTS))
    parts = [
        "# Columns\n\nMade by `scripts/make_docs.py` from the tables in the code; names are basf2's if it has one.\n",
        "\n## Every tree, once per event\n\n" + head + _rows(EVENT_COLUMNS.values()),
        "\n## Weights of the νν̄ signals\n\n"
        + head
        + "".join(f"| `{w}` | | {weight_description(w)} |\n" for w in weights),
        "\n## `truth`: true particles\n\n" + head + _rows(PARTICLE_COLUMNS),
        "\n## `reco`: tracks\n\n" + head + _rows(TRACK_COLUMNS),
        "\n## `reco`: calorimeter clusters\n\n" + head + _rows(CLUSTER_COLUMNS),
        "\n## `reco`: K_L and muon clusters\n\n" + head + _rows(KLM_COLUMNS),
        (
            "\n## `variables`: signal candidates\n\nNaN where a quantity does not exist.\n\n"
            "| name | type | unit | meaning | source |\n|---|---|---|---|---|\n"
        ),
        "".join(
            f"| `{c.name}` | {c.type} | {c.unit} | {c.description} | {c.source} |\n"
            for c in candidate_columns().values()
        ),
    ]
    return "".join(parts)


def samples_page() -> str:
    """Return the page of all samples, as Markdown."""
    rows = "".join(
        f"| `{s.name}` | {s.process} | {s.cross_section_nb:.3g} | {s.cross_section_nb * 1e6:.3g} | {s.source} |\n"
        for s in SAMPLES.values()
    )
    return (
        "# Samples\n\nMade by `scripts/make_docs.py` from `sim/samples.py`; cross sections on resonance.\n\n"
        "| name | process | σ [nb] | events / fb⁻¹ | source |\n|---|---|---|---|---|\n" + rows
    )


PAGES = {"columns.md": columns_page, "samples.md": samples_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
        print(f"docs/{name}")
