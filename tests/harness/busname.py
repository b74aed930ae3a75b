#!/usr/bin/env python3
# tests/harness/busname.py - owns names on the session bus and knows nothing: for programs that wait for a desktop.
import os
import socket
import struct
import sys

CALL, REPLY, ERROR = 1, 2, 3
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_TO, DESTINATION, SENDER, SIGNATURE = 1, 2, 3, 4, 5, 6, 7, 8


def pad(data, n):
    return data + bytes(-len(data) % n)


def text(value):
    return struct.pack('<I', len(value)) + value.encode() + b'\0'


class Bus:
    def __init__(self, address):
        where = dict(part.split('=', 1) for part in address.split(':', 1)[1].split(','))
        self.socket, self.serial = socket.socket(socket.AF_UNIX), 0
        self.socket.connect(where['path'] if 'path' in where else '\0' + where['abstract'])
        self.socket.sendall(b'\0AUTH EXTERNAL ' + str(os.getuid()).encode().hex().encode() + b'\r\n')
        if not self.socket.recv(256).startswith(b'OK'):
            raise SystemExit('the bus does not take us')
        self.socket.sendall(b'BEGIN\r\n')

    def send(self, kind, fields, signature='', body=b''):
        """fields: {code: (type, value)}"""
        self.serial += 1
        if signature:
            fields = {**fields, SIGNATURE: ('g', signature)}
        array = b''
        for code, (kind_of, value) in fields.items():
            array = pad(array, 8) + bytes((code, 1)) + kind_of.encode() + b'\0'
            if kind_of == 'g':
                array += bytes((len(value),)) + value.encode() + b'\0'
            elif kind_of == 'u':
                array = pad(array, 4) + struct.pack('<I', value)
            else:
                array = pad(array, 4) + text(value)
        head = struct.pack('<BBBBIII', ord('l'), kind, 0, 1, len(body), self.serial, len(array)) + array
        self.socket.sendall(pad(head, 8) + body)

    def exactly(self, n):
        data = b''
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise SystemExit(0)     # the bus ended, and so do we
            data += more
        return data

    def receive(self):
        """(kind, serial, fields) of the next message; bodies are nobody's business here."""
        head = self.exactly(16)
        size, serial, array = struct.unpack('<III', head[4:])
        data = self.exactly(array + -array % 8)
        self.exactly(size)
        fields, at = {}, 0
        while at < array:
            at += -at % 8
            code, kind = data[at], chr(data[at + 2])
            at += 4
            if kind == 'g':
                fields[code], at = data[at + 1:at + 1 + data[at]].decode(), at + 2 + data[at]
                continue
            at += -at % 4
            value = struct.unpack('<I', data[at:at + 4])[0]
            at += 4
            if kind != 'u':
                value, at = data[at:at + value].decode(), at + value + 1
            fields[code] = value
        return head[1], serial, fields

    def ask(self, member, signature='', body=b''):
        bus = 'org.freedesktop.DBus'
        self.send(CALL, {PATH: ('o', '/org/freedesktop/DBus'), INTERFACE: ('s', bus), MEMBER: ('s', member),
                         DESTINATION: ('s', bus)}, signature, body)

    def serve(self, names):
        self.ask('Hello')
        for name in names:
            self.ask('RequestName', 'su', pad(text(name), 4) + bytes(4))
        while True:
            kind, serial, fields = self.receive()
            if kind != CALL:
                continue
            to = {REPLY_TO: ('u', serial), DESTINATION: ('s', fields[SENDER])}
            if fields.get(MEMBER) == 'GetAll':
                self.send(REPLY, to, 'a{sv}', bytes(8))     # no properties
            else:
                self.send(ERROR, {**to, ERROR_NAME: ('s', 'org.freedesktop.DBus.Error.NotSupported')})


if __name__ == '__main__':
    Bus(os.environ['DBUS_SESSION_BUS_ADDRESS']).serve(sys.argv[1:])
