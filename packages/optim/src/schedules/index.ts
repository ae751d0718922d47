/** Schedules: what becomes of a hyperparameter over a run, as a pure function of the step. */

// the catalogue
export { type ScheduleEntry, type ScheduleParameter, schedules } from "./catalogue.ts";
// the data behind it
export {
  type Curve,
  checkCurve,
  curveSteps,
  type SequenceCurve,
  type SimpleCurve,
  scheduleFactor,
} from "./curve.ts";
// the language
export { parseSchedule } from "./parse.ts";
export { bindCurve, formatCurve, type Schedule } from "./schedule.ts";
export { ScheduleError } from "./schedule-error.ts";
