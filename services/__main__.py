"""The command line and composition root: `python -m services ROLE [SERVICE ...]`.

all                  everything in one process, on the embedded PostgreSQL unless DATABASE_URL is set
api, worker          the two halves of a deployment, for the services named (all five for none)
cluster              everything, each role and service in a process of its own, on Kafka, behind one port
proxy                one port for processes: api:SERVICE=PORT ...
migrate              bring the schemas to the newest revision
token                a development token: --role editor --region 990001
catalog-import       import the catalog from a spreadsheet: all of it or nothing
audit verify         walk the hash chains of the audit
parked               list, show, redrive or drop the keys that poison events have parked
rebuild              make a projection anew from the events; readers never notice
reconcile            compare what was said, heard and shown, and mend what differs
replay               have a source say its present state again, for one listening service
resend               send a service's journal to Kafka again
trace                where a document's news has got to
"""

import gc

gc.disable()  # until `main`: going through half-made modules again and again took a quarter of the start

import os
import sys

if sys.argv[1:2] in (["rebuild"], ["reconcile"]):
    os.nice(10)  # on the same machine, whoever is served goes first; here, since the imports are felt, too

import argparse
from collections.abc import Sequence
from pathlib import Path

from libs.common import failpoints, log
from libs.common.embedded import DataDirBusy, PostgresFailed
from libs.common.issuer import DevelopmentIssuer, RealIssuerConfigured
from libs.common.migrate import SchemaBehind
from libs.common.permission import Role
from libs.common.regions import parse as region
from libs.common.settings import Settings
from services import auditing, parked, processes, rebuilding, reconciling, replay, resending, tracing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one role or operation; returns the exit code."""
    gc.freeze()
    gc.enable()
    asked = _parser().parse_args(arguments)
    settings = Settings()
    log.configure(settings)
    failpoints.arm(settings.failpoints or "")
    try:
        code: int = asked.do(settings, asked)
        return code
    except (DataDirBusy, PostgresFailed, RealIssuerConfigured, SchemaBehind) as error:
        print(f"yangguang: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services", description=__doc__.splitlines()[0])
    roles = parser.add_subparsers(required=True, metavar="ROLE")
    for name, function, says in (
        ("all", processes.everything, "everything in one process"),
        ("api", processes.api, "answer HTTP for the services named"),
        ("worker", processes.worker, "sequence and deliver events for the services named"),
        ("migrate", processes.migrate, "bring the schemas to the newest revision"),
    ):
        role = roles.add_parser(name, help=says)
        if name != "all":
            role.add_argument("services", nargs="*", metavar="SERVICE", type=processes.service)
        role.set_defaults(do=function)
    cluster = roles.add_parser("cluster", help="everything, in processes of their own")
    cluster.add_argument("--bus", choices=["kafka", "journal"], default="kafka", help="what carries the events")
    cluster.set_defaults(do=processes.cluster)
    proxy = roles.add_parser("proxy", help="one port for several processes of this machine")
    proxy.add_argument("processes", nargs="+", metavar="NAME=PORT", type=processes.address)
    proxy.set_defaults(do=processes.proxy)
    token = roles.add_parser("token", help="print a development token")
    token.add_argument("--role", action="append", required=True, choices=[str(r) for r in Role])
    token.add_argument("--region", required=True, type=region, help="division code, 6 to 12 digits")
    token.add_argument("--organisation", help="code of the organisation whose subtree it is for")
    token.add_argument("--subject", help="who it is; made of role and region when left out")
    token.set_defaults(do=_token)
    importing = roles.add_parser("catalog-import", help="import the catalog from a spreadsheet (xlsx, xls, csv)")
    importing.add_argument("file", type=Path)
    importing.add_argument("--preview", action="store_true", help="only tell what it would change")
    importing.add_argument("--url", help="address of the platform; PORT of this machine when left out")
    importing.add_argument("--token", help="an administrator's token; a development one when left out")
    importing.add_argument("--region", default="99", type=region, help="region of the development token")
    importing.set_defaults(do=_catalog_import)
    for operation in (auditing, parked, rebuilding, reconciling, replay, resending, tracing):
        operation.register(roles)
    return parser


def _token(settings: Settings, asked: argparse.Namespace) -> int:
    roles = [Role(role) for role in asked.role]
    print(DevelopmentIssuer(settings).token(roles, asked.region, asked.organisation, subject=asked.subject))
    return 0


def _catalog_import(settings: Settings, asked: argparse.Namespace) -> int:
    from services.catalog.importer import catalog_import

    url = asked.url or f"http://127.0.0.1:{settings.port}"
    token = asked.token or DevelopmentIssuer(settings).token([Role.ADMINISTRATOR], asked.region)
    return catalog_import(asked.file, url, token, preview=asked.preview)


if __name__ == "__main__":
    sys.exit(main())
