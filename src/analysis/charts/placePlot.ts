import { makeChart, round, shortName } from './chart.ts';
import type { Chart } from './chart.ts';
import { markup } from './markup.ts';
import { formatTick } from './scale.ts';

/** Where things of one kind lie: their mean and their spread in two directions that may go together. */
export interface Place {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly deviationX: number;
  readonly deviationY: number;
  /** Of x and y, −1 to 1. */
  readonly correlation: number;
  /** A CSS colour. */
  readonly colour: string;
}

export interface PlacePlotOptions {
  readonly title: string;
  readonly description: string;
  readonly places: readonly Place[];
  /** Left, top, right and bottom of what is drawn, y downwards. */
  readonly frame: readonly [left: number, top: number, right: number, bottom: number];
  /** Pixels. */
  readonly width?: number;
}

const letterWidth = 5.6;
const letterHeight = 11;

/** Means as dots within ellipses of one standard deviation, as on a map. Names are written where there is room. */
export function placePlot(options: PlacePlotOptions): Chart {
  const { title, description, places, frame, width = 520 } = options;
  const [frameLeft, frameTop, frameRight, frameBottom] = frame;
  const scale = width / (frameRight - frameLeft);
  const [top, height] = [26, Math.ceil((frameBottom - frameTop) * scale)];
  const at = ({ x, y }: Place): [number, number] => [(x - frameLeft) * scale, top + (y - frameTop) * scale];
  const ellipses = places.map((place) => {
    const [x, y] = at(place);
    const { long, short, angle } = ellipseOf(place);
    const words = `${place.name}: ${formatTick(place.x)}, ${formatTick(place.y)}, deviations ${formatTick(place.deviationX)} and ${formatTick(place.deviationY)}`;
    return markup`<g><title>${words}</title><ellipse cx="${round(x)}" cy="${round(y)}" rx="${round(Math.max(1.5, long * scale))}" ry="${round(Math.max(1.5, short * scale))}" transform="rotate(${round(angle)} ${round(x)} ${round(y)})" fill="${place.colour}" fill-opacity="0.3" stroke="${place.colour}" stroke-width="1.2"/><circle cx="${round(x)}" cy="${round(y)}" r="2" fill="${place.colour}"/></g>`;
  });
  return makeChart({
    width,
    height: top + height,
    title,
    description,
    table: {
      columns: ['', 'across', 'down', 'deviation across', 'deviation down'],
      rows: places.map(({ name, x, y, deviationX, deviationY }) => [
        name,
        ...[x, y, deviationX, deviationY].map((value) => value.toFixed(3)),
      ]),
    },
    content: [
      markup`<rect class="empty" x="0" y="${top}" width="${width}" height="${height}"/>`,
      ...ellipses,
      ...placeNames(
        places.map((place) => ({ name: shortName(place.name), at: at(place) })),
        width,
      ),
    ],
  });
}

/** Half axes and turn (degrees, clockwise) of the ellipse of one standard deviation. */
function ellipseOf({ deviationX, deviationY, correlation }: Place): {
  long: number;
  short: number;
  angle: number;
} {
  const [xx, yy, xy] = [deviationX ** 2, deviationY ** 2, correlation * deviationX * deviationY];
  const spread = Math.hypot((xx - yy) / 2, xy);
  const mean = (xx + yy) / 2;
  return {
    long: Math.sqrt(mean + spread),
    short: Math.sqrt(Math.max(0, mean - spread)),
    angle: (90 / Math.PI) * Math.atan2(2 * xy, xx - yy),
  };
}

/** Writes each name on the first side of its dot where it touches no other name or dot. */
function placeNames(
  points: readonly { readonly name: string; readonly at: readonly [number, number] }[],
  width: number,
) {
  const taken = points.map(({ at: [x, y] }) => ({ left: x - 2, top: y - 2, right: x + 2, bottom: y + 2 }));
  return points.map(({ name, at: [x, y] }) => {
    const [w, h] = [name.length * letterWidth, letterHeight];
    const corners = [
      [x + 4, y - h / 2],
      [x - 4 - w, y - h / 2],
      [x - w / 2, y - h - 3],
      [x - w / 2, y + 3],
    ] as const;
    const free = corners
      .map(([left, top]) => ({ left, top, right: left + w, bottom: top + h }))
      .find(
        (box) =>
          box.left >= 0 &&
          box.right <= width &&
          taken.every(
            (other) =>
              box.right < other.left ||
              box.left > other.right ||
              box.bottom < other.top ||
              box.top > other.bottom,
          ),
      );
    if (free === undefined) return markup``;
    taken.push(free);
    return markup`<text class="ink" x="${round(free.left)}" y="${round(free.bottom - 2)}" style="font-size: 10px">${name}</text>`;
  });
}
