"""Unpacks the libraries and headers of a TensorFlow wheel: unpack.py WHEEL FOLDER.

Libraries land in FOLDER, headers under FOLDER/include, and the size of every file in FOLDER/sizes.json.
Only Python's standard library.
"""

import json
import os
import shutil
import sys
import zipfile

# Headers of the compiler and of libraries that the addon never includes: two thirds of all files.
SKIPPED = ("tensorflow/include/external/", "tensorflow/include/tensorflow/compiler/")


def target(name):
    """Where a member of the wheel goes, relative to the engine's folder; None to leave it out."""
    if name.endswith("/") or ".." in name.split("/"):
        return None
    if name.startswith("tensorflow/include/") and not name.startswith(SKIPPED):
        return name[len("tensorflow/"):]
    if name.startswith("tensorflow/libtensorflow_"):
        return name[len("tensorflow/"):]
    return None


def main(wheel, folder):
    sizes = {}
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            relative = target(member.filename)
            if relative is None:
                continue
            path = os.path.join(folder, relative)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(member) as source, open(path, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
                if member.file_size > 1 << 20:
                    sink.flush()
                    os.fsync(sink.fileno())
            sizes[relative] = member.file_size
    with open(os.path.join(folder, "sizes.json"), "w") as sink:
        json.dump(sizes, sink)


if __name__ == "__main__":
    main(*sys.argv[1:])
