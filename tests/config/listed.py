"""The types of a section as errors list them: spelled out, so that a new one is seen as users will see it."""

OPTIMIZERS = "sgd, adagrad, rmsprop, adam, adamw"
LOSSES = (
    "cross_entropy, binary_cross_entropy, mean_squared_error, half_squared_error, mean_absolute_error, huber, "
    "perceptron"
)
ACTIVATIONS = "linear, step, sigmoid, tanh, relu, leaky_relu, elu, gelu, softplus, softmax"
LAYERS = f"dense, dropout, flatten, reshape, {ACTIVATIONS}"
