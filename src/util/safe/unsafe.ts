/**
 * Control characters (C0, DEL and C1, with which escape sequences begin), line and paragraph
 * separators, characters that reverse text or are invisible, and halves of characters. Not the two
 * joiners that scripts and emoji need. The first group has what is harmless to show, though no name
 * needs it: the flags of England, Scotland and Wales, variants of ideographs, and the soft hyphen.
 */
export const UNSAFE =
  /(\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}|\p{Ideographic}[\u{e0100}-\u{e01ef}]|\u00ad)|[\p{Cc}\p{Cs}\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu
