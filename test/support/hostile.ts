/** Texts with which a client, an upstream or a settings file could harm who shows or forwards them. */

/** Model names that are unusual and legitimate, or that only look dangerous. */
export const UNUSUAL_NAMES = [
  'hf.co/bartowski/Qwen2.5-7B-Instruct-GGUF:Q4_K_M',
  'Qwen 2.5 (instruct)',
  '模型-é',
  'llama 🦙',
  '👩‍👧 family',
  'C:\\models\\x.gguf',
  '/srv/models/x y.gguf',
  '../../etc/passwd',
  '%00%0d%0a',
  '{"a":"}"}',
  '<img src=x onerror=alert(1)>',
  `it's "quoted" & more`,
  '__proto__',
  'constructor',
  'toString',
]

/** Texts that no line of a log, terminal or header may hold as they are. */
export const HOSTILE_TEXTS = {
  'an escape sequence': 'a\u001b[2J\u001b[31mb',
  'a link of a terminal': '\u001b]8;;http://evil.example\u0007click\u001b]8;;\u0007',
  'a control character of 8 bits': 'a\u009b2J\u0085b',
  'reversed text': 'a\u202egnp.exe\u2066b',
  'what is invisible': 'a\u200b\u2060\ufeffb',
  'a NUL': 'a\u0000b',
  'line separators': 'a\u2028b\u2029c',
  'line ends': 'a\r\nx-evil: 1\r\n\r\n{"time":"now","outcome":"ok"}\n',
  'half a character': 'a\ud800b',
  'a very long text': 'x'.repeat(20_000),
}

/** What a line for people or programs must not hold. */
export const UNSAFE_CHARACTERS =
  /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u

/** The strings within a JSON value, the names of fields too. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, field]) => [name, ...textsIn(field)])
}
