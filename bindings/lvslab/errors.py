# SPDX-License-Identifier: GPL-2.0-only
"""What lvslab raises."""


class InputError(ValueError):
    """A file, or a text in its place, has errors: all of them at once.

    >>> import lvslab
    >>> try:
    ...     lvslab.load_config("deadtime = soon\\nkeepalive = x\\n")
    ... except lvslab.InputError as error:
    ...     [(d.line, d.column, d.severity) for d in error.diagnostics]
    [(1, 12, 'error'), (2, 13, 'error')]

    Attributes:
        diagnostics: list of Diagnostic, by place; warnings and notes are among them.
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


class RunError(RuntimeError):
    """A run could not be made; the program lvslab says why."""
