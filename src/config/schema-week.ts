/** Stretches of the week as they are written: `{ days: mon-fri, from: "09:00", to: "18:00" }`, in local time. */
import { z } from 'zod';

import { DAYS_PATTERN, DAY_NAMES, FROM_PATTERN, TO_PATTERN, parseTimeOfDay } from './week-words.ts';

const DAYS_ERROR = `Write daily, a day (${DAY_NAMES.join(', ')}), a range such as mon-fri, or a list of these.`;

const days = z
  .string()
  .regex(DAYS_PATTERN, { error: DAYS_ERROR, abort: true })
  .meta({ examples: ['daily', 'mon-fri', 'sat'] });

function timeOfDay(pattern: RegExp, error: string) {
  return z.string({ error }).regex(pattern, { error, abort: true });
}

const windowShape = {
  days: z
    .union([days, z.array(days).min(1, { error: DAYS_ERROR }).max(14)], { error: DAYS_ERROR })
    .meta({ description: 'Days on which it begins: daily, mon-fri, or a list such as [mon, wed].', default: 'daily' })
    .optional(),
  from: timeOfDay(FROM_PATTERN, 'Write a time from "00:00" to "23:59".')
    .meta({ description: 'Local time at which it begins.', default: '00:00', examples: ['09:00'] })
    .optional(),
  to: timeOfDay(TO_PATTERN, 'Write a time from "00:00" to "24:00".')
    .meta({
      description: 'Local time at which it ends; one before "from" is on the next day.',
      default: '24:00',
      examples: ['18:00'],
    })
    .optional(),
} as const;

/** From one time to the same time: nobody can tell whether no time or a whole day is meant. */
function checkOrder(window: { from?: string | undefined; to?: string | undefined }, context: z.core.$RefinementCtx) {
  if (parseTimeOfDay(window.from ?? '00:00') !== parseTimeOfDay(window.to ?? '24:00')) return;
  const hint = 'Leave both out for the whole day.';
  context.addIssue({ code: 'custom', message: '"from" and "to" are the same time.', path: ['to'], params: { hint } });
}

export const weekWindow = z
  .strictObject(windowShape)
  .superRefine(checkOrder)
  .meta({ description: 'A stretch of the week, in local time.' });

/** A window with the value that holds in it. */
export function weekWindowWith<Shape extends z.ZodRawShape>(shape: Shape, description: string) {
  return z
    .strictObject({ ...windowShape, ...shape })
    .superRefine((window, context) => {
      // `days`, `from` and `to` are in every shape made here; the generic shape hides them from the compiler.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      checkOrder(window as z.infer<typeof weekWindow>, context);
    })
    .meta({ description });
}
