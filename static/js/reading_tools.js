// What helps to read a passage and to say why: notes, evidence, scan terms. They follow the passage on the stage.

import { Annotations } from "./annotations.js";
import { stateOf } from "./column.js";
import { evidence } from "./evidence.js";
import { noteField } from "./note_field.js";
import { scan } from "./scan.js";

/** `desk`, `stage`: the page's elements; `send(line, path, form, after)` is how the page saves. */
export function readingTools({ desk, stage, column, outbox, send }) {
  const { user, duty } = desk.dataset;
  const annotations = new Annotations({
    user,
    duty,
    send: (id, form) => send(column.get(id), "annotation/", form, stateOf(column.get(id))),
    isJudged: (id) => Boolean(column.get(id)?.dataset.state),
    onItsWay: (id) => outbox.own().flatMap((entry) => (entry.item === id ? [entry.form] : [])),
  });
  noteField(annotations);
  evidence(annotations);
  scan(annotations, `assay.scan.${user}.${duty}`);
  const follow = () => annotations.show(stage.querySelector(".item"));
  new MutationObserver((changes) => changes.some((each) => each.target === stage) && follow()).observe(stage, { childList: true });
  annotations.markDrafts();
  follow();
  return annotations;
}
