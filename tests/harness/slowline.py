# tests/harness/slowline.py - a line that is slow and far: bytes a second down, and a delay each way.
import collections
import socket
import threading
import time


class SlowLine:
    """Listens, and leads each connection to a port of this machine. Nothing is lost, much is late."""

    PIECE = 1460

    def __init__(self, port, bits=1_000_000, delay=0.05, buffer=16384):
        self.to, self.rate, self.delay, self.buffer = port, bits / 8, delay, buffer
        self.down, self.open = 0, True
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self.open:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket()
            # What lies here is past the end of the sender's sight: as little as a router would keep.
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer)
            far.connect(('127.0.0.1', self.to))
            for s in (near, far):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._lead(far, near, self.rate)
            self._lead(near, far, None)

    def _lead(self, source, sink, rate):
        waiting, more = collections.deque(), threading.Condition()

        def take():
            free = time.monotonic()
            while True:
                try:
                    data = source.recv(self.PIECE)
                except OSError:
                    data = b''
                now = time.monotonic()
                if rate:
                    free = max(free, now) + len(data) / rate
                    self.down += len(data)
                with more:
                    waiting.append((max(free, now) + self.delay, data))
                    more.notify()
                if not data:
                    return
                if rate and free - now > 0.002:
                    time.sleep(free - now)

        def give():
            while True:
                with more:
                    more.wait_for(lambda: waiting)
                    due, data = waiting.popleft()
                time.sleep(max(0.0, due - time.monotonic()))
                try:
                    if not data:
                        sink.shutdown(socket.SHUT_WR)
                        return
                    sink.sendall(data)
                except OSError:
                    return

        for work in (take, give):
            threading.Thread(target=work, daemon=True).start()

    def close(self):
        self.open = False
        self.listener.close()
