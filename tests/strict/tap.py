"""A wire between a front and the server behind it, which counts the answers that come back.

Every request that the server behind believes to have seen gets exactly one answer: so the number
of answers is its own count of requests, whatever it logs.
"""

import socket
import threading

from answers import Answers


class Tap:
    def __init__(self, port_behind):
        self.port_behind = port_behind
        self._ended = 0      # answers on connections that are gone
        self._open = {}      # connection -> Answers
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def answers(self):
        with self._lock:
            return self._ended + sum(len(a.statuses) for a in self._open.values())

    def _accept(self):
        while True:
            front, _ = self._listener.accept()
            behind = socket.create_connection(("127.0.0.1", self.port_behind))
            for s in (front, behind):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._carry, args=(front, behind), daemon=True).start()
            threading.Thread(target=self._carry_back, args=(behind, front), daemon=True).start()

    @staticmethod
    def _carry(source, sink):
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _carry_back(self, source, sink):
        counted = Answers()
        with self._lock:
            self._open[source] = counted
        try:
            while piece := source.recv(65536):
                with self._lock:
                    counted.feed(piece)
                sink.sendall(piece)
        except OSError:
            pass
        with self._lock:
            self._ended += len(self._open.pop(source).statuses)
        for s in (source, sink):
            s.close()
