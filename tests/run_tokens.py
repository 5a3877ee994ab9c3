#!/usr/bin/env python3
"""Are our counts of tokens OpenAI's? Random and real texts are counted by build/tokens and by npm's
`tiktoken`, and must agree in every one; and without a vocabulary the guess must be near.

    tests/run_tokens.py [--texts N] [--seed N]     N random texts (15,000), half as many real ones

Skipped where the vocabularies and the package cannot be had."""

import argparse
import os
import random
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
PACKAGE = "tiktoken@1.0.22"
NAMES = ("o200k_base", "cl100k_base")
MIXTURES, NEAR, NEAR_SHARE, FAR = 300, 0.10, 0.90, 0.20
LETTERS = list("aAbBzZ'sStTrReEvVmMlLdD \t\r\n/!.,-_0123456789")
RARE = list("éßÄñΩλжЖ日本語中文한국あア²½Ⅷ٣ªºʰǅ😀") + [
    chr(c) for c in (0x301, 0x308, 0x200D, 0xA0, 0x3000, 0x2028, 0x85, 0x180E, 0xFEFF, 0x17F, 0x212A,
                     0x1D400, 0xE01, 0xE31, 0x939, 0x93F, 0x1F469)]
PROSE = [
    "大型语言模型正在改变软件开发的方式。一个网关位于许多模型之前，它接收请求，检查请求的内容，然后把请求发送给合适的模型。"
    "如果某个供应商出现故障，网关会把请求转交给另一个供应商，用户不会察觉。昨天我和朋友一起去公园散步，天气很好。",
    "大規模言語モデルは、ソフトウェア開発のやり方を大きく変えつつあります。ゲートウェイは多くのモデルの前に立ち、"
    "リクエストの内容を調べて、適切なモデルに送ります。日本語の勉強は難しいですが、毎日少しずつ続ければ上手になります。",
    "대규모 언어 모델은 소프트웨어를 개발하는 방식을 바꾸고 있습니다. 게이트웨이는 여러 모델 앞에 서서 요청을 받고, "
    "그 내용을 살펴본 다음 알맞은 모델로 보냅니다. 어제는 친구와 함께 공원을 산책했습니다.",
]
ORACLE = """
const { get_encoding } = require("tiktoken");
const encoding = get_encoding(process.argv[2]);
const bytes = require("fs").readFileSync(0);
const counts = [];
for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32LE(at);
    counts.push(encoding.encode_ordinary(bytes.toString("utf8", at + 4, end)).length);
    at = end;
}
const out = Buffer.alloc(4 * counts.length);
counts.forEach((count, i) => out.writeUInt32LE(count, 4 * i));
process.stdout.write(out);
"""


def random_text():
    kind = random.random()
    if kind < 0.6:
        return "".join(random.choices(LETTERS + RARE, k=random.randint(1, 24)))
    if kind < 0.7:
        return "".join(random.choices(LETTERS[:30], k=random.randint(1, 40)))
    if kind < 0.9:
        chars = (random.randrange(0x30000) for _ in range(random.randint(1, 12)))
        return "".join("x" if 0xD800 <= char < 0xE000 else chr(char) for char in chars)
    return random.choice(LETTERS + RARE) * random.randint(1, 400)


def read_tree(suffixes):
    texts = []
    for folder in ("src", "tests", "docs", "tools"):
        for path, _, files in sorted(os.walk(os.path.join(ROOT, folder))):
            for name in sorted(files):
                if name.endswith(suffixes):
                    with open(os.path.join(path, name), encoding="utf-8") as file:
                        texts.append(file.read())
    return texts


def real_texts(count):
    whole = "\n".join(read_tree((".c", ".py", ".md", ".case")) + PROSE * 20)
    starts = (random.randrange(len(whole)) for _ in range(count))
    return [whole[start:start + random.randint(1, 300)] for start in starts]


def mixtures():
    """English, code and CJK prose, each in a share of its own."""
    english, code = "\n".join(read_tree((".md",))), "\n".join(read_tree((".c", ".py")))
    for _ in range(MIXTURES):
        pieces = []
        for source in (english, code, "".join(random.sample(PROSE, 3)) * 4):
            length = min(random.randint(300, 6000), len(source) - 1)
            start = random.randrange(len(source) - length)
            pieces.append(source[start:start + length])
        random.shuffle(pieces)
        yield "\n".join(pieces)


def frames(texts):
    packed = (text.encode() for text in texts)
    return b"".join(struct.pack("<I", len(text)) + text for text in packed)


def counts(command, texts):
    out = subprocess.run(command, input=frames(texts), stdout=subprocess.PIPE, check=True).stdout
    return struct.unpack(f"<{len(out) // 4}I", out)


def ours(name, *more):
    vocab = os.path.join(ROOT, "build/tokenizer", name + ".vocab")
    return [os.path.join(ROOT, "build/tokens"), vocab, *more]


def compare(name, folder, texts):
    want = counts(["node", os.path.join(folder, "oracle.cjs"), name], texts)
    got = counts(ours(name), texts)
    wrong = [row for row in zip(texts, want, got, strict=True) if row[1] != row[2]]
    for text, one, other in wrong[:10]:
        print(f"{name}: {text!a}: {other} tokens, not {one}")
    print(f"tokens {name}: {len(texts) - len(wrong)} passed, {len(wrong)} failed")
    return not wrong


def judge_guess():
    both = counts(ours("o200k_base", "--guess"), list(mixtures()))
    ratios = sorted(guess / exact for exact, guess in zip(both[0::2], both[1::2], strict=True))
    near = sum(abs(ratio - 1) <= NEAR for ratio in ratios) / len(ratios)
    print(f"tokens guess: {ratios[0]:.3f} to {ratios[-1]:.3f} of the count, median "
          f"{ratios[len(ratios) // 2]:.3f}, within a tenth in {near:.0%}")
    good = near >= NEAR_SHARE and ratios[0] >= 1 - FAR and ratios[-1] <= 1 + FAR
    print(f"tokens guess: {int(good)} passed, {int(not good)} failed")
    return good


def skip(why):
    print(f"tokens: 0 passed, 0 failed, 1 skipped ({why})")
    sys.exit(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=15_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    os.chdir(ROOT)
    if subprocess.run(["tools/tokenizer", "--check", "build/tokenizer"], check=False).returncode and \
            subprocess.run(["tools/tokenizer", "build/tokenizer"], check=False).returncode:
        skip("npm cannot be reached")
    subprocess.run(["make", "-s", "build/tokens"], check=True)
    good = judge_guess()
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["npm", "install", "--silent", "--prefix", folder, PACKAGE],
                          check=False).returncode:
            skip("npm cannot be reached")
        with open(os.path.join(folder, "oracle.cjs"), "w", encoding="utf-8") as file:
            file.write(ORACLE)
        texts = [random_text() for _ in range(options.texts)] + real_texts(options.texts // 2)
        for name in NAMES:
            good = compare(name, folder, texts) and good
    sys.exit(not good)


if __name__ == "__main__":
    main()
