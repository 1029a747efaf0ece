// Conditions of the plant's model, such as permissives (CMD-2): what they read, what they say, and the compiled test.
// Built by settings/conditions.ts from the configuration; judged by commands/permissives.ts. Knows no language itself.
import type { TagId } from '../contract/ids.ts';
import type { TagValue } from '../contract/values.ts';

/** What a condition reads: `name` is the word for it in the expression. */
export type ConditionInput = { readonly name: string; readonly tag: TagId };

/**
 * True or false from the values by name. A name that is missing has no usable value; throws where the outcome hangs on
 * one, or on anything else that has no answer: then the condition is not met. Never waits and never changes anything.
 */
export type Test = (values: ReadonlyMap<string, TagValue>) => boolean;

export type Permissive = {
  /** For the operator: `Controller in automatic`. Unique within its setpoint. */
  readonly name: string;
  /** The expression as the configuration has it; null: every tag read must be good, whatever its value. */
  readonly when: string | null;
  /** What to do about it when it is not met; empty where the name says it. */
  readonly remedy: string;
  readonly reads: readonly ConditionInput[];
  readonly test: Test;
};

/** The word for the value that is asked for, in every condition of a setpoint. */
export const askedValueName = 'value';
/** The word for what the feedback tag shows, in a setpoint's `confirm.expect`. */
export const feedbackName = 'feedback';
