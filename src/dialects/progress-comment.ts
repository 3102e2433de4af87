/** What the engine does before it can answer, as one line of an event stream that clients ignore. */
export function progressComment(progress: string): string {
  // A line break would end the comment.
  return `: ${progress.replace(/\s+/g, ' ').slice(0, 200)}\n`
}
