#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Stand in for kunit.py where coverage is tested: builds and runs a real program.

The "kernel" is mm/code.c, with counters, and a main.c that includes the suites: each
kunit/<suite>_kunit.c has a function of its name. It is compiled with CONFIG_SWAP where a
kunitconfig has that, and a suite that depends on it is missing elsewhere. FAKE_KUNIT is a
suite that fails, panics or never ends: "fail:one", "panic:one", "hang:one"; or a flavour
that does not build: "build:gcov-swap-off".
"""
import glob
import json
import os
import re
import subprocess
import sys
import time

TREE = os.path.abspath(os.path.join(os.path.dirname(sys.argv[0]), '../../..'))


def option(name: str) -> str:
    """Return the value of the last --name=value."""
    return [a.split('=', 1)[1] for a in sys.argv if a.startswith(f'--{name}=')][-1]


def config(out: str) -> int:
    """Write .config; fail when a suite was asked for that this flavour cannot have."""
    chosen = [a.split('=', 1)[1] for a in sys.argv if a.startswith('--kconfig_add=')]
    for path in [a.split('=', 1)[1] for a in sys.argv if a.startswith('--kunitconfig=')]:
        with open(path, encoding='utf-8') as file:
            chosen += [line.strip() for line in file if line.startswith('CONFIG_SWAP=')]
    with open(TREE + '/mm/tests/softleaf/Kconfig', encoding='utf-8') as file:
        needing = re.findall(r'config (\w+)\n\tdepends on (!?)SWAP\n', file.read())
    missing = [f'CONFIG_{name}=y' for name, without in needing
               if f'CONFIG_{name}=y' in chosen and ('CONFIG_SWAP=y' in chosen) == bool(without)]
    if missing:
        print(f'Missing: {", ".join(missing)}')
        return 1
    with open(out + '/.config', 'w', encoding='utf-8') as file:
        file.writelines(line + '\n' for line in chosen)
    return 0


def build(out: str) -> None:
    """Compile and link, as the kernel is: from the build folder."""
    with open(out + '/.config', encoding='utf-8') as file:
        chosen = file.read()
    suites = sorted(name for name in (os.path.basename(path)[:-len('_kunit.c')] for path in
                                      glob.glob(TREE + '/mm/tests/softleaf/*_kunit.c'))
                    if f'CONFIG_{name.upper()}_KUNIT_TEST=' in chosen)
    os.makedirs(out + '/mm', exist_ok=True)
    with open(out + '/main.c', 'w', encoding='utf-8') as main_c:
        main_c.write('#include <string.h>\nint printf(const char *, ...);\nint code(int);\n')
        main_c.writelines(f'#include "{TREE}/mm/tests/softleaf/{name}_kunit.c"\n'
                          for name in suites)
        main_c.write('int main(int argc, char **argv)\n{\n\tcode(9);\n')
        main_c.writelines(f'\tif (!strncmp(argv[1], "{name}.", {len(name) + 1}))\n\t\t{name}();\n'
                          for name in suites)
        main_c.write('\treturn 0;\n}\n')
    swap = ['-DCONFIG_SWAP'] if 'CONFIG_SWAP=y' in chosen else []
    counted = [*swap, '-O2', '-fno-early-inlining', '--param=logical-op-non-short-circuit=0',
               '-fprofile-arcs', '-ftest-coverage']
    subprocess.run(['gcc', *counted, '-c', TREE + '/mm/code.c', '-o', 'mm/code.o'],
                   cwd=out, check=True)
    subprocess.run(['gcc', *swap, '-c', 'main.c'], cwd=out, check=True)
    subprocess.run(['gcc', '-fprofile-arcs', 'main.o', 'mm/code.o', '-o', 'linux'],
                   cwd=out, check=True)


def execute(out: str) -> int:
    """Run a suite, write what kunit.py would write."""
    suite = sys.argv[-1].partition('.')[0]
    wrong, _, whose = os.environ.get('FAKE_KUNIT', '').partition(':')
    status = 'PASS'
    log = f'Linux version 7.3.0-fake\n    # Subtest: {suite}\n'
    if wrong == 'hang' and whose == suite:
        with open(out + '/hangs', 'w', encoding='utf-8'):
            time.sleep(600)
    if whose == suite:
        status = 'FAIL' if wrong == 'fail' else 'ERROR'
        log += 'Kernel panic - not syncing: oh\n' if wrong == 'panic' else ''
    if wrong != 'panic' or whose != suite:
        subprocess.run([out + '/linux', sys.argv[-1]], check=True)
        log += f'    {"ok" if status == "PASS" else "not ok"} 1 works\n'
    with open(out + '/test.log', 'w', encoding='utf-8') as file:
        file.write(log)
    with open(option('json'), 'w', encoding='utf-8') as file:
        json.dump({'name': '', 'test_cases': [], 'misc': {'errors': 0}, 'sub_groups': [
            {'name': suite, 'sub_groups': [],
             'test_cases': [{'name': 'works', 'status': status}]}]}, file)
    return 0 if status == 'PASS' else 1


def main() -> int:
    """Act as the phase that was asked for."""
    out = option('build_dir')
    if sys.argv[1] == 'config':
        return config(out)
    if sys.argv[1] == 'build':
        if os.environ.get('FAKE_KUNIT') == 'build:' + os.path.basename(out):
            print('../tree/mm/code.c:5:1: error: as was asked for\nmake: *** [mm/code.o] Error 1')
            return 1
        build(out)
    if sys.argv[1] == 'exec':
        return execute(out)
    return 0


if __name__ == '__main__':
    sys.exit(main())
