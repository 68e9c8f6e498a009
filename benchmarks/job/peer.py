"""The whole job as its Python users write it: SMP, albumentations, OpenCV and a DataLoader, start to submission."""

import argparse
import csv
import json
import os
import time

import albumentations as A
import cv2
import numpy as np
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from albumentations.pytorch import ToTensorV2
from safetensors.torch import load_file
from torch.utils.data import DataLoader, Dataset

CLASSES = [f"finger-{i}" for i in range(1, 20)] + [
    "Trapezium", "Trapezoid", "Capitate", "Hamate", "Scaphoid", "Lunate", "Triquetrum", "Pisiform", "Radius", "Ulna",
]  # fmt: skip
CLASS2IND = {name: index for index, name in enumerate(CLASSES)}

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--weights", required=True)
parser.add_argument("--steps", type=int, required=True)
parser.add_argument("--validate", nargs="+", required=True, help="people to validate on")
parser.add_argument("--out", required=True)
parser.add_argument("--bfloat16", action="store_true")
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()


def list_images(split):
    root = os.path.join(args.data, split, "DCM")
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names if name.endswith(".png"))


class XRayDataset(Dataset):
    def __init__(self, paths, transforms=None, full_size_masks=False):
        self.paths, self.transforms, self.full_size_masks = paths, transforms, full_size_masks

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        path = self.paths[index]
        image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
        with open(path.replace("DCM", "outputs_json").replace(".png", ".json")) as file:
            annotations = json.load(file)["annotations"]
        mask = np.zeros((*image.shape[:2], len(CLASSES)), dtype=np.uint8)
        for annotation in annotations:
            plane = np.zeros(image.shape[:2], dtype=np.uint8)
            cv2.fillPoly(plane, [np.array(annotation["points"])], 1)
            mask[..., CLASS2IND[annotation["label"]]] |= plane
        if self.full_size_masks:
            return self.transforms(image=image)["image"], torch.from_numpy(mask).permute(2, 0, 1)
        sample = self.transforms(image=image, mask=mask)
        return sample["image"], sample["mask"].permute(2, 0, 1).float()


class TestDataset(Dataset):
    def __init__(self, paths, transforms):
        self.paths, self.transforms = paths, transforms

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        image = cv2.cvtColor(cv2.imread(self.paths[index]), cv2.COLOR_BGR2RGB)
        return self.transforms(image=image)["image"], os.path.basename(self.paths[index])


def encode_mask_to_rle(mask):
    pixels = np.concatenate([[0], mask.flatten(), [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(x) for x in runs)


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bfloat16)


def train(model, loader):
    bce = torch.nn.BCEWithLogitsLoss()
    dice = smp.losses.DiceLoss(mode="multilabel", from_logits=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-4, total_steps=args.steps)
    model.train()
    step = 0
    while step < args.steps:
        for images, masks in loader:
            images = images.to(memory_format=torch.channels_last)
            optimizer.zero_grad(set_to_none=True)
            with autocast():
                logits = model(images)
            loss = 5 * bce(logits.float(), masks) + dice(logits.float(), masks)
            loss.backward()
            optimizer.step()
            scheduler.step()
            step += 1
            if step % 10 == 0:
                print(f"step {step}: loss {loss.item():.4f}", flush=True)
            if step == args.steps:
                break


@torch.inference_mode()
def validate(model, loader):
    model.eval()
    dices = []
    for images, masks in loader:
        with autocast():
            logits = model(images.to(memory_format=torch.channels_last))
        probabilities = torch.sigmoid(F.interpolate(logits.float(), size=masks.shape[-2:], mode="bilinear"))
        predicted, masks = probabilities > 0.5, masks.bool()
        overlap = (predicted & masks).sum((2, 3))
        dices.append(2 * overlap / (predicted.sum((2, 3)) + masks.sum((2, 3)) + 1e-4))
    return torch.cat(dices).mean(0).mean().item()


@torch.inference_mode()
def predict(model, loader, path):
    model.eval()
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image_name", "class", "rle"])
        for images, names in loader:
            images = images.to(memory_format=torch.channels_last)
            with autocast():
                logits = (model(images) + model(images.flip(3)).flip(3)) / 2
            probabilities = torch.sigmoid(F.interpolate(logits.float(), size=(2048, 2048), mode="bilinear"))
            masks = (probabilities > 0.5).numpy()
            for name, image_masks in zip(names, masks):
                for label, mask in zip(CLASSES, image_masks):
                    writer.writerow([name, label, encode_mask_to_rle(mask)])


def timed(part, work, *parameters):
    start = time.perf_counter()
    result = work(*parameters)
    print("@bench " + json.dumps({"part": part, "seconds": time.perf_counter() - start, "result": result}), flush=True)


def main():
    torch.manual_seed(args.seed)
    paths = list_images("train")
    held_out = [path for path in paths if os.path.basename(os.path.dirname(path)) in args.validate]
    normalize = [A.Resize(512, 512), A.Normalize(), ToTensorV2()]
    augment = [
        A.Resize(512, 512),
        A.HorizontalFlip(p=0.5),
        A.Rotate(limit=15, p=0.5),
        A.RandomBrightnessContrast(p=0.5),
        A.Normalize(),
        ToTensorV2(),
    ]
    train_set = XRayDataset([path for path in paths if path not in held_out], A.Compose(augment))
    valid_set = XRayDataset(held_out, A.Compose(normalize), full_size_masks=True)
    test_set = TestDataset(list_images("test"), A.Compose(normalize))
    train_loader = DataLoader(train_set, batch_size=2, shuffle=True, num_workers=2, drop_last=True)
    valid_loader = DataLoader(valid_set, batch_size=1, num_workers=2)
    test_loader = DataLoader(test_set, batch_size=2, num_workers=2)

    model = smp.Unet("resnet34", encoder_weights=None, in_channels=3, classes=len(CLASSES))
    model.load_state_dict(load_file(args.weights))
    model = model.to(memory_format=torch.channels_last)
    timed("train", train, model, train_loader)
    torch.save(model.state_dict(), os.path.join(args.out, "pytorch.pt"))
    timed("validate", validate, model, valid_loader)
    timed("predict", predict, model, test_loader, os.path.join(args.out, "pytorch.csv"))


if __name__ == "__main__":
    main()
