/** The key of a conversation, computed only when it is needed. */
export interface ConversationHint {
  /** A hash that its turns with a model share; undefined where nothing tells it from others. */
  key(model: string | null | undefined): string | undefined
  /** The UTF-16 units of its texts. */
  length(): number
}
