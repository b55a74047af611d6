"""A proxy that makes a server of S3 worse: storms of 503, resets, slow answers. One request a connection."""
import random
import re
import socket
import socketserver
import struct
import threading
import time

SLOW_DOWN = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class Proxy(socketserver.ThreadingTCPServer):
    """Forwards to host:port. The attributes say what goes wrong, and may change at any time."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host, port, seed=1):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.server = (host, port)
        self.random = random.Random(seed)
        self.storm = 0.0  # part of the requests that get 503 while it storms: one second of two
        self.reset_up = 0.0  # part of the requests that are cut off in their body
        self.reset_down = 0.0  # part of the answers that are cut off
        self.delay = 0.0  # seconds between pieces of 64 KiB of an answer, and before one
        self.on_get = lambda path: None  # told of each GET before it is forwarded
        self.faults = 0
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]

    def calm(self):
        self.storm = self.reset_up = self.reset_down = self.delay = 0.0
        self.on_get = lambda path: None

    def handle_error(self, request, client_address):
        pass


class Exchange(socketserver.BaseRequestHandler):
    def handle(self):
        proxy = self.server
        client = self.request
        client.settimeout(60)
        head, rest = self.head_of(client)
        if not head:
            return
        lines = head.decode("latin-1").split("\r\n")
        method, path = lines[0].split(" ")[:2]
        if method == "GET":
            proxy.on_get(path)
        length = int(next((line.split(":")[1] for line in lines if line.lower().startswith("content-length:")), "0"))
        if any(line.lower().startswith("expect:") for line in lines):
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        lines = [line for line in lines if not re.match("(?i)(expect|connection):", line)]
        if proxy.storm and int(time.monotonic()) % 2 == 0 and proxy.random.random() < proxy.storm:
            proxy.faults += 1
            self.drain(client, length - len(rest))
            client.sendall(b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(SLOW_DOWN) + SLOW_DOWN)
            return
        if length and proxy.random.random() < proxy.reset_up:
            proxy.faults += 1
            self.drain(client, (length - len(rest)) // 2)
            self.reset(client)
            return
        with socket.create_connection(proxy.server, 60) as server:
            server.sendall(("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n").encode("latin-1") + rest)
            left = length - len(rest)
            while left > 0:
                block = client.recv(min(left, 1 << 16))
                if not block:
                    return
                server.sendall(block)
                left -= len(block)
            time.sleep(proxy.delay)
            self.answer(proxy, client, server)

    def answer(self, proxy, client, server):
        cut = proxy.random.randrange(1 << 20) if proxy.random.random() < proxy.reset_down else None
        head, rest = self.head_of(server)
        lines = [line for line in head.decode("latin-1").split("\r\n") if not re.match("(?i)connection:", line)]
        client.sendall(("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n").encode("latin-1"))
        block = rest
        sent = 0
        while True:
            if block:
                if cut is not None and sent + len(block) > cut:
                    proxy.faults += 1
                    client.sendall(block[:cut - sent])
                    self.reset(client)
                    return
                client.sendall(block)
                sent += len(block)
                time.sleep(proxy.delay)
            block = server.recv(1 << 16)
            if not block:
                return

    @staticmethod
    def head_of(connection):
        """The head of a message without its empty line, and what came behind it."""
        data = b""
        while b"\r\n\r\n" not in data:
            block = connection.recv(1 << 16)
            if not block:
                return b"", b""
            data += block
        head, _, rest = data.partition(b"\r\n\r\n")
        return head, rest

    @staticmethod
    def drain(connection, left):
        while left > 0:
            block = connection.recv(min(left, 1 << 16))
            if not block:
                return
            left -= len(block)

    @staticmethod
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
