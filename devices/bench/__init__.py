"""The simulated bench: the manipulandum's own firmware on a simulated chip, bolted to a simulated lever or handle, in real time."""
