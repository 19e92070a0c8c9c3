"""DL/T 698.45 framing: picks the compiled kernel or its plain twin."""

from cext import build

picked = build.pick("framing698")

Frame698 = picked.Frame698
Scanner698 = picked.Scanner698
build698 = picked.build698
