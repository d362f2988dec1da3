"""The command `somagate`: one verb a step, from a training recipe to a bitstream."""

import signal
import sys
from collections.abc import Callable
from importlib import metadata
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .board import board
from .build import build
from .check import check
from .demo import demo
from .doctor import doctor
from .estimate import estimate
from .explore import explore
from .export import export
from .flash import flash
from .generate import generate
from .import_file import import_
from .inspect import inspect
from .load import load
from .output import write_json
from .plan import plan
from .ports import ports
from .report import report
from .run import run
from .simulate import simulate
from .train import train
from .verify import verify


class Verbs(TyperGroup):
    """The verbs; a wrong option is also an object on stdout where `--json` asks for objects."""

    def invoke(self, ctx: Any) -> Any:
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except Exception as error:
            if as_json and hasattr(error, "format_message"):
                write_json({"error": error.format_message()})
            raise


app = typer.Typer(
    name="somagate",
    cls=Verbs,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="From a trained, quantized spiking neural network to a verified FPGA bitstream.",
    epilog="The whole path at once: [bold]somagate demo[/bold]. "
    "Each verb's --help ends with an example. Exit status: 0 all is well, 1 the answer is no, "
    "2 it could not be done.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"somagate {metadata.version('somagate')}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Take the options that come before a verb; typer shows the application's own help."""


EXAMPLES: dict[Callable[..., None], str] = {
    doctor: "somagate doctor",
    demo: "somagate demo",
    train: "somagate train digits",
    export: "somagate export runs/digits/checkpoint.pt",
    import_: "somagate import net.nir --steps 24 --reset zero",
    check: "somagate check runs/digits/tables.safetensors",
    plan: "somagate plan runs/digits/tables.safetensors --board icebreaker --goal fastest",
    estimate: "somagate estimate runs/digits/tables.safetensors --board icebreaker",
    explore: "somagate explore runs/digits/tables.safetensors --board icebreaker --points 500",
    simulate: "somagate simulate runs/digits/tables.safetensors --data digits",
    generate: "somagate generate runs/digits/tables.safetensors",
    verify: "somagate verify runs/digits/tables.safetensors --data digits --samples 100",
    inspect: "somagate inspect runs/difference.golden.safetensors "
    "runs/difference.rtl.safetensors --tables runs/digits/tables.safetensors",
    report: "somagate report runs/demo",
    build: "somagate build runs/digits/tables.safetensors --board icebreaker",
    flash: "somagate flash runs/digits/icebreaker",
    ports: "somagate ports",
    run: "somagate run runs/digits/tables.safetensors --port /dev/ttyUSB1",
    board: "somagate board runs/digits/tables.safetensors --board icebreaker",
    load: "somagate load other.safetensors --port /dev/ttyUSB1 --generated runs/digits/icebreaker",
}
"""Every verb, in the order of the work, and its example."""

for _verb, _example in EXAMPLES.items():
    _alone = _verb in (doctor, demo, ports)  # these work without any argument
    app.command(epilog=f"Example: [bold]{_example}[/bold]", no_args_is_help=not _alone)(_verb)


def main() -> None:
    """Run the command line; the entry point `somagate`.

    What the terminal can't show, or a path's bytes that are no text, is printed as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # As after Ctrl-C, what is unfinished is cleared away before the process ends.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    app()
