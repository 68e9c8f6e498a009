import { drawBins } from '../../charts/histogram.ts';
import type { Chart } from '../../charts/chart.ts';
import type { DatasetAnalysis, Distribution } from '../../dataset/schema.ts';
import { cards } from '../page.ts';
import type { Section } from '../page.ts';

const appearance: Readonly<Record<Distribution['measure'], readonly [title: string, unit: string]>> = {
  brightness: ['Brightness', 'mean grey value'],
  contrast: ['Contrast', 'standard deviation of grey values'],
  tilt: ['Tilt of the labels', 'degrees, clockwise'],
  wristAngle: ['Bend of the wrist', 'degrees, to the little finger'],
  age: ['Age', 'years'],
  height: ['Height', 'cm'],
  weight: ['Weight', 'kg'],
};

const groupNames = { all: 'images', female: 'women', male: 'men', unknown: 'sex unknown' } as const;

/** Histograms of images, then of people; nothing where nothing is known. */
export function distributionSections({ distributions }: Pick<DatasetAnalysis, 'distributions'>): Section[] {
  const chartsOf = (of: Distribution['of']): Chart[] =>
    distributions.filter((one) => one.of === of).map(draw);
  const [ofImages, ofPeople] = [chartsOf('images'), chartsOf('people')];
  const wrist = distributions.some(({ measure }) => measure === 'wristAngle');
  return [
    ...(ofImages.length === 0
      ? []
      : [
          {
            heading: 'Grey values and poses',
            text: `Each image counts once. The tilt is that of the longest extent of all labels together.${wrist ? ' The wrist’s bend is the angle between forearm and third metacarpal; images that show too little of the forearm are not counted.' : ''}`,
            content: [cards(ofImages)],
          },
        ]),
    ...(ofPeople.length === 0
      ? []
      : [{ heading: 'People', text: 'As far as the metadata says.', content: [cards(ofPeople)] }]),
  ];
}

function draw({ measure, edges, groups }: Distribution): Chart {
  const [title, valueLabel] = appearance[measure];
  return drawBins({
    title,
    valueLabel,
    edges,
    counts: groups.map(({ counts }) => counts),
    names: groups.map(({ name }) => groupNames[name]),
    width: 340,
  });
}
