"""Which data set is meant by a name or a folder, for a verb and for a recipe."""

import re
from dataclasses import replace
from pathlib import Path

from . import DataSet, Request, named, names, needs_folder, read


def data_set(data: str) -> DataSet:
    """Return the data set `NAME[:KEY=VALUE,…][@DIR]`, or the one whose files are in a folder.

    A name wins over a folder that is called like it.

    Raises
    ------
    DataError, ValueError
        Where `data` is neither, or a file is not what it must be.
    """
    if re.split("[:@]", data)[0] in names():
        return read(data)
    folder = Path(data)
    if not folder.is_dir():
        raise ValueError(
            f"data must be NAME[:OPTIONS][@DIR], with a NAME of {', '.join(names())}, or a "
            f"folder with the files of one of them, but there is no folder {data!r}"
        )
    return read(named(folder), folder)


def recipe_data(
    data: str | None, wanted: str, recipe: str, *, options: bool = True
) -> tuple[str, Path | None]:
    """Return the data set of a recipe as `data` names it, and its folder.

    Parameters
    ----------
    data
        A folder, or `NAME[:KEY=VALUE,…][@DIR]` with the recipe's own NAME; None names nothing.
    wanted, recipe
        The recipe's own data set, `NAME[:KEY=VALUE,…]`, and its name.
    options
        Whether options may be given, beside the recipe's own or in their place.

    Raises
    ------
    ValueError
        Where it is another data set, or no folder, or is missing.
    """
    own, given = Request.parse(wanted), None
    if data is not None and re.split("[:@]", data)[0] in names():
        given = Request.parse(data)
        if given.name != own.name:
            raise ValueError(
                f"data must be {own.name!r} for recipe {recipe}, or a folder, not {given.name!r}"
            )
        if not options and not given.options.items() <= own.options.items():
            raise ValueError(
                f"data must have the options of {own.title!r} or none, not {given.title!r}"
            )
        own = replace(own, options={**own.options, **given.options})
    if not needs_folder(own.name):
        if data is not None and given is None:
            raise ValueError(
                f"data must be {wanted!r} or left out for recipe {recipe}, not {data!r}"
            )
        if given is not None and given.folder is not None:
            raise ValueError(f"{own.name} needs no folder, but {given.folder} was named")
        return own.title, None
    folder = data if given is None else given.folder
    if folder is None:
        raise ValueError(f"recipe {recipe} needs data, the folder of {wanted}'s files")
    return own.title, _place(own.name, Path(folder))


def _place(name: str, path: Path) -> Path:
    """Return the path of a data set if it is a folder, or of arrays a file, or raise."""
    if name == "arrays":
        if not path.is_file():
            what = "is a folder" if path.exists() else "does not exist"
            raise ValueError(f"{path} must be a .npz file, but {what}")
    elif not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise ValueError(f"{path} must be a folder, but {what}")
    return path
