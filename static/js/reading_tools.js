// What helps to read a passage and to say why: notes, evidence, scan terms. They follow the passage on the stage.

import { Annotations } from "./annotations.js";
import { evidence } from "./evidence.js";
import { noteField } from "./note_field.js";
import { scan } from "./scan.js";

/** See Annotations for what they ask; `desk`, `stage`: the page's elements. */
export function readingTools({ desk, stage, ...more }) {
  const { user, duty } = desk.dataset;
  const annotations = new Annotations({ user, duty, ...more });
  noteField(annotations);
  evidence(annotations);
  scan(annotations, `assay.scan.${user}.${duty}`);
  const follow = () => annotations.show(stage.querySelector(".item"));
  new MutationObserver((changes) => changes.some((each) => each.target === stage) && follow()).observe(stage, { childList: true });
  annotations.markDrafts();
  follow();
  return annotations;
}
