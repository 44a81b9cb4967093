#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Stand in for kunit.py in a tiny kernel that really is compiled and run: mm/*.c
and the suites, by gcc, into a program that prints KTAP. For check.sh.
"""
import glob
import json
import os
import re
import subprocess
import sys
from typing import List

TREE = os.path.abspath(os.path.join(os.path.dirname(sys.argv[0]), '../../..'))


def option(name: str) -> str:
    """Return the value of the last --name=value, or nothing."""
    return ['', *(a.split('=', 1)[1] for a in sys.argv if a.startswith(f'--{name}='))][-1]


def compiler() -> List[str]:
    """Return what make would call."""
    for argument in sys.argv:
        if argument.startswith('CC='):
            return argument[3:].split()
    return ['gcc']


def build(out: str) -> int:
    """Compile what is older than its source or a header, and link."""
    headers = glob.glob(f'{TREE}/include/linux/*.h')
    newest = max(map(os.path.getmtime, headers))
    objects, failed = [], False
    for source in sorted(glob.glob(f'{TREE}/mm/**/*.c', recursive=True)):
        name = os.path.relpath(source, TREE)[:-2]
        objects.append(f'{name}.o')
        target = os.path.join(out, f'{name}.o')
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.exists(target) and os.path.getmtime(target) > max(
                newest, os.path.getmtime(source)):
            continue
        command = [*compiler(), '-Wall', f'-I{TREE}/include', '-c', '-o', f'{name}.o', source]
        if os.environ.get('KBUILD_EXTRA_WARN'):
            command.insert(-4, '-Wextra')
        if 'thp-off' in option('kunitconfig'):
            command.insert(-4, '-DTHP_OFF')
        if subprocess.run(command, cwd=out, check=False).returncode:
            failed = True
            continue
        folder, base = os.path.split(target)
        with open(f'{folder}/.{base}.cmd', 'w', encoding='utf-8') as file:
            deps = ' \\\n  '.join(headers)
            file.write(f'savedcmd_{name}.o := {" ".join(command)}\n\ndeps := \\\n  {deps} \\\n')
    if failed:
        return 1
    if os.environ.get('KBUILD_EXTRA_WARN'):
        # What scripts/misc-check says where .gitignore hides all.
        for name in objects:
            print(f'{name[:-2]}.c: warning: ignored by one of the .gitignore files',
                  file=sys.stderr)
    return subprocess.run([*compiler(), '-o', 'linux', *objects], cwd=out, check=False).returncode


def execute(out: str) -> None:
    """Run it, and write what kunit.py would."""
    with open(f'{out}/test.log', 'w', encoding='utf-8') as log:
        subprocess.run([f'{out}/linux', option('build_dir').rpartition('/')[2]],
                       stdout=log, check=False)
    with open(f'{out}/test.log', encoding='utf-8') as log:
        cases = re.findall(r'^    (ok|not ok) \d+ (\S+)', log.read(), re.M)
    with open(option('json') or f'{out}/results.json', 'w', encoding='utf-8') as results:
        json.dump({'name': '', 'test_cases': [], 'misc': {'errors': 0}, 'sub_groups': [
            {'name': 'one', 'sub_groups': [], 'test_cases': [
                {'name': name, 'status': 'PASS' if ok == 'ok' else 'FAIL'}
                for ok, name in cases]}]}, results)


def main() -> int:
    """Act as the phase that was asked for."""
    if sys.argv[1] == 'build':
        return build(option('build_dir'))
    if sys.argv[1] == 'run' and build(option('build_dir')):
        return 1
    if sys.argv[1] in ('exec', 'run'):
        execute(option('build_dir'))
        print('Testing complete.')
    return 0


if __name__ == '__main__':
    sys.exit(main())
