/** Servers that break exactly one rule of `sluice check` each, as real servers did. */
import type { DialectName } from '../../src/check/rules/rule.ts'
import type { Animal } from './zoo/animal.ts'
import { chats, sound } from './zoo/chat.ts'
import { soundText, texts } from './zoo/completions.ts'
import { soundMessage, tellers } from './zoo/messages.ts'
import { responders, soundResponse } from './zoo/responses.ts'

/** A correct stream of each API, sent as it is generated. */
export const soundIn: Record<DialectName, string[]> = {
  chat: sound,
  completions: soundText,
  responses: soundResponse,
  messages: soundMessage,
}

/** The ways in which a stream may break a rule. */
export const zoo: (Animal & { dialect: DialectName })[] = [
  ...chats.map((animal) => ({ ...animal, dialect: 'chat' as const })),
  ...texts.map((animal) => ({ ...animal, dialect: 'completions' as const })),
  ...responders.map((animal) => ({ ...animal, dialect: 'responses' as const })),
  ...tellers.map((animal) => ({ ...animal, dialect: 'messages' as const })),
]
