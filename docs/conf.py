"""The docs site: the pages of this folder, and the reference of the public names."""

import re
import warnings
from typing import Any

import somagate

project = "somagate"
author = "the developers of somagate"
project_copyright = author
version = release = somagate.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "numpydoc",
]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = False
# Links out of this folder are for readers of the repository; the site leaves them as text.
suppress_warnings = ["myst.xref_missing"]

autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": False}
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

doctest_global_setup = """
import os, tempfile
from pathlib import Path
import numpy as np
import somagate as sg
ROOT = Path(sg.__file__).resolve().parents[1]
_here = tempfile.TemporaryDirectory()
os.chdir(_here.name)
"""
doctest_global_cleanup = """
os.chdir(ROOT)  # Sphinx asks where it is once the folder has gone
"""
doctest_test_doctest_blocks = "default"

html_theme = "furo"
html_title = f"somagate {release}"
html_static_path: list[str] = []
html_show_sphinx = False
html_copy_source = False

# A component documents its ports under Members, which numpydoc does not know: shown as notes.
warnings.filterwarnings("ignore", message="Unknown section Members")


def plain(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Make of a docstring what Sphinx takes: `*input shape` is no emphasis."""
    for index, line in enumerate(lines):
        lines[index] = re.sub(r"(?<![*`\w\\])\*(?=[a-z])", r"\\*", line)
        following = lines[index + 1] if index + 1 < len(lines) else ""
        if line.strip() == "Members" and following.strip() == "-------":
            lines[index : index + 2] = ["Notes", "-----"]


def setup(app: Any) -> None:
    """Have `plain` see every docstring before numpydoc does."""
    app.connect("autodoc-process-docstring", plain, priority=400)
