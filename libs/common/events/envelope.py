"""What every event has: a kind, a key, a version and a time."""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


class Event(BaseModel):
    """Something that happened to one thing, carrying the thing's whole public state and its version.

    `kind` is `service.thing.happened.vN`. Events of one thing share one `key` and one rising `version`, so a
    listener can always tell news from old news. No personal data of citizens is ever a field of an event.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str]
    known: ClassVar[dict[str, type["Event"]]] = {}

    version: int = Field(ge=1, description="Version of the thing after what happened; rises by act.")
    at: datetime = Field(description="When it happened (RFC 3339).")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "kind" in cls.__dict__ and cls.known.setdefault(cls.kind, cls).__name__ != cls.__name__:
            raise TypeError(f"event kind {cls.kind} is declared twice")

    @property
    def key(self) -> str:
        """The thing's id: events of one key keep their order on every bus."""
        raise NotImplementedError

    @classmethod
    def service(cls) -> str:
        """The package name of the service that says it."""
        return cls.kind.split(".", 1)[0]

    @classmethod
    def topic(cls) -> str:
        """The topic of the producing service; one per service, so that the kinds of one thing stay in order."""
        return f"yangguang.{cls.service()}"
