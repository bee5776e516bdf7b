# SPDX-License-Identifier: GPL-2.0-only
"""What lvslab raises."""


class InputError(ValueError):
    """A file, or a text in its place, or a call's values have errors: all of them at once.

    >>> import lvslab
    >>> try:
    ...     lvslab.load_config("deadtime = soon\\nkeepalive = x\\n")
    ... except lvslab.InputError as error:
    ...     [(d.line, d.column, d.severity) for d in error.diagnostics]
    [(1, 12, 'error'), (2, 13, 'error')]

    Attributes:
        diagnostics: list of Diagnostic, by place; warnings and notes are among them. What is wrong
            with a value from Python has its name in the place of a file:
            ``servers.web1.service``, ``add_destination.weight``.
    """

    def __init__(self, diagnostics):
        self.diagnostics = list(diagnostics)
        super().__init__("\n".join(str(d) for d in self.diagnostics if d.severity == "error"))

    def __reduce__(self):
        return InputError, (self.diagnostics,)


class IpvsError(ValueError):
    """IPVS refuses a change, as the kernel would.

    Attributes:
        reason: str, the same words as in lvslab's logs: "there is no such service".
    """

    def __init__(self, message, reason=""):
        super().__init__(message)
        self.reason = reason

    def __reduce__(self):
        return IpvsError, (str(self), self.reason)


class PluginError(RuntimeError):
    """A scheduler's shared library cannot be used, or does what it must not: which, and why."""


class RunError(RuntimeError):
    """A run could not be made; the program lvslab says why."""
