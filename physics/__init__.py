"""The laws: kinematics, random streams, beams, decays, hadronization. Knows no detector and no user."""

from physics.kernel_cache import use_kernel_cache

use_kernel_cache()
