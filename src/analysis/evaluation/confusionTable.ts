import { Markup, markup } from '../charts/markup.ts';
import type { EvaluationFigures } from './figures.ts';

const style = new Markup(`<style>
.confusion { font-size: 11.5px; } .confusion th, .confusion td { padding: 2px 4px; text-align: right; border: 0; min-width: 27px; }
.confusion thead th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; min-width: 0; padding: 4px 2px; }
.confusion td.heat { background: color-mix(in srgb, rgb(239 68 68) calc(var(--share) * 1%), transparent); }
.confusion caption { text-align: left; color: var(--soft); padding-bottom: 6px; }
</style>`);

/** Least share of a class's pixels that is written down. */
const shown = 0.0005;
/** Classes beyond these are left to the JSON: a table of hundreds is not read by anyone. */
const mostClasses = 64;

/** Which class is taken for which, as a table that a screen reader can read cell by cell. */
export function confusionTable({ classes, confusion }: EvaluationFigures): Markup {
  const names = Object.keys(classes).slice(0, mostClasses);
  const none = Object.keys(classes).length;
  const columns = [...names.map((name, d) => ({ name, d })), { name: 'nothing', d: none }];
  const shares = names.map((name, c) =>
    columns.map(({ d }) => confusion[c]![d]! / Math.max(1, classes[name]!.truth)),
  );
  const most = Math.max(shown, ...shares.flat());
  return markup`${style}<div class="card scroll" tabindex="0" role="region" aria-label="Confusion between classes"><table class="confusion">
<caption>Of each class’s pixels in the truth, the percentage that lacks the class and has the column’s class instead${names.length < none && `; the first ${names.length} of ${none} classes`}.</caption>
<thead><tr><td></td>${columns.map(({ name }) => markup`<th scope="col">${name.slice(0, 40)}</th>`)}</tr></thead>
<tbody>${names.map(
    (name, c) =>
      markup`<tr><th scope="row">${name.slice(0, 40)}</th>${shares[c]!.map((share) =>
        share < shown
          ? markup`<td></td>`
          : markup`<td class="heat" style="--share: ${Math.round(12 + 68 * Math.sqrt(share / most))}">${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`;
}
