"""What is practised: task arithmetic, scoring, schedules and the columns of all records. Pure.

Importing this package (every other one does) is what makes floats 64-bit everywhere.
"""

import os
import sys

os.environ["JAX_ENABLE_X64"] = "1"
if "jax" in sys.modules:
    import jax

    jax.config.update("jax_enable_x64", True)
