# SPDX-License-Identifier: GPL-2.0
"""What the parts of check.py share: the run, its programs, and what is remembered."""

import argparse
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Dict, Iterable, List, Optional

from checkreport import Result, Row
from series import Series, Stop, git

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPTS = os.path.join(TOP, 'scripts')
# Seconds between two words on how far a build is.
PROGRESS = 30


def sha(*parts: str) -> str:
    """Hash some strings."""
    return hashlib.sha256('\0'.join(parts).encode()).hexdigest()[:24]


def sha_files(paths: Iterable[str]) -> str:
    """Hash names and contents of files and of all files below folders."""
    total = hashlib.sha256()
    for top in paths:
        found = [top] if os.path.isfile(top) else sorted(
            os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names)
        for path in found:
            if not os.path.isfile(path):
                # An editor's link to nowhere.
                continue
            total.update(os.path.relpath(path, TOP).encode() + b'\0')
            with open(path, 'rb') as file:
                total.update(hashlib.sha256(file.read()).digest())
    return total.hexdigest()


def version_of(command: str) -> str:
    """Return the first line of what a tool says of its version."""
    if not shutil.which(command):
        return ''
    said = subprocess.run([command, '--version'], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding='utf-8', check=False).stdout
    return said.splitlines()[0] if said else command


def one_line(text: str, length: int = 300) -> str:
    """Return text without line breaks, not too long."""
    return ' '.join(text.split())[:length]


def counted(things: List[Any], name: str) -> str:
    """Return "1 patch", "2 patches"."""
    plural = 'es' if name.endswith('h') else 's'
    return f'{len(things)} {name}{"" if len(things) == 1 else plural}'


def tail(log: str, count: int = 8) -> List[str]:
    """Return the last lines of a log."""
    with open(log, encoding='utf-8', errors='replace') as file:
        return [line.rstrip() for line in file.read().splitlines()[-count:]]


def last_error(log: str) -> str:
    """Return what a script of ours gave as the reason."""
    lines = [line.strip() for line in tail(log, 40) if line.strip()]
    errors = [line for line in lines if re.match(r'[\w.-]+: error: ', line)]
    text = errors[-1] if errors else lines[-1] if lines else 'it said nothing'
    return re.sub(r'^[\w.-]+: error: ', '', text)


class Children:
    """The programs we started: all of them end when we do."""

    def __init__(self) -> None:
        self.alive: Dict[int, subprocess.Popen] = {}
        # A signal may come while it is held.
        self.lock = threading.RLock()

    # pylint: disable-next=too-many-arguments
    def run(self, command: List[str], log: str, env: Dict[str, str],
            cwd: Optional[str] = None, tell: Optional[Callable[[str], None]] = None) -> int:
        """Run a command, its output in a file; returns its exit code. Who wants to tell
        how far a long one is gets the last line of its output now and then.
        """
        with self.lock:
            with open(log, 'wb') as output:
                # The lock of the build folder is an open file, and goes on to all.
                child = subprocess.Popen(  # pylint: disable=consider-using-with
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                    env=env, cwd=cwd, start_new_session=True, close_fds=False)
            self.alive[child.pid] = child
        while True:
            try:
                status = child.wait(PROGRESS if tell else None)
                break
            except subprocess.TimeoutExpired:
                if tell and (lines := tail(log, 1)):
                    tell(lines[0].strip())
        with self.lock:
            del self.alive[child.pid]
        return status

    def stop(self) -> None:
        """Stop what runs, with all that it started."""
        with self.lock:
            for sign in (signal.SIGTERM, signal.SIGKILL):
                for pid in self.alive:
                    try:
                        os.killpg(pid, sign)
                    except ProcessLookupError:
                        pass
                if sign == signal.SIGTERM and self.alive:
                    time.sleep(1)


class Store:
    """Results by their keys: BUILD/cache/<kind>-<key>.json."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        files = sorted(glob.glob(os.path.join(folder, '*.json')), key=os.path.getmtime)
        for path in files[:-3000]:
            os.remove(path)

    def load(self, kind: str, key: str) -> Dict[str, Any]:
        """Return what was saved, or an empty dictionary."""
        try:
            with open(os.path.join(self.folder, f'{kind}-{key}.json'), encoding='utf-8') as file:
                result: Dict[str, Any] = json.load(file)
                return result
        except (OSError, ValueError):
            return {}

    def save(self, kind: str, key: str, value: Dict[str, Any]) -> None:
        """Save, whole or not at all."""
        path = os.path.join(self.folder, f'{kind}-{key}.json')
        with open(path + '.tmp', 'w', encoding='utf-8') as file:
            json.dump(value, file)
        os.replace(path + '.tmp', path)


class Session:  # pylint: disable=too-many-instance-attributes
    """One run over one series."""

    def __init__(self, args: argparse.Namespace, children: Children) -> None:
        self.args = args
        self.children = children
        self.build: str = os.environ['BUILD']
        self.tree = os.path.join(self.build, 'tree')
        self.repo = os.path.join(self.build, 'repo.git')
        self.logs = os.path.join(self.build, 'logs')
        self.series = Series('', [])
        self.kdir = os.environ.get('KDIR', '')
        self.kdir_rev = ''
        self.source = ''
        self.trees: Dict[str, str] = {'': ''}
        self.store = Store(os.path.join(self.build, 'cache'))
        self.rows: List[Row] = []
        self.final: List[Result] = []
        self.base = ''
        self.base_name = ''
        self.tools = {name: version_of(name) for name in ('gcc', 'sparse', 'perl', 'git')}
        self.environment = sha(
            json.dumps(self.tools), sys.version,
            sha_files([os.path.join(SCRIPTS, name) for name in
                       ('run', 'lib.sh', 'prepare', 'summary.py', 'logcheck.py', 'cc-warnings',
                        'check.py', 'checkbase.py', 'checkpatches.py', 'checkseries.py',
                        'series.py',
                        'check', 'checkpatch-exceptions',
                        'softleaf-replaced.txt')]),
            sha_files([os.path.join(TOP, name) for name in ('kunit', 'stubs', 'uml-configs')]))
        # What is wrong without the series is not charged to it.
        self.base_suites: Dict[str, Any] = {}
        self.warned: Dict[str, List[str]] = {}

    # --- running things ------------------------------------------------------

    def env(self, **more: str) -> Dict[str, str]:
        """Return the environment of our own scripts."""
        env = {name: value for name, value in os.environ.items()
               if name not in ('SUITE', 'CONFIG', 'SERIES', 'RANGE', 'FAST', 'PROG', 'BASE',
                               'KCPPFLAGS', 'SERIES_LENGTH')}
        env['PACKAGES_CHECKED'] = '1'
        # What programs say is looked through.
        env['LC_ALL'] = 'C.UTF-8'
        env['SERIES_DIR'] = os.path.join(self.build, 'series')
        if self.kdir:
            env['KDIR'] = self.kdir
        if self.kdir_rev:
            env['KDIR_REV'] = self.kdir_rev
        if self.kdir and self.source:
            # What was read of the user's tree at first counts to the end.
            env['KDIR_COMMIT'] = self.source
        env.update(more)
        return env

    def final_env(self, **more: str) -> Dict[str, str]:
        """Return that of what is run on the whole series. Our own series, on the base
        kernel, is in build/tree: what was built there need not be built here.
        """
        main = os.path.dirname(self.build)
        if self.kdir or not self.args.ours or not os.path.exists(os.path.join(main, 'tree/.git')):
            return self.env(**more)
        try:
            edits = git('status', '--porcelain', '-uno', cwd=os.path.join(main, 'tree'))
        except subprocess.CalledProcessError:
            edits = 'unknown'
        if edits:
            return self.env(**more)
        env = self.env(**more, BUILD=main)
        del env['SERIES_DIR'], env['SOFTLEAF_LOCKED']
        return env

    def log(self, name: str) -> str:
        """Return the path of a log file."""
        return os.path.join(self.logs, name)

    def git(self, *args: str) -> str:
        """Run git on the prepared tree's repository."""
        return git('--git-dir', self.repo, *args)

    def short(self, path: str) -> str:
        """Return a path as the user would type it."""
        return os.path.relpath(path) if path.startswith(os.getcwd()) else path

    def prepare(self, length: int) -> None:
        """Move the prepared tree to the n-th patch."""
        log = self.log('prepare.log')
        if self.children.run([os.path.join(SCRIPTS, 'prepare')], log,
                             self.env(SERIES_LENGTH=str(length))):
            raise Stop(last_error(log))

    def tree_is_on_base(self) -> bool:
        """Whether what is in the prepared tree now is the kernel of this series, or was."""
        try:
            with open(os.path.join(self.repo, 'softleaf/tip'), encoding='utf-8') as file:
                self.git('merge-base', '--is-ancestor', self.base, file.read().strip())
            return os.path.exists(os.path.join(self.tree, 'Makefile'))
        except (OSError, subprocess.CalledProcessError):
            return False

    def tree_of(self, commit: str) -> str:
        """Return the hash of a commit's tree."""
        if commit not in self.trees:
            self.trees[commit] = self.git('rev-parse', f'{commit}^{{tree}}').strip()
        return self.trees[commit]

    def state_key(self, commit: str) -> str:
        """Name what is known of the kernel at a commit."""
        return sha('state', self.environment, self.tree_of(commit))

    def say(self, text: str) -> None:
        """Tell how far we are."""
        if not self.args.b4:
            print(text, flush=True)

    def progress(self, name: str) -> Callable[[str], None]:
        """Return what tells how far a long step is."""
        return lambda line: self.say(f'    {name}: {line}')

    def in_tree(self, line: str) -> str:
        """Return a message with the path as it is in the tree."""
        return line.strip().replace(self.tree + '/', '').replace('../tree/', '')
