"""The yardstick: a bare FastAPI route that returns given bytes, with nothing around it."""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response


def main(port: int, file: Path) -> None:
    """Serve the bytes of `file` on `port`."""
    body = file.read_bytes()
    app = FastAPI()

    @app.get("/bytes")
    async def read() -> Response:
        return Response(body, media_type="application/json")

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
