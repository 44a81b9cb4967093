#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read unreached.txt: what no test reaches, and why.

    # a comment
    mm/file.c: function: source of the line -> source of the line the branch leads to
    mm/file.c: function: source of a line that is not reached at all
    	The reason, indented, of all the lines since the reason before.
"""

from typing import Dict, List


class ListError(Exception):
    """The file is not what it should be."""


def read(path: str) -> Dict[str, str]:
    """Return the reason of each line or branch."""
    listed: Dict[str, str] = {}
    pending: List[str] = []
    reason: List[str] = []

    def finish() -> None:
        for name in pending:
            listed[name] = ' '.join(reason)
        pending.clear()
        reason.clear()

    with open(path, encoding='utf-8') as file:
        for number, raw in enumerate(file, 1):
            line = raw.rstrip()
            if not line or line.startswith('#'):
                continue
            if line[0].isspace():
                if not pending:
                    raise ListError(f'{path}:{number}: a reason, and nothing before it')
                reason.append(line.strip())
                continue
            if reason:
                finish()
            if line.count(': ') < 2:
                raise ListError(f'{path}:{number}: expected "file: function: source"')
            if line in listed or line in pending:
                raise ListError(f'{path}:{number}: listed twice')
            pending.append(line)
    if pending and not reason:
        raise ListError(f'{path}: no reason for "{pending[0]}"')
    finish()
    return listed
