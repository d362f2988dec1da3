"""Fashion-MNIST by sums of sigmoids with ternary weights: the network of `fashion-sigmoid-sum`."""

from dataclasses import replace

from .fashion_sigmoid_sum import RECIPE as BINARY

RECIPE = replace(BINARY, name="fashion-sigmoid-sum-ternary", weight_bits=2)
