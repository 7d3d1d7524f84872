"""The command line: parsing, display and exit codes. What is done is in `nntrain.workflows`.

Modules here import only the standard library and typer at their top, so that `--help` is quick; numpy,
pydantic and rich come with the command that uses them.
"""
