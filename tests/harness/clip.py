# tests/harness/clip.py - the clipboard of an X display, as its programs use it.
import subprocess
import time

from world import Deadline, wait_for


class Side:
    """One clipboard: an X display, and whoever may use it."""

    def __init__(self, world, name, xauthority=None, user=None):
        self.world, self.name, self.user = world, name, user
        self.env = world.env(DISPLAY=name, **({'XAUTHORITY': xauthority} if xauthority else {}))
        self.holder = None

    def argv(self, *args):
        argv = ['xclip', '-selection', 'clipboard', *args]
        if self.user:
            argv = ['setpriv', f'--reuid={self.user}', f'--regid={self.user}', '--clear-groups', *argv]
        return argv

    def copy(self, data, kind=None):
        """Copies: xclip stays and answers, until something else is copied."""
        self.drop()
        self.holder = subprocess.Popen(self.argv('-quiet', *(['-t', kind] if kind else [])), env=self.env,
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.world.cleanup(self.drop)
        self.holder.stdin.write(data)
        self.holder.stdin.close()
        # It owns the clipboard when it can be asked for what it holds.
        time.sleep(0.3)

    def drop(self):
        if self.holder:
            self.holder.kill()
            self.holder.wait()
            self.holder = None

    def paste(self, kind='UTF8_STRING', seconds=10):
        """What is there, or None; an answer, whatever it is, comes in time."""
        done = subprocess.run(self.argv('-o', '-t', kind), env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=seconds)
        return done.stdout if done.returncode == 0 else None

    def targets(self):
        return (self.paste('TARGETS') or b'').decode().split()

    def arrives(self, want, what, kind='UTF8_STRING', seconds=15):
        """Pastes until it is there: a list of formats is on its way for a while."""
        last = []

        def look():
            last[:] = [self.paste(kind, seconds)]
            return last[0] == want
        try:
            wait_for(what, look, seconds, 0.1)
        except Deadline:
            got = last[0]
            raise AssertionError(f'{what}: {None if got is None else (len(got), got[:80])}') from None
