"""Fashion-MNIST by SpQuant-SNN with 5-bit potentials; `--state-bits` takes 2…16."""

from dataclasses import replace

from .fashion_spquant import RECIPE as TERNARY

RECIPE = replace(TERNARY, name="fashion-spquant-5bit", store="shift", state_bits=5)
