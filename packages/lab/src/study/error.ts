/** A study that cannot be read, planned or worked on, for a reason that lies in its files; the command line prints the message alone. */
export class StudyError extends Error {
  override readonly name = "StudyError";
}
