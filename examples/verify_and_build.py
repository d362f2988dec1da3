"""The accelerator of trained digits, verified and built: verify_and_build.py [FOLDER [LANES]].

Verilator compares every spike and potential with the golden simulator; then open tools make the
iCEBreaker's bitstream. It needs g++, make and perl beside what pip brings, and takes a minute.
"""

import sys
from pathlib import Path

import somagate as sg

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/digits/icebreaker")
lanes = int(sys.argv[2]) if len(sys.argv) > 2 else 16
tables = sg.load(Path(__file__).with_name("digits.safetensors"))
data = sg.samples(tables, "digits")
design = sg.design(tables, board="icebreaker", lanes=lanes)

verdict = sg.verify(design, data[:100])
print(verdict)
if verdict.equal:
    print(sg.build(design, folder))
