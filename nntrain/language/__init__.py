"""YAML with located errors for any pydantic root model: what is wrong, where it stands, and what was probably meant."""
