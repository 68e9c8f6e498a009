"""PyTorch's DataLoader with albumentations, reading images and 29 masks from memory maps."""

import os
import time

import albumentations as A
import cv2
import numpy as np
import torch
from augment import CLASSES, unpack
from torch.utils.data import DataLoader, Dataset


def unpacked(material, size):
    """A memory map of the masks, classes last (albumentations' faster form), written once."""
    shape = (material["count"], size, size)
    path = os.path.join(material["folder"], f"masks-{size}.bin")
    if not os.path.exists(path):
        packed = np.memmap(os.path.join(material["folder"], f"labels-{size}.bin"), np.uint32, "r", shape=shape)
        masks = np.memmap(path + ".part", np.uint8, "w+", shape=(*shape, CLASSES))
        for index in range(shape[0]):
            masks[index] = unpack(packed[index])
        masks.flush()
        os.rename(path + ".part", path)
    return path


class Hands(Dataset):
    def __init__(self, material, size, samples, transform):
        shape = (material["count"], size, size)
        self.images = np.memmap(
            os.path.join(material["folder"], f"images-{size}.bin"), np.uint8, "r", shape=(*shape, 3)
        )
        self.masks = np.memmap(unpacked(material, size), np.uint8, "r", shape=(*shape, CLASSES))
        self.samples, self.transform = samples, transform

    def __len__(self):
        return self.samples

    def __getitem__(self, index):
        index %= len(self.images)
        sample = self.transform(image=self.images[index], mask=self.masks[index])
        # Left as bytes and as they lie in memory: whatever else is done comes on top.
        return torch.from_numpy(sample["image"]), torch.from_numpy(sample["mask"])


def one_thread(_):
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def processor_seconds(pids):
    """User and system time of processes that are still running."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            ticks += sum(int(field) for field in stat.read().rpartition(")")[2].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def build(mode, options, conditions):
    p = options["p"]
    transform = A.Compose(
        [
            A.HorizontalFlip(p=p),
            A.Rotate(p=p),
            A.RandomBrightnessContrast(p=p),
            A.CLAHE(p=p),
            A.Sharpen(p=p),
        ]
    )
    batch_size, size = options["batchSize"], options["size"]
    loader = DataLoader(
        Hands(conditions["material"], size, batch_size * options["batches"], transform),
        batch_size=batch_size,
        shuffle=True,
        num_workers=conditions["threads"],
        persistent_workers=True,
        worker_init_fn=one_thread,
    )

    def measure():
        own, start = time.process_time(), time.perf_counter()
        batches = iter(loader)
        pids = [worker.pid for worker in batches._workers]
        workers = processor_seconds(pids)
        taken = sum(len(images) for images, _ in batches)
        seconds = time.perf_counter() - start
        processor = time.process_time() - own + processor_seconds(pids) - workers
        return {"seconds": seconds / taken, "processorSeconds": processor / taken}

    return measure
