"""From config models to the objects they describe: the one place where both are known."""

from nntrain.build.standalone import build_network

__all__ = ["build_network"]
