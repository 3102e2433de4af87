/** What an error code means as Markdown: for the page of the documentation, and for who asks a server. */
import { environmentName } from '../../settings/environment.ts'
import { declarations } from '../../settings/table/table.ts'
import { type ErrorReference, RETRIES } from '../../wire/errors/reference/entry.ts'

/** How references to other pages are written. */
export interface ExplainWords {
  /** `shown` is the flag of the setting, or its variable. */
  setting(name: string, shown: string): string
  /** `page` is the name of a file in docs, which may have an anchor. */
  guide(page: string): string
}

/** References by their names alone, where nothing can be followed. */
export const PLAIN_WORDS: ExplainWords = {
  setting: (_, shown) => `\`${shown}\``,
  guide: (page) => `docs/${page}`,
}

/** All but the heading. */
export function explain(reference: ErrorReference, words: ExplainWords): string {
  const { status, meaning, causes, remedies, retry, settings = [], guide } = reference
  const shown = settings.map((name) => words.setting(name, shownSetting(name)))
  return [
    meaning,
    `HTTP status: ${status.join(', ')}.`,
    `Usual causes:\n\n${list(causes)}`,
    `What to do:\n\n${list(remedies)}`,
    `Send it again? ${RETRIES[retry]}`,
    ...(shown.length > 0 ? [`Settings: ${shown.join(', ')}.`] : []),
    ...(guide === undefined ? [] : [`More: ${words.guide(guide)}.`]),
  ].join('\n\n')
}

function list(texts: readonly string[]): string {
  return texts.map((text) => `- ${text}`).join('\n')
}

/** Its flag; of a secret, which has none, its environment variable. */
function shownSetting(name: string): string {
  const variable = environmentName(name)
  if (declarations[name]?.secret) return variable
  return `--${variable.slice('SLUICE_'.length).toLowerCase().replaceAll('_', '-')}`
}
