#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Check a patch series, patch by patch, in one prepared tree and one build folder a
flavour. Called by scripts/check, which has the options and the environment.

What is known of the kernel after a patch is remembered under the hash of the tree,
of the suites and of the tools (BUILD/cache); what a patch is charged with is the
difference to the kernel before it.
"""

import argparse
import collections
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List, Tuple

import checkreport
import series as mails
import summary
from checkbase import SCRIPTS, TOP, Children, counted, last_error, one_line, sha
from checkpatches import COMPILER_SAYS
from checkseries import SeriesChecks
from checkreport import FAIL, NOT_RUN, OK, Result, Row
from series import Patch, Stop, git

# W=1 says this of every file where .gitignore hides all of them, as Debian's does.
NO_WARNING = 'ignored by one of the .gitignore files'
FLAVOURS = ('default', 'thp-off')


def nameless(line: str) -> str:
    """Return a message without its line, which other patches move."""
    match = COMPILER_SAYS.match(line)
    return f'{match["file"]}: {match["text"]}' if match else line


def is_current(tree: str, out: str, path: str) -> bool:
    """Whether an object is there, and what it was made of: a patch may have moved that."""
    name = os.path.relpath(path, out)[:-len('.o')]
    return os.path.exists(path) and any(os.path.exists(os.path.join(where, name + kind))
                                        for where in (tree, out) for kind in ('.c', '.S', '.rs'))


def good(facts: Dict[str, Any]) -> Dict[str, Any]:
    """Return what is worth remembering: a failure is looked at again."""
    kept = {name: value for name, value in facts.items()
            if not isinstance(value, dict) or 'errors' not in value}
    suites = kept.get('suites', {})
    if suites.get('failed') or suites.get('others'):
        del kept['suites']
    return kept


def project_version() -> str:
    """Return how git calls this version of the suites."""
    try:
        return git('describe', '--always', '--dirty', cwd=TOP).strip()
    except (subprocess.CalledProcessError, OSError):
        return 'unknown'


class Check(SeriesChecks):
    """One run over one series."""

    # --- the series ----------------------------------------------------------

    def load(self) -> None:
        """Find out what to check."""
        work = os.path.join(self.build, 'series')
        if self.args.range:
            exported = os.path.join(self.build, 'range.tmp')
            if not self.kdir:
                raise Stop('RANGE= is of a tree of yours: give KDIR=path too')
            start, end = mails.export_range(self.kdir, self.args.range, exported)
            self.kdir_rev = start
            self.series = mails.collect(exported, work)
            shutil.rmtree(exported)
            self.series.name = f'KDIR={self.kdir} RANGE={self.args.range}'
            commits = mails.commits_of(self.kdir, start, end)
            if len(commits) == len(self.series.patches):
                for patch, commit in zip(self.series.patches, commits):
                    patch.origin = f'commit {commit}'
        else:
            self.series = mails.collect(self.args.series, work)
        for other in self.series.others:
            self.say(f'No patch, left out: {other}')
        if self.args.b4:
            self.find_parent()

    def find_parent(self) -> None:
        """With b4: start before the commit that the mail is of."""
        self.kdir = self.kdir or os.getcwd()
        self.kdir_rev = 'HEAD'
        try:
            commit = mails.find_commit(self.kdir, self.series.patches[0].path)
        except (subprocess.CalledProcessError, OSError) as error:
            raise Stop(f'{self.kdir} is no git repository: run it in the kernel tree') from error
        if commit:
            self.kdir_rev = git('rev-parse', f'{commit}^', cwd=self.kdir).strip()

    def apply(self) -> None:
        """Make the commits of the prepared tree; a patch that fails ends the series."""
        log = self.log('apply.log')
        status = self.children.run([os.path.join(SCRIPTS, 'prepare'), '--list'], log, self.env(),
                                   tell=self.progress('tree'))
        with open(log, encoding='utf-8', errors='replace') as file:
            lines = file.read().splitlines()
        commits = {}
        for line in lines:
            kind, _, rest = line.partition(' ')
            commit, _, path = rest.partition(' ')
            if kind == 'given':
                commits[path] = commit
            elif kind in ('source', 'patch', 'stubs'):
                self.base = commit
                self.source = self.source or commit
        if not self.base or status and len(commits) == len(self.series.patches):
            raise Stop(last_error(log))
        parent = self.base
        for patch in self.series.patches:
            row = Row(patch)
            self.rows.append(row)
            if patch.path in commits and not patch.broken:
                patch.parent, patch.commit = parent, commits[patch.path]
                parent = patch.commit
                self.read_diff(patch)
                row.set('applies', Result('applies', OK, 'yes'))
            elif parent:
                why = last_error(log)
                if not patch.broken and os.path.basename(patch.path) not in why:
                    raise Stop(why)
                row.set('applies', Result(
                    'applies', FAIL, 'no', [patch.broken or why],
                    'git format-patch writes what git am takes' if patch.broken else
                    'rebase the series onto this kernel, or give the tree it is made for: '
                    'KDIR=tree RANGE=a..b'))
                parent = ''
            else:
                row.set('applies', Result('applies', NOT_RUN, 'not tried',
                                          ['an earlier patch does not apply']))

    def read_diff(self, patch: Patch) -> None:
        """Note the lines that a patch adds and removes."""
        name, number, in_head = '', 0, True
        for line in self.git('diff-tree', '-p', '-U0', '-M', '--no-color', '--no-ext-diff',
                             patch.parent, patch.commit).split('\n'):
            if line.startswith('diff --git '):
                name = line.rpartition(' b/')[2]
                patch.added[name] = {}
                in_head = True
            elif in_head and line.startswith('deleted file'):
                patch.gone.add(name)
            elif in_head and line.startswith('rename from '):
                patch.renamed[name] = line[len('rename from '):]
            elif line.startswith('@@'):
                number = int(re.match(r'@@ -\S+ \+(\d+)', line)[1])  # type: ignore[index]
                in_head = False
            elif not in_head and line.startswith('+'):
                patch.added[name][number] = line[1:]
                number += 1
            elif not in_head and line.startswith('-'):
                patch.removed.append(line[1:])

    # --- checks on a build ---------------------------------------------------

    def wanted_flavours(self) -> List[str]:
        """Return those to build at each patch."""
        return ['default'] if self.args.fast else list(FLAVOURS)

    def build_state(self, number: int, facts: Dict[str, Any]) -> None:
        """Build what is not known of the n-th patch, and run the suites."""
        self.prepare(number)
        suites = 'suites' not in facts
        todo = [f for f in self.wanted_flavours() if f not in facts or f == 'default' and suites]
        # One flavour links and runs on one processor while the other compiles. But when
        # all is compiled, the second finds in ccache much of what the first one did.
        wide = not number or any(re.match(r'(include|arch/(um|x86))/.*\.h$', name) for name
                                 in self.rows[number - 1].patch.added)
        with concurrent.futures.ThreadPoolExecutor(1 if wide else None) as pool:
            for result in pool.map(lambda f: self.build_flavour(number, f, suites), todo):
                facts.update(result)

    def build_flavour(self, number: int, flavour: str, suites: bool) -> Dict[str, Any]:
        """Run one flavour, with the warnings of W=1."""
        log = self.log(f'{number:04d}-{flavour}.log')
        started = time.monotonic()
        command = [os.path.join(SCRIPTS, 'run'), '--failed']
        runs = flavour == 'default' and suites
        if not runs:
            command.append('--until=build')
        # kernel-doc, which W=1 calls as well, has a column of its own.
        env = self.env(CONFIG=flavour, SERIES_LENGTH=str(number), KBUILD_EXTRA_WARN='1',
                       MAKEFLAGS=' -- KERNELDOC=/dev/null',
                       CC_PREFIX=os.path.join(SCRIPTS, 'cc-warnings'))
        out = os.path.join(self.build, flavour)
        status = self.children.run(command, log, env, tell=self.progress(flavour))
        seconds = round(time.monotonic() - started, 1)
        if status == 2:
            return {flavour: {'errors': self.build_errors(log), 'log': self.short(log),
                              'seconds': seconds}}
        if status not in (0, 1):
            raise Stop(f'scripts/run ended with {status}: {one_line(last_error(log))}')
        facts: Dict[str, Any] = {flavour: {'warnings': self.warnings(out), 'seconds': seconds}}
        if runs:
            facts['suites'] = self.read_suites(out, number)
        return facts

    def build_errors(self, log: str) -> List[str]:
        """Return why a kernel does not build; for other reasons we stop."""
        why = last_error(log)
        with open(log, encoding='utf-8', errors='replace') as file:
            lines = [line.strip() for line in file]
        if any('No space left' in line for line in lines) or not re.search(
                'does not build|cannot be configured', why):
            raise Stop(why)
        errors = [line for line in lines if re.search(
            r'error:|undefined reference|multiple definition|\*\*\* ', line) and why not in line]
        return (errors or [why])[:8]

    def read_suites(self, out: str, number: int) -> Dict[str, Any]:
        """Take the results of a run, and keep its log when it failed."""
        run = summary.read_run(out)
        failed = {case.name: run.log.messages.get(case.name, [])[:4] for case in run.failed()}
        result = {'passed': len(run.with_status('PASS')), 'skipped': len(run.with_status('SKIP')),
                  'failed': failed, 'others': run.log.complaints + run.problems}
        if failed or result['others']:
            log = self.log(f'{number:04d}-test.log')
            if os.path.exists(os.path.join(out, 'test.log')):
                shutil.copyfile(os.path.join(out, 'test.log'), log)
            result['log'] = self.short(log)
        return result

    def warnings(self, out: str) -> List[str]:
        """Return the compiler's warnings of all objects that are there, and the link's."""
        # That of a header comes with each unit that includes it.
        sources, others = [], {}
        for folder, _, names in os.walk(out):
            for name in names:
                if not name.endswith('.o.warn') or not is_current(
                        self.tree, out, os.path.join(folder, name[1:-len('.warn')])):
                    continue
                with open(os.path.join(folder, name), encoding='utf-8', errors='replace') as file:
                    for line in (self.in_tree(line) for line in file if 'warning:' in line):
                        if line.split(':', 1)[0].endswith('.c'):
                            sources.append(line)
                        else:
                            others[line] = True
        with open(os.path.join(out, 'build.log'), encoding='utf-8', errors='replace') as file:
            others.update({self.in_tree(line): True for line in file
                           if re.search('warning:', line, re.I) and not COMPILER_SAYS.match(line)
                           and NO_WARNING not in line})
        return sorted(sources) + sorted(others)

    def new_warnings(self, patch: Patch, flavour: str, now: List[str]) -> List[str]:
        """Return the warnings that the kernel before did not have."""
        moved = {old: new for new, old in patch.renamed.items()}
        known = collections.Counter[str]()
        for line in self.warned.get(flavour, []):
            name, colon, rest = line.partition(':')
            known[nameless(moved.get(name, name) + colon + rest)] += 1
        found = []
        for line in now:
            known[nameless(line)] -= 1
            if known[nameless(line)] < 0:
                found.append(line)
        return found

    def judge_build(self, row: Row, flavour: str, facts: Dict[str, Any]) -> None:
        """Set the cell of a flavour."""
        result = facts[flavour]
        if 'errors' in result:
            row.set(flavour, Result(flavour, FAIL, 'does not build',
                                    result['errors'] + [f'all of it: {result["log"]}'],
                                    'mend this patch: the kernel has to build after each one'))
            return
        fresh = self.new_warnings(row.patch, flavour, result['warnings'])
        self.warned[flavour] = result['warnings']
        if fresh:
            row.set(flavour, Result(flavour, FAIL, counted(fresh, 'new warning'), fresh,
                                    'a warning of W=1 too is one that reviewers see'))
        else:
            row.set(flavour, Result(flavour, OK, 'builds'))

    def judge_suites(self, row: Row, facts: Dict[str, Any]) -> None:
        """Set the cell of the suites."""
        if 'suites' not in facts:
            row.set('suites', Result('suites', NOT_RUN, 'not run', ['the kernel does not build']))
            return
        result = facts['suites']
        known = self.base_suites.get('failed', {})
        details = []
        for name, messages in result['failed'].items():
            if name not in known:
                details += [f'{name} failed'] + [f'  {message}' for message in messages]
        details += [line for line in result['others'] if line not in
                    self.base_suites.get('others', [])]
        bad = sum(name not in known for name in result['failed'])
        text = f'{result["passed"]} passed'
        if result['failed'] and not details:
            text += f', {len(result["failed"])} fail without the series too'
        if not details:
            row.set('suites', Result('suites', OK, text))
            return
        text = counted(list(range(bad)), 'case') + ' failed' if bad else 'complaints in the log'
        first = next((name for name in result['failed'] if name not in known), '')
        row.set('suites', Result(
            'suites', FAIL, text, details + [f'the log: {result.get("log", "")}'],
            'the series breaks it here, whatever later patches do'
            + (f'; SUITE={first.split(".")[0]} make run runs this suite' if first else '')))

    def walk(self) -> None:
        """Build and run at each patch that applies, from the kernel before the first."""
        key = self.state_key(self.base)
        self.first(self.state(0, 'the kernel without the series', key)[0])
        for row in self.rows:
            if not row.patch.commit:
                break
            before, key = key, self.state_key(row.patch.commit)
            facts, fresh = self.state(row.patch.number, row.patch.subject, key)
            for flavour in self.wanted_flavours():
                self.judge_build(row, flavour, facts)
            self.judge_suites(row, facts)
            self.judge_sparse(row, sha(before, key), facts, fresh)
            if fresh:
                self.say('    ' + row.in_short())
        self.who_mends()

    def state(self, number: int, title: str, key: str) -> Tuple[Dict[str, Any], bool]:
        """Return what is known of the kernel after the n-th patch, and whether it is news."""
        facts = self.store.load('state', key)
        if all(name in facts for name in [*self.wanted_flavours(), 'suites']):
            return facts, False
        self.say(f'[{number}/{len(self.rows)}] {title}')
        self.build_state(number, facts)
        self.store.save('state', key, good(facts))
        return facts, True

    def judge_sparse(self, row: Row, key: str, facts: Dict[str, Any], fresh: bool) -> None:
        """Set the cell of sparse; the tree and the build folder are at this patch if fresh."""
        known = self.store.load('sparse', key)
        if known:
            row.set('sparse', Result(**known))
            return
        if 'errors' in facts['default']:
            row.set('sparse', Result('sparse', NOT_RUN, 'not run', ['it does not build']))
            return
        if not fresh:
            self.prepare(row.patch.number)
            self.build_flavour(row.patch.number, 'default', False)
        result = self.sparse(row.patch)
        row.set('sparse', result)
        if result.status == OK:
            self.store.save('sparse', key, result.plain())

    def first(self, facts: Dict[str, Any]) -> None:
        """Take what the kernel without the series has."""
        for flavour in self.wanted_flavours():
            if 'errors' in facts[flavour]:
                raise Stop(f'the kernel does not build without the series, flavour {flavour}: '
                           + one_line(facts[flavour]['errors'][0])
                           + f' (all of it: {facts[flavour]["log"]})')
            self.warned[flavour] = facts[flavour]['warnings']
        self.base_suites = facts.get('suites', {})

    def who_mends(self) -> None:
        """Name the later patch with which a broken build or case works again."""
        for column in (*FLAVOURS, 'suites'):
            for index, row in enumerate(self.rows):
                result = row.results.get(column)
                if not result or result.status != FAIL or 'warning' in result.text:
                    continue
                for later in self.rows[index + 1:]:
                    if later.status(column) == OK:
                        result.advice = (f'patch {later.patch.number} mends it '
                                         f'("{later.patch.subject}"): squash that part into '
                                         f'patch {row.patch.number}')
                        break

    # --- all of it -----------------------------------------------------------

    def describe_base(self) -> str:
        """Name the kernel that the series is on."""
        makefile = self.blob(self.base, 'Makefile')
        parts = [re.search(rf'^{key} *= *(\S+)', makefile, re.M)
                 for key in ('VERSION', 'PATCHLEVEL')]
        name = 'Linux ' + '.'.join(match[1] for match in parts if match)
        if extra := re.search(r'^EXTRAVERSION *= *(\S+)', makefile, re.M):
            name += extra[1]
        first = self.git('log', '--reverse', '--format=%s', self.base).splitlines()[0]
        if first.startswith('Pristine linux-source'):
            return f'{name} ({first.split(" ", 1)[1]})'
        where = self.kdir_rev[:12] if self.kdir_rev else 'its files as they are'
        return f'{name} (KDIR={self.kdir}, {where})'

    def run(self) -> int:
        """Check it all, and report."""
        started = time.monotonic()
        shutil.rmtree(self.logs, ignore_errors=True)
        os.makedirs(self.logs)
        self.load()
        count = len(self.series.patches)
        self.say(f'Checking {counted(list(range(count)), "patch")} of {self.series.name}')
        self.apply()
        if not self.tree_is_on_base():
            # Its checkpatch.pl and kernel-doc are those to be used.
            self.prepare(0)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.static, self.rows))
        for row in self.rows:
            for result in row.results.values():
                if result.status == FAIL:
                    self.say(f'[{row.patch.number}/{count}] {row.patch.subject}: '
                             f'{result.name} {result.text}')
        if any(row.patch.commit for row in self.rows):
            self.walk()
        self.finish()
        report = checkreport.Report(
            rows=self.rows, final=self.final, base=self.describe_base(), series=self.series.name,
            tools=self.tools, fast=bool(self.args.fast), seconds=round(time.monotonic() - started),
            project=project_version(), ignored=self.ignored_types(), others=self.series.others)
        if self.args.b4:
            return checkreport.print_b4(report)
        checkreport.write(report, self.build)
        checkreport.print_table(report)
        print('Reports: ' + ', '.join(self.short(os.path.join(self.build, f'report.{kind}'))
                                      for kind in ('html', 'json', 'xml', 'txt')))
        return 0 if report.good() else 1


def main() -> int:
    """Parse the arguments, check."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--series', default='', help='folder, mailbox or "-"')
    parser.add_argument('--range', default='', help='a..b of KDIR')
    parser.add_argument('--fast', action='store_true', help='leave out the slow checks')
    parser.add_argument('--ours', action='store_true', help='it is the series of the project')
    parser.add_argument('--b4', action='store_true', help='be a command of b4 prep --check')
    children = Children()

    def stopped(number: int, _: Any) -> None:
        children.stop()
        os._exit(128 + number)  # pylint: disable=protected-access

    signal.signal(signal.SIGINT, stopped)
    signal.signal(signal.SIGTERM, stopped)
    args = parser.parse_args()
    try:
        return Check(args, children).run()
    except (Stop, OSError) as error:
        why = str(error)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b'').decode(errors='replace')
        why = f'{" ".join(error.cmd[:1] + error.cmd[-4:])} failed: {one_line(said)}'
    children.stop()
    print(f'check: error: {why}', file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main())
