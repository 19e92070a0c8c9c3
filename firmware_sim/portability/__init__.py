"""One firmware on two machines: CPython and a real MicroPython, with traces that must be equal."""
