"""Make digits-*.gz from scikit-learn's digits.csv.gz (rows of 64 pixels 0..16 and a label).

    apt-get download python3-sklearn && dpkg-deb -x python3-sklearn_*.deb sklearn
    python3 digits.make.py sklearn/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz

The pixels are kept as they are; only the container changes, from text to IDX, which the package reads anyway.
Prints the sha256 of each file's decompressed bytes, as catalogue.ts pins them.
"""

import gzip
import hashlib
import pathlib
import struct
import sys

SOURCE_SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"  # of the decompressed CSV

text = gzip.open(sys.argv[1]).read()
assert hashlib.sha256(text).hexdigest() == SOURCE_SHA256, "another digits.csv than the one pinned"
rows = [[int(value) for value in line.split(",")] for line in text.decode().split()]
assert len(rows) == 1797 and all(len(row) == 65 for row in rows)

files = {
    "digits-images-idx3-ubyte": struct.pack(">BBBBIII", 0, 0, 8, 3, 1797, 8, 8) + bytes(v for row in rows for v in row[:64]),
    "digits-labels-idx1-ubyte": struct.pack(">BBBBI", 0, 0, 8, 1, 1797) + bytes(row[64] for row in rows),
}
for name, payload in files.items():
    path = pathlib.Path(__file__).parent / f"{name}.gz"
    path.write_bytes(gzip.compress(payload, 9, mtime=0))
    print(path.name, path.stat().st_size, "bytes, payload sha256", hashlib.sha256(payload).hexdigest())
