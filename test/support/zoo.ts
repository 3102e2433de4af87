/** Servers that break one rule of `sluice check` each, and only that: as real ones did. */
import type { DialectName } from '../../src/check/rules/rule.ts'
import type { Animal } from './zoo/animal.ts'
import { chats, sound } from './zoo/chat.ts'
import { soundText, texts } from './zoo/completions.ts'
import { soundMessage, tellers } from './zoo/messages.ts'
import { responders, soundResponse } from './zoo/responses.ts'

/** A stream in each API as it should be, sent as it is made. */
export const soundIn: Record<DialectName, string[]> = {
  chat: sound,
  completions: soundText,
  responses: soundResponse,
  messages: soundMessage,
}

/** What a stream may do wrong. */
export const zoo: (Animal & { dialect: DialectName })[] = [
  ...chats.map((animal) => ({ ...animal, dialect: 'chat' as const })),
  ...texts.map((animal) => ({ ...animal, dialect: 'completions' as const })),
  ...responders.map((animal) => ({ ...animal, dialect: 'responses' as const })),
  ...tellers.map((animal) => ({ ...animal, dialect: 'messages' as const })),
]
