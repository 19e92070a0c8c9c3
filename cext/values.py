"""DL/T 645 values: picks the compiled kernel or its plain twin."""

from cext import build

picked = build.pick("values")

MISSING: int = picked.MISSING
Layout = picked.Layout
Answer645 = picked.Answer645
