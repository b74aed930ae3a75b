#!/usr/bin/env python3
# tests/proc/test_trial.py - a trial on a machine that has other people on it.
import os
import socket
import subprocess
import threading

from trial import SALLYPORT, Trial, need_trial
from world import Case, free_port, main


class Others(Case):
    def refused(self, folder, words):
        with self.assertRaises(AssertionError) as caught:
            Trial(self.world, folder=folder)
        self.assertIn(f'{folder}: {words}; name another directory with --dir', str(caught.exception))
        self.assertEqual(os.listdir(folder), [])

    def test_directory_of_all(self):
        folder = self.world.path('all')
        os.mkdir(folder)
        os.chmod(folder, 0o1777)
        self.refused(folder, 'everybody may write to it')

    def test_directory_of_somebody(self):
        if os.geteuid() != 0:
            self.skipTest('only root can make one')
        folder = self.world.path('somebody')
        os.mkdir(folder)
        os.chown(folder, 65534, 65534)
        self.refused(folder, 'belongs to somebody else')

    def test_ready_of_a_stranger(self):
        """READY=1 of another process, all the while, means nothing: there is no certificate yet."""
        done = threading.Event()

        def lie():
            while not done.is_set():
                with open('/proc/net/unix') as f:
                    names = [line.split()[-1] for line in f if '@sallyport-trial-' in line]
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                    for name in names:
                        try:
                            s.sendto(b'READY=1', '\0' + name[1:])
                        except OSError:
                            pass

        liar = threading.Thread(target=lie)
        liar.start()
        try:
            trial = Trial(self.world)
        finally:
            done.set()
            liar.join()
        trial.stop()


EXTRA = '''# further targets
targets = {
    db1 = { kind = "rdp"; address = "10.0.0.5:3389";
            trust = "ca"; login = "ask"; };
};

rules = (
    { name = "db at work"; users = ["demo"]; targets = ["db1"];
      hours = ["Mon-Fri 08:00-18:00 Europe/Berlin"];
      clipboard = "text-in"; }
);
'''


class Options(Case):
    """--target, --include, --allow."""

    def file(self, text, name='extra.conf'):
        path = self.world.path(name)
        with open(path, 'w') as f:
            f.write(text)
        return path

    def refused(self, *options):
        """(status, what is said) of a trial that does not begin."""
        need_trial()
        done = subprocess.run([SALLYPORT, 'trial', '--dir', self.world.path('trial'), '--listen',
                               f'127.0.0.1:{free_port()}', '--no-mfa', *options],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        self.assertNotEqual(done.returncode, 0)
        return done.returncode, done.stderr

    def conf(self, trial):
        with open(os.path.join(trial.dir, 'sallyport.conf')) as f:
            return ' '.join(f.read().split())

    def test_nothing_more(self):
        trial = Trial(self.world)
        conf = self.conf(trial)
        self.assertIn('clipboard = "text"; drives = "none"; sound = false; microphone = false; other = false;', conf)
        self.assertNotIn('To one of the targets', trial.log())
        self.assertNotIn('Allowed between', trial.log())

    def test_targets(self):
        trial = Trial(self.world, '--target', 'vm1=127.0.0.1:3390', '--target', 'w-2=win.example', '--allow', 'drives,sound')
        conf, log = self.conf(trial), trial.log()
        self.assertIn('vm1 = { kind = "rdp"; address = "127.0.0.1:3390"; trust = "first-seen"; login = "same"; '
                      'security = "tls";', conf)
        self.assertIn('address = "win.example";', conf)
        self.assertIn('clipboard = "text"; drives = "read-write"; sound = true; microphone = false; other = false;', conf)
        for name in ('desktop', 'vm1', 'w-2'):
            self.assertIn(f'  /u:demo#{name} ', log)
        for words in ('a screen asks which one', 'without NLA, which a trial accepts',
                      'Allowed between client and target: drives, sound\n'):
            self.assertIn(words, log)
        explained = trial.command('config', 'check', check=False)
        self.assertEqual(explained.returncode, 0, explained.stderr)

    def test_include(self):
        trial = Trial(self.world, '--include', self.file(EXTRA), '--target', 'vm1=127.0.0.1:3390', '--allow', 'all')
        conf = self.conf(trial)
        self.assertLess(conf.index('"db at work"'), conf.index('name = "trial"'))
        # Its rules are about its targets, those of the trial about the others.
        self.assertIn('name = "trial"; targets = [ "desktop", "vm1" ]; clipboard = "all"; drives = "read-write"; '
                      'sound = true; microphone = true; other = true;', conf)
        self.assertIn(f'those of {self.world.path("extra.conf")} in the same way', trial.log())

    def test_include_without_rules(self):
        trial = Trial(self.world, '--include', self.file(EXTRA[:EXTRA.index('rules')]))
        self.assertIn('name = "trial"; clipboard = "text";', self.conf(trial))

    def test_mistakes_are_named_where_they_were_made(self):
        extra = self.file(EXTRA.replace('Berlin', 'Berlim').replace('"ca"', '"cb"'))
        status, said = self.refused('--include', extra, '--target', 'a=b:c')
        self.assertEqual(status, 1)
        self.assertIn(f'sallyport: trial: {extra}:4: trust: "cb" is not', said)
        self.assertIn(f'sallyport: trial: {extra}:9: hours: time zone "Europe/Berlim"', said)
        self.assertIn('sallyport: trial: --target a=b:c: address: "b:c" is no host', said)
        for text, words in (('listen = [];', ':1: listen: only targets and rules'),
                            ('\ntargets = {', ':2: syntax error'),
                            (EXTRA.replace('db1', 'desktop'), ':3: duplicate setting name'),
                            (EXTRA.replace('["db1"]', '["db2"]'), ':8: ')):
            extra = self.file(text)
            self.assertIn(f'sallyport: trial: {extra}{words}', self.refused('--include', extra)[1])
        self.assertIn('none.conf: No such file', self.refused('--include', self.world.path('none.conf'))[1])

    def test_usage(self):
        for options, words in ((('--target', 'x'), 'not of the form NAME=HOST:PORT'),
                               (('--target', '=x'), 'not of the form'),
                               (('--target', '9=a'), 'a name is a letter'),
                               (('--target', 'desktop=a'), "this machine's own"),
                               (('--target', 'a=b', '--target', 'a=c'), 'there twice'),
                               (('--allow', 'video'), 'not a list of'), (('--allow', 'drives,'), 'not a list of'),
                               (('--include',), 'value missing')):
            status, said = self.refused(*options)
            self.assertEqual(status, 2)
            self.assertIn(words, said)


if __name__ == '__main__':
    main()
