// The present value in the dialog: text, unit, quality and age. `observed` is what the person goes by. Values in only.
import type { TagView } from '../../gateway/contract/tag.ts';
import type { TagValue } from '../../gateway/contract/values.ts';
import type { Reading } from '../model/reading.ts';
import { valueText, withUnit } from '../model/values.ts';

export function PresentValue(props: {
  readonly tag: TagView;
  readonly reading: Reading;
  readonly observed?: TagValue;
}) {
  const { tag, reading } = props;
  const shown = props.observed === undefined ? reading.text : valueText(tag, props.observed);
  return (
    <dl className="cs-present" data-mark={reading.mark}>
      <div>
        <dt>Present value</dt>
        <dd>{withUnit(shown, tag.unit)}</dd>
      </div>
      <div>
        <dt>Quality</dt>
        <dd>{reading.mark === 'ok' ? 'Good' : `? ${reading.word}`}</dd>
      </div>
      <div>
        <dt>Age</dt>
        <dd>{reading.age}</dd>
      </div>
    </dl>
  );
}
