import { defineEnsemble } from 'phalanx';

/** The demo's two members, equally weighted, each seeing every image and its mirror image. */
export default defineEnsemble({
  output: 'ensemble',
  members: [{ run: 'demo/unet' }, { run: 'demo/unetplusplus' }],
  tta: 'hflip',
});
