"""What a user asks for: `NAME[:KEY=VALUE,…][@DIR]`."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from .record import DataError

_START = re.compile("(?:[^@]|@@)*")
"""All before the folder."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A data set by name, with its options and its folder.

    Attributes
    ----------
    name
        Of the data set.
    options
        Value of each key, as written.
    folder
        Where its files are; None where none was named.
    """

    name: str
    options: dict[str, str]
    folder: Path | None

    @staticmethod
    def parse(text: str, folder: Path | None = None) -> "Request":
        """Return the request that `text` writes.

        Parameters
        ----------
        text
            `NAME`, `NAME:KEY=VALUE,KEY=VALUE`, each with `@DIR` or without; an @ in a VALUE is
            written twice.
        folder
            In place of `@DIR`.

        Raises
        ------
        ValueError
            Where the text is not of this form, or names a folder beside `folder`.
        """
        found = _START.match(text)
        start, at, place = found[0] if found else "", "", ""
        if start != text:
            at, place = "@", text[len(start) + 1 :]
        start = start.replace("@@", "@")
        name, _, listed = start.partition(":")
        options: dict[str, str] = {}
        for option in filter(None, listed.split(",")):
            key, equals, value = option.partition("=")
            if not (key and equals and value):
                raise ValueError(
                    f"data set options must be KEY=VALUE,KEY=VALUE, not {option!r} in {text!r}"
                )
            if key in options:
                raise ValueError(f"data set options must be unique, not {key!r} twice in {text!r}")
            options[key] = value
        if at and folder is not None:
            raise ValueError(
                f"the folder of {name} must be named once, not as {str(folder)!r} and as {place!r}"
            )
        if at and not place:
            raise ValueError(f"a folder must follow the @ of {text!r}")
        return Request(name=name, options=options, folder=Path(place) if at else folder)

    @property
    def title(self) -> str:
        """The name with its options, as `parse` takes it."""
        options = {key: value.replace("@", "@@") for key, value in self.options.items()}
        listed = ",".join(f"{key}={value}" for key, value in options.items())
        return f"{self.name}:{listed}" if listed else self.name

    def allow(self, keys: tuple[str, ...]) -> None:
        """Refuse options other than `keys`."""
        for key in self.options:
            if key not in keys:
                raise ValueError(
                    f"options of {self.name} must be of {', '.join(keys)}, not {key!r}"
                )

    def without(self, *keys: str) -> "Request":
        """Return the request without some options."""
        kept = {key: value for key, value in self.options.items() if key not in keys}
        return replace(self, options=kept)

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """Return an option low…high."""
        text = self.options.get(key, str(default))
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"{key} of {self.name} must be {low}…{high}, not {text!r}")
        return int(text)

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """Return an option that is one of `choices`; the first is the default."""
        text = self.options.get(key, choices[0])
        if text not in choices:
            listed = " or ".join(repr(choice) for choice in choices)
            raise ValueError(f"{key} of {self.name} must be {listed}, not {text!r}")
        return text

    def numbers(self, key: str, form: str, separators: str) -> tuple[int, ...] | None:
        """Return the integers between `separators` in an option, or None where it is absent.

        `form` is what an error says that the option must be.
        """
        text = rest = self.options.get(key)
        if text is None or rest is None:
            return None
        found = []
        for separator in [*separators, ""]:
            number, _, rest = rest.partition(separator) if separator else (rest, "", "")
            if not number.isascii() or not number.isdigit():
                raise ValueError(f"{key} of {self.name} must be {form}, not {text!r}")
            found.append(int(number))
        return tuple(found)

    def size(self) -> tuple[int, int] | None:
        """Return (rows, columns) of the option `size`, ROWSxCOLUMNS or one number for both."""
        form = "ROWSxCOLUMNS or one number for both"
        separators = "x" if "x" in self.options.get("size", "") else ""
        found = self.numbers("size", form, separators)
        return None if found is None else (found[0], found[-1])

    def directory(self, holds: str) -> Path:
        """Return the folder, or raise saying what it holds."""
        if self.folder is None:
            raise DataError(
                f"{self.name} needs the folder of {holds}; none was named ({self.name}@DIR)"
            )
        if not self.folder.is_dir():
            what = "is a file" if self.folder.exists() else "does not exist"
            raise DataError(f"{self.folder} must be the folder of {holds}, but {what}")
        return self.folder
