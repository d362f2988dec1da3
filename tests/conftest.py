"""How the tests print what they find."""

import numpy as np

# Hypothesis warns, so fails, where a network that it found is more than 30,000 characters.
np.set_printoptions(threshold=50, edgeitems=1)
