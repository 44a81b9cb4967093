# SPDX-License-Identifier: GPL-2.0
"""A patch series: from a folder, a mailbox, standard input or a git range, as one
mail a file. Used by check.py."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Set, Tuple

COVER = re.compile(r'^\[[^]]*\b0+/\d+\b[^]]*\]')
MARKS = re.compile(r'^(\[[^]]*\]\s*)+')


class Stop(Exception):
    """What keeps us from working, in one line: exit code 2."""


@dataclass
class Patch:  # pylint: disable=too-many-instance-attributes
    """One mail of the series."""
    number: int
    # As the user knows it.
    origin: str
    subject: str
    # Our copy of it.
    path: str
    # What is wrong with the mail itself, if anything.
    broken: str = ''
    # Commits of the prepared tree before and after it, once it was applied.
    parent: str = ''
    commit: str = ''
    # File to the numbers and texts of the lines that it adds.
    added: Dict[str, Dict[int, str]] = field(default_factory=dict)
    removed: List[str] = field(default_factory=list)
    gone: Set[str] = field(default_factory=set)

    def files(self) -> List[str]:
        """Return the files that it changes and that are there after it."""
        return [name for name in self.added if name not in self.gone]


@dataclass
class Series:
    """Patches, and how to name them in one line."""
    name: str
    patches: List[Patch]
    # Mails without a patch, which were left out.
    others: List[str] = field(default_factory=list)


def git(*args: str, cwd: Optional[str] = None) -> str:
    """Return what git prints; raises CalledProcessError."""
    return subprocess.run(['git', '-c', 'safe.directory=*', '--no-optional-locks', *args],
                          cwd=cwd, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding='utf-8', errors='replace').stdout


def head_of(mail: str, work: str) -> Tuple[Dict[str, str], bool]:
    """Return what git mailinfo knows of a mail, and whether it has a diff."""
    diff = os.path.join(work, 'diff.tmp')
    with open(mail, 'rb') as file:
        result = subprocess.run(['git', 'mailinfo', os.path.join(work, 'message.tmp'), diff],
                                stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                cwd=work, encoding='utf-8', errors='replace', check=False)
    head = dict(line.split(': ', 1) for line in result.stdout.splitlines() if ': ' in line)
    try:
        with open(diff, 'rb') as file:
            has_diff = re.search(rb'^(diff --git |--- [^\n]*\n\+\+\+ )', file.read(), re.M)
    except OSError:
        has_diff = None
    return head, has_diff is not None


def split_mails(source: str, spec: str, work: str) -> List[Tuple[str, str]]:
    """Split a mailbox; returns names for the user and files."""
    mails = os.path.join(work, 'mails')
    os.mkdir(mails)
    try:
        git('mailsplit', '-b', f'-o{mails}', '--', source)
    except subprocess.CalledProcessError as error:
        raise Stop(f'{spec} is no mailbox: git format-patch --stdout writes one') from error
    names = sorted(os.listdir(mails))
    return [(f'{spec}, mail {int(name)}' if len(names) > 1 else spec, os.path.join(mails, name))
            for name in names]


def mails_of(spec: str, work: str) -> Tuple[str, List[Tuple[str, str]]]:
    """Return a name of the series, and (name, file) of each mail."""
    if spec == '-':
        source, name = os.path.join(work, 'stdin'), 'standard input'
        with open(source, 'wb') as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
    else:
        source, name = spec, f'SERIES={spec}'
    if os.path.isdir(source):
        if os.path.isdir(os.path.join(source, 'cur')):
            return name, split_mails(source, spec, work)
        files = sorted(f for f in os.listdir(source) if f.endswith(('.patch', '.eml')))
        if not files:
            raise Stop(f'{name} has no *.patch: git format-patch -o {spec} writes them')
        return name, [(os.path.join(spec, f), os.path.join(source, f)) for f in files]
    if not os.path.isfile(source):
        raise Stop(f'{name} is neither a folder, nor a file, nor "-" for standard input')
    if not os.path.getsize(source):
        raise Stop(f'{name} is empty: expected a patch series as mails')
    return name, split_mails(source, spec if spec != '-' else name, work)


def collect(spec: str, work: str) -> Series:
    """Read the series into folder work, one mail a file."""
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    name, mails = mails_of(spec, work)
    series = Series(name, [])
    for origin, mail in mails:
        head, has_diff = head_of(mail, work)
        subject = head.get('Subject', '')
        if not has_diff and (len(mails) > 1 and not origin.endswith('.patch')
                             or COVER.match(raw_subject(mail))
                             or os.path.basename(origin).startswith('0000-')):
            if not COVER.match(raw_subject(mail)):
                series.others.append(f'{origin}: {subject or "no subject"}')
            continue
        number = len(series.patches) + 1
        slug = re.sub(r'[^A-Za-z0-9.]+', '-', subject or 'no-subject').strip('-')[:52]
        path = os.path.join(work, f'{number:04d}-{slug}.patch')
        shutil.copyfile(mail, path)
        patch = Patch(number, origin, subject or os.path.basename(origin), path)
        if not has_diff:
            patch.broken = 'no diff in it'
        elif not head.get('Email') or not subject:
            patch.broken = 'a diff without From: and Subject:'
        series.patches.append(patch)
    for name in ('message.tmp', 'diff.tmp', 'stdin'):
        if os.path.exists(os.path.join(work, name)):
            os.remove(os.path.join(work, name))
    shutil.rmtree(os.path.join(work, 'mails'), ignore_errors=True)
    if len(series.patches) == 1 and series.patches[0].broken:
        raise Stop(f'{series.patches[0].origin} is not a patch ({series.patches[0].broken}): '
                   'git format-patch writes one')
    if not series.patches:
        raise Stop(f'{series.name} has no patch in it: git format-patch writes one')
    return series


def raw_subject(mail: str) -> str:
    """Return the subject with its [PATCH n/m]."""
    with open(mail, encoding='utf-8', errors='replace') as file:
        for line in file:
            if line.lower().startswith('subject:'):
                return line[8:].strip()
            if not line.strip():
                break
    return ''


def export_range(kdir: str, span: str, work: str) -> Tuple[str, str]:
    """Write the commits a..b of kdir as mails into folder work; returns a and b."""
    match = re.fullmatch(r'([^.].*?)\.\.([^.].*)?', span)
    if not match:
        raise Stop(f'RANGE={span}: expected two revisions, a..b')
    ends: List[str] = []
    try:
        git('rev-parse', '--git-dir', cwd=kdir)
    except (subprocess.CalledProcessError, OSError) as error:
        raise Stop(f'KDIR={kdir} is no git repository, which RANGE= needs') from error
    for rev in (match[1], match[2] or 'HEAD'):
        try:
            ends.append(git('rev-parse', '-q', '--verify', rev + '^{commit}', cwd=kdir).strip())
        except subprocess.CalledProcessError as error:
            raise Stop(f'KDIR={kdir} has no revision {rev}: git fetch it') from error
    start, end = ends[0], ends[1]
    try:
        git('merge-base', '--is-ancestor', start, end, cwd=kdir)
    except subprocess.CalledProcessError as error:
        raise Stop(f'RANGE={span}: the first is no ancestor of the second; '
                   'the branch forks off at "git merge-base" of the two') from error
    if git('rev-list', '--merges', f'{start}..{end}', cwd=kdir):
        raise Stop(f'RANGE={span} has merges: give a range without')
    if start == end:
        raise Stop(f'RANGE={span} is empty: no commit in it')
    shutil.rmtree(work, ignore_errors=True)
    git('format-patch', '-q', '--zero-commit', '--no-signature', '--no-base', '--no-cover-letter',
        '--no-renames', '--full-index', '-o', work, f'{start}..{end}', cwd=kdir)
    return start, end


def patch_id(text: str, cwd: str) -> str:
    """Return git's id of a diff, which does not depend on where it applies."""
    result = subprocess.run(['git', 'patch-id', '--stable'], input=text, cwd=cwd, check=False,
                            stdout=subprocess.PIPE, encoding='utf-8', errors='replace')
    return result.stdout.split(' ')[0]


def find_commit(kdir: str, mail: str, depth: int = 200) -> str:
    """Return the commit of HEAD's history that the mail is of, or nothing."""
    with open(mail, encoding='utf-8', errors='replace') as file:
        wanted = patch_id(file.read(), kdir)
    log = subprocess.run(['git', '-c', 'safe.directory=*', '--no-optional-locks', 'log', '-p',
                          '--no-ext-diff', '--no-textconv', '--no-merges', f'-{depth}',
                          '--first-parent', 'HEAD'], cwd=kdir, check=True,
                         stdout=subprocess.PIPE).stdout
    ids = subprocess.run(['git', 'patch-id', '--stable'], input=log, cwd=kdir, check=True,
                         stdout=subprocess.PIPE).stdout.decode()
    for line in ids.splitlines():
        number, commit = line.split(' ')
        if number == wanted:
            return commit
    return ''
