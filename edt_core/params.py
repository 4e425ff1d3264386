"""The base of everything that can change a result."""

from pydantic import BaseModel, ConfigDict

MOST = 1_000_000_000
"""Of what is counted: more means no limit, and would leave the range of arrays and databases."""


class Params(BaseModel):
    """Settings that may change a result: frozen, validated, part of a stage's fingerprint.

    A field's docstring is its help on the command line and its label on a screen. What can't change
    a result (device, workers, folders, keys) is no parameter; it comes with the context.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        validate_default=True,
    )
