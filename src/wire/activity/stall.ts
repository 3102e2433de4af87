/** A pause between two tokens, in milliseconds, from which on an answer counts as stalled. */
export const STALL = 5_000
