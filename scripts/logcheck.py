#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Find what a kernel log complains about and no test case announced.

A case announces a line by a KTAP diagnostic before it:

    # expected: text that the line contains

One announcement covers one complaint, with its backtrace, in the same case.
"""

import argparse
import re
import sys
from typing import Iterable, List

# What a healthy kernel does not print.
COMPLAINT = re.compile('|'.join((
    r'\bWARNING:',
    r'\bBUG:',
    r'\bKASAN:',
    r'\bUBSAN:',
    r'\bOops\b',
    r'Kernel panic',
    r'Kernel mode (signal|fault)',
    r'general protection',
    # lockdep and RCU
    r'possible (circular|recursive|irq lock inversion)',
    r'inconsistent lock state',
    r'suspicious RCU',
    r'INFO: (possible|trying|task|rcu)',
    r'held lock freed',
    r'lock held when returning',
    # mm
    r'\bbad (pgd|p4d|pud|pmd|pte)\b',
    r'Bad (rss-counter|swap|page|page map)\b',
    r'Unused swap (file|offset)',
    r'refcount_t: ',
    r'(list_add|list_del) corruption',
    r'slab .*(corrupt|overwritten)|Object (corrupt|already free)',
)))
TIMESTAMP = re.compile(r'^\[ *\d+\.\d+\] ?')
RESULT = re.compile(r'^ *(not )?ok \d+ ')
ANNOUNCEMENT = re.compile(r'^ *# (?:[\w.]+: )?expected: (.+)$')


def complaints(lines: Iterable[str]) -> List[str]:
    """Return the lines of the log that nobody announced."""
    found = []
    announced: List[str] = []
    # From "[ cut here ]" to "[ end trace" it is one report: its first line counts.
    in_report = seen = False
    for raw in lines:
        line = TIMESTAMP.sub('', raw.rstrip())
        if RESULT.match(line):
            announced.clear()
            in_report = False
        elif match := ANNOUNCEMENT.match(line):
            announced.append(match.group(1))
        elif '[ cut here ]' in line:
            in_report, seen = True, False
        elif '[ end trace' in line:
            in_report = False
        elif COMPLAINT.search(line) and not line.lstrip().startswith('#'):
            if in_report and seen:
                continue
            seen = True
            covering = [text for text in announced if text in line]
            if covering:
                announced.remove(covering[0])
            else:
                found.append(line.strip())
    return found


def main() -> int:
    """Check one log."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('log', help='test.log of a run')
    args = parser.parse_args()
    try:
        with open(args.log, encoding='utf-8', errors='backslashreplace') as log:
            found = complaints(log)
    except OSError as error:
        print(f'logcheck: error: {error}', file=sys.stderr)
        return 2
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
