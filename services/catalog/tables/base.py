"""What all tables of catalog are declared on."""

from libs.common.backbone import ServiceBase, service_metadata


class Base(ServiceBase):
    """The tables of catalog."""

    __abstract__ = True
    metadata = service_metadata()
