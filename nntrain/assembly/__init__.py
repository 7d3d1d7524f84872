"""From config models to the objects they describe: the one place where both are known."""

from nntrain.assembly.standalone import build_network

__all__ = ["build_network"]
