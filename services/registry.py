"""The manifests of the five, for the composition root and for tests that run over all of them."""

import importlib

from libs.common.service import Service
from services import NAMES

ALL: tuple[Service, ...] = tuple(importlib.import_module(f"services.{name}.service").SERVICE for name in NAMES)


def pick(names: list[str]) -> list[Service]:
    """The services of these names (hyphens accepted); all of them for no name. Raises KeyError for an unknown one."""
    by_name = {service.name: service for service in ALL}
    return [by_name[name.replace("-", "_")] for name in names] or list(ALL)
