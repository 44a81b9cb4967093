#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Stand in for QEMU under kunit.py: choose the accelerator, and end a boot that stalls.

kunit.py starts it as qemu-system-<arch>. The environment says the rest:

QEMU_WATCH_PROGRAM  the real QEMU
QEMU_WATCH_STATE    folder for what is to be known of the run: the file "accel" has
                    kvm or tcg, the file "stalled" exists when QEMU was ended
QEMU_WATCH_ACCEL    kvm or tcg; with kvm, TCG is taken when the kernel says nothing
QEMU_WATCH_PROBE    seconds for its first line with KVM (default 20)
QEMU_WATCH_STALL    seconds without a line after which it has stalled (default 120)
QEMU_WATCH_OPTIONS  options that QEMU gets behind kunit.py's
"""

import os
import select
import signal
import subprocess
import sys
import time
from typing import List, NoReturn, Optional, Tuple

PROGRAM = os.environ.get('QEMU_WATCH_PROGRAM', '')
STATE = os.environ.get('QEMU_WATCH_STATE', '')
PROBE = float(os.environ.get('QEMU_WATCH_PROBE', 20))
STALL = float(os.environ.get('QEMU_WATCH_STALL', 120))

KERNEL_SPEAKS = b'Linux version'

# The QEMU that runs.
RUNNING: List[subprocess.Popen] = []


def say(text: str) -> None:
    """Write a line into the kernel's log, which is kunit.py's input."""
    sys.stdout.buffer.write(f'qemu-watch: {text}\n'.encode())
    sys.stdout.buffer.flush()


def note(name: str, text: str = '') -> None:
    """Leave a file for who started the run."""
    with open(os.path.join(STATE, name), 'w', encoding='utf-8') as file:
        file.write(text)


def without_accel(args: List[str]) -> List[str]:
    """Drop kunit.py's -accel options."""
    kept = []
    rest = iter(args)
    for arg in rest:
        if arg == '-accel':
            next(rest, None)
        else:
            kept.append(arg)
    return kept


def stop() -> None:
    """End QEMU."""
    while RUNNING:
        qemu = RUNNING.pop()
        qemu.kill()
        qemu.wait()


def stopped(*_: object) -> NoReturn:
    """Take QEMU along: kunit.py ends us alone."""
    stop()
    sys.exit(1)


def pass_on(data: bytes) -> None:
    """Give output to kunit.py, which may be gone."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        stopped()


def run(accel: str, first: float) -> Tuple[Optional[int], bool]:
    """Run QEMU and pass its output on.

    Return its status, None when it was ended, and whether the kernel said anything.
    first is the limit for that; QEMU itself may warn before.
    """
    note('accel', accel)
    # QEMU tries one after the other.
    accels = ['-accel', 'kvm', '-accel', 'tcg'] if accel == 'kvm' else ['-accel', 'tcg']
    command = [PROGRAM, *without_accel(sys.argv[1:]), *accels,
               *os.environ.get('QEMU_WATCH_OPTIONS', '').split()]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as qemu:
        RUNNING.append(qemu)
        assert qemu.stdout is not None
        output = qemu.stdout.fileno()
        boots = False
        limit = time.monotonic() + first
        while select.select([output], [], [], max(0, limit - time.monotonic()))[0]:
            data = os.read(output, 65536)
            if not data:
                return qemu.wait(), boots
            pass_on(data)
            if b'falling back to tcg' in data:
                note('accel', 'tcg')
            boots = boots or KERNEL_SPEAKS in data
            if boots:
                limit = time.monotonic() + STALL
        stop()
    return None, boots


def stalled() -> int:
    """Tell it."""
    say(f'no output for {STALL:.0f} s, QEMU was ended')
    note('stalled')
    return 1


def main() -> int:
    """Run it with KVM where that works, or with TCG."""
    if not PROGRAM or not STATE:
        print(__doc__)
        return 0 if '--help' in sys.argv else 2
    signal.signal(signal.SIGTERM, stopped)
    if os.environ.get('QEMU_WATCH_ACCEL') == 'kvm':
        status, boots = run('kvm', PROBE)
        if boots or status is not None:
            return stalled() if status is None else status
        say(f'the kernel says nothing with KVM for {PROBE:.0f} s, going on with TCG')
    status, _ = run('tcg', STALL)
    return stalled() if status is None else status


if __name__ == '__main__':
    sys.exit(main())
