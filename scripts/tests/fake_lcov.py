#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Stand in for lcov's lcov, geninfo and genhtml: the little of them that coverage needs.

geninfo here is gcov's own figures in the form of a tracefile. FAKE_LCOV=geninfo or
=genhtml makes that one fail.
"""
import glob
import json
import os
import subprocess
import sys


def option(name: str) -> str:
    """Return the argument after --name."""
    return sys.argv[sys.argv.index('--' + name) + 1]


def geninfo() -> None:
    """Write a tracefile from the .gcda files of a folder."""
    with open(option('output-filename'), 'w', encoding='utf-8') as out:
        out.write(f'TN:{option("test-name")}\n')
        for gcda in glob.glob(sys.argv[1] + '/**/*.gcda', recursive=True):
            done = subprocess.run(['gcov', '-b', '--json-format', '--stdout', gcda],
                                  capture_output=True, check=True)
            for file in json.loads(done.stdout)['files']:
                out.write(f'SF:{os.path.realpath(file["file"])}\n')
                for line in file['lines']:
                    for number, branch in enumerate(line['branches']):
                        out.write(f'BRDA:{line["line_number"]},0,{number},{branch["count"]}\n')
                    out.write(f'DA:{line["line_number"]},{line["count"]}\n')
                out.write('end_of_record\n')


def main() -> int:
    """Act as the program of this name."""
    name = os.path.basename(sys.argv[0])
    if os.environ.get('FAKE_LCOV') == name:
        print(f'{name}: ERROR: as was asked for')
        return 1
    if name == 'lcov':
        print('lcov: LCOV version 2.0-1')
    elif name == 'geninfo':
        geninfo()
    elif name == 'genhtml':
        os.makedirs(option('output-directory'))
    return 0


if __name__ == '__main__':
    sys.exit(main())
