/**
 * @thalweg/train/files: runs on disk, for those who read and write files and train nothing. It loads in milliseconds, where the other door loads
 * ONNX Runtime too; it gives nothing that the other does not give.
 */
export { canonicalJson, type Json, type JsonObject, parseLine } from "./json.ts";
export {
  createRun,
  type Fence,
  followRun,
  openRun,
  type RunFolder,
  RunFolderError,
  type RunLine,
  type RunRecord,
  readRun,
  runId,
  TAKEN_OVER,
} from "./run-folder.ts";
export { appendWhole, codeOf, makeFolder, replaceFile } from "./whole-files.ts";
