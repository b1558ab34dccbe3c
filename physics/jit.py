"""How kernels are compiled: three decorators, so that nobody has to remember why.

All are cached on disk and release the GIL, and divide as numpy does (no hidden branch and exception at every
division).  ``_nrt=False`` switches numba's reference counting off: handing arrays from kernel to kernel then costs
nothing, which makes random numbers three and decays two times faster.  Such a kernel cannot allocate, which is what
an event loop asks for anyway; assign sub-arrays element by element.
"""

from numba import njit

_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}

kernel = njit(**_OPTIONS, _nrt=False)
"""For all that runs inside an event loop; allocates nothing."""

inlined_kernel = njit(**_OPTIONS, _nrt=False, forceinline=True)
"""For the few lines that are called millions of times from one place."""

driver = njit(**_OPTIONS)
"""For loops over the events of a chunk, which allocate their scratch memory once."""
