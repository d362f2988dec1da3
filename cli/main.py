"""The command `somagate`: one verb a step, from a training recipe to a bitstream."""

from importlib import metadata
from typing import Annotated

import typer

from .check import check
from .doctor import doctor
from .simulate import simulate

app = typer.Typer(
    name="somagate",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="From a trained, quantized spiking neural network to a verified FPGA bitstream.",
    epilog="The whole path at once: [bold]somagate demo[/bold]. "
    "Each verb's --help ends with an example.",
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


EXAMPLES = {
    doctor: "somagate doctor",
    check: "somagate check runs/digits.safetensors",
    simulate: "somagate simulate runs/digits.safetensors --data digits --samples 100",
}
"""Every verb, in the order of the work, and its example."""

for _verb, _example in EXAMPLES.items():
    app.command(epilog=f"Example: [bold]{_example}[/bold]", no_args_is_help=_verb is not doctor)(
        _verb
    )


def main() -> None:
    """Run the command line; the entry point `somagate`."""
    app()
