# SPDX-License-Identifier: GPL-2.0
"""The checks of check.py that are made once, on the whole series."""

import json
import os
import re
import subprocess
import time
from typing import Any, Callable, Dict, List

import summary
from checkbase import SCRIPTS, TOP, counted, last_error, sha, sha_files, tail
from checkpatches import GATE, PatchChecks, stable_text
from checkreport import FAIL, NOT_RUN, OK, Result
from series import Stop

FINAL_FLAVOURS = ('debug', 'kasan')
# Folder below arch/, and what of it make cross is asked for.
ARCHES = {'x86': 'x86_64', 'arm64': 'arm64-4k', 'riscv': 'riscv64', 's390': 's390x',
          'loongarch': 'loongarch64-4k', 'powerpc': 'powerpc64le-radix'}


def listed(path: str) -> List[str]:
    """Return what a list of make coverage excuses."""
    if not os.path.exists(path):
        return []
    with open(path, encoding='utf-8') as file:
        return [line.rstrip() for line in file if line.strip() and line[0] not in '#\t ']


def unreached(line: Dict[str, Any], excused: List[str]) -> List[str]:
    """Return what no suite reaches of a line, in the words of make coverage's summary."""
    where = f'{line["file"]}:{line["line"]}: {line["function"]}(): {line["source"]}'
    if not line['suites']:
        return [] if line['name'] in excused else [where]
    return [f'{where} -> {branch["side"]}' for branch in line['branches']
            if not branch['suites'] and f'{line["name"]} -> {branch["side"]}' not in excused]


class SeriesChecks(PatchChecks):
    """Those of all patches together."""

    def finish(self) -> None:
        """Run what is run once, on the whole series."""
        tip = self.rows[-1]
        arches = sorted({ARCHES[name.split('/')[1]] for row in self.rows
                         for name in row.patch.added if name.startswith('arch/')
                         and name.split('/')[1] in ARCHES})
        slow = [*FINAL_FLAVOURS, 'coverage', *(f'cross {arch}' for arch in arches)]
        why = ''
        if self.args.fast:
            why = 'left out by FAST=1'
            slow.insert(0, 'thp-off')
        elif not tip.patch.commit:
            why = 'the series does not apply'
        elif tip.status('default') == FAIL and 'warning' not in tip.results['default'].text:
            why = 'the kernel does not build'
        elif tip.status('suites') == FAIL:
            why = 'the suites fail already'
        if self.series.missing:
            self.final.append(Result(
                'complete', FAIL, counted(self.series.missing, 'patch') + ' missing',
                [f'no mail is [PATCH {number}]' for number in self.series.missing],
                'give all of the series, or number it anew: git format-patch'))
        if tip.patch.commit:
            self.final.append(self.gate())
        if why:
            self.final += [Result(name, NOT_RUN, 'not run', [why]) for name in slow]
            return
        self.prepare(len(self.rows))
        for name in FINAL_FLAVOURS:
            self.final.append(self.remember(name, self.flavour))
        self.final.append(self.remember('coverage', self.coverage))
        self.cross(arches)

    def final_key(self, name: str) -> str:
        """Name the result of a check of the whole series."""
        tip = self.rows[-1].patch.commit
        extra = sha_files(path for path in (
            os.path.join(SCRIPTS, 'coverage'), os.path.join(SCRIPTS, 'cross'),
            os.path.join(TOP, 'coverage')) if os.path.exists(path))
        return sha('final', name, self.state_key(tip), self.state_key(self.base), extra,
                   *(stable_text(p.path) for p in self.series.patches))

    def remember(self, name: str, check: Callable[[str], Result]) -> Result:
        """Run a check of the whole series, unless it is known to be good."""
        key = self.final_key(name)
        known = self.store.load('final', key)
        if known:
            self.take_coverage(known['rows'])
            return Result(**known['result'])
        self.say(f'[end] {name}')
        started = time.monotonic()
        result = check(name)
        result.seconds = round(time.monotonic() - started, 1)
        self.say(f'    {result.status} {result.text}')
        if result.status == OK:
            rows = {row.patch.number: row.results[name].plain()
                    for row in self.rows if name in row.results}
            self.store.save('final', key, {'result': result.plain(), 'rows': rows})
        return result

    def flavour(self, name: str) -> Result:
        """Build and run one of the slow flavours."""
        log = self.log(f'{name}.log')
        status = self.children.run([os.path.join(SCRIPTS, 'run'), '--failed'], log,
                                   self.final_env(CONFIG=name), tell=self.progress(name))
        if status == 2 and not re.search('does not build|cannot be configured', last_error(log)):
            raise Stop(last_error(log))
        with open(log, encoding='utf-8', errors='replace') as file:
            lines = file.read().splitlines()
        counts = next((line for line in reversed(lines) if 'cases passed' in line), '')
        if status == 0:
            return Result(name, OK, counts)
        wrong = [line.strip() for line in lines if re.match(r'  (FAILED|LOG) ', line)
                 or 'error:' in line][:12]
        wrong.append(f'all of it: {self.short(log)}')
        return Result(name, FAIL, counts or 'does not build', wrong,
                      f'CONFIG={name} make run shows it')

    def gate(self) -> Result:
        """Compare what check-softleaf-kconfig finds with what the base had."""
        tip = self.rows[-1].patch.commit
        key = sha('gate', self.state_key(tip), self.state_key(self.base))
        if known := self.store.load('gate', key):
            return Result(**known)
        self.prepare(len(self.rows))
        log = self.log('gate.log')
        status = self.children.run([os.path.join(SCRIPTS, 'check-softleaf-kconfig'), self.tree],
                                   log, self.env())
        with open(log, encoding='utf-8', errors='replace') as file:
            lines = file.read().splitlines()
        if status == 2 or status == 1 and len(lines) == 1 and 'its gate' in lines[0] + ' its gate':
            if status == 2 or re.search('before the rename|has no gate', lines[0]):
                return Result('gate', NOT_RUN, 'not run', lines[:1])
        fresh = [line for line in lines if status and self.is_new(line)]
        result = Result('gate', FAIL, counted(fresh, 'finding'), fresh, f'the gate is {GATE}') \
            if fresh else Result('gate', OK, 'one name everywhere')
        if not fresh:
            self.store.save('gate', key, result.plain())
        return result

    def is_new(self, line: str) -> bool:
        """Whether a finding of check-softleaf-kconfig was not there in the base."""
        if match := re.match(r'\./([^:]+):\d+:(.*)', line):
            return match[2] not in self.blob(self.base, match[1])
        if match := re.match(r'(arch/\w+) selected', line):
            try:
                return bool(self.git('grep', '-l', f'select {GATE}', self.base, '--', match[1]))
            except subprocess.CalledProcessError:
                return False
        return False

    def cross(self, arches: List[str]) -> None:
        """Run make cross for all architectures at once that are not known to be good."""
        script = os.path.join(SCRIPTS, 'cross')
        found = {arch: self.store.load('final', self.final_key(f'cross {arch}'))
                 for arch in arches}
        missing = [arch for arch in arches if not found[arch]]
        log = self.log('cross.log')
        build = ''
        if missing and os.path.exists(script):
            env = self.final_env(ARCH=' '.join(missing))
            build = env['BUILD']
            self.say(f'[end] cross {" ".join(missing)}')
            for arch in missing:
                earlier = os.path.join(build, 'cross', arch, 'test.log')
                if os.path.exists(earlier):
                    os.remove(earlier)
            self.children.run([script], log, env, tell=self.progress('cross'))
        for arch in arches:
            if found[arch]:
                self.final.append(Result(**found[arch]))
                continue
            name = f'cross {arch}'
            result = Result(name, NOT_RUN, 'not run', ['scripts/cross is not there'])
            if os.path.exists(script):
                result = self.judge_cross(name, build, log)
            self.say(f'    {name}: {result.status} {result.text}')
            self.final.append(result)
            if result.status == OK:
                result.arch = next(folder for folder, target in ARCHES.items() if target == arch)
                self.store.save('final', self.final_key(name), result.plain())

    def judge_cross(self, name: str, build: str, log: str) -> Result:
        """Return how one architecture went."""
        arch = name.split()[1]
        out = os.path.join(build, 'cross', arch)
        with open(log, encoding='utf-8', errors='replace') as file:
            lines = file.read().splitlines()
        why = [line.split(': ', 2)[2] for line in lines if line.startswith(f'cross: {arch}: ')]
        if why and 'does not build' in why[0]:
            errors = [line for line in lines if re.search('error:|undefined', line)]
            return Result(name, FAIL, 'does not build', errors[:8] + why,
                          f'make cross ARCH={arch} shows it')
        if why or not os.path.exists(os.path.join(out, 'test.log')):
            return Result(name, NOT_RUN, 'not run', why or [last_error(log)])
        run = summary.read_run(out)
        bad = [f'{case.name} failed' for case in run.failed()]
        bad += run.log.complaints + run.problems
        if bad:
            return Result(name, FAIL, counted(bad, 'problem'), bad[:12]
                          + [f'the log: {self.short(out)}/test.log'],
                          f'make cross ARCH={arch} shows it')
        return Result(name, OK, f'{len(run.with_status("PASS"))} cases passed, '
                                f'{len(run.with_status("SKIP"))} skipped')

    def coverage(self, name: str) -> Result:
        """Ask make coverage for the lines and branches that no test reaches."""
        script = os.path.join(SCRIPTS, 'coverage')
        if not os.path.exists(script):
            return Result(name, NOT_RUN, 'not run', ['scripts/coverage is not there'])
        log = self.log('coverage.log')
        env = self.final_env()
        found = os.path.join(env['BUILD'], 'coverage/summary.json')
        if os.path.exists(found):
            os.remove(found)
        # Objects it would not count of itself.
        env['GCOV_ONLY'] = ' '.join(sorted({
            path[:-2] for row in self.rows for path in row.patch.files() if path.endswith('.c')
            and not re.match('(mm|fs/proc|tools|Documentation|samples)/', path)}))
        status = self.children.run([script], log, env, tell=self.progress(name))
        if not os.path.exists(found):
            # It judges by an exit code that is about our own series too.
            return Result(name, FAIL if status == 1 else NOT_RUN, 'could not be measured',
                          [last_error(log)] + (tail(log) if status == 1 else []),
                          f'all of it: {self.short(log)}' if status == 1 else '')
        with open(found, encoding='utf-8') as file:
            return self.judge_coverage(name, json.load(file))

    def judge_coverage(self, name: str, data: Dict[str, Any]) -> Result:
        """Fill the column, from the summary of make coverage."""
        excused = listed(os.path.join(TOP, 'coverage/unreached.txt'))
        # Of build/tree it is another commit, as links there are to other places.
        index = {patch[key]: number for key in ('subject', 'commit')
                 for number, patch in enumerate(data['patches']) if key in patch}
        wanted = bad = 0
        for row in self.rows:
            number = index.get(row.patch.commit, index.get(row.patch.subject))
            if number is None:
                return Result(name, NOT_RUN, 'not run',
                              ['make coverage reported of another series'])
            lines = [line for line in data['lines'] if line['patch'] == number]
            points = sum(1 + len(line['branches']) for line in lines)
            missing = [text for line in lines for text in unreached(line, excused)]
            bad += len(missing)
            wanted += points
            row.set('coverage', Result('coverage', OK, 'all reached' if points else 'no code')
                    if not missing else Result(
                        'coverage', FAIL, f'{len(missing)} of {points} not reached', missing,
                        'write a case that gets there (README: Your own suite), or list it '
                        'with the reason in coverage/unreached.txt'))
        text = f'{wanted - bad} of {wanted} lines and branches reached or excused'
        text += ''.join(f'; {flavour}' for flavour in data.get('missing', []))
        return Result(name, FAIL, text, [f'{bad} are not, see the patches']) if bad \
            else Result(name, OK, text)

    def take_coverage(self, rows: Dict[str, Any]) -> None:
        """Put the remembered cells of coverage back."""
        for row in self.rows:
            if (known := rows.get(str(row.patch.number))):
                row.set('coverage', Result(**known))
