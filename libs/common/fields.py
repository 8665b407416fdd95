"""Field types and the base class of everything that comes in over HTTP: bounded, closed, free of NUL."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from libs.common.nesting import check_nesting

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
"""A name, a keyword, a theme: 1 to 100 characters."""

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
"""A title: 1 to 300 characters."""

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
"""A reason, a notice, a question: 1 to 2,000 characters."""


def _not_deep(html: str) -> str:
    check_nesting(html)
    return html


Html = Annotated[str, StringConstraints(min_length=1, max_length=300_000), AfterValidator(_not_deep)]
"""A body in HTML, sanitised on write: up to 300,000 characters, elements nested at most 100 deep."""

Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,40}$")]
"""A code given by people: letters, digits, hyphen and underscore, up to 40."""


class Body(BaseModel):
    """Base of request bodies: unknown fields are refused, and so is the NUL character, which no text column holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _no_nul(cls, value: Any) -> Any:
        if _holds_nul(value):
            raise ValueError("nul_character")
        return value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(k) or _holds_nul(v) for k, v in value.items())
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return False
