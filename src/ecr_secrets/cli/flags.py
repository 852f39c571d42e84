"""The command line of `run`, generated from the settings."""

import argparse
import types
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields
from typing import Any, get_args, get_type_hints

from ecr_secrets.errors import ConfigurationError
from ecr_secrets.settings import Config, flag_of, variable_of


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add one flag per setting."""
    for spec in fields(Config):
        default = "" if spec.default is None else f" Default: {_show(spec.default)}."
        parser.add_argument(
            flag_of(spec.name),
            metavar=_metavar(spec),
            help=f"{spec.metadata['help']}{default} [${variable_of(spec.name)}]",
        )


def read_config(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Config:
    """Build the settings: a flag beats its environment variable, which beats the default.

    Raises:
        ConfigurationError: names the flag or the variable, and what was expected.
    """
    kinds = get_type_hints(Config)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for spec in fields(Config):
        where, text = _given(spec.name, arguments, environ)
        if text is None:
            continue
        try:
            values[spec.name] = _convert(text, kinds[spec.name])
        except ValueError:
            kind = "a whole number" if kinds[spec.name] is int else "a number"
            problems.append(f"{where}: expected {kind}, got {text!r}")
    if problems:
        raise ConfigurationError("; ".join(problems))
    return Config(**values)


def _given(
    name: str, arguments: argparse.Namespace, environ: Mapping[str, str]
) -> tuple[str, str | None]:
    flag = getattr(arguments, name)
    if flag is not None:
        return flag_of(name), flag
    # Empty counts as not set: that is what an unset value of a template leaves behind.
    return variable_of(name), environ.get(variable_of(name)) or None


def _convert(text: str, kind: object) -> object:
    options: Sequence[object] = get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if int in options:
        return int(text)
    if float in options:
        return float(text)
    return text


def _metavar(spec: "Field[Any]") -> str:
    choices = spec.metadata["choices"]
    return "{" + ",".join(choices) + "}" if choices else spec.name.rsplit("_", 1)[-1].upper()


def _show(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)
