"""Fashion-MNIST by sums of sigmoids with weights ±4, ±2, ±1, 0: otherwise `fashion-sigmoid-sum`."""

from dataclasses import replace

from .fashion_sigmoid_sum import RECIPE as BINARY

RECIPE = replace(BINARY, name="fashion-sigmoid-sum-shift", weight_bits=4)
