"""Writes the scorer file; its layout is drawn in src/route/scorer_file.h."""
import struct
import numpy as np

VERSION, BUCKETS, SKETCH, STEPS = 1, 65536, 256, 32


def crc32c(data):
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    crc = 0xFFFFFFFF
    for b in data:
        crc = table[(crc ^ b) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def words(values, low=-32767, high=32767):
    return np.clip(np.round(np.asarray(values, float)), low, high).astype("<i2").tobytes()


class Scorer:
    def __init__(self, layout):
        self.layout, self.counters, self.fact_count = layout[0], len(layout[1]), len(layout[2])
        self.heads = np.zeros((BUCKETS, 3), np.int8)
        self.scale = [0.0] * 3
        self.bias, self.length = [0.5] * 3, [0.0] * 3
        self.salience, self.salience_floor = np.zeros(BUCKETS, np.int8), -(1 << 20)
        self.later_margin = 32
        self.padding_floor = -(1 << 20)
        self.levels = np.zeros((self.counters, 16, 3))
        self.facts = np.zeros((self.fact_count, 3))
        self.curves = [(0, 2048, np.arange(STEPS + 1) * 2040)] * 3
        self.sketch = np.full((SKETCH, 3), 32768)

    def set_heads(self, weights, means, level_scale):
        for h, (w, mean) in enumerate(zip(weights, means)):
            top = np.quantile(np.abs(w[:BUCKETS]), 0.9995)
            self.scale[h] = top / 127
            self.heads[:, h] = np.clip(np.round(w[:BUCKETS] / self.scale[h]), -127, 127)
            self.levels[:, :, h] = (w[BUCKETS:] * level_scale).reshape(self.counters, 16)
            self.bias[h] = mean

    def add_slopes(self, slopes, middle):
        self.levels += (np.arange(16)[None, :, None] - middle[:, None, None]) * slopes[:, None, :]

    def typical(self, z, count):
        """Probabilities of `count` rows, evenly spread over the order of difficulty."""
        order = np.argsort(z[:, 0], kind="stable")[np.linspace(0, len(z) - 1, count).astype(int)]
        p = []
        for h, (start, step, knots) in enumerate(self.curves):
            p.append(np.interp(z[order, h] * 65536, start + step * np.arange(STEPS + 1), knots))
        return np.maximum.accumulate(np.stack(p, 1), axis=1)

    def body(self):
        numbers = [round(b * 65536) for b in self.bias] + [
            round(s * (1 << 24) * 1.0) for s in self.scale
        ]
        numbers += [round(l * 65536) for l in self.length]
        numbers += [self.salience_floor, self.later_margin, self.padding_floor, 0, 0, 0, 0]
        out = struct.pack("<16i", *numbers)
        out += words(self.levels * 65536) + words(self.facts)
        for start, step, knots in self.curves:
            out += (
                struct.pack("<ii", start, step)
                + np.asarray(knots).astype("<u2").tobytes()
                + b"\0\0"
            )
        out += np.clip(np.round(self.sketch), 0, 65535).astype("<u2").tobytes()
        out += b"\0" * (-(len(out) + 24) % 64)
        return out + np.column_stack([self.heads, self.salience]).astype(np.int8).tobytes()

    def write(self, path):
        body = self.body()
        head = b"FLUXSCOR" + struct.pack(
            "<IIII", VERSION, len(body) + 24, crc32c(body), self.layout
        )
        with open(path, "wb") as f:
            f.write(head + body)
        return path
