"""The load calculator: picks the compiled kernel or its plain twin."""

from cext import build

picked = build.pick("load")

DAY_MS = picked.DAY_MS
GAP_MS = picked.GAP_MS
MEMORY = picked.MEMORY
MISSING = picked.MISSING
MOST_TIME = picked.MOST_TIME
RESULT = picked.RESULT
SAMPLE = picked.SAMPLE
LoadCalculator = picked.LoadCalculator
