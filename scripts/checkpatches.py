# SPDX-License-Identifier: GPL-2.0
"""The checks of check.py that look at a patch and its files: checkpatch, kernel-doc,
sparse, and old names."""

import collections
import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
from typing import Callable, Dict, Iterable, List, Optional, Tuple

from checkbase import SCRIPTS, Session, counted, sha
from checkreport import FAIL, NOT_RUN, OK, Result, Row
from series import Patch, git

# As the kernel's top Makefile calls sparse, which refuses that of Debian 12: for a
# keyword that gcc 12 does not know either.
SPARSE = ('sparse -D__linux__ -Dlinux -D__STDC__ -Dunix -D__unix__ -Wbitwise -Wno-return-void '
          '-Wno-unknown-attribute -m64 -D__x86_64__ -mlittle-endian '
          '-D__typeof_unqual__=__typeof__').split()
COMPILER_SAYS = re.compile(r'^(?P<file>[^\s:]+):(?P<line>\d+)(?::\d+)?: (?P<text>.*)$')
GATE = 'ARCH_HAS_PMD_SOFTLEAVES'
OLD_GATES = re.compile(
    r"\b(?:CONFIG_)?(ARCH_ENABLE_THP_MIGRATION|ARCH_SUPPORTS_PMD_SOFTLEA[A-Z]*)\b")
CODE = re.compile(r'^(mm|fs|include|arch|kernel|drivers|lib|virt)/.*\.[chS]$')
KERNEL_DOCS = ('tools/docs/kernel-doc', 'scripts/kernel-doc.py', 'scripts/kernel-doc')


def parse(line: str) -> Optional[Tuple[str, int, str]]:
    """Take a "file:line: warning: text" apart."""
    line = line.strip()
    if line.lower().startswith(('warning: ', 'error: ')):
        # kernel-doc puts it in front.
        word, _, line = line.partition(' ')
        line = re.sub(r'^(\S+?:\d+) ', r'\1: ' + word.lower() + ' ', line)
    match = COMPILER_SAYS.match(line)
    return (match['file'], int(match['line']), match['text']) if match else None


def stable_text(path: str) -> str:
    """Return a mail without the hashes of commits, which a rebase changes."""
    with open(path, encoding='utf-8', errors='replace') as file:
        return ''.join(line for line in file if not re.match(
            r'index [0-9a-f]+\.\.', line))


def allowed_types() -> List[str]:
    """Return what scripts/checkpatch-exceptions lets patches do."""
    found = []
    with open(os.path.join(SCRIPTS, 'checkpatch-exceptions'), encoding='utf-8') as file:
        for line in file:
            words = line.split()
            if words and not words[0].startswith('#') and 'patches/*.patch' in words[1:]:
                found.append(words[0])
    return found


def replaced_helpers() -> Dict[str, str]:
    """Read the list of helpers that the softleaf API replaced."""
    with open(os.path.join(SCRIPTS, 'softleaf-replaced.txt'), encoding='utf-8') as file:
        return {line.split()[0]: ' '.join(line.split()[1:]) for line in file
                if line.strip() and not line.startswith('#')}


def compile_args(command_file: str) -> List[str]:
    """Return the compiler's arguments for a unit, without those of the output."""
    with open(command_file, encoding='utf-8') as file:
        words = shlex.split(file.readline().partition(':=')[2].split(' ; ')[0])
    first = next(i for i, word in enumerate(words) if os.path.basename(word) in
                 ('gcc', 'cc', 'clang'))
    kept, skip = [], False
    for word in words[first + 1:]:
        if skip or word == '-c' or word.startswith('-Wp,'):
            skip = False
        elif word == '-o':
            skip = True
        else:
            kept.append(word)
    return kept


def unit_source(command_file: str) -> str:
    """Return mm/file.c of mm/.file.o.cmd."""
    folder, name = os.path.split(command_file)
    return os.path.join(folder, name[1:-len('.o.cmd')] + '.c')


def command_files(folder: str) -> Iterable[str]:
    """Find the units that were compiled below a folder."""
    for path, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(path, name) for name in sorted(names)
                    if name.endswith('.o.cmd') and not name.endswith('.mod.o.cmd'))


def includes(command_file: str, header: str) -> bool:
    """Whether a unit includes a header of the tree."""
    with open(command_file, encoding='utf-8', errors='replace') as file:
        text = file.read()
    return f'/{header} ' in text and '.c' in text.split('\n', 1)[0]


class PatchChecks(Session):
    """Those of one patch."""

    def static(self, row: Row) -> None:
        """Run them for one patch."""
        patch = row.patch
        key = sha('static', self.environment, self.tree_of(self.base),
                  self.tree_of(patch.parent), self.tree_of(patch.commit),
                  stable_text(patch.path), self.kdir if self.kdir_rev else '')
        known = self.store.load('static', key)
        checks: List[Tuple[str, Callable[[Patch], Result]]] = [('checkpatch', self.checkpatch)]
        if patch.commit:
            checks += [('names', self.names), ('kernel-doc', self.kernel_doc)]
        for name, check in checks:
            if name in known:
                row.set(name, Result(**known[name]))
                continue
            result = check(patch)
            row.set(name, result)
            if result.status == OK:
                known[name] = result.plain()
        self.store.save('static', key, known)

    def ignored_types(self) -> List[str]:
        """Return what checkpatch.pl is not asked for; the report says so."""
        # A Fixes: line names a commit of the history that we do not have.
        return allowed_types() + ([] if self.kdir_rev else ['UNKNOWN_COMMIT_ID'])

    def checkpatch(self, patch: Patch) -> Result:
        """Run checkpatch.pl --strict."""
        if not os.path.exists(os.path.join(self.tree, 'scripts/checkpatch.pl')):
            return Result('checkpatch', NOT_RUN, 'not run', ['this tree has no checkpatch.pl'])
        ignore, env = self.ignored_types(), self.env()
        if self.kdir_rev:
            env['GIT_DIR'] = git('rev-parse', '--absolute-git-dir', cwd=self.kdir).strip()
            env['GIT_OPTIONAL_LOCKS'] = '0'
        # spdxcheck.py, which it calls, wants Debian's Python.
        env['PATH'] = '/usr/bin:' + env['PATH']
        log = self.log(f'{patch.number:04d}-checkpatch.log')
        self.children.run(['perl', 'scripts/checkpatch.pl', f'--root={self.tree}', '--strict',
                           '--terse', '--show-types', '--no-summary', '--color=never',
                           '--ignore=' + ','.join(ignore), patch.path], log, env, self.tree)
        with open(log, encoding='utf-8', errors='replace') as file:
            lines = [line.strip() for line in file if line.strip()]
        lines = [line.replace(patch.path, os.path.basename(patch.path)) for line in lines]
        if not lines:
            return Result('checkpatch', OK, 'clean')
        return Result('checkpatch', FAIL, counted(lines, 'message'), lines,
                      'mend it in this patch, or say in its message why it has to be so')

    def names(self, patch: Patch) -> Result:
        """Look for old names of the gate and new uses of replaced helpers."""
        found, fresh = [], collections.Counter[str]()
        replaced = replaced_helpers()
        word = re.compile(r'\b(' + '|'.join(map(re.escape, replaced)) + r')\b')
        new_gate = bool(re.search(rf'^config {GATE}$', self.blob(patch.commit, 'mm/Kconfig'), re.M))
        for line in patch.removed:
            fresh.subtract(word.findall(line))
        for name in patch.files():
            for number, text in patch.added[name].items():
                where = f'{name}:{number}: '
                if new_gate and (match := OLD_GATES.search(text)):
                    found.append(f'{where}{match[1]} is called {GATE} now')
                if not CODE.match(name):
                    continue
                for helper in word.findall(text):
                    fresh[helper] += 1
                    if fresh[helper] > 0:
                        found.append(f'{where}{helper}() was replaced by {replaced[helper]}')
        if not found:
            return Result('names', OK, 'current')
        return Result('names', FAIL, counted(found, 'old name'), found, 'use the new name')

    def blob(self, commit: str, name: str) -> str:
        """Return a file's content at a commit, or nothing."""
        try:
            return self.git('cat-file', 'blob', f'{commit}:{name}')
        except subprocess.CalledProcessError:
            return ''

    def kernel_doc(self, patch: Patch) -> Result:
        """Compare what kernel-doc says of the touched files before and after."""
        tool = next((t for t in KERNEL_DOCS if os.path.exists(os.path.join(self.tree, t))), '')
        if not tool:
            return Result('kernel-doc', NOT_RUN, 'not run', ['this tree has no kernel-doc'])
        files = [name for name in patch.files() if name.endswith(('.c', '.h'))]
        if not files:
            return Result('kernel-doc', OK, 'no C file')
        said = {}
        for commit in (patch.parent, patch.commit):
            work = os.path.join(self.build, f'doc-{patch.number}.tmp')
            for name in files:
                # Under its new name, so that both say the same.
                text = self.blob(commit, patch.name_at(commit, name))
                if text:
                    os.makedirs(os.path.dirname(os.path.join(work, name)), exist_ok=True)
                    with open(os.path.join(work, name), 'w', encoding='utf-8') as file:
                        file.write(text)
            present = [name for name in files if os.path.exists(os.path.join(work, name))]
            log = self.log(f'{patch.number:04d}-kernel-doc.log')
            if present:
                self.children.run([os.path.join(self.tree, tool), '-none', *present], log,
                                  self.env(PYTHONDONTWRITEBYTECODE='1'), work)
                with open(log, encoding='utf-8', errors='replace') as file:
                    said[commit] = [m for m in map(parse, file) if m]
            shutil.rmtree(work, ignore_errors=True)
        before = collections.Counter((f, text) for f, _, text in said.get(patch.parent, []))
        found = []
        for name, line, text in said.get(patch.commit, []):
            before[name, text] -= 1
            if before[name, text] < 0:
                found.append(f'{name}:{line}: {text}')
        if not found:
            return Result('kernel-doc', OK, 'clean')
        return Result('kernel-doc', FAIL, counted(found, 'new warning'), found,
                      'describe it in the comment: Documentation/doc-guide/kernel-doc.rst')

    def sparse(self, patch: Patch) -> Result:
        """Run sparse on the touched files; only the new lines count."""
        if not self.tools['sparse']:
            return Result('sparse', NOT_RUN, 'not run', ['sparse is not installed'])
        out = os.path.join(self.build, 'default')
        units, missing = self.units(patch, out)
        left = [f'{name}: not compiled for UML' for name in missing]
        if not units:
            return Result('sparse', OK, 'no unit', left)

        broken, found = [], {}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for unit, (status, lines) in zip(units, pool.map(
                    lambda unit: self.run_sparse(patch, unit, out), units)):
                if status:
                    broken.append(f'sparse cannot read {unit_source(unit)}')
                for name, line, text in filter(None, map(parse, lines)):
                    if line in patch.added.get(name, {}):
                        found[f'{name}:{line}: {text}'] = True
                    elif text.startswith('error: '):
                        # It says no more about the unit then.
                        broken.append(f'sparse gives up on {unit_source(unit)}: '
                                      f'{name}:{line}: {text}')
        if found:
            return Result('sparse', FAIL, counted(list(found), 'message'), list(found) + left,
                          'see Documentation/dev-tools/sparse.rst')
        if broken:
            return Result('sparse', NOT_RUN, 'not run', broken + left)
        return Result('sparse', OK, counted(units, 'unit'), left)

    def run_sparse(self, patch: Patch, unit: str, out: str) -> Tuple[bool, List[str]]:
        """Return whether sparse gave up on a unit, and what it said."""
        log = self.log(f'{patch.number:04d}-sparse-{unit_source(unit).replace("/", "-")}.log')
        status = self.children.run(SPARSE + compile_args(os.path.join(out, unit)), log,
                                   self.env(), out)
        with open(log, encoding='utf-8', errors='replace') as file:
            lines = [self.in_tree(line) for line in file]
        return status < 0 or any('too many errors' in line for line in lines), lines

    @staticmethod
    def is_code(name: str) -> bool:
        """Whether a build of another kernel than ours could fail for this file."""
        return name.endswith(('.c', '.S', '.rs')) or bool(
            re.match(r'arch/(?!um/)[^/]+/.*(Kconfig|Makefile|\.lds)', name))

    def units(self, patch: Patch, out: str) -> Tuple[List[str], List[str]]:
        """Return the command files of units that show the touched files, and the rest."""
        units, missing = [], []
        headers = []
        for name in patch.files():
            folder, base = os.path.split(name)
            unit = os.path.join(folder, f'.{base[:-2]}.o.cmd')
            if name.endswith('.c') and os.path.exists(os.path.join(out, unit)):
                units.append(unit)
            elif name.endswith('.h'):
                headers.append(name)
            elif self.is_code(name) and not (
                    name.endswith('.S') and os.path.exists(os.path.join(out, unit))):
                missing.append(name)
        for name in headers:
            if not any(includes(os.path.join(out, unit), name) for unit in units):
                unit = next((path for folder in ('mm', 'fs', 'kernel', 'arch/um', '.')
                             for path in command_files(os.path.join(out, folder))
                             if includes(path, name)), '')
                if unit:
                    units.append(os.path.relpath(unit, out))
                else:
                    missing.append(name)
        return units, missing
