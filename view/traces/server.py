"""The server of the page: on this machine alone, under an address that nobody guesses."""

import asyncio
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.document import Document
from bokeh.server.server import Server
from tornado.ioloop import IOLoop

from .desk import Desk
from .inspected import Inspected

HOST = "127.0.0.1"


@dataclass(eq=False)
class Served:
    """A page that is being served.

    Attributes
    ----------
    address
        That opens it. Whoever doesn't know its token gets nothing, not even that a page is there.
    """

    address: str
    _stop: Callable[[], None] = field(repr=False)
    _thread: threading.Thread = field(repr=False)

    def stop(self) -> None:
        """Serve it no longer."""
        self._stop()
        self._thread.join()

    def wait(self) -> None:
        """Wait until it is stopped, as by another thread, or by Ctrl-C, which stops it."""
        try:
            while self._thread.is_alive():
                self._thread.join(0.2)
        finally:
            self.stop()


def serve(inspected: Inspected, port: int = 0) -> Served:
    """Serve a page on 127.0.0.1, in a thread of its own.

    Parameters
    ----------
    inspected
        What is looked into.
    port
        Where; 0 takes a free one.

    Raises
    ------
    OSError
        Where the port is taken.
    """
    # Found once here, not for each browser, and wrong traces are told before anything is served.
    _ = inspected.difference, inspected.way, inspected.breaks, inspected.suspects
    check_port(port)
    token = secrets.token_urlsafe(24)
    ready = threading.Event()
    started: list[tuple[IOLoop, int]] = []
    failed: list[BaseException] = []

    def run() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        loop = IOLoop.current()
        try:
            server = _server(inspected, port, token, loop)
        except BaseException as error:
            failed.append(error)
            ready.set()
            return
        server.start()
        started.append((loop, int(server.port or 0)))
        loop.add_callback(ready.set)
        loop.start()
        server.stop()
        loop.close(all_fds=True)

    thread = threading.Thread(target=run, name="somagate-inspect", daemon=True)
    thread.start()
    ready.wait()
    if failed:
        thread.join()
        raise failed[0]
    loop, taken = started[0]

    def stop() -> None:
        if thread.is_alive():
            loop.add_callback(loop.stop)

    return Served(f"http://{HOST}:{taken}/{token}/", stop, thread)


def check_port(port: int) -> None:
    """Raise `OSError` where a port is taken, before Bokeh does and leaves a socket open."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise OSError(f"port must be free, but {HOST}:{port} is: {error.strerror}") from None


def _server(inspected: Inspected, port: int, token: str, loop: IOLoop) -> Server:
    def open_page(document: Document) -> None:
        Desk(document, inspected)

    # All that the server has lies under the token: page, scripts, and the socket between them.
    server = Server(
        {"/": Application(FunctionHandler(open_page))},
        io_loop=loop,
        address=HOST,
        port=port,
        prefix=f"/{token}",
        allow_websocket_origin=[f"{HOST}:{port}"] if port else None,
        check_unused_sessions_milliseconds=5_000,
        unused_session_lifetime_milliseconds=60_000,
    )
    return server
