"""Tables of trained digits, simulated, planned for a board, and estimated: python quickstart.py.

It needs no torch and no compiler, and takes a few seconds.
"""

from pathlib import Path

import somagate as sg

tables = sg.load(Path(__file__).with_name("digits.safetensors"))
print(tables)

data = sg.samples(tables, "digits")
trace = sg.simulate(tables, data[:100])
print(f"{(trace.prediction == data[:100].labels).mean():.0%} of 100 images right")

design = sg.plan(tables, board="icebreaker", goal="fastest", data=data[:4])
print(sg.estimate(design, data[:4]))
