# SPDX-License-Identifier: GPL-2.0
"""A patch series: from a folder, a mailbox, standard input or a git range, as one
mail a file. Used by check.py."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Set, Tuple

# [PATCH v2 3/7]
NUMBERS = re.compile(r'^(?:\[[^]]*\]\s*)*?\[[^]]*?\b(\d+)/(\d+)\b[^]]*\]')
COVER_NAME = re.compile(r'(v\d+-)?0+-')
# Whatever the user has set, diffs are to look as everybody expects them.
AS_ALWAYS = ['-c', 'safe.directory=*', '--no-optional-locks']
for option in ('core.quotePath=false', 'color.ui=false', 'color.diff=false', 'diff.noprefix=false',
               'diff.mnemonicPrefix=false', 'diff.srcPrefix=a/', 'diff.dstPrefix=b/',
               'diff.context=3', 'diff.interHunkContext=0', 'diff.renames=true',
               'diff.submodule=short', 'format.suffix=.patch', 'format.signOff=false',
               'log.showSignature=false', 'i18n.logOutputEncoding=UTF-8'):
    AS_ALWAYS += ['-c', option]


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
    # New name of a file to its old one.
    renamed: Dict[str, str] = field(default_factory=dict)

    def files(self) -> List[str]:
        """Return the files that it changes and that are there after it."""
        return [name for name in self.added if name not in self.gone]

    def name_at(self, commit: str, name: str) -> str:
        """Return what a file was called at a commit, this one or the one before."""
        return self.renamed.get(name, name) if commit == self.parent else name


@dataclass
class Series:
    """Patches, and how to name them in one line."""
    name: str
    patches: List[Patch]
    # Mails without a patch, which were left out.
    others: List[str] = field(default_factory=list)
    # Numbers of [PATCH n/m] that no mail has.
    missing: List[str] = field(default_factory=list)


def git_bytes(*args: str, cwd: Optional[str] = None) -> bytes:
    """Return what git prints; raises CalledProcessError."""
    return subprocess.run(['git', *AS_ALWAYS, *args], cwd=cwd, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def git(*args: str, cwd: Optional[str] = None) -> str:
    """Return it as text."""
    return git_bytes(*args, cwd=cwd).decode(errors='replace')


@dataclass
class Mail:
    """What git mailinfo makes of a mail: decoded, without what is quoted-printable."""
    head: Dict[str, str]
    message: bytes
    # From the three dashes on.
    diff: bytes
    # With its [PATCH n/m].
    subject: str

    def has_diff(self) -> bool:
        """Whether there is anything to apply."""
        return bool(re.search(rb'^(diff --git |--- [^\n]*\n\+\+\+ )', self.diff, re.M))

    def numbers(self) -> Tuple[int, int]:
        """Return n and m of [PATCH n/m], or zeros."""
        match = NUMBERS.match(self.subject)
        return (int(match[1]), int(match[2])) if match else (0, 0)

    def is_cover(self) -> bool:
        """Whether it says to be number 0."""
        return self.numbers()[0] == 0 < self.numbers()[1]

    def broken(self) -> str:
        """Say what git am would not take."""
        if not self.has_diff():
            return 'no diff in it'
        if not self.head.get('Email') or not self.head.get('Subject'):
            return 'a diff without From: and Subject:'
        # It is git who has to understand it.
        if self.head.get('Date') and subprocess.run(
                ['git', 'var', 'GIT_AUTHOR_IDENT'], check=False, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, 'GIT_AUTHOR_NAME': 'A', 'GIT_AUTHOR_EMAIL': 'a@b',
                     'GIT_AUTHOR_DATE': self.head['Date']}).returncode:
            return f'its Date: is none, {self.head["Date"]}'
        return ''

    def write(self, path: str) -> None:
        """Write it as git format-patch would have."""
        lines = [f'From: {self.head.get("Author", "")} <{self.head.get("Email", "")}>']
        if self.head.get('Date'):
            lines.append(f'Date: {self.head["Date"]}')
        lines.append(f'Subject: [PATCH] {self.head.get("Subject", "")}')
        with open(path, 'wb') as file:
            file.write(('\n'.join(lines) + '\n\n').encode() + self.message + self.diff)


def mailinfo(path: str, work: str, *options: str) -> Dict[str, str]:
    """Return what git reads in a mail's head; message.tmp and diff.tmp have the rest."""
    with open(path, 'rb') as file:
        said = subprocess.run(
            ['git', 'mailinfo', '--encoding=UTF-8', '--no-scissors', *options, 'message.tmp',
             'diff.tmp'], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=work,
            check=False).stdout.decode(errors='replace')
    return dict(line.split(': ', 1) for line in said.splitlines() if ': ' in line)


def read_mail(path: str, work: str) -> Mail:
    """Take a mail apart."""
    # With its numbers, which a Subject: in the body does not have.
    subject = mailinfo(path, work, '-k', '--no-inbody-headers').get('Subject', '')
    head = mailinfo(path, work)
    return Mail(head, content(os.path.join(work, 'message.tmp')),
                content(os.path.join(work, 'diff.tmp')), subject)


def content(path: str) -> bytes:
    """Return that of a file, which may not be there."""
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError:
        return b''


def split_mails(source: str, spec: str, work: str) -> List[Tuple[str, str]]:
    """Split a mailbox; returns names for the user and files."""
    mails = tempfile.mkdtemp(dir=os.path.join(work, 'mails'))
    # Lines may end as in mail, but then all of them do.
    keep = ['--keep-cr'] if os.path.isfile(source) and not first_line(source).endswith(
        b'\r\n') else []
    try:
        git('mailsplit', '-b', *keep, f'-o{mails}', '--', source)
    except subprocess.CalledProcessError as error:
        raise Stop(f'{spec} is no mailbox: git format-patch --stdout writes one') from error
    names = sorted(os.listdir(mails))
    return [(f'{spec}, mail {int(name)}' if len(names) > 1 else spec, os.path.join(mails, name))
            for name in names] or [(spec, source)]


def first_line(path: str) -> bytes:
    """Return that of a file, with its end."""
    with open(path, 'rb') as file:
        return file.readline()


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
        return name, [mail for f in files for mail in
                      split_mails(os.path.join(source, f), os.path.join(spec, f), work)]
    if not os.path.isfile(source):
        raise Stop(f'{name} is neither a folder, nor a file, nor "-" for standard input')
    if not os.path.getsize(source):
        raise Stop(f'{name} is empty: expected a patch series as mails')
    return name, split_mails(source, spec if spec != '-' else name, work)


def collect(spec: str, work: str) -> Series:
    """Read the series into folder work, one mail a file."""
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, 'mails'))
    name, mails = mails_of(spec, work)
    series = Series(name, [])
    numbers = []
    for origin, path in mails:
        mail = read_mail(path, work)
        if left_out(mail, origin, len(mails)):
            if not mail.is_cover():
                series.others.append(f'{origin}: {mail.subject or "no subject"}')
            continue
        numbers.append(mail.numbers())
        number = len(series.patches) + 1
        subject = mail.head.get('Subject', '')
        slug = re.sub(r'[^A-Za-z0-9.]+', '-', subject or 'no-subject').strip('-')[:52]
        patch = Patch(number, origin, subject or os.path.basename(origin),
                      os.path.join(work, f'{number:04d}-{slug}.patch'), mail.broken())
        mail.write(patch.path)
        series.patches.append(patch)
    for temporary in ('message.tmp', 'diff.tmp', 'stdin'):
        if os.path.exists(os.path.join(work, temporary)):
            os.remove(os.path.join(work, temporary))
    shutil.rmtree(os.path.join(work, 'mails'))
    if len(series.patches) == 1 and series.patches[0].broken:
        raise Stop(f'{series.patches[0].origin} is not a patch ({series.patches[0].broken}): '
                   'git format-patch writes one')
    if not series.patches:
        raise Stop(f'{series.name} has no patch in it: git format-patch writes one')
    # One patch is asked for as such.
    if len(series.patches) > 1:
        series.missing = [f'{n}/{m}' for m in sorted({m for _, m in numbers if m})
                          for n in range(1, m + 1) if (n, m) not in numbers]
    return series


def left_out(mail: Mail, origin: str, count: int) -> bool:
    """Whether a mail among others is no patch of the series, and does not say to be one."""
    if mail.is_cover() or COVER_NAME.match(os.path.basename(origin)):
        return not mail.has_diff()
    if count > 1 and mail.subject.lower().startswith('re:'):
        return True
    return (count > 1 and not mail.has_diff() and not mail.numbers()[0]
            and not origin.endswith('.patch'))


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
        '--no-numbered', '--no-attach', '--no-ext-diff', '--no-textconv', '-M', '--full-index',
        '--binary', '-o', work, f'{start}..{end}', cwd=kdir)
    # An empty commit, where b4 keeps the cover letter, gives an empty file.
    names = [os.path.join(work, name) for name in os.listdir(work)]
    for name in names:
        if not os.path.getsize(name):
            os.remove(name)
    if not os.listdir(work):
        raise Stop(f'RANGE={span} has empty commits only')
    return start, end


def commits_of(kdir: str, start: str, end: str) -> List[str]:
    """Return those of a range that change something, in short."""
    commits = []
    before = git('rev-parse', f'{start}^{{tree}}', cwd=kdir).strip()
    for line in git('log', '--reverse', '--format=%h %T', f'{start}..{end}',
                    cwd=kdir).splitlines():
        commit, tree = line.split()
        if tree != before:
            commits.append(commit)
        before = tree
    return commits


def patch_ids(diffs: bytes, cwd: str) -> List[List[str]]:
    """Return git's ids of diffs, which do not depend on where these apply, and the commits."""
    ids = subprocess.run(['git', 'patch-id', '--stable'], input=diffs, cwd=cwd, check=True,
                         stdout=subprocess.PIPE).stdout.decode()
    return [line.split(' ') for line in ids.splitlines()]


def find_commit(kdir: str, mail: str, depth: int = 200) -> str:
    """Return the commit of HEAD's history that the mail is of, or nothing."""
    with open(mail, 'rb') as file:
        wanted = [number for number, _ in patch_ids(file.read(), kdir)]
    log = git_bytes('log', '-p', '--no-ext-diff', '--no-textconv', '--no-merges', '-M', '--binary',
                    '--full-index', f'-{depth}', '--first-parent', 'HEAD', cwd=kdir)
    for number, commit in patch_ids(log, kdir):
        if number in wanted:
            return commit
    return ''
