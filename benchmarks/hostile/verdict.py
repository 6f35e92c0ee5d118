"""What a good answer of the command is: done, or refused on one line; in time and memory, leaving nothing behind."""

import re

from benchmarks.hostile.child import Ended

# done; the user's mistake; the run could not go on; stopped by a signal after saving.
CODES = frozenset({0, 2, 3, 130})
# Above what a child holds that does nothing.
MEMORY_MIB = 1024
# What a person asks for himself (a wide network, a large batch) may take more than what a foreign file claims.
ASKED_MIB = 4096
# An error that echoes a megabyte of what was given is not one line that a person can read.
LONGEST_LINE = 10_000

_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|^Exception (ignored )?in", re.MULTILINE)
_WARNING = re.compile(r"\b[A-Z]\w*Warning: .*$", re.MULTILINE)
# What a terminal obeys. A carriage return and a tab are the product's own.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def fault_of(
    ended: Ended, *, codes: frozenset[int] = CODES, memory_mib: float = MEMORY_MIB, mute: bool = False
) -> str | None:
    """What is not good about how a command ended, on one line; None if all is good.

    Args:
        ended: the child that ran it.
        codes: the exit codes that are right here.
        memory_mib: what it may hold.
        mute: its output went nowhere, so that an error's line cannot be asked for.
    """
    if ended.late:
        return f"no end: {ended.computed:.0f} s computed in {ended.seconds:.0f} s, {ended.limit:g} s are the limit"
    if _TRACEBACK.search(ended.err) or _TRACEBACK.search(ended.out):
        return f"traceback: {last_line(ended.err)}"
    if ended.code < 0:
        return f"ended by signal {-ended.code}"
    if ended.code not in codes:
        return f"exit code {ended.code}: {last_line(ended.err)}"
    lines = error_lines(ended)
    if ended.code in (2, 3) and not mute and (len(lines) > 1 or not (lines or ended.out.strip())):
        return f"exit code {ended.code} with {len(lines)} lines of error"
    if ended.code == 0 and lines:
        return f"exit code 0 beside the error: {lines[0][:200]}"
    if any(len(line) > LONGEST_LINE for line in lines):
        return f"an error of {max(map(len, lines)):,} characters"
    if found := _CONTROL.search(ended.out + ended.err):
        return f"the control character {found[0]!r} reached the terminal"
    if found := _WARNING.search(ended.err):
        return f"a library's warning: {found[0].strip()[:200]}"
    if ended.memory_mib > memory_mib:
        return f"{ended.memory_mib:,.0f} MiB resident, {memory_mib:,.0f} are the limit"
    if ended.left:
        return "left a process behind"
    return None


def error_lines(ended: Ended) -> list[str]:
    """The lines of standard error that are the command's error: they begin with its name."""
    return [line for line in ended.err.splitlines() if re.match(r"saddlepoint( [\w-]+)?: ", line)]


def last_line(text: str) -> str:
    """The last line that says something, shortened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "nothing was said"
