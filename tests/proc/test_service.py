#!/usr/bin/env python3
# tests/proc/test_service.py - what may go wrong around the listener: floods, lacks, deaths, signals.
import os
import re
import resource
import shutil
import signal
import socket
import threading
import time

import nla
from procfs import SANITIZED, comm, cpu_seconds, descriptors, server_of
from rdpraw import HYBRID, TLS, Closed, Door
from trial import SALLYPORT, Trial, zombie
from world import BUILD, Case, Deadline, free_port, main, wait_for


def own_address():
    """An address of this machine that is not a loopback one, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(('198.51.100.1', 9))    # sends nothing
            address = s.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith('127.') else address


class Service(Case):
    def open(self, *options, **more):
        self.trial = Trial(self.world, *options, **more)
        self.daemon = next(pid for pid in self.trial.processes() if comm(pid) == 'sallyportd')

    def one(self, name):
        return wait_for(name, lambda: next((pid for pid in self.trial.processes() if comm(pid) == name), None))

    def waiting(self, name):
        """The three that wait for connections."""
        def three():
            pids = [pid for pid in self.trial.processes() if comm(pid) == name]
            return pids if len(pids) == 3 else None
        return wait_for(f'three of {name}', three, 5)

    def door(self, source='127.0.0.1', address='127.0.0.1'):
        door = Door(self.trial.port, source, address)
        self.addCleanup(door.close)
        return door

    def good_login(self, **where):
        self.assertEqual(nla.login(self.trial.port, self.trial.user, self.trial.password, **where)[0], 'welcome')

    def all_gone(self, pids, seconds=5.0):
        wait_for('the end of all processes', lambda: all(zombie(pid) for pid in pids), seconds)

    def lines(self, text):
        return [line for line in self.trial.log().splitlines() if text in line]


class Deaths(Service):
    def test_child_that_crashes(self):
        self.open()
        other, door = self.door('127.0.9.1'), self.door('127.0.9.2')
        for each in (other, door):
            self.assertEqual(each.negotiate(TLS | HYBRID)[:2], ('selected', HYBRID))
        other.start_tls()
        sig = signal.SIGABRT if SANITIZED else signal.SIGSEGV
        os.kill(server_of(self.trial, door), sig)
        door.wait_closed(3)
        self.trial.wait_log(f'sp-net died on signal {int(sig)}')
        self.assertIn('from 127.0.9.2:', self.lines(f'sp-net died on signal {int(sig)}')[0])
        self.assertEqual(len(self.lines(f'signal {int(sig)}')), 1)
        # Nobody else has noticed.
        self.assertEqual(nla.Login(self.trial.user, self.trial.password).run(other, False), 'welcome')
        self.good_login()

    def test_waiting_child_that_dies(self):
        self.open()
        for n, name in enumerate(('sp-login', 'sp-net', 'sp-login'), 1):
            for pid in self.waiting(name):
                os.kill(pid, signal.SIGKILL)
            wait_for('a line for each', lambda: len(self.lines('a waiting sp-')) == 3 * n, 5)
            self.assertTrue(self.lines(f'a waiting {name} killed by signal 9'))
            self.good_login()

    def test_crash_costs_its_source(self):
        address = own_address()
        if not address:
            self.skipTest('no address but loopback')
        port = free_port()
        self.open('--listen', f'0.0.0.0:{port}', port=port)
        door = self.door(address, address)
        door.negotiate()
        os.kill(server_of(self.trial, door), signal.SIGABRT)
        door.wait_closed(3)
        self.trial.wait_log('sp-net died on signal 6')

        def refused():
            with Door(port, address, address) as again:
                try:
                    again.negotiate()
                except Closed:
                    return True
            return False
        wait_for('a refusal', refused, 3)
        self.trial.wait_log(f'{address}:')
        self.assertTrue(self.lines('refused: source has to wait'))
        self.good_login()

    def test_penalty_outlives_the_service(self):
        address = own_address()
        if not address:
            self.skipTest('no address but loopback')
        port = free_port()
        self.open('--listen', f'0.0.0.0:{port}', port=port)
        door = self.door(address, address)
        door.negotiate()
        os.kill(server_of(self.trial, door), signal.SIGABRT)
        door.wait_closed(3)
        self.trial.wait_log('sp-net died on signal 6')
        time.sleep(0.2)
        self.assertIn('stopped', self.trial.stop())

        def comes_in():
            with Door(port, address, address) as again:
                try:
                    again.negotiate()
                except Closed:
                    return False
            return True
        # The next one, then one after a death without a goodbye.
        for sig in (signal.SIGKILL, signal.SIGTERM):
            self.open('--listen', f'0.0.0.0:{port}', port=port, folder=self.trial.dir)
            self.assertIn('sources that still have to wait: 1', self.trial.log())
            self.assertFalse(comes_in())
            self.trial.wait_log('refused: source has to wait')
            self.good_login()
            os.kill(self.daemon, sig)
            self.trial.proc.wait(10)

    def ends_with(self, name, sig, line):
        self.open()
        family = self.trial.processes()
        door = self.door()
        door.negotiate()
        os.kill(self.one(name), sig)
        self.assertEqual(self.trial.proc.wait(10), 1)
        self.all_gone(family)
        door.wait_closed(3)
        self.assertEqual(len(self.lines(line)), 1, self.trial.log())
        self.assertEqual(len(self.lines('error sallyportd')), 1, self.trial.log())

    def test_keeper_dies(self):
        self.ends_with('sp-keeper', signal.SIGKILL, 'sp-keeper killed by signal 9 (Killed): the service ends')

    def test_broker_dies(self):
        self.ends_with('sp-broker', signal.SIGKILL, 'sp-broker killed by signal 9 (Killed): the service ends')

    def test_dial_dies(self):
        self.ends_with('sp-dial', signal.SIGKILL, 'sp-dial killed by signal 9 (Killed): the service ends')

    def test_parent_dies(self):
        self.open()
        family = self.trial.processes()
        door = self.door()
        door.negotiate()
        os.kill(self.daemon, signal.SIGKILL)
        self.all_gone(family)
        self.assertEqual(self.trial.proc.wait(5), 1)

    def test_children_know_their_parent(self):
        """A child that cannot be told to end is ended by the kernel."""
        self.open()
        door = self.door()
        door.negotiate()
        pid = server_of(self.trial, door)
        os.kill(pid, signal.SIGSTOP)
        os.kill(self.daemon, signal.SIGKILL)
        self.all_gone([pid])


class Lacks(Service):
    def test_out_of_descriptors(self):
        self.open()
        self.good_login()
        self.waiting('sp-net')
        most = resource.prlimit(self.daemon, resource.RLIMIT_NOFILE)
        # A parent that still closes what it gave away would have room again.
        wait_for('descriptors that stay', lambda: descriptors(self.daemon) == (
            time.sleep(0.3), descriptors(self.daemon))[1])
        taken = set(descriptors(self.daemon))
        holes = sorted(set(range(len(taken) + 50)) - taken)
        resource.prlimit(self.daemon, resource.RLIMIT_NOFILE, (holes[0], most[1]))
        before = cpu_seconds(self.daemon)
        door = self.door('127.0.9.1')    # the kernel lets it in, nobody takes it
        self.trial.wait_log('no connection can be accepted: Too many open files')
        time.sleep(2)
        self.assertLess(cpu_seconds(self.daemon) - before, 0.5, 'it turns in circles')
        self.assertLessEqual(len(self.lines('cannot be accepted')), 5)
        resource.prlimit(self.daemon, resource.RLIMIT_NOFILE, most)
        self.assertEqual(door.negotiate(TLS | HYBRID)[:2], ('selected', HYBRID))
        self.good_login()

    def test_descriptors_for_few(self):
        """Started with few descriptors it takes few connections, and says so."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
        try:
            self.open(env={})
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        # What is only the soft limit is raised; a desktop's programs get what was there.
        self.assertEqual(resource.prlimit(self.daemon, resource.RLIMIT_NOFILE)[0], hard)
        self.assertEqual(resource.prlimit(self.one('sp-broker'), resource.RLIMIT_NOFILE)[0], 100)
        self.good_login()

    def own_build(self):
        """A copy of the programs, so that a test may spoil one of them."""
        folder = self.world.path('bin')
        os.makedirs(folder)
        for name in [name for name in os.listdir(BUILD) if re.fullmatch(r'sallyportd?|sp-[a-z]+', name)]:
            shutil.copy2(os.path.join(BUILD, name), folder)
        return folder

    def test_no_process_can_be_started(self):
        folder = self.own_build()
        self.open(program=os.path.join(folder, 'sallyport'))
        self.waiting('sp-login')
        os.chmod(os.path.join(folder, 'sp-login'), 0)
        for _ in range(3):
            self.good_login()
        door = self.door('127.0.9.1')
        door.wait_closed(3)
        self.trial.wait_log('127.0.9.1')
        self.assertTrue(self.lines('refused: no process can be started'))
        self.assertTrue(self.lines('sp-login: Permission denied'))
        os.chmod(os.path.join(folder, 'sp-login'), 0o755)
        self.good_login()
        # Who has just ended is one until the next turn of the loop.
        wait_for('the end of every child to be noticed',
                 lambda: not any(zombie_of(p, self.daemon) for p in os.listdir('/proc') if p.isdigit()), 5)

    def test_jail_that_does_not_hold(self):
        folder = self.own_build()
        with open(os.path.join(folder, 'sp-login'), 'w') as f:
            f.write('#!/bin/sh\nexit 3\n')
        with self.assertRaises(AssertionError) as caught:
            self.open(program=os.path.join(folder, 'sallyport'))
        self.assertIn('the jail of sp-login does not hold: its selftest exited with status 3', str(caught.exception))

    def test_port_taken(self):
        self.open()
        with self.assertRaises(AssertionError) as caught:
            Trial(self.world, port=self.trial.port, folder=self.world.path('second'))
        self.assertIn(f'cannot listen on 127.0.0.1:{self.trial.port}: Address already in use', str(caught.exception))
        self.assertIn('trial ended with 1', str(caught.exception))
        self.good_login()


def zombie_of(pid, parent):
    try:
        with open(f'/proc/{pid}/stat') as f:
            stat = f.read()
    except OSError:
        return False
    state, above = stat[stat.rindex(')') + 2:].split()[:2]
    return state == 'Z' and int(above) == parent


class Signals(Service):
    def many(self, n):
        """Connections at every stage before the verdict, from addresses of their own."""
        doors = [self.door(f'127.0.9.{i + 1}') for i in range(n)]
        for i, door in enumerate(doors):
            if i % 4 > 0:
                door.negotiate(TLS | HYBRID)
            if i % 4 > 1:
                door.start_tls()
            if i % 4 > 2:
                door.send(nla.ts_request(6, nla.negotiate_message(), nonce=bytes(32)))
                door.receive(50)
        return doors

    def test_terminate_with_many_open(self):
        self.open()
        doors = self.many(50)
        family = self.trial.processes()
        self.assertGreaterEqual(len(family), 100)
        begin = time.monotonic()
        os.kill(self.trial.proc.pid, signal.SIGTERM)
        self.assertEqual(self.trial.proc.wait(8), 0)
        self.assertLess(time.monotonic() - begin, 6)
        self.all_gone(family, 1)
        for door in doors:
            door.wait_closed(1)
        loud = [line for line in self.lines(' warn ') + self.lines(' error ')
                if 'jail: ' not in line and 'second factor is off' not in line]
        self.assertEqual(loud, [])

    def test_ctrl_c_twice(self):
        self.open()
        self.many(8)
        family = self.trial.processes()
        os.kill(self.trial.proc.pid, signal.SIGINT)
        time.sleep(0.2)
        begin = time.monotonic()
        os.kill(self.trial.proc.pid, signal.SIGINT)
        self.assertEqual(self.trial.proc.wait(8), 0)
        self.assertLess(time.monotonic() - begin, 1.5)
        self.all_gone(family, 1)

    def configure(self, text):
        with open(os.path.join(self.trial.dir, 'sallyport.conf'), 'a') as f:
            f.write(text)
        os.kill(self.daemon, signal.SIGHUP)

    def test_reload(self):
        self.open()
        waiting = {p for p in self.trial.processes() if comm(p) == 'sp-net'}
        self.configure('limits = { per-source = 2; };\n')
        self.trial.wait_log('configuration read again')
        wait_for('new ones that wait', lambda: not waiting & set(self.trial.processes()), 5)
        doors = [self.door('127.0.9.1') for _ in range(2)]
        for door in doors:
            door.negotiate()
        with self.assertRaises(Closed):
            self.door('127.0.9.1').negotiate()
        self.trial.wait_log('refused: too many connections from this source')
        self.good_login()
        self.assertEqual(self.lines('error'), [])

    def test_deadline_of_one_that_does_not_obey(self):
        self.open()
        self.configure('limits = { deadline = 5; };\n')
        self.trial.wait_log('configuration read again')
        door = self.door('127.0.9.1')
        door.negotiate()
        os.kill(server_of(self.trial, door), signal.SIGSTOP)
        self.good_login()
        _, took = door.wait_closed(13)
        self.assertGreater(took, 9)    # it has 5 s to obey
        self.trial.wait_log('sp-net: time limit passed')
        self.assertIn('from 127.0.9.1:', self.lines('sp-net: time limit passed')[0])
        self.good_login()

    def test_reload_of_nonsense(self):
        self.open()
        self.configure('limits = { per-source = "many"; };\n')
        self.trial.wait_log('configuration not taken over, the old one stays')
        self.good_login()
        self.good_login()


class Listeners(Service):
    def test_both_families(self):
        if not socket.has_ipv6:
            self.skipTest('no IPv6')
        port = free_port()
        self.open('--listen', f'[::]:{port}', port=port)
        self.good_login(source='::1', address='::1')
        self.trial.wait_log('from [::1]:')
        self.good_login()
        self.trial.wait_log('from 127.0.0.1:')
        self.assertNotIn('::ffff:', self.trial.log())

    def test_flood(self):
        """300 at once from as many addresses; who has been here before gets in all the time."""
        self.open()
        self.good_login()
        flood, stop = [], threading.Event()

        def hold(i):
            for j in range(100):
                if stop.is_set():
                    return
                try:
                    flood.append(Door(self.trial.port, f'127.0.{20 + i}.{j + 1}', seconds=20))
                except OSError:
                    pass
        threads = [threading.Thread(target=hold, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        took = []
        try:
            for _ in range(10):
                begin = time.monotonic()
                self.good_login()
                took.append(time.monotonic() - begin)
            for thread in threads:
                thread.join()
            for _ in range(5):
                begin = time.monotonic()
                self.good_login()
                took.append(time.monotonic() - begin)
                time.sleep(0.2)
            self.assertEqual(len(flood), 300)
            self.assertLess(max(took), 8, took)
            # Those that say nothing do not stay, and their processes neither.
            for door in flood:
                door.wait_closed(12)
            wait_for('the end of their processes', lambda: len(self.trial.processes()) < 20, 10)
            self.good_login()
        finally:
            stop.set()
            for door in flood:
                door.close()
        self.assertTrue(self.lines('refused: too many connections'), 'the flood was let in')


del Service    # it has no tests of its own

if __name__ == '__main__':
    main()
