/** Writes the file of logits that `inference.py` reads with the reader in `docs/logit-store.md`. */
import { writeFile } from 'node:fs/promises';
import { encodeLogits } from '../../src/inference/store/logitFile.ts';

const [height, width, classes] = [37, 50, ['Radius', 'Ulna']];
const logits = Float32Array.from({ length: height * width * classes.length }, (_, i) => {
  const [c, pixel] = [i % 2, Math.floor(i / 2)];
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  return c === 0 ? 8 - 0.8 * Math.hypot(x - 20, y - 15) : 0.5 * (x - 30) + Math.sin(y);
});
await writeFile(
  process.argv[2]!,
  await encodeLogits(logits, {
    image: 'example.png',
    height,
    width,
    originalHeight: 148,
    originalWidth: 200,
    classes,
    provenance: { checkpoint: 'none', tta: 'none' },
  }),
);
