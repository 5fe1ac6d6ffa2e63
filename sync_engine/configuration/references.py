"""References to environment variables: values that are looked up when they are used, and never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sync_engine.errors import ConfigurationError

PREFIX = "env:"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that may be missing until someone needs it. Its `repr` and `str` never hold the value."""

    what: str
    variable: str
    origin: str = ""
    value: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{PREFIX}{self.variable}" if self.variable else "(given)"

    @property
    def is_set(self) -> bool:
        """Whether there is a value."""
        return bool(self.value)

    def reveal(self) -> str:
        """The value. Raises ConfigurationError that names the variable to set."""
        if self.value:
            return self.value
        asked = f" ({self.origin} refers to it)" if self.origin else ""
        raise ConfigurationError(
            f"{self.what} is not known: the environment variable {self.variable} is not set{asked}",
            hint=f"set it in the environment, or put {self.variable}=... into .env",
        )


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a value may come from, strongest first: a flag, the environment, `sync.toml`."""

    flags: Mapping[str, str]
    environment: Mapping[str, str]
    file: Mapping[str, str]
    origins: Mapping[str, str]

    def reference(self, what: str, name: str, variable: str) -> Reference:
        """The value called `name` in flags and file (`notion.token`), `variable` in the environment.

        An `env:NAME` in the file is the person's own choice of variable: it is not replaced by the usual one,
        lest a staging file reach the production database of the shell it is run in. Raises ConfigurationError
        when what follows `env:` cannot be a variable's name.
        """
        if given := self.flags.get(name):
            return Reference(what, variable, value=given)
        written = self.file.get(name, "")
        origin = self.origins.get(name, "")
        if written.startswith(PREFIX):
            chosen = written.removeprefix(PREFIX)
            if not _VARIABLE.fullmatch(chosen):
                raise ConfigurationError(
                    f"{origin}: {written!r} does not name an environment variable", hint=f'write "env:{variable}"'
                )
            return Reference(what, chosen, origin, self.environment.get(chosen, ""))
        return Reference(what, variable, origin, self.environment.get(variable) or written)
