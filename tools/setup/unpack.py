"""Unpacks the libraries and headers of a TensorFlow wheel, and CUDA's: unpack.py FOLDER HOME WHEEL...

TensorFlow's libraries land in FOLDER/HOME, its headers under FOLDER/HOME/include, CUDA's libraries and programs in
FOLDER/nvidia, and the size of every file in FOLDER/sizes.json. Each wheel is removed when it is unpacked.
Only Python's standard library.
"""

import json
import os
import shutil
import sys
import zipfile

# Headers of the compiler and of libraries that the addon never includes: two thirds of all files.
SKIPPED = ("tensorflow/include/external/", "tensorflow/include/tensorflow/compiler/")


def target(name, home):
    """Where a member of a wheel goes, relative to the engine's folder; None to leave it out."""
    if name.endswith("/") or ".." in name.split("/"):
        return None
    if name.startswith("tensorflow/include/") and not name.startswith(SKIPPED):
        return os.path.normpath(os.path.join(home, name[len("tensorflow/"):]))
    if name.startswith("tensorflow/libtensorflow_"):
        return os.path.normpath(os.path.join(home, name[len("tensorflow/"):]))
    if name.startswith("nvidia/") and "/include/" not in name and not name.endswith(".py"):
        return name
    return None


def main(folder, home, *wheels):
    sizes = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                relative = target(member.filename, home)
                if relative is None:
                    continue
                path = os.path.join(folder, relative)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with archive.open(member) as source, open(path, "wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
                    if member.file_size > 1 << 20:
                        sink.flush()
                        os.fsync(sink.fileno())
                # CUDA's assembler is a program.
                if member.external_attr >> 16 & 0o100:
                    os.chmod(path, 0o755)
                sizes[relative] = member.file_size
        os.remove(wheel)
    with open(os.path.join(folder, "sizes.json"), "w") as sink:
        json.dump(sizes, sink)


if __name__ == "__main__":
    main(*sys.argv[1:])
