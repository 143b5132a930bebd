"""Loops over trials as machine code, for eight learners at a time, or sixteen in single precision.

XLA makes a short loop of its own of every few operations, and what goes from one to the next goes through memory. A step that is plain
arithmetic is written out here instead, number by number, as code of LLVM in which every operation takes all of them; LLVM keeps in
registers what it can. That costs about half as much for many learners, a quarter for few, and compiles in a third of the time. The step
itself stays a function of ``jax.numpy``, and JAX's own account of it (its jaxpr) is what is written out: its text stands in one place.
"""
