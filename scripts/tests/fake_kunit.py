#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Stand in for kunit.py in the tiny kernel tree: does what FAKE_KUNIT says.

FAKE_KUNIT is a phase and what goes wrong in it: "config:missing",
"build:error", "exec:crash". Otherwise one case passes. With --arch=NAME the log
is what the command qemu-system-NAME prints.
"""
import json
import os
import re
import subprocess
import sys
from typing import Dict, List

GOOD = """Linux version 7.3.0-fake
KTAP version 1
1..1
    KTAP version 1
    # Subtest: one
    1..1
    ok 1 one_test_works
ok 1 one
"""


def option(name: str) -> str:
    """Return the value of the last --name=value."""
    return [a.split('=', 1)[1] for a in sys.argv if a.startswith(f'--{name}=')][-1]


def run_qemu(out: str) -> int:
    """Run QEMU, and make results of its output."""
    path = os.path.join(out, 'test.log')
    with open(path, 'wb') as log:
        subprocess.run(['qemu-system-' + option('arch'), '-nodefaults', '-accel', 'kvm',
                        '-accel', 'hvf', '-accel', 'tcg', *sys.argv[2:]], stdout=log, check=False)
    groups: List[Dict] = []
    with open(path, encoding='utf-8') as log:
        for line in log:
            if match := re.match(r'    # Subtest: (.*)', line):
                groups.append({'name': match.group(1), 'sub_groups': [], 'test_cases': []})
            elif match := re.match(r'    (not ok|ok) \d+ (\w+)( # SKIP)?', line):
                status = 'SKIP' if match.group(3) else 'PASS' if match.group(1) == 'ok' else 'FAIL'
                groups[-1]['test_cases'].append({'name': match.group(2), 'status': status})
    with open(option('json'), 'w', encoding='utf-8') as results:
        json.dump({'name': '', 'test_cases': [], 'misc': {'errors': 0}, 'sub_groups': groups},
                  results)
    return 0


def main() -> int:
    """Act as the phase that was asked for."""
    phase = sys.argv[1]
    wrong = os.environ.get('FAKE_KUNIT', '')
    out = option('build_dir')
    if wrong == 'config:missing' and phase == 'config':
        added = [a for a in sys.argv if 'CONFIG_TWO_KUNIT_TEST' in a]
        if added:
            print('ERROR:root:Not all Kconfig options selected', file=sys.stderr)
            print('Missing: CONFIG_TWO_KUNIT_TEST=y, # CONFIG_X is not set', file=sys.stderr)
        return 1 if added else 0
    if wrong == f'{phase}:{out.rpartition("/")[2]}':
        print("ERROR:root:make[1]: Entering directory 'tree'\n"
              f'mm/one.c:7:9: error: {phase} went wrong', file=sys.stderr)
        return 1
    if wrong == 'build:error' and phase == 'build':
        print('ERROR:root:../tree/mm/one.c: In function f:\n'
              '../tree/mm/one.c:7:9: error: something is wrong\n'
              'make[3]: *** [mm/one.o] Error 1', file=sys.stderr)
        return 1
    if phase != 'exec':
        return 0
    if any(a.startswith('--arch=') for a in sys.argv):
        return run_qemu(out)
    crash = wrong == 'exec:crash'
    with open(os.path.join(out, 'test.log'), 'w', encoding='utf-8') as log:
        if crash:
            log.write(GOOD.partition('    ok')[0] + 'Kernel panic - not syncing: oh\n')
        else:
            log.write(GOOD)
        if wrong == 'exec:warn':
            log.write('WARNING: mm/one.c:7 at f+0x1/0x2\n')
    status = 'ERROR' if crash else 'PASS'
    with open(option('json'), 'w', encoding='utf-8') as results:
        json.dump({'name': '', 'test_cases': [], 'misc': {'errors': 0}, 'sub_groups': [
            {'name': 'one', 'sub_groups': [],
             'test_cases': [{'name': 'one_test_works', 'status': status}]}]}, results)
    return 1 if crash else 0


if __name__ == '__main__':
    sys.exit(main())
