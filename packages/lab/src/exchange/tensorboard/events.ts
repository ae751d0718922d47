/**
 * Events as TensorBoard reads them: one protobuf message a record. Numbers in them are float32, so run.jsonl stays the record.
 *
 * Scalars have two forms, both read by every TensorBoard since 2.0: `simple` as TensorFlow 1 wrote them, and `tensor` as TensorFlow 2 and
 * `torch.utils.tensorboard` do. HParams go into a session's start and end; sessions of one group are averaged in the table.
 */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Configuration } from "../../samplers/index.ts";
import {
  type Event,
  EventSchema,
  HParamsPluginDataSchema,
  type SummarySchema,
} from "./generated/events_pb.js";
import { frame } from "./records.ts";

export type ScalarForm = "simple" | "tensor";

const FLOAT = 1; // TensorProto.dtype
const SCALAR = 1; // SummaryMetadata.data_class
export const SESSION_STATUS = { success: 1, failure: 2, running: 3 } as const;
export const SESSION_START = "_hparams_/session_start_info";
export const SESSION_END = "_hparams_/session_end_info";

/** The first record of a file. */
export const versionRecord = (wallTime: number): Uint8Array =>
  record({ wallTime, what: { case: "fileVersion", value: "brain.Event:2" } });

/** One number of one step. */
export function scalarRecord(
  tag: string,
  value: number,
  { step, wallTime, form = "tensor" }: { step: number; wallTime: number; form?: ScalarForm },
): Uint8Array {
  if (form === "simple") return summary(wallTime, step, { tag, value: { case: "simpleValue", value } });
  return summary(wallTime, step, {
    tag,
    value: { case: "tensor", value: { dtype: FLOAT, tensorShape: {}, floatVal: [value] } },
    metadata: { pluginData: { pluginName: "scalars" }, dataClass: SCALAR },
  });
}

export interface Session {
  hyper: Configuration;
  /** What sessions that repeat each other have in common. */
  group: string;
  startedAt: number;
}

export function sessionStart({ hyper, group, startedAt }: Session, wallTime: number): Uint8Array {
  const hparams = Object.fromEntries(
    Object.entries(hyper).map(([name, value]) => [name, { kind: kindOf(value) }] as const),
  );
  return session(wallTime, SESSION_START, {
    case: "sessionStartInfo",
    value: { hparams, groupName: group, startTimeSecs: startedAt },
  });
}

export const sessionEnd = (status: keyof typeof SESSION_STATUS, wallTime: number): Uint8Array =>
  session(wallTime, SESSION_END, {
    case: "sessionEndInfo",
    value: { status: SESSION_STATUS[status], endTimeSecs: wallTime },
  });

type Kind =
  | { case: "numberValue"; value: number }
  | { case: "stringValue"; value: string }
  | { case: "boolValue"; value: boolean };

function kindOf(value: number | string | boolean): Kind {
  if (typeof value === "string") return { case: "stringValue", value };
  return typeof value === "boolean" ? { case: "boolValue", value } : { case: "numberValue", value };
}

function session(
  wallTime: number,
  tag: string,
  data: NonNullable<MessageInitShape<typeof HParamsPluginDataSchema>["data"]>,
) {
  const content = toBinary(HParamsPluginDataSchema, create(HParamsPluginDataSchema, { data }));
  return summary(wallTime, 0, {
    tag,
    value: { case: "tensor", value: { dtype: FLOAT, tensorShape: { dim: [{ size: 0n }] } } },
    metadata: { pluginData: { pluginName: "hparams", content } },
  });
}

type Entry = NonNullable<MessageInitShape<typeof SummarySchema>["value"]>[number];

const summary = (wallTime: number, step: number, entry: Entry): Uint8Array =>
  record({ wallTime, step: BigInt(step), what: { case: "summary", value: { value: [entry] } } });

const record = (event: MessageInitShape<typeof EventSchema>): Uint8Array =>
  frame(toBinary(EventSchema, create(EventSchema, event)));

export type { Event };
