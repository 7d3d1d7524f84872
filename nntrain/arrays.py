"""Array and shape types, and the axis letters used in every shape comment and docstring.

M  member of a population          H, W  image height, width
N  example in the batch            C     channel
I  input feature                   F     filter
O  output feature or unit          T     time step
K  class                           P     all parameters of one member, flattened

Images are channels-last, [M, N, H, W, C]; sequences are [M, N, T, I]. A batch that all members share has M = 1
and broadcasts.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
DType: TypeAlias = np.dtype[Any]
