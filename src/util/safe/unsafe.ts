/**
 * Control characters (C0, DEL and C1, with which escape sequences begin), line and paragraph
 * separators, characters that reverse text or are invisible, and halves of characters. Not the two
 * joiners that scripts and emoji need.
 */
export const UNSAFE =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu
