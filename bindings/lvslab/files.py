# SPDX-License-Identifier: GPL-2.0-only
"""Reading lvs.cf and scenario files."""

import errno
import os
import socket
import warnings
from pathlib import Path

from . import _lvslab
from .errors import InputError


class InputWarning(UserWarning):
    """Something in a file is hardly as meant; it is read all the same."""


def _text_of(source, name, kind):
    """(bytes, the name for messages, the folder that relative paths start from)."""
    if isinstance(source, bytes) or (isinstance(source, str) and "\n" in source):
        text = source if isinstance(source, bytes) else source.encode()
        return text, name or f"<{kind}>", Path()
    if source == "":
        raise FileNotFoundError(errno.ENOENT, "an empty text is no path", source)
    path = Path(os.fspath(source))
    return path.read_bytes(), name or str(path), path.parent


def _resolve(host):
    """The first address of a host name, as the machine resolves it; None if nobody knows it."""
    try:
        return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0]
    except (OSError, UnicodeError):
        return None


def _value_or_raise(value, diagnostics):
    if value is None or any(d.severity == "error" for d in diagnostics):
        raise InputError(diagnostics)
    for diagnostic in diagnostics:
        if diagnostic.severity == "warning":
            warnings.warn(str(diagnostic), InputWarning, stacklevel=3)
    return value


def load_config(source, *, name=None):
    """Reads an lvs.cf.

    Args:
        source: a path, or the text itself (a str that has a line break, or bytes).
        name: what messages call it; the path, or ``<lvs.cf>``.

    Returns:
        LvsConfig. What only looks wrong is an InputWarning; so is what ``lvslab config check``
        calls an error, since fragments of files are read too: a scenario with it is refused.

    Raises:
        InputError: the text has errors; all of them are in ``diagnostics``.
        OSError: the file cannot be read.

    >>> import lvslab
    >>> config = lvslab.load_config('''
    ... primary = 192.168.26.9
    ... network = direct
    ... virtual web {
    ...     address = 192.168.26.10 eth0:1
    ...     active = 1
    ...     port = 80
    ...     scheduler = wlc
    ...     server web1 {
    ...         address = 10.0.0.1
    ...         active = 1
    ...         weight = 2
    ...     }
    ... }
    ... ''')
    >>> config.services[0].scheduler, config.services[0].servers[0].weight
    ('wlc', 2)
    """
    text, name, _ = _text_of(source, name, "lvs.cf")
    config = _value_or_raise(*_lvslab.parse_config(text, name, _resolve))
    for error in _errors_of(config):
        warnings.warn(f"{error}; nothing runs it", InputWarning, stacklevel=2)
    return config


def read_config_to_run(text, name):
    """The same of a text that is to be run: what the check calls errors raises too."""
    config, diagnostics = _lvslab.parse_config(text, name, _resolve)
    return _value_or_raise(config, diagnostics + (_errors_of(config) if config else []))


def _errors_of(config):
    """What the check calls errors: no cluster can run so."""
    return [d for d in _lvslab.check_config(config) if d.severity == "error"]


def check_config(source, *, name=None):
    """Everything that is found in an lvs.cf: errors, warnings, and notes on what Piranha would do.

    Args:
        source: a LvsConfig, or as in load_config.

    Returns:
        list of Diagnostic, empty if nothing is found. Nothing is raised for errors.
    """
    if isinstance(source, _lvslab.LvsConfig):
        return _lvslab.check_config(source)
    text, name, _ = _text_of(source, name, "lvs.cf")
    config, diagnostics = _lvslab.parse_config(text, name, _resolve)
    return diagnostics if config is None else diagnostics + _lvslab.check_config(config)


def load_scenario(source, *, name=None, folder=None, files=None):
    """Reads and checks a scenario (docs/scenario.md) and the files that it names.

    Args:
        source: a path, or the YAML itself (a str that has a line break, or bytes).
        name: what messages call it; the path, or ``<scenario>``.
        folder: where the files that it names are looked for; beside it, or the current folder.
        files: dict of texts that stand for files, by their path as written in the scenario:
            ``{"lvs.cf": "..."}``.

    Returns:
        Scenario.

    Raises:
        InputError: scenario or lvs.cf have errors; all of them are in ``diagnostics``.
        OSError: the scenario's file cannot be read.
    """
    text, name, beside = _text_of(source, name, "scenario")
    folder = Path(folder) if folder is not None else beside
    given = {path: t if isinstance(t, bytes) else t.encode() for path, t in (files or {}).items()}

    def load(path):
        if path in given:
            return given[path]
        try:
            return (folder / path).read_bytes()
        except OSError:
            return None

    return _value_or_raise(*_lvslab.parse_scenario(text, name, load))
