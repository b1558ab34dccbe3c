"""A toy dataset in ten lines: signal and background for a classifier, as numpy arrays in one compressed file."""

import numpy as np

from sim import generate

VARIABLES = ["useCMSFrame__bop__bc", "foxWolframR2", "thrust", "roeM", "missingMass2OfEvent"]
signal = generate("kplus-nunu", events=5_000, seed=1)
background = generate("charged", events=20_000, seed=1)
rows = [np.stack([np.asarray(sample[v]) for v in VARIABLES], axis=1) for sample in (signal, background)]
labels = np.repeat([1, 0], [len(rows[0]), len(rows[1])])
np.savez_compressed("toy.npz", x=np.concatenate(rows), y=labels, names=VARIABLES)
print(f"toy.npz: {labels.sum()} signal and {(labels == 0).sum()} background candidates, {len(VARIABLES)} variables")
