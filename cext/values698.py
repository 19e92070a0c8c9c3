"""DL/T 698.45 answers as integers: picks the compiled kernel or its plain twin."""

from cext import build

picked = build.pick("values698")

Layout698 = picked.Layout698
